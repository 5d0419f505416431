// What the gateway's checks found of a pack: mistakes, lint, tests, and the exact difference as readable cases.
import {Problem, type Mistake} from '../api/client';
import type {DiffCase, LintFinding, PolicyReport} from '../api/types';
import {useAddress} from '../shell/address';
import {useWords} from '../shell/settings';
import {number, value} from '../ui/format';
import {EffectTag, Facts, Mono, Nothing} from '../ui/parts';
import {Tabs} from '../ui/tabs';

// "= cross", "contains_all joint-lab-9", "unknown": one condition of a case.
function testText(test: unknown): string {
  if (test === null || typeof test !== 'object') return `= ${value(test)}`;
  if (Array.isArray(test)) return `∈ ${value(test)}`;
  return Object.entries(test)
    .map(([operator, of]) => (of === true ? operator : `${operator.replaceAll('_', ' ')} ${value(of)}`))
    .join(', ');
}

export function CaseView({one}: {one: DiffCase}) {
  const {t} = useWords();
  const when = Object.entries(one.when);
  return (
    <article className="case">
      <p className="row">
        <EffectTag effect={one.from} /> <span aria-hidden="true">→</span> <EffectTag effect={one.to} />
        {one.decisions !== undefined && <span className={`tag ${one.decisions > 0 ? 'tone-wait' : ''}`}>{t('diff.decisions', {count: one.decisions})}</span>}
        {one.from === one.to && <span className="tag">{t('diff.obligations')}</span>}
      </p>
      <p className="small">{t('diff.when')}</p>
      <div className="when-list">
        {when.length === 0 && <span className="condition">{t('diff.always')}</span>}
        {when.map(([name, test]) => (
          <span key={name} className="condition">
            {name} {testText(test)}
          </span>
        ))}
      </div>
      {!one.whole && <p className="small">{t('diff.notWhole')}</p>}
      <details>
        <summary className="small">{t('diff.example')}</summary>
        <Facts rows={Object.entries(one.example).map(([name, of]) => [<Mono key={name}>{name}</Mono>, value(of)])} />
      </details>
    </article>
  );
}

export function DiffView({report}: {report: PolicyReport}) {
  const {t} = useWords();
  const {diff} = report;
  if (!diff.changed && !diff.gave_up) return <p className="note good">{t('diff.none')}</p>;
  // What somebody meets every day stands first.
  const cases = [...diff.cases].sort((a, b) => (b.decisions ?? 0) - (a.decisions ?? 0));
  return (
    <>
      <p className="small">
        {t('diff.summary', {count: diff.cases_total, decisions: number(report.history.decisions)})} <Mono>{report.summary}</Mono>
      </p>
      {diff.gave_up && <p className="note wait">{t('diff.gaveUp')}</p>}
      {cases.map((one, at) => (
        <CaseView key={at} one={one} />
      ))}
    </>
  );
}

export function LintView({findings, mistakes = [], goTo}: {findings: LintFinding[]; mistakes?: Mistake[]; goTo?: (file: string, line: number) => void}) {
  const {t} = useWords();
  const place = (file: string, line: number) =>
    goTo ? (
      <button type="button" className="link" onClick={() => goTo(file, line)}>
        {file}:{line}
      </button>
    ) : (
      <Mono>
        {file}:{line}
      </Mono>
    );
  if (findings.length + mistakes.length === 0) return <Nothing>{t('lint.none')}</Nothing>;
  return (
    <ul className="stack">
      {mistakes.map((mistake, at) => (
        <li key={`m${at}`} className="note bad">
          {mistake.file && place(mistake.file, mistake.line ?? 1)} {mistake.message}
          {mistake.expected && <span className="basis">{mistake.expected}</span>}
          {mistake.hint && <span className="basis">{mistake.hint}</span>}
        </li>
      ))}
      {findings.map((finding, at) => (
        <li key={at} className={`note ${finding.severity === 'warning' ? 'wait' : ''}`}>
          <span className="rule-id">{finding.rule}</span> {place(finding.file, finding.line)} <span className="small">{finding.code}</span>
          <br />
          {finding.message}
          {finding.hint && <span className="basis">{finding.hint}</span>}
        </li>
      ))}
    </ul>
  );
}

export function TestsView({report}: {report: PolicyReport}) {
  const {t} = useWords();
  const tests = report.tests as unknown as {run?: number; passed: number | boolean; failures?: {id: string; title: string; file: string; line: number; message: string}[]; unexercised?: string[]};
  const failures = tests.failures ?? [];
  const run = tests.run ?? 0;
  return (
    <>
      <p className={`note ${failures.length ? 'bad' : 'good'}`}>{failures.length ? t('tests.failed', {failed: failures.length, run}) : t('tests.passed', {run})}</p>
      {failures.map((failure, at) => (
        <p key={at} className="note bad">
          <strong>{failure.id}</strong> {failure.title} <Mono>{`${failure.file}:${failure.line}`}</Mono>
          <span className="basis">{failure.message}</span>
        </p>
      ))}
      {tests.unexercised && tests.unexercised.length > 0 && (
        <p className="note wait">
          {t('tests.unexercised')} <Mono>{tests.unexercised.join(', ')}</Mono>
        </p>
      )}
    </>
  );
}

// All that the checks found of a pack.
export function ReportTabs({report, label}: {report: PolicyReport; label: string}) {
  const {t} = useWords();
  const {at, put} = useAddress();
  return (
    <Tabs
      label={label}
      activeKey={at('tab')}
      onChange={(tab) => put('tab', tab)}
      items={[
        {key: 'diff', label: t('edit.diff'), children: <DiffView report={report} />},
        {key: 'tests', label: t('edit.tests'), children: <TestsView report={report} />},
        {key: 'lint', label: t('edit.problems', {count: report.lint.findings.length}), children: <LintView findings={report.lint.findings} />},
      ]}
    />
  );
}

export const mistakesOf = (error: unknown): Mistake[] => (error instanceof Problem ? error.mistakes : []);
