// Who used what, and what it cost.
import {useQuery} from '@tanstack/react-query';
import {get, query} from '../api/client';
import type {UsageTotal} from '../api/types';
import {useAddress} from '../shell/address';
import {useWords} from '../shell/settings';
import {Field} from '../ui/fields';
import {bytes, hours, money, number} from '../ui/format';
import {City, Page, Panel, Shown} from '../ui/parts';
import {Table} from '../ui/table';

export default function Usage() {
  const {t} = useWords();
  const {at, put} = useAddress();
  const since = at('since');
  const until = at('until');
  const usage = useQuery({queryKey: ['usage', since, until], queryFn: ({signal}) => get<{totals: UsageTotal[]}>(`/api/v1/usage${query({since, until})}`, signal)});
  return (
    <Page title={t('nav.usage')} lead={t('usage.lead')}>
      <Panel>
        <form className="row ends" onSubmit={(event) => event.preventDefault()}>
          <Field label={t('audit.since')} type="date" value={since} put={(value) => put('since', value)} />
          <Field label={t('audit.until')} type="date" value={until} put={(value) => put('until', value)} />
        </form>
      </Panel>
      <Panel>
        <Shown of={usage}>
          {({totals}) => (
            <Table
              label={t('nav.usage')}
              rows={totals}
              keyOf={(_, nth) => nth}
              none={t('usage.none')}
              columns={[
                {head: t('reviews.tenant'), cell: (total) => total.tenant},
                {head: t('jobs.project'), cell: (total) => total.project || '–'},
                {head: t('jobs.runsIn'), cell: (total) => <City region={total.region} />},
                {head: t('network.jobs'), number: true, cell: (total) => number(total.jobs)},
                {head: t('usage.coreHours'), number: true, cell: (total) => hours(total.core_seconds)},
                {head: t('usage.acceleratorHours'), number: true, cell: (total) => hours(total.accelerator_seconds)},
                {head: t('usage.in'), number: true, cell: (total) => bytes(total.bytes_in)},
                {head: t('usage.out'), number: true, cell: (total) => bytes(total.bytes_out)},
                {head: t('usage.cost'), number: true, cell: (total) => money(total.cost, total.currency)},
              ]}
            />
          )}
        </Shown>
      </Panel>
    </Page>
  );
}
