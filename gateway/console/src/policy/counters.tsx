// Yearly counters of exporting tenants against the thresholds of the policy in force.
import {useQuery} from '@tanstack/react-query';
import {Button} from '../ui/button';
import {useState} from 'react';
import {get} from '../api/client';
import type {Counter} from '../api/types';
import {useWords} from '../shell/settings';
import {bytes, number} from '../ui/format';
import {Bar, Mono, Nothing, Page, Panel, ProblemNote, Shown} from '../ui/parts';
import {useWork} from '../ui/work';

interface Answer {
  counters: Counter[];
  agree?: boolean;
  entries?: number;
}

// Several rules may look at one threshold: a bar for each threshold, with its rules.
function byThreshold(counter: Counter) {
  const found = new Map<string, {attribute: string; threshold: number; left: number; rules: {rule: string; effect: string}[]}>();
  for (const {attribute, threshold, left, rule, effect} of counter.thresholds ?? []) {
    const key = `${attribute} ${threshold}`;
    const one = found.get(key) ?? {attribute, threshold, left, rules: []};
    if (!one.rules.some((known) => known.rule === rule)) one.rules.push({rule, effect});
    found.set(key, one);
  }
  return [...found.values()].sort((a, b) => (a.attribute < b.attribute ? -1 : a.attribute > b.attribute ? 1 : a.threshold - b.threshold));
}

export default function Counters() {
  const {t} = useWords();
  const [verified, setVerified] = useState<Answer | null>(null);
  const {busy, error, run} = useWork();
  const counters = useQuery({queryKey: ['policy', 'counters'], queryFn: ({signal}) => get<Answer>('/api/v1/policy/counters', signal), refetchInterval: 15_000});
  const verify = () => run(async () => setVerified(await get<Answer>('/api/v1/policy/counters?verify=true')));
  return (
    <Page
      title={t('nav.counters')}
      lead={t('counters.lead')}
      aside={
        <Button loading={busy} onClick={() => void verify()}>
          {t('counters.verify')}
        </Button>
      }
    >
      <ProblemNote error={error} />
      {verified && (
        <p className={`note ${verified.agree ? 'good' : 'bad'}`} role="status">
          {verified.agree ? t('counters.agree', {entries: number(verified.entries)}) : t('counters.differ')}
        </p>
      )}
      <Shown of={counters}>
        {(data) => (
          <div className="grid two">
            {data.counters.length === 0 && <Nothing>{t('counters.none')}</Nothing>}
            {data.counters.map((counter) => (
              <Panel key={`${counter.tenant}${counter.year}`} title={counter.tenant} aside={<span className="small">{counter.year}</span>}>
                <dl className="numbers">
                  <div>
                    <dt>{t('counters.ordinary')}</dt>
                    <dd>{number(counter.ordinary)}</dd>
                  </div>
                  <div>
                    <dt>{t('counters.sensitive')}</dt>
                    <dd>{number(counter.sensitive)}</dd>
                  </div>
                  <div>
                    <dt>{t('counters.bytes')}</dt>
                    <dd>{bytes(counter.bytes)}</dd>
                  </div>
                  <div>
                    <dt>{t('counters.jobs')}</dt>
                    <dd>{number(counter.jobs)}</dd>
                  </div>
                </dl>
                <ul className="stack">
                  {byThreshold(counter).map((one) => {
                    const used = one.threshold - one.left;
                    const share = one.threshold ? used / one.threshold : 1;
                    return (
                      <li key={`${one.attribute} ${one.threshold}`}>
                        <div className="row spread small">
                          <span>
                            <Mono>{one.attribute}</Mono>{' '}
                            {one.rules.map((rule) => (
                              <span key={rule.rule} className={`rule-id effect-${rule.effect}`}>
                                {rule.rule}
                              </span>
                            ))}
                          </span>
                          <span className="number">
                            {number(used)} / {number(one.threshold)}
                          </span>
                        </div>
                        <Bar share={share} tone={share >= 1 ? 'bad' : share > 0.8 ? 'wait' : ''} label={t('counters.left', {left: number(Math.max(0, one.left))})} />
                      </li>
                    );
                  })}
                </ul>
              </Panel>
            ))}
          </div>
        )}
      </Shown>
    </Page>
  );
}
