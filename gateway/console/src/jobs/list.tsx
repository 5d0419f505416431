// Jobs, newest first; what one looks for stands in the address.
import {keepPreviousData, useInfiniteQuery} from '@tanstack/react-query';
import {Link} from 'wouter';
import {get, query} from '../api/client';
import type {JobSummary} from '../api/types';
import {useAddress} from '../shell/address';
import {usePace} from '../shell/live';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {duration} from '../ui/format';
import {Field, Pick} from '../ui/fields';
import {More} from '../ui/more';
import {City, Page, Panel, Shown, StateTag, Time} from '../ui/parts';
import {waitsForReview} from '../ui/because';
import {Table} from '../ui/table';
import {Because} from '../ui/verdict';

export const jobStates = ['queued', 'deciding', 'held', 'offered', 'staging', 'running', 'inspecting', 'returning', 'complete', 'executor-error', 'system-error', 'cancelling', 'cancelled', 'expired'];

const lasted = (job: JobSummary) => ((job.ended ? Date.parse(job.ended) : Date.now()) - Date.parse(job.created)) / 1000;

export default function Jobs() {
  const {t} = useWords();
  const {has} = useSession();
  const {at, put} = useAddress();
  const filter = {state: at('state'), name_prefix: at('name'), project: at('project')};
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
          <Pick label={t('jobs.state')} area="job" options={jobStates} any={t('jobs.anyState')} value={filter.state} put={(value) => put('state', value)} />
          <Field label={t('jobs.nameBegins')} value={filter.name_prefix} put={(value) => put('name', value)} />
          <Field label={t('jobs.project')} value={filter.project} put={(value) => put('project', value)} />
        </form>
      </Panel>
      <Panel>
        <Shown of={pages}>
          {(data) => (
            <Table
              label={t('nav.jobs')}
              rows={data.pages.flatMap((page) => page.jobs)}
              keyOf={(job) => job.id}
              none={t('jobs.none')}
              columns={[
                {
                  head: t('jobs.name'),
                  cell: (job) => (
                    <Link href={`/jobs/${encodeURIComponent(job.id)}`} className="name-cell">
                      {job.name || job.id}
                    </Link>
                  ),
                },
                {
                  head: t('jobs.state'),
                  cell: (job) => (
                    <>
                      <StateTag area="job" state={job.state} />
                      {job.reason && (
                        <div className="reason-cell">
                          <Because text={job.reason} failure={job.failure_class} held={waitsForReview(job)} />
                        </div>
                      )}
                    </>
                  ),
                },
                {head: t('jobs.runsIn'), cell: (job) => <City region={job.region} />},
                {head: t('jobs.project'), cell: (job) => job.project ?? '–'},
                {
                  head: t('jobs.who'),
                  cell: (job) => (
                    <>
                      {job.user} <span className="small">{job.tenant}</span>
                    </>
                  ),
                },
                {head: t('jobs.created'), cell: (job) => <Time at={job.created} />},
                {head: t('jobs.lasted'), number: true, cell: (job) => duration(lasted(job))},
              ]}
            />
          )}
        </Shown>
        <More of={pages} />
      </Panel>
    </Page>
  );
}
