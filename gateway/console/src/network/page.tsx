// Peers and certificates: for those who run the gateway, and for all who want to know what there is.
import {useQuery} from '@tanstack/react-query';
import {get} from '../api/client';
import type {Certificate, Peer, RevocationList} from '../api/types';
import {useStatus} from '../shell/frame';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {bytes, millis, number, short} from '../ui/format';
import {Bar, City, Facts, Mono, Nothing, Page, Panel, Said, Shown, StateTag, Time} from '../ui/parts';
import {Table} from '../ui/table';

function PeerView({peer}: {peer: Peer}) {
  const {t, word} = useWords();
  return (
    <Panel title={<City region={peer.region} />} aside={<span className={`tag ${peer.up ? 'tone-good' : 'tone-bad'}`}>{peer.up ? t('overview.tunnelUp') : t('overview.tunnelDown')}</span>}>
      {!peer.up && peer.why_down && (
        <p className="note bad">
          <Said>{peer.why_down}</Said>
        </p>
      )}
      <Facts
        rows={[
          [t('network.since'), <Time key="s" at={peer.since} />],
          [t('network.gateway'), peer.gateway],
          [t('network.address'), peer.remote && <Mono key="r">{peer.remote}</Mono>],
          [t('network.policy'), peer.policy_digest && <Mono key="p" title={peer.policy_digest}>{short(peer.policy_digest)}</Mono>],
          [t('network.certificate'), peer.certificate_days_left !== undefined && t('overview.daysLeft', {count: peer.certificate_days_left})],
          [t('network.outbox'), peer.outbox],
          [t('network.delay'), millis(peer.link?.round_trip_micros)],
          [t('network.lanes'), peer.link?.lanes !== undefined && `${peer.link.lanes} · ${peer.link.congestion_control ?? ''}`],
          [t('network.now'), peer.link && `↑ ${bytes(peer.link.bytes_per_second_out)}/s · ↓ ${bytes(peer.link.bytes_per_second_in)}/s`],
          [t('network.all'), peer.link && `↑ ${bytes(peer.link.bytes_out)} · ↓ ${bytes(peer.link.bytes_in)}`],
          [t('network.again'), peer.link?.segments_again !== undefined && number(peer.link.segments_again)],
        ]}
      />
      {peer.link?.transfers && peer.link.transfers.length > 0 && (
        <>
          <h3>{t('network.transfers')}</h3>
          <ul className="stack">
            {peer.link.transfers.map((transfer) => (
              <li key={transfer.crossing + transfer.direction}>
                <div className="row spread small">
                  <Mono>{transfer.crossing}</Mono>
                  <span>
                    {word('direction', transfer.direction)} {bytes(transfer.bytes_done)} / {bytes(transfer.bytes_total)}
                  </span>
                </div>
                <Bar share={transfer.bytes_total ? transfer.bytes_done / transfer.bytes_total : 1} label={transfer.crossing} />
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}

// What ends some day: certificates and revocation lists.
interface Ending {
  used_for: string;
  name: string;
  advice?: string;
  ends?: string;
  days_left: number;
  urgency: string;
}

function Endings({label, rows}: {label: string; rows: Ending[]}) {
  const {t} = useWords();
  return (
    <Table
      label={label}
      rows={rows}
      keyOf={(_, nth) => nth}
      none="–"
      columns={[
        {head: t('network.usedFor'), cell: (one) => one.used_for},
        {
          head: t('network.subject'),
          cell: (one) => (
            <>
              <Mono>{one.name}</Mono>
              {one.advice && <Said className="basis">{one.advice}</Said>}
            </>
          ),
        },
        {head: t('network.notAfter'), cell: (one) => <Time at={one.ends} />},
        {head: t('filings.daysLeft'), number: true, cell: (one) => one.days_left},
        {head: t('jobs.state'), cell: (one) => <StateTag area="urgency" state={one.urgency} />},
      ]}
    />
  );
}

function Certificates() {
  const {t} = useWords();
  const certs = useQuery({queryKey: ['certs'], queryFn: ({signal}) => get<{certificates: Certificate[]; revocation_lists?: RevocationList[]}>('/api/v1/certs', signal)});
  return (
    <Shown of={certs}>
      {(data) => (
        <>
          <Panel title={t('network.certificates')} className="spaced">
            <Endings label={t('network.certificates')} rows={data.certificates.map((one) => ({...one, name: one.subject, ends: one.not_after}))} />
          </Panel>
          {data.revocation_lists && data.revocation_lists.length > 0 && (
            <Panel title={t('network.revocations')}>
              <Endings label={t('network.revocations')} rows={data.revocation_lists.map((one) => ({...one, name: one.issuer, ends: one.next_update}))} />
            </Panel>
          )}
        </>
      )}
    </Shown>
  );
}

export default function Network() {
  const {t} = useWords();
  const {has} = useSession();
  const status = useStatus();
  const peers = useQuery({queryKey: ['peers'], queryFn: ({signal}) => get<{peers: Peer[]}>('/api/v1/peers', signal), refetchInterval: 3000});
  return (
    <Page title={t('nav.network')} lead={status.data && `${status.data.gateway} · ${t('shell.version')} ${status.data.version}`}>
      <Shown of={peers}>
        {(data) => (
          <div className="grid two">
            {data.peers.length === 0 && <Nothing>{t('overview.noPeer')}</Nothing>}
            {data.peers.map((peer) => (
              <PeerView key={peer.region} peer={peer} />
            ))}
          </div>
        )}
      </Shown>
      {has('operator', 'auditor') && <Certificates />}
    </Page>
  );
}
