// Both books against each other, as this gateway matches them; and who watches over the ledger.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {useState} from 'react';
import {get, post} from '../api/client';
import type {ReconciledPeer, Witnesses, WitnessState} from '../api/types';
import {usePace} from '../shell/live';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {Button} from '../ui/button';
import {bytes, number} from '../ui/format';
import {City, Facts, Nothing, Page, Panel, Said, Shown, Time} from '../ui/parts';
import {ReasonDialog} from '../ui/reason';
import {Table} from '../ui/table';
import {MismatchView} from './mismatch';
import {Alarm, WitnessTag} from './witness';

// An alarm that waits for an operator; silence ends by itself.
const openAlarm = ({alarm, peer_log}: WitnessState) => {
  const open = alarm || peer_log?.alarm || '';
  return open !== '' && open !== 'silence';
};

export default function Reconcile() {
  const {t, word} = useWords();
  const {has} = useSession();
  const client = useQueryClient();
  const [resolving, setResolving] = useState<WitnessState | null>(null);
  const resolve = async (reason: string) => {
    await post(`/api/v1/witnesses/${encodeURIComponent(resolving?.witness ?? '')}/resolve`, {reason});
    await client.invalidateQueries({queryKey: ['witnesses']});
  };
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
                {peer.trouble && (
                  <p className="note bad">
                    <Said>{peer.trouble}</Said>
                  </p>
                )}
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
                  <MismatchView key={at} of={mismatch} />
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
              <Table
                label={t('reconcile.witnesses')}
                rows={found.witnesses}
                keyOf={(witness) => witness.witness}
                none={t('reconcile.noWitness')}
                columns={[
                  {head: t('reconcile.witness'), cell: ({witness}) => <City region={witness} />},
                  {head: t('reconcile.cosignedSize'), number: true, cell: (witness) => number(witness.cosigned_size)},
                  {head: t('reconcile.cosignedAt'), cell: (witness) => <Time at={witness.cosigned_at} />},
                  {
                    head: t('jobs.state'),
                    cell: (witness) => (
                      <>
                        <WitnessTag alarm={witness.alarm} fresh={witness.fresh} />
                        {witness.held && <Said className="basis">{witness.held}</Said>}
                      </>
                    ),
                  },
                  {
                    head: t('reconcile.theirLog'),
                    cell: ({peer_log: log}) =>
                      log && (
                        <>
                          {number(log.size)} <Time at={log.cosigned_at} /> {log.alarm && <Alarm text={log.alarm} />}
                        </>
                      ),
                  },
                  {
                    head: t('filings.act'),
                    cell: (witness) =>
                      has('operator') &&
                      openAlarm(witness) && (
                        <Button danger size="small" onClick={() => setResolving(witness)}>
                          {t('reconcile.resolve')}
                        </Button>
                      ),
                  },
                ]}
              />
              {found.witnesses.some(openAlarm) && <p className="note bad">{t('reconcile.alarmMeans')}</p>}
              <details>
                <summary className="small">{t('reconcile.keys')}</summary>
                <pre className="raw" tabIndex={0} aria-label={t('reconcile.keys')}>{[...found.log_keys, found.witness_key, ...(found.witness_keys ?? [])].join('\n')}</pre>
              </details>
            </>
          )}
        </Shown>
      </Panel>
      <ReasonDialog draft="witness.resolve" open={resolving !== null} title={t('reconcile.resolveTitle', {witness: word('region', resolving?.witness ?? '')})} confirm={t('reconcile.resolve')} note={t('reconcile.resolveNote')} danger act={resolve} close={() => setResolving(null)} />
    </Page>
  );
}
