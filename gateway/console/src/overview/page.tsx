// The two cities (and more) on one sheet.
import {useQuery} from '@tanstack/react-query';
import {useMemo} from 'react';
import {Link} from 'wouter';
import {get} from '../api/client';
import type {Capacity, Certificate, Peer, Platform, ReconciledPeer, Status} from '../api/types';
import {WitnessTag} from '../audit/witness';
import {WarningLine} from '../policy/warning';
import {useStatus} from '../shell/frame';
import {usePace} from '../shell/live';
import {useSession} from '../shell/session';
import {useSettings, useWords} from '../shell/settings';
import {cityColour, effectColours} from '../shell/theme';
import {Bars} from '../ui/chart';
import {bytes, duration, localTime, millis, number} from '../ui/format';
import {Bar, City, Nothing, Page, Panel, Shown, StateTag, Time} from '../ui/parts';

interface Activity {
  hours: {from: string; permit: number; hold: number; forbid: number}[];
}

const busy = ['queued', 'deciding', 'held', 'offered', 'staging', 'running', 'inspecting', 'returning', 'cancelling'];
const ended = ['complete', 'executor-error', 'system-error', 'cancelled', 'expired'];

function PlatformSupply({platform}: {platform: Platform}) {
  const {t} = useWords();
  const total = platform.cores_total ?? platform.cpu_cores ?? 0;
  const free = platform.cores_free;
  return (
    <div className="platform">
      <div className="row spread">
        <strong>{platform.name}</strong>
        <span className="small">
          {platform.kind} · {t('overview.running', {count: platform.running ?? 0})} · {t('overview.waiting', {count: platform.waiting ?? 0})}
        </span>
      </div>
      {platform.trouble && <p className="note wait">{platform.trouble}</p>}
      <div className="supply">
        <span>{t('overview.cores')}</span>
        {free === undefined ? <span /> : <Bar share={total ? (total - free) / total : 0} label={t('overview.used', {used: total - free, total})} />}
        <span className="number">{free === undefined ? number(total) : `${number(total - free)} / ${number(total)}`}</span>
        {platform.accelerators?.map((kind) => [
          <span key={`${kind.kind}n`}>{kind.kind}</span>,
          kind.free === undefined ? (
            <span key={`${kind.kind}b`} />
          ) : (
            <Bar key={`${kind.kind}b`} share={kind.total ? (kind.total - kind.free) / kind.total : 0} label={t('overview.used', {used: kind.total - kind.free, total: kind.total})} />
          ),
          <span key={`${kind.kind}t`} className="number">
            {kind.free === undefined ? number(kind.total) : `${number(kind.total - kind.free)} / ${number(kind.total)}`}
          </span>,
        ])}
      </div>
    </div>
  );
}

function Bank({region, here, gateway}: {region: Capacity; here: boolean; gateway?: string}) {
  const {mode} = useSettings();
  const {t, word} = useWords();
  return (
    <section className="bank" style={{'--bank': cityColour(region.region, mode)} as React.CSSProperties}>
      <h2>
        {word('region', region.region)}
        <small>
          {region.jurisdiction} · {here ? t('overview.thisGateway') : region.reachable ? gateway : t('overview.unreachable')}
        </small>
      </h2>
      {region.platforms.length === 0 && <Nothing>{t('overview.noPlatforms')}</Nothing>}
      {region.platforms.map((platform) => (
        <PlatformSupply key={platform.name} platform={platform} />
      ))}
    </section>
  );
}

function Water({peer}: {peer?: Peer}) {
  const {t} = useWords();
  const link = peer?.link;
  return (
    <div className={`water${peer?.up ? ' up' : ''}`}>
      <svg viewBox="0 0 240 74" preserveAspectRatio="none" aria-hidden="true">
        <path d="M0 26C40 26 50 52 90 52S140 18 180 18 220 26 240 26" fill="none" stroke="var(--accent)" strokeOpacity={peer?.up ? 0.22 : 0.1} strokeWidth="22" strokeLinecap="round" />
        <path className="flow" d="M0 22C40 22 50 48 90 48S140 14 180 14 220 22 240 22" fill="none" stroke="var(--shenzhen)" strokeWidth="2" />
        <path className="flow back" d="M0 31C40 31 50 57 90 57S140 23 180 23 220 31 240 31" fill="none" stroke="var(--hongkong)" strokeWidth="2" />
      </svg>
      {!peer ? (
        <span>{t('overview.noPeer')}</span>
      ) : peer.up ? (
        <>
          <strong>{t('overview.tunnelUp')}</strong>
          <span>
            {t('overview.delay')} <strong>{millis(link?.round_trip_micros)}</strong>
          </span>
          <span>
            <span aria-hidden="true">↑</span> {t('overview.out')} <strong>{bytes(link?.bytes_per_second_out)}/s</strong>
          </span>
          <span>
            <span aria-hidden="true">↓</span> {t('overview.in')} <strong>{bytes(link?.bytes_per_second_in)}/s</strong>
          </span>
        </>
      ) : (
        <>
          <span className="tag tone-bad">{t('overview.tunnelDown')}</span>
          <span>{peer.why_down}</span>
        </>
      )}
      {peer?.since && (
        <span className="small">
          {t('overview.since')} <Time at={peer.since} />
        </span>
      )}
    </div>
  );
}

