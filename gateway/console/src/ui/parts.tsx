// The small parts that every page is made of.
import {useEffect, type ReactNode} from 'react';
import {Problem} from '../api/client';
import {useSettings, useWords} from '../shell/settings';
import {cityColour} from '../shell/theme';
import {localTime} from './format';

export function Page({title, children, aside, lead}: {title: string; children: ReactNode; aside?: ReactNode; lead?: ReactNode}) {
  useEffect(() => {
    document.title = `${title} · Hetao`;
  }, [title]);
  return (
    <div className="page">
      <header className="page-head">
        <div>
          <h1 tabIndex={-1}>{title}</h1>
          {lead && <p className="lead">{lead}</p>}
        </div>
        {aside && <div className="page-aside">{aside}</div>}
      </header>
      {children}
    </div>
  );
}

export function Panel({title, children, aside, className = ''}: {title?: ReactNode; children: ReactNode; aside?: ReactNode; className?: string}) {
  return (
    <section className={`panel ${className}`}>
      {(title || aside) && (
        <header>
          <h2>{title}</h2>
          {aside}
        </header>
      )}
      {children}
    </section>
  );
}

export function Time({at, none = '–'}: {at?: string; none?: string}) {
  if (!at) return <span>{none}</span>;
  return (
    <time dateTime={at} title={`${localTime(at)} +08:00`}>
      {localTime(at)}
    </time>
  );
}

export function City({region, plain = false}: {region?: string; plain?: boolean}) {
  const {mode} = useSettings();
  const {word} = useWords();
  if (!region) return <span>–</span>;
  return (
    <span className="city">
      {!plain && <i className="city-mark" style={{background: cityColour(region, mode)}} aria-hidden="true" />}
      {word('region', region)}
    </span>
  );
}

const marks: Record<string, string> = {permit: '✓', hold: '‖', forbid: '✕'};
export function EffectTag({effect, small = false}: {effect?: string; small?: boolean}) {
  const {word} = useWords();
  if (!effect) return <span>–</span>;
  return (
    <span className={`tag effect-${effect}${small ? ' small' : ''}`}>
      <span aria-hidden="true">{marks[effect] ?? ''}</span> {word('effect', effect)}
    </span>
  );
}

const tones: Record<string, string> = {
  complete: 'good', done: 'good', available: 'good', delivered: 'good', approved: 'good', active: 'good', ok: 'good', effective: 'good',
  restricted: 'wait', erased: 'plain',
  held: 'wait', deciding: 'wait', open: 'wait', proposed: 'wait', withheld: 'wait', due: 'wait', waiting: 'wait', offered: 'wait', inspecting: 'wait',
  'executor-error': 'bad', 'system-error': 'bad', expired: 'bad', refused: 'bad', rejected: 'bad', failed: 'bad', missing: 'bad', urgent: 'bad',
  'projectState.open': 'good', 'projectSide.accepted': 'good', 'accessState.asked': 'wait', 'accessState.granted': 'good',
  running: 'busy', staging: 'busy', moving: 'busy', returning: 'busy', delivering: 'busy',
};
export function StateTag({area, state}: {area: string; state: string}) {
  const {word} = useWords();
  return <span className={`tag tone-${tones[`${area}.${state}`] ?? tones[state] ?? 'plain'}`}>{word(area, state)}</span>;
}

// What the gateway itself said. Its words are English in every language of the console.
export function Said({children, className}: {children: ReactNode; className?: string}) {
  return (
    <span lang="en" className={className}>
      {children}
    </span>
  );
}

export function Mono({children, title}: {children: ReactNode; title?: string}) {
  return (
    <code className="mono" title={title}>
      {children}
    </code>
  );
}

export function Facts({rows}: {rows: [ReactNode, ReactNode][]}) {
  return (
    <dl className="facts">
      {rows
        .filter(([, value]) => value !== undefined && value !== null && value !== '')
        .map(([name, value], at) => (
          <div key={at}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

// What went wrong, and what to do.
export function ProblemNote({error}: {error: unknown}) {
  const {t, word} = useWords();
  if (!error) return null;
  const problem = error instanceof Problem ? error : null;
  if (problem?.status === 0) return <p className="note bad" role="alert">{t('shell.unreachable')}</p>;
  const known = problem?.code ? word('problem', problem.code) : '';
  return (
    <div className="note bad" role="alert">
      {known && known !== problem?.code && (
        <p>
          <strong>{known}</strong>
        </p>
      )}
      <p>
        <Said>{problem?.message || String((error as Error).message ?? error)}</Said>
      </p>
      {problem?.hint && (
        <p className="hint">
          <Said>{problem.hint}</Said>
        </p>
      )}
      {problem && problem.mistakes.length > 0 && (
        <ul lang="en">
          {problem.mistakes.slice(0, 20).map((mistake, at) => (
            <li key={at}>
              <Mono>{mistake.pointer ?? `${mistake.file ?? ''}:${mistake.line ?? ''}:${mistake.column ?? ''}`}</Mono> {mistake.message}
              {mistake.expected ? ` — ${mistake.expected}` : ''}
              {mistake.hint ? ` (${mistake.hint})` : ''}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

export function Waiting() {
  const {t} = useWords();
  return (
    <p className="waiting" role="status">
      {t('shell.loading')}
    </p>
  );
}

export function Nothing({children}: {children: ReactNode}) {
  return <p className="nothing">{children}</p>;
}

// What a query gave: its data, that it waits, or what went wrong. Data that was once there stays when a later try fails.
export function Shown<T>({of, children}: {of: {data: T | undefined; error: unknown; isPending: boolean}; children: (data: T) => ReactNode}) {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (of.error) return <ProblemNote error={of.error} />;
  return <Waiting />;
}

export function Bar({share, tone = '', label}: {share: number; tone?: string; label: string}) {
  const part = Math.max(0, Math.min(1, Number.isFinite(share) ? share : 0));
  return (
    <span className={`bar ${tone}`} role="img" aria-label={label} title={label}>
      <i style={{width: `${(part * 100).toFixed(1)}%`}} />
    </span>
  );
}
