// Yearly counters of exporting tenants against the thresholds of the policy in force.
import {useQuery} from '@tanstack/react-query';
import {Button} from '../ui/button';
import {useState} from 'react';
import {get} from '../api/client';
import type {Counter} from '../api/types';
import {useWords} from '../shell/settings';
import {bytes, number} from '../ui/format';
import {Bar, EffectTag, Mono, Nothing, Page, Panel, ProblemNote, Shown} from '../ui/parts';

interface Answer {
  counters: Counter[];
  agree?: boolean;
  entries?: number;
}

export default function Counters() {
  const {t} = useWords();
  const [verified, setVerified] = useState<Answer | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const counters = useQuery({queryKey: ['policy', 'counters'], queryFn: ({signal}) => get<Answer>('/api/v1/policy/counters', signal), refetchInterval: 15_000});
  const verify = () => {
    setBusy(true);
    setError(null);
    get<Answer>('/api/v1/policy/counters?verify=true')
      .then(setVerified, setError)
      .finally(() => setBusy(false));
  };
  return (
    <Page
      title={t('nav.counters')}
      lead={t('counters.lead')}
      aside={
        <Button loading={busy} onClick={verify}>
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
                  {counter.thresholds?.map((threshold, at) => {
                    const used = threshold.threshold - threshold.left;
                    const share = threshold.threshold ? used / threshold.threshold : 1;
                    return (
                      <li key={at}>
                        <div className="row spread small">
                          <span>
                            <Mono>{threshold.attribute}</Mono> <Mono>{threshold.rule}</Mono> <EffectTag effect={threshold.effect} small />
                          </span>
                          <span className="number">
                            {number(used)} / {number(threshold.threshold)}
                          </span>
                        </div>
                        <Bar share={share} tone={share >= 1 ? 'bad' : share > 0.8 ? 'wait' : ''} label={t('counters.left', {left: number(Math.max(0, threshold.left))})} />
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