function JobsByState({status}: {status: Status}) {
  const {t, word} = useWords();
  const {has} = useSession();
  const count = (states: string[]) => states.reduce((sum, state) => sum + (status.jobs[state] ?? 0), 0);
  const all = Object.entries(status.jobs);
  return (
    <Panel title={t('overview.jobs')} aside={has('submitter', 'reviewer', 'auditor') && <Link href="/jobs">{t('overview.allJobs')}</Link>}>
      <dl className="numbers">
        <div>
          <dt>{t('overview.underWay')}</dt>
          <dd>{number(count(busy))}</dd>
        </div>
        <div>
          <dt>{word('job', 'complete')}</dt>
          <dd>{number(status.jobs.complete ?? 0)}</dd>
        </div>
        <div>
          <dt>{t('overview.notComplete')}</dt>
          <dd>{number(count(ended.filter((state) => state !== 'complete')))}</dd>
        </div>
      </dl>
      {all.length === 0 && <Nothing>{t('jobs.none')}</Nothing>}
      <p className="row">
        {all.map(([state, many]) => (
          <span key={state}>
            <StateTag area="job" state={state} /> {number(many)}
          </span>
        ))}
      </p>
    </Panel>
  );
}

function Crossings() {
  const {t, word} = useWords();
  const {mode} = useSettings();
  const pace = usePace(8000, 20_000);
  const activity = useQuery({queryKey: ['status', 'activity'], queryFn: ({signal}) => get<Activity>('/api/v1/activity?hours=24', signal), refetchInterval: pace});
  const data = activity.data;
  const categories = useMemo(() => data?.hours.map((hour) => localTime(hour.from).slice(11, 16)) ?? [], [data]);
  const series = useMemo(
    () => (['permit', 'hold', 'forbid'] as const).map((effect) => ({name: word('effect', effect), colour: effectColours[mode][effect] ?? '', values: data?.hours.map((hour) => hour[effect]) ?? []})),
    [data, mode, word],
  );
  return (
    <Panel title={t('overview.crossings')}>
      <Shown of={activity}>{() => <Bars label={t('overview.crossings')} categories={categories} series={series} />}</Shown>
    </Panel>
  );
}

function Attention({status}: {status: Status}) {
  const {t} = useWords();
  const {has} = useSession();
  const certificates = useQuery({queryKey: ['certs'], queryFn: ({signal}) => get<{certificates: Certificate[]}>('/api/v1/certs', signal), enabled: has('operator', 'auditor'), refetchInterval: 60_000});
  const soon = [...(certificates.data?.certificates ?? [])].sort((a, b) => a.days_left - b.days_left);
  const calm = status.reviews_open === 0 && !status.policy_warnings?.length && !status.certificate_warnings?.length && !status.reload_failed;
  return (
    <Panel title={t('overview.attention')}>
      <ul className="stack">
        {status.reviews_open > 0 && (
          <li>
            <span className="tag tone-wait">{t('overview.holds', {count: status.reviews_open})}</span> {has('reviewer', 'auditor') && <Link href="/reviews">{t('overview.toReviews')}</Link>}
          </li>
        )}
        {status.reload_failed && <li className="note bad">{status.reload_failed}</li>}
        {status.policy_warnings?.map((warning) => (
          <WarningLine key={warning.kind + warning.what + (warning.day ?? '')} warning={warning} />
        ))}
        {status.certificate_warnings?.map((warning) => (
          <li key={warning.what}>
            <StateTag area="urgency" state={warning.urgency} /> {warning.what}: {t('overview.daysLeft', {count: warning.days_left})}
            <span className="basis">{warning.advice}</span>
          </li>
        ))}
        {calm && <li className="nothing">{t('overview.calm')}</li>}
      </ul>
      {soon[0] && (
        <p className="small">
          {t('overview.nextCertificate')} {soon[0].used_for}: {t('overview.daysLeft', {count: soon[0].days_left})} <StateTag area="urgency" state={soon[0].urgency} />
        </p>
      )}
      {!status.ready && (
        <p className="note bad">
          {t('overview.notReady')} {status.not_ready}
        </p>
      )}
    </Panel>
  );
}

