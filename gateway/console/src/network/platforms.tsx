// Where jobs can run: every platform of every region that is known here, what is free of it, what it costs; and what jobs
// of this region wait for.
import {useQuery} from '@tanstack/react-query';
import {get} from '../api/client';
import type {Accelerator, Capacity, Demand, Platform} from '../api/types';
import {useAddress} from '../shell/address';
import {usePace} from '../shell/live';
import {useWords} from '../shell/settings';
import {Pick} from '../ui/fields';
import {bytes, duration, money, number} from '../ui/format';
import {Bar, City, Page, Panel, Said, Shown, Time} from '../ui/parts';
import {Table} from '../ui/table';
import {Offers} from './offers';

interface Placed {
  region: string;
  reachable: boolean;
  platform: Platform;
}

// "3 / 8" with a bar, or the total alone where nothing is told of what is free.
function Supply({free, total, show = number}: {free?: number; total: number; show?: (value: number) => string}) {
  const {t} = useWords();
  if (free === undefined) return <>{show(total)}</>;
  return (
    <>
      {show(total - free)} / {show(total)}
      <Bar share={total ? (total - free) / total : 0} tone={free === 0 ? 'wait' : ''} label={t('overview.used', {used: show(total - free), total: show(total)})} />
    </>
  );
}

function AcceleratorList({kinds, platform}: {kinds: Accelerator[]; platform: Platform}) {
  const {t} = useWords();
  if (kinds.length === 0) return <>–</>;
  return (
    <ul className="stack">
      {kinds.map((kind) => (
        <li key={kind.kind}>
          <strong>{kind.kind}</strong> <Supply free={kind.free} total={kind.total} />
          <span className="basis">
            {t('platforms.perJob', {count: kind.per_job})}
            {platform.price?.accelerator_hour?.[kind.kind] && ` · ${money(platform.price.accelerator_hour[kind.kind], platform.price.currency)} ${t('platforms.anHour')}`}
          </span>
        </li>
      ))}
    </ul>
  );
}

export default function Platforms() {
  const {t} = useWords();
  const {at, put} = useAddress();
  const capacity = useQuery({queryKey: ['capacity'], queryFn: ({signal}) => get<{regions: Capacity[]}>('/api/v1/capacity', signal), refetchInterval: usePace(6000, 12_000)});
  const regions = capacity.data?.regions ?? [];
  const wanted = at('region');
  const placed: Placed[] = regions.filter((region) => !wanted || region.region === wanted).flatMap((region) => region.platforms.map((platform) => ({region: region.region, reachable: region.reachable, platform})));
  const demand: Demand[] = regions.flatMap((region) => region.demand ?? []);
  return (
    <Page title={t('nav.platforms')} lead={t('platforms.lead')} aside={<Pick label={t('data.region')} area="region" value={wanted} any={t('jobs.anyState')} options={regions.map((region) => region.region)} put={(value) => put('region', value)} />}>
      <Panel>
        <Shown of={capacity}>
          {() => (
            <Table
              label={t('nav.platforms')}
              rows={placed}
              keyOf={({region, platform}) => `${region}/${platform.name}`}
              none={t('overview.noPlatforms')}
              columns={[
                {
                  head: t('data.region'),
                  cell: ({region, reachable}) => (
                    <>
                      <City region={region} />
                      {!reachable && <span className="basis">{t('overview.unreachable')}</span>}
                    </>
                  ),
                },
                {
                  head: t('network.platform'),
                  cell: ({platform}) => (
                    <>
                      <strong>{platform.name}</strong> <span className="tag">{platform.kind}</span>
                      {platform.trouble && <Said className="basis">{platform.trouble}</Said>}
                      {platform.partitions && <span className="basis">{platform.partitions.join(', ')}</span>}
                    </>
                  ),
                },
                {head: t('overview.cores'), number: true, cell: ({platform}) => <Supply free={platform.cores_free} total={platform.cores_total ?? platform.cpu_cores ?? 0} />},
                {head: t('network.memory'), number: true, cell: ({platform}) => <Supply free={platform.ram_free_bytes} total={platform.ram_total_bytes ?? platform.ram_bytes ?? 0} show={bytes} />},
                {head: t('form.accelerator'), cell: ({platform}) => <AcceleratorList kinds={platform.accelerators ?? []} platform={platform} />},
                {head: t('platforms.nodes'), number: true, cell: ({platform}) => (platform.nodes === undefined ? '–' : `${platform.nodes_up ?? 0} / ${platform.nodes}`)},
                {head: t('network.jobs'), number: true, cell: ({platform}) => t('platforms.jobs', {running: platform.running ?? 0, waiting: platform.waiting ?? 0})},
                {head: t('network.wait'), number: true, cell: ({platform}) => (platform.wait_seconds === undefined ? '–' : duration(platform.wait_seconds))},
                {head: t('network.price'), number: true, cell: ({platform}) => money(platform.price?.core_hour, platform.price?.currency)},
                {head: t('platforms.seen'), cell: ({platform}) => <Time at={platform.seen} />},
              ]}
            />
          )}
        </Shown>
      </Panel>
      <Offers />
      {capacity.data && (
        <Panel title={t('platforms.demand')}>
          <Table
            label={t('platforms.demand')}
            rows={demand}
            keyOf={(one) => one.accelerator ?? ''}
            none={t('platforms.noDemand')}
            columns={[
              {head: t('form.accelerator'), cell: (one) => (one.accelerator ? `${one.accelerator} × ${number(one.accelerators)}` : '–')},
              {head: t('network.jobs'), number: true, cell: (one) => number(one.jobs)},
              {head: t('overview.cores'), number: true, cell: (one) => number(one.cores)},
              {head: t('platforms.oldest'), number: true, cell: (one) => duration(one.oldest_seconds)},
            ]}
          />
        </Panel>
      )}
    </Page>
  );
}
