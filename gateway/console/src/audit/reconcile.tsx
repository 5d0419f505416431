// Both books against each other, as this gateway matches them; and who watches over the ledger.
import {useQuery} from '@tanstack/react-query';
import {get} from '../api/client';
import type {ReconciledPeer, Witnesses} from '../api/types';
import {usePace} from '../shell/live';
import {useWords} from '../shell/settings';
import {bytes, number, value} from '../ui/format';
import {City, Facts, Mono, Nothing, Page, Panel, Shown, Time} from '../ui/parts';

export default function Reconcile() {
  const {t} = useWords();
  const pace = usePace(6000, 12_000);
  const books = useQuery({queryKey: ['ledger', 'reconcile'], queryFn: ({signal}) => get<{peers: ReconciledPeer[]}>('/api/v1/audit/reconcile', signal), refetchInterval: pace});
  const witnesses = useQuery({queryKey: ['witnesses'], queryFn: ({signal}) => get<Witnesses>('/api/v1/witnesses', signal), refetchInterval: pace});
  return (
    <Page title={t('nav.reconcile')} lead={t('reconcile.lead')}>
      <Shown of={books}>
        {({peers}) => (
          <div className="grid two">
            {peers.length === 0 && <Nothing>{t('overview.noPeer')}</Nothing>}
            {peers.map((peer) => (
              <Panel key={peer.region} title={<City region={peer.region} />} aside={<span className={`tag ${peer.agree ? 'tone-good' : 'tone-bad'}`}>{peer.agree ? t('overview.agree') : t('overview.disagree', {count: peer.mismatches.length})}</span>}>
                {peer.trouble && <p className="note bad">{peer.trouble}</p>}
                <dl className="numbers">
                  <div>
                    <dt>{t('reconcile.matched')}</dt>
                    <dd>{number(peer.matched)}</dd>
                  </div>
                  <div>
                    <dt>{t('reconcile.underWay')}</dt>
                    <dd>{number(peer.under_way)}</dd>
                  </div>
                  <div>
                    <dt>{t('reconcile.bytes')}</dt>
                    <dd>{bytes(peer.bytes)}</dd>
                  </div>
                </dl>
                <Facts
                  rows={[
                    [t('reconcile.looked'), `${number(peer.our_entries)} / ${number(peer.their_entries)}`],
                    [t('reconcile.recalled'), number(peer.recalled)],
                    [t('reconcile.completeAt'), peer.complete_at && <Time key="at" at={peer.complete_at} />],
                  ]}
                />
                {peer.mismatches.map((mismatch, at) => (
                  <div key={at} className="note bad">
                    <Facts rows={Object.entries(mismatch).map(([name, of]) => [<Mono key={name}>{name}</Mono>, value(of)])} />
                  </div>
                ))}
              </Panel>
            ))}
          </div>
        )}
      </Shown>
      <Panel title={t('reconcile.witnesses')} className="spaced">
        <Shown of={witnesses}>
          {(found) => (
            <>
              <div className="scroll" tabIndex={0} role="region" aria-label={t('reconcile.witnesses')}>
                <table className="plain">
                  <thead>
                    <tr>
                      <th scope="col">{t('reconcile.witness')}</th>
                      <th scope="col">{t('reconcile.cosignedSize')}</th>
                      <th scope="col">{t('reconcile.cosignedAt')}</th>
                      <th scope="col">{t('jobs.state')}</th>
                      <th scope="col">{t('reconcile.theirLog')}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {found.witnesses.map((witness) => (
                      <tr key={witness.witness}>
                        <td>
                          <City region={witness.witness} />
                        </td>
                        <td>{number(witness.cosigned_size)}</td>
                        <td>
                          <Time at={witness.cosigned_at} />
                        </td>
                        <td>
                          <span className={`tag ${witness.alarm ? 'tone-bad' : witness.fresh ? 'tone-good' : 'tone-wait'}`}>{witness.alarm ?? (witness.fresh ? t('overview.cosigned') : t('overview.notFresh'))}</span>
                          {witness.held && <span className="basis">{witness.held}</span>}
                        </td>
                        <td>
                          {witness.peer_log && (
                            <>
                              {number(witness.peer_log.size)} <Time at={witness.peer_log.cosigned_at} /> {witness.peer_log.alarm && <span className="tag tone-bad">{witness.peer_log.alarm}</span>}
                            </>
                          )}
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
              <details>
                <summary className="small">{t('reconcile.keys')}</summary>
                <pre className="raw" tabIndex={0} aria-label={t('reconcile.keys')}>{[...found.log_keys, found.witness_key, ...(found.witness_keys ?? [])].join('\n')}</pre>
              </details>
            </>
          )}
        </Shown>
      </Panel>
    </Page>
  );
}