function Ledgers({status}: {status: Status}) {
  const {t} = useWords();
  const {has} = useSession();
  const books = useQuery({queryKey: ['ledger', 'reconcile'], queryFn: ({signal}) => get<{peers: ReconciledPeer[]}>('/api/v1/audit/reconcile', signal), enabled: has('auditor', 'operator'), refetchInterval: 15_000});
  return (
    <Panel title={t('overview.ledgers')} aside={has('auditor', 'operator') && <Link href="/audit/reconcile">{t('nav.reconcile')}</Link>}>
      <dl className="numbers">
        <div>
          <dt>{t('overview.entries')}</dt>
          <dd>{number(status.ledger.entries)}</dd>
        </div>
        <div>
          <dt>{t('overview.published')}</dt>
          <dd>{number(status.ledger.published)}</dd>
        </div>
      </dl>
      <ul className="stack">
        {status.witnesses?.map((witness) => (
          <li key={witness.witness}>
            <City region={witness.witness} />{' '}
            <WitnessTag alarm={witness.alarm || witness.peer_log?.alarm} fresh={witness.fresh} />{' '}
            <span className="small">
              {t('overview.cosignedSize', {size: number(witness.cosigned_size)})} {witness.cosigned_at && <Time at={witness.cosigned_at} />}
            </span>
          </li>
        ))}
        {books.data?.peers.map((peer) => (
          <li key={peer.region}>
            {t('overview.bookWith')} <City region={peer.region} /> <span className={`tag ${peer.agree ? 'tone-good' : 'tone-bad'}`}>{peer.agree ? t('overview.agree') : t('overview.disagree', {count: peer.mismatches.length})}</span>{' '}
            <span className="small">{t('overview.matched', {count: peer.matched})}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

export default function Overview() {
  const {t, word} = useWords();
  const status = useStatus();
  const peers = useQuery({queryKey: ['peers'], queryFn: ({signal}) => get<{peers: Peer[]}>('/api/v1/peers', signal), refetchInterval: 3000});
  const capacity = useQuery({queryKey: ['capacity'], queryFn: ({signal}) => get<{regions: Capacity[]}>('/api/v1/capacity', signal), refetchInterval: usePace(6000, 15_000)});
  // Shenzhen stands on the left and Hong Kong on the right, whichever gateway this is.
  const regions = [...(capacity.data?.regions ?? [])].sort((a, b) => Number(a.region === 'hongkong') - Number(b.region === 'hongkong'));
  const [first, second, ...more] = regions;
  const own = status.data?.region;
  const peerOf = (region?: Capacity) => peers.data?.peers.find((peer) => peer.region === region?.region);
  const across = own === first?.region ? second : first;
  return (
    <Page
      title={t('overview.title')}
      lead={status.data && t('overview.lead', {region: word('region', status.data.region), policy: status.data.policy.name})}
      aside={status.data?.started && <span className="small">{t('overview.upFor', {time: duration((Date.now() - Date.parse(status.data.started)) / 1000)})}</span>}
    >
      <Shown of={capacity}>
        {() => (
          <div className="sheet">
            {first && <Bank region={first} here={first.region === own} gateway={peerOf(first)?.gateway} />}
            <Water peer={peerOf(across)} />
            {second && <Bank region={second} here={second.region === own} gateway={peerOf(second)?.gateway} />}
          </div>
        )}
      </Shown>
      {more.length > 0 && (
        <div className="grid three" style={{marginTop: 14}}>
          {more.map((region) => (
            <div key={region.region}>
              <Water peer={peerOf(region)} />
              <Bank region={region} here={false} gateway={peerOf(region)?.gateway} />
            </div>
          ))}
        </div>
      )}
      <Shown of={status}>
        {(data) => (
          <>
            <div className="grid two" style={{marginTop: 14}}>
              <Crossings />
              <Attention status={data} />
            </div>
            <div className="grid two">
              <JobsByState status={data} />
              <Ledgers status={data} />
            </div>
          </>
        )}
      </Shown>
    </Page>
  );
}
