// A decision as people read it: the verdict, the rules with their legal basis, what it asks for, what would change it.
import {useQuery} from '@tanstack/react-query';
import type {ReactNode} from 'react';
import {get} from '../api/client';
import type {ActivePolicy, Crossing, Labels, Rule, Verdict} from '../api/types';
import {useSettings, useWords} from '../shell/settings';
import {bytes, value} from './format';
import {rulesNamed, titleIn} from './because';
import {City, EffectTag, Facts, Mono, Said, StateTag, Time} from './parts';

export const usePolicy = () => useQuery({queryKey: ['policy', 'active'], queryFn: ({signal}) => get<ActivePolicy>('/api/v1/policy', signal), staleTime: 60_000});

// A decision names its rule in English; the policy in force has it in three languages.
export function useRuleTitle() {
  const {language} = useSettings();
  const policy = usePolicy();
  return (rule: Pick<Rule, 'id' | 'title'>): ReactNode => {
    const title = titleIn(language, rule, policy.data?.rules ?? []);
    return title || <Said>{rule.title}</Said>;
  };
}

// Why something waits or failed: what its code and the rules behind it say, in the reader's language, and below that the
// gateway's own words. Without rules, those that the words name; with none, no rules.
export function Because({text, failure, held, rules}: {text?: string; failure?: string; held?: boolean; rules?: Rule[]}) {
  const {word} = useWords();
  const policy = usePolicy();
  const named = rules ?? rulesNamed(text ?? '', policy.data?.rules ?? []).map(({id, effect}) => ({id, effect}));
  const code = failure ? word('failure', failure) : held && (named.length > 0 || rules) ? word('problem', 'held') : '';
  return (
    <>
      {code && <span className="because">{code}</span>}
      {named.length > 0 && <RuleList rules={named} />}
      {text && <Said className="basis">{text}</Said>}
    </>
  );
}

export function RuleList({rules}: {rules: Rule[]}) {
  const titleOf = useRuleTitle();
  const {t} = useWords();
  return (
    <ul className="rules">
      {rules.map((rule) => (
        <li key={rule.id}>
          <span className={`rule-id effect-${rule.effect}`}>{rule.id}</span> {titleOf(rule)}
          {rule.basis && rule.basis.length > 0 && <span className="basis">{rule.basis.join(' · ')}</span>}
          {rule.unknown && rule.unknown.length > 0 && (
            <span className="basis">
              {t('verdict.unknown')} {rule.unknown.join(', ')}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

export function VerdictView({verdict}: {verdict: Verdict}) {
  const {t, word} = useWords();
  return (
    <div className="verdict">
      <p>
        <EffectTag effect={verdict.decision} /> {verdict.region && <City region={verdict.region} />}{' '}
        {verdict.decided && <Time at={verdict.decided} />} {verdict.decision_id && <Mono>{verdict.decision_id}</Mono>}
      </p>
      {verdict.rules.length > 0 ? <RuleList rules={verdict.rules} /> : <p><Said>{verdict.reason}</Said></p>}
      {verdict.obligations.length > 0 && (
        <p className="small">
          {t('verdict.obligations')}{' '}
          {verdict.obligations.map((obligation) => (
            <span className="tag" key={obligation.name}>
              {word('obligation', obligation.name)}
              {obligation.parameters ? ` ${Object.entries(obligation.parameters).map((pair) => pair.join(' ')).join(', ')}` : ''}
            </span>
          ))}
        </p>
      )}
      {verdict.changes && verdict.changes.length > 0 && (
        <div className="changes">
          {t('verdict.changes')}
          <ul>
            {verdict.changes.map((change) => (
              <li key={change}>
                <Said>{change}</Said>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

export function LabelList({labels}: {labels: Labels}) {
  const names = Object.keys(labels).sort();
  if (names.length === 0) return <span>–</span>;
  return <Facts rows={names.map((name) => [<Mono key={name}>{name}</Mono>, value(labels[name])])} />;
}

export function CrossingCard({crossing, here}: {crossing: Crossing; here?: string}) {
  const {t, word} = useWords();
  return (
    <article className="crossing">
      <header>
        <strong className="item-name">{crossing.item.name}</strong> <span className="tag">{word('kind', crossing.item.kind)}</span>{' '}
        <span className="route">
          <City region={crossing.from} /> <span aria-hidden="true">→</span> <City region={crossing.to} />
        </span>{' '}
        <span>{bytes(crossing.item.bytes)}</span> <StateTag area="crossing" state={crossing.state} />
      </header>
      {crossing.reason && (
        <div className="small">
          <Because text={crossing.reason} failure={crossing.failure_class} held={crossing.state === 'held'} rules={[]} />
        </div>
      )}
      <div className="two-sides">
        {crossing.ours && (
          <section>
            <h4>{t('verdict.here', {region: word('region', crossing.ours.region ?? here ?? '')})}</h4>
            <VerdictView verdict={crossing.ours} />
          </section>
        )}
        {crossing.theirs && (
          <section>
            <h4>{t('verdict.there', {region: word('region', crossing.theirs.region ?? '')})}</h4>
            <VerdictView verdict={crossing.theirs} />
          </section>
        )}
      </div>
      {(crossing.booked || crossing.deleted) && (
        <p className="small">
          {crossing.booked && (
            <>
              {t('crossing.booked')} <Mono>{crossing.booked}</Mono>{' '}
            </>
          )}
          {crossing.deleted && (
            <>
              {t('crossing.deleted')} <Mono>{crossing.deleted}</Mono>
            </>
          )}
        </p>
      )}
    </article>
  );
}
