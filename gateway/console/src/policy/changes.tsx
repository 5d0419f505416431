// What was in force when, by whom; what is proposed; the way back.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {Button} from '../ui/button';
import {useState} from 'react';
import {Link} from 'wouter';
import {get, post} from '../api/client';
import type {Activation, History} from '../api/types';
import {usePace} from '../shell/live';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {short} from '../ui/format';
import {Mono, Nothing, Page, Panel, Shown, StateTag, Time} from '../ui/parts';
import {ReasonDialog} from '../ui/reason';

export default function Changes() {
  const {t} = useWords();
  const {has} = useSession();
  const client = useQueryClient();
  const [back, setBack] = useState<Activation | null>(null);
  const history = useQuery({queryKey: ['policy', 'history'], queryFn: ({signal}) => get<History>('/api/v1/policy/history', signal), refetchInterval: usePace(6000)});
  const roll = async (reason: string) => {
    await post('/api/v1/policy/activations', {pack: back?.pack.digest, reason});
    await client.invalidateQueries({predicate: (query) => ['policy', 'status', 'pack'].includes(String(query.queryKey[0]))});
  };
  return (
    <Page title={t('nav.policyChanges')} lead={t('changes.lead')}>
      <Shown of={history}>
        {(data) => (
          <>
            <Panel title={t('changes.proposals')}>
              {data.proposals.length === 0 && <Nothing>{t('changes.noProposals')}</Nothing>}
              <div className="scroll" tabIndex={0} role="region" aria-label={t('changes.proposals')}>
                <table className="plain">
                  <tbody>
                    {data.proposals.map((proposal) => (
                      <tr key={proposal.id}>
                        <td>
                          <Link href={`/policy/changes/${encodeURIComponent(proposal.id)}`}>
                            {proposal.pack.name} {proposal.pack.version}
                          </Link>
                          {proposal.pack.shadow && <span className="tag">{t('changes.shadow')}</span>}
                        </td>
                        <td>
                          <StateTag area="proposal" state={proposal.state} />
                        </td>
                        <td>
                          {proposal.proposed_by} <Time at={proposal.proposed} />
                          {proposal.reason && <span className="basis">{proposal.reason}</span>}
                        </td>
                        <td>
                          {proposal.answered_by} {proposal.answered && <Time at={proposal.answered} />}
                          {proposal.answer && <span className="basis">{proposal.answer}</span>}
                        </td>
                        <td>
                          <Mono>{proposal.summary}</Mono>
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            </Panel>
            <Panel title={t('changes.history')} aside={<span className="small">{t('changes.active')} <Mono title={data.active}>{short(data.active)}</Mono></span>}>
              {data.activations.length === 0 && <Nothing>{t('changes.first')}</Nothing>}
              <div className="scroll" tabIndex={0} role="region" aria-label={t('changes.history')}>
                <table className="plain">
                  <tbody>
                    {data.activations.map((activation) => (
                      <tr key={activation.number}>
                        <td className="number">{activation.number}</td>
                        <td>
                          {activation.pack.name} {activation.pack.version} <Mono title={activation.pack.digest}>{short(activation.pack.digest)}</Mono>{' '}
                          {activation.pack.digest === data.active && <span className="tag tone-good">{t('changes.inForce')}</span>}
                          {activation.rollback && <span className="tag tone-wait">{t('changes.rollback')}</span>}
                        </td>
                        <td>
                          <Time at={activation.at} />
                        </td>
                        <td>
                          {activation.by}
                          {activation.approved_by && <span className="basis">{t('changes.approvedBy', {who: activation.approved_by})}</span>}
                          {activation.reason && <span className="basis">{activation.reason}</span>}
                        </td>
                        <td>
                          {has('policy-admin') && activation.pack.digest !== data.active && (
                            <Button size="small" onClick={() => setBack(activation)}>
                              {t('changes.goBack')}
                            </Button>
                          )}
                        </td>
                      </tr>
                    ))}
                    {data.activations.at(-1)?.replaced && !data.activations.some((each) => each.pack.digest === data.activations.at(-1)?.replaced) && (
                      <tr>
                        <td className="number">0</td>
                        <td>
                          {t('changes.configured')} <Mono title={data.activations.at(-1)?.replaced}>{short(data.activations.at(-1)?.replaced)}</Mono>{' '}
                          {data.active === data.activations.at(-1)?.replaced && <span className="tag tone-good">{t('changes.inForce')}</span>}
                        </td>
                        <td />
                        <td />
                        <td>
                          {has('policy-admin') && data.active !== data.activations.at(-1)?.replaced && (
                            <Button size="small" onClick={() => setBack({pack: {digest: data.activations.at(-1)?.replaced ?? '', name: ''}, number: 0, at: '', by: '', ledger_sequence: 0})}>
                              {t('changes.goBack')}
                            </Button>
                          )}
                        </td>
                      </tr>
                    )}
                  </tbody>
                </table>
              </div>
            </Panel>
          </>
        )}
      </Shown>
      <ReasonDialog draft="policy.rollback" open={back !== null} title={t('changes.goBackTitle', {pack: `${back?.pack.name ?? ''} ${back?.pack.version ?? ''} ${short(back?.pack.digest)}`})} confirm={t('changes.goBack')} danger act={roll} close={() => setBack(null)} />
    </Page>
  );
}
