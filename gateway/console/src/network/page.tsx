// Peers, platforms, certificates: for those who run the gateway, and for all who want to know what there is.
import {useQuery} from '@tanstack/react-query';
import {get} from '../api/client';
import type {Certificate, Peer, Platform} from '../api/types';
import {useStatus} from '../shell/frame';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {bytes, duration, millis, number, short} from '../ui/format';
import {Bar, City, Facts, Mono, Nothing, Page, Panel, Shown, StateTag, Time} from '../ui/parts';

function PeerView({peer}: {peer: Peer}) {
  const {t, word} = useWords();
  return (
    <Panel title={<City region={peer.region} />} aside={<span className={`tag ${peer.up ? 'tone-good' : 'tone-bad'}`}>{peer.up ? t('overview.tunnelUp') : t('overview.tunnelDown')}</span>}>
      {!peer.up && peer.why_down && <p className="note bad">{peer.why_down}</p>}
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

function PlatformTable({regions}: {regions: {region: string; platforms: Platform[]}[]}) {
  const {t} = useWords();
  const all = regions.flatMap((region) => region.platforms.map((platform) => ({region: region.region, platform})));
  if (all.length === 0) return <Nothing>{t('overview.noPlatforms')}</Nothing>;
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={t('network.platforms')}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{t('data.region')}</th>
            <th scope="col">{t('network.platform')}</th>
            <th scope="col">{t('audit.kind')}</th>
            <th scope="col" className="number">
              {t('overview.cores')}
            </th>
            <th scope="col" className="number">
              {t('network.memory')}
            </th>
            <th scope="col">{t('form.accelerator')}</th>
            <th scope="col" className="number">
              {t('network.jobs')}
            </th>
            <th scope="col" className="number">
              {t('network.wait')}
            </th>
            <th scope="col">{t('network.price')}</th>
          </tr>
        </thead>
        <tbody>
          {all.map(({region, platform}) => (
            <tr key={region + platform.name}>
              <td>
                <City region={region} />
              </td>
              <td>
                {platform.name}
                {platform.trouble && <span className="basis">{platform.trouble}</span>}
              </td>
              <td>{platform.kind}</td>
              <td className="number">{number(platform.cores_total ?? platform.cpu_cores)}</td>
              <td className="number">{bytes(platform.ram_bytes)}</td>
              <td>{platform.accelerators?.map((kind) => `${kind.kind} ${kind.free ?? '?'}/${kind.total}`).join(', ') || '–'}</td>
              <td className="number">
                {platform.running ?? 0} + {platform.waiting ?? 0}
              </td>
              <td className="number">{platform.wait_seconds === undefined ? '–' : duration(platform.wait_seconds)}</td>
              <td>{platform.price?.core_hour ? `${platform.price.core_hour} ${platform.price.currency}` : '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export default function Network() {
  const {t} = useWords();
  const {has} = useSession();
  const status = useStatus();
  const peers = useQuery({queryKey: ['peers'], queryFn: ({signal}) => get<{peers: Peer[]}>('/api/v1/peers', signal), refetchInterval: 3000});
  const capacity = useQuery({queryKey: ['capacity'], queryFn: ({signal}) => get<{regions: {region: string; platforms: Platform[]}[]}>('/api/v1/capacity', signal), refetchInterval: 10_000});
  const certs = useQuery({queryKey: ['certs'], queryFn: ({signal}) => get<{certificates: Certificate[]}>('/api/v1/certs', signal), enabled: has('operator', 'auditor')});
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
      <Panel title={t('network.platforms')} className="spaced">
        <Shown of={capacity}>{(data) => <PlatformTable regions={data.regions} />}</Shown>
      </Panel>
      {has('operator', 'auditor') && (
        <Panel title={t('network.certificates')}>
          <Shown of={certs}>
            {(data) => (
              <div className="scroll" tabIndex={0} role="region" aria-label={t('network.certificates')}>
                <table className="plain">
                  <thead>
                    <tr>
                      <th scope="col">{t('network.usedFor')}</th>
                      <th scope="col">{t('network.subject')}</th>
                      <th scope="col">{t('network.notAfter')}</th>
                      <th scope="col" className="number">
                        {t('filings.daysLeft')}
                      </th>
                      <th scope="col">{t('jobs.state')}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {data.certificates.map((certificate, at) => (
                      <tr key={at}>
                        <td>{certificate.used_for}</td>
                        <td>
                          <Mono>{certificate.subject}</Mono>
                          {certificate.advice && <span className="basis">{certificate.advice}</span>}
                        </td>
                        <td>
                          <Time at={certificate.not_after} />
                        </td>
                        <td className="number">{certificate.days_left}</td>
                        <td>
                          <StateTag area="urgency" state={certificate.urgency} />
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </Shown>
        </Panel>
      )}
    </Page>
  );
}
