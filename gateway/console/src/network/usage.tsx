// Who used what, and what it cost.
import {useQuery} from '@tanstack/react-query';
import {useSearchParams} from 'wouter';
import {get, query} from '../api/client';
import type {UsageTotal} from '../api/types';
import {useWords} from '../shell/settings';
import {bytes, number} from '../ui/format';
import {City, Nothing, Page, Panel, Shown} from '../ui/parts';

const hours = (seconds: number | undefined) => (seconds === undefined ? '–' : (seconds / 3600).toLocaleString('en-US', {maximumFractionDigits: 2}));

export default function Usage() {
  const {t} = useWords();
  const [search, setSearch] = useSearchParams();
  const since = search.get('since') ?? '';
  const until = search.get('until') ?? '';
  const usage = useQuery({queryKey: ['usage', since, until], queryFn: ({signal}) => get<{totals: UsageTotal[]}>(`/api/v1/usage${query({since, until})}`, signal)});
  const put = (name: string, value: string) =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      if (value) next.set(name, value);
      else next.delete(name);
      return next;
    }, {replace: true});
  return (
    <Page title={t('nav.usage')} lead={t('usage.lead')}>
      <Panel>
        <form className="row ends" onSubmit={(event) => event.preventDefault()}>
          <label>
            <span className="field-label">{t('audit.since')}</span>
            <input className="field" type="date" value={since} onChange={(event) => put('since', event.target.value)} />
          </label>
          <label>
            <span className="field-label">{t('audit.until')}</span>
            <input className="field" type="date" value={until} onChange={(event) => put('until', event.target.value)} />
          </label>
        </form>
      </Panel>
      <Panel>
        <Shown of={usage}>
          {({totals}) =>
            totals.length === 0 ? (
              <Nothing>{t('usage.none')}</Nothing>
            ) : (
              <div className="scroll" tabIndex={0} role="region" aria-label={t('nav.usage')}>
                <table className="plain">
                  <thead>
                    <tr>
                      <th scope="col">{t('reviews.tenant')}</th>
                      <th scope="col">{t('jobs.project')}</th>
                      <th scope="col">{t('jobs.runsIn')}</th>
                      <th scope="col" className="number">
                        {t('network.jobs')}
                      </th>
                      <th scope="col" className="number">
                        {t('usage.coreHours')}
                      </th>
                      <th scope="col" className="number">
                        {t('usage.acceleratorHours')}
                      </th>
                      <th scope="col" className="number">
                        {t('usage.in')}
                      </th>
                      <th scope="col" className="number">
                        {t('usage.out')}
                      </th>
                      <th scope="col" className="number">
                        {t('usage.cost')}
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {totals.map((total, at) => (
                      <tr key={at}>
                        <td>{total.tenant}</td>
                        <td>{total.project || '–'}</td>
                        <td>
                          <City region={total.region} />
                        </td>
                        <td className="number">{number(total.jobs)}</td>
                        <td className="number">{hours(total.core_seconds)}</td>
                        <td className="number">{hours(total.accelerator_seconds)}</td>
                        <td className="number">{bytes(total.bytes_in)}</td>
                        <td className="number">{bytes(total.bytes_out)}</td>
                        <td className="number">{total.cost ? `${total.cost} ${total.currency ?? ''}` : '–'}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )
          }
        </Shown>
      </Panel>
    </Page>
  );
}
