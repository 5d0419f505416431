// Jobs, newest first; what one looks for stands in the address.
import {keepPreviousData, useInfiniteQuery} from '@tanstack/react-query';
import {Button} from '../ui/button';
import {Link, useSearchParams} from 'wouter';
import {get, query} from '../api/client';
import type {JobSummary} from '../api/types';
import {usePace} from '../shell/live';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {duration} from '../ui/format';
import {City, Nothing, Page, Panel, Shown, StateTag, Time} from '../ui/parts';

export const jobStates = ['queued', 'deciding', 'held', 'offered', 'staging', 'running', 'inspecting', 'returning', 'complete', 'executor-error', 'system-error', 'cancelling', 'cancelled', 'expired'];

const lasted = (job: JobSummary) => ((job.ended ? Date.parse(job.ended) : Date.now()) - Date.parse(job.created)) / 1000;

export default function Jobs() {
  const {t, word} = useWords();
  const {has} = useSession();
  const [search, setSearch] = useSearchParams();
  const filter = {state: search.get('state') ?? '', name_prefix: search.get('name') ?? '', project: search.get('project') ?? ''};
  const put = (name: string, value: string) =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      if (value) next.set(name, value);
      else next.delete(name);
      return next;
    }, {replace: true});
  const pages = useInfiniteQuery({
    queryKey: ['jobs', filter],
    queryFn: ({pageParam, signal}) => get<{jobs: JobSummary[]; next_cursor?: string}>(`/api/v1/jobs${query({...filter, limit: 50, cursor: pageParam})}`, signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: usePace(),
    placeholderData: keepPreviousData,
  });
  return (
    <Page title={t('nav.jobs')} aside={has('submitter') && <Link href="/submit" className="button primary">{t('nav.submit')}</Link>}>
      <Panel>
        <form className="row ends" role="search" onSubmit={(event) => event.preventDefault()}>
          <label>
            <span className="field-label">{t('jobs.state')}</span>
            <select className="field" value={filter.state} onChange={(event) => put('state', event.target.value)}>
              <option value="">{t('jobs.anyState')}</option>
              {jobStates.map((state) => (
                <option key={state} value={state}>
                  {word('job', state)}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span className="field-label">{t('jobs.nameBegins')}</span>
            <input className="field" value={filter.name_prefix} onChange={(event) => put('name', event.target.value)} />
          </label>
          <label>
            <span className="field-label">{t('jobs.project')}</span>
            <input className="field" value={filter.project} onChange={(event) => put('project', event.target.value)} />
          </label>
        </form>
      </Panel>
      <Panel>
        <Shown of={pages}>
          {(data) => {
            const jobs = data.pages.flatMap((page) => page.jobs);
            if (jobs.length === 0) return <Nothing>{t('jobs.none')}</Nothing>;
            return (
              <div className="scroll" tabIndex={0} role="region" aria-label={t('nav.jobs')}>
                <table className="plain">
                  <thead>
                    <tr>
                      <th scope="col">{t('jobs.name')}</th>
                      <th scope="col">{t('jobs.state')}</th>
                      <th scope="col">{t('jobs.runsIn')}</th>
                      <th scope="col">{t('jobs.project')}</th>
                      <th scope="col">{t('jobs.who')}</th>
                      <th scope="col">{t('jobs.created')}</th>
                      <th scope="col" className="number">
                        {t('jobs.lasted')}
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {jobs.map((job) => (
                      <tr key={job.id}>
                        <td>
                          <Link href={`/jobs/${encodeURIComponent(job.id)}`} className="name-cell">
                            {job.name || job.id}
                          </Link>
                        </td>
                        <td>
                          <StateTag area="job" state={job.state} />
                          {job.reason && <span className="basis name-cell">{job.reason}</span>}
                        </td>
                        <td>
                          <City region={job.region} />
                        </td>
                        <td>{job.project ?? '–'}</td>
                        <td>
                          {job.user} <span className="small">{job.tenant}</span>
                        </td>
                        <td>
                          <Time at={job.created} />
                        </td>
                        <td className="number">{duration(lasted(job))}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            );
          }}
        </Shown>
        {pages.hasNextPage && (
          <p>
            <Button onClick={() => void pages.fetchNextPage()} loading={pages.isFetchingNextPage}>
              {t('shell.more')}
            </Button>
          </p>
        )}
      </Panel>
    </Page>
  );
}
