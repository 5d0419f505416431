// What each tenant may use of this gateway, beside what it uses now. The limits are the configuration's.
import {useQuery} from '@tanstack/react-query';
import type {ReactNode} from 'react';
import {get} from '../api/client';
import type {Tenants, TenantUse} from '../api/types';
import {usePace} from '../shell/live';
import {useWords} from '../shell/settings';
import {bytes, money, number, value} from '../ui/format';
import {Bar, Facts, Mono, Page, Panel, Shown} from '../ui/parts';
import {shareOf, toneOf} from './shares';

// One thing that is limited: what is used, the limit, and a bar; or no limit.
function Quota({name, used, most, share, note}: {name: string; used: string; most?: string; share?: number; note?: string}) {
  const {t} = useWords();
  return (
    <li>
      <div className="row spread small">
        <span>{name}</span>
        <span className="number">{most === undefined ? `${used} · ${t('tenants.noLimit')}` : `${used} / ${most}`}</span>
      </div>
      {share !== undefined && <Bar share={share} tone={toneOf(share)} label={t('tenants.used', {used, most: most ?? ''})} />}
      {note && <span className="basis">{note}</span>}
    </li>
  );
}

function TenantView({tenant, all}: {tenant: TenantUse; all: Tenants}) {
  const {t} = useWords();
  const fair = tenant.jobs.open + tenant.jobs.further;
  const spent = Number(tenant.money.spent_cny);
  const cap = tenant.money.cap_cny === undefined ? undefined : Number(tenant.money.cap_cny);
  const {quota_bytes: quota, bytes: uploaded} = tenant.uploads;
  const held = tenant.running;
  return (
    <Panel
      title={tenant.name || tenant.id}
      aside={
        <span className="row">
          <Mono>{tenant.id}</Mono>
          {tenant.operator && <span className="tag">{t('tenants.operator')}</span>}
          {!tenant.configured && <span className="tag tone-wait">{t('tenants.notConfigured')}</span>}
        </span>
      }
    >
      <ul className="stack">
        <Quota name={t('tenants.jobs')} used={number(tenant.jobs.open)} most={number(fair)} share={shareOf(tenant.jobs.open, fair)} note={t('tenants.fairShare')} />
        <Quota name={t('tenants.cores')} used={number(held.cores)} most={held.cores_at_once === undefined ? undefined : number(held.cores_at_once)} share={held.cores_at_once === undefined ? undefined : shareOf(held.cores, held.cores_at_once)} />
        <Quota name={t('tenants.accelerators')} used={number(held.accelerators)} most={held.accelerators_at_once === undefined ? undefined : number(held.accelerators_at_once)} share={held.accelerators_at_once === undefined ? undefined : shareOf(held.accelerators, held.accelerators_at_once)} />
        <Quota name={t('tenants.money', {month: all.month})} used={money(tenant.money.spent_cny, 'CNY')} most={cap === undefined ? undefined : money(tenant.money.cap_cny, 'CNY')} share={cap === undefined ? undefined : shareOf(spent, cap)} />
        <Quota name={t('tenants.uploads')} used={bytes(uploaded)} most={quota === undefined ? undefined : bytes(quota)} share={quota === undefined ? undefined : shareOf(uploaded, quota)} />
      </ul>
      <Facts
        rows={[
          [t('tenants.transfer'), tenant.bytes_per_second_max === undefined ? t('tenants.noLimit') : `${bytes(tenant.bytes_per_second_max)}/s`],
          [t('tenants.running'), number(held.runs)],
          ...Object.entries(tenant.facts ?? {})
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, of]): [ReactNode, ReactNode] => [<Mono key={name}>{name}</Mono>, value(of)]),
        ]}
      />
    </Panel>
  );
}

export default function TenantsPage() {
  const {t} = useWords();
  const tenants = useQuery({queryKey: ['tenants'], queryFn: ({signal}) => get<Tenants>('/api/v1/tenants', signal), refetchInterval: usePace(6000, 12_000)});
  return (
    <Page title={t('nav.tenants')} lead={t('tenants.lead')}>
      <Shown of={tenants}>
        {(data) => (
          <>
            <Panel title={t('tenants.all')}>
              <Facts
                rows={[
                  [t('tenants.openJobs'), `${number(data.jobs.open)} / ${number(data.jobs.most)}`],
                  [t('tenants.requests'), t('tenants.requestsOf', {rate: number(data.requests.per_second), burst: number(data.requests.burst)})],
                ]}
              />
            </Panel>
            <div className="grid two">
              {data.tenants.map((tenant) => (
                <TenantView key={tenant.id} tenant={tenant} all={data} />
              ))}
            </div>
          </>
        )}
      </Shown>
    </Page>
  );
}
