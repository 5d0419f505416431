// One job: where it is, what was decided, what happened on both sides, its logs, its results.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {Button} from '../ui/button';
import {Confirm} from '../ui/confirm';
import {Tabs} from '../ui/tabs';
import {useState} from 'react';
import {useParams, useSearchParams} from 'wouter';
import {download, get, post, token} from '../api/client';
import type {Job, Output} from '../api/types';
import {useStatus} from '../shell/frame';
import {usePace} from '../shell/live';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {bytes, duration, localTime, short} from '../ui/format';
import {City, Facts, Mono, Nothing, Page, Panel, ProblemNote, Said, Shown, StateTag, Time} from '../ui/parts';
import {Table} from '../ui/table';
import {rulesBehind, waitsForReview} from '../ui/because';
import {Because, CrossingCard, VerdictView} from '../ui/verdict';
import {FollowedLog, LogFacts} from './logs';
import {momentsOf, sidesOf} from './timeline';

function Timeline({job, home}: {job: Job; home: string}) {
  const {t, word} = useWords();
  const moments = momentsOf(job, home);
  const [left] = sidesOf(moments, job, home);
  const [, right] = sidesOf(moments, job, home);
  return (
    <div className="timeline">
      <div className="timeline-head left">
        <City region={left} />
      </div>
      <div className="spine" style={{gridColumn: 2, gridRow: `1 / span ${moments.length + 1}`}} />
      <div className="timeline-head right">
        <City region={right} />
      </div>
      {moments.map((moment, at) => (
        <div key={at} className={`timeline-item ${moment.region === left ? 'left' : 'right'}`} style={{gridRow: at + 2}}>
          <time dateTime={moment.at} title={`${localTime(moment.at)} +08:00`}>
            {localTime(moment.at).slice(11)}
          </time>{' '}
          {moment.what === 'state' && <StateTag area="job" state={moment.code} />}
          {moment.what === 'decision' && <span className={`tag effect-${moment.code}`}>{t('job.decided', {effect: word('effect', moment.code)})}</span>}
          {moment.what === 'started' && <span className="tag">{t('job.started')}</span>}
          {moment.what === 'ended' && <span className="tag">{t('job.ended', {code: moment.code})}</span>} {moment.about && (moment.what === 'decision' ? <span className="small">{moment.about}</span> : <Said className="small">{moment.about}</Said>)}
        </div>
      ))}
    </div>
  );
}

function Results({job}: {job: Job}) {
  const {t, word} = useWords();
  const [error, setError] = useState<unknown>(null);
  const pathOf = (output: Output, file?: string) => `/api/v1/results/${encodeURIComponent(job.id)}/${[output.name, ...(file ? file.split('/') : [])].map(encodeURIComponent).join('/')}`;
  const link = (output: Output, file?: string) => {
    const path = pathOf(output, file);
    const name = (file ?? output.name).split('/').pop() ?? output.name;
    // A session's cookie goes with a link, and the browser shows progress; a token does not.
    if (!token.get()) return <a href={path} download={name}>{t('job.download')}</a>;
    return (
      <Button size="small" onClick={() => download(path, name).catch(setError)}>
        {t('job.download')}
      </Button>
    );
  };
  const links = (output: Output) => {
    if (!['available', 'delivered'].includes(output.state)) return null;
    if (!output.files || output.files.length < 2) return link(output);
    return (
      <ul>
        {output.files.map((file) => (
          <li key={file.path}>
            {file.path} {link(output, file.path)}
          </li>
        ))}
      </ul>
    );
  };
  return (
    <>
      <ProblemNote error={error} />
      <Table
        label={t('job.results')}
        rows={job.outputs}
        keyOf={(output) => output.name}
        none={t('job.noResults')}
        columns={[
          {
            head: t('job.result'),
            cell: (output) => (
              <>
                {output.name}
                {output.note && <Said className="basis">{output.note}</Said>}
              </>
            ),
          },
          {head: t('jobs.state'), cell: (output) => <StateTag area="output" state={output.state} />},
          {head: t('job.kind'), cell: (output) => (output.kind ? word('kind', output.kind) : '–')},
          {head: t('job.size'), number: true, cell: (output) => bytes(output.bytes)},
          {head: 'SHA-256', cell: (output) => (output.digest ? <Mono title={output.digest}>{short(output.digest)}</Mono> : '–')},
          {head: t('job.get'), cell: links},
        ]}
      />
    </>
  );
}

export default function JobPage() {
  const {id = ''} = useParams<{id: string}>();
  const {t, word} = useWords();
  const {caller, has} = useSession();
  const client = useQueryClient();
  const status = useStatus();
  const [search, setSearch] = useSearchParams();
  const pace = usePace(2000, 15_000);
  const job = useQuery({
    queryKey: ['job', id],
    queryFn: ({signal}) => get<Job>(`/api/v1/jobs/${encodeURIComponent(id)}`, signal),
    refetchInterval: (found) => (found.state.data?.final ? false : pace),
  });
  const data = job.data;
  const home = status.data?.region ?? '';
  const cancel = async () => {
    await post(`/api/v1/jobs/${encodeURIComponent(id)}/cancel`);
    await client.invalidateQueries({queryKey: ['job', id]});
  };
  const mayCancel = data && !data.final && has('submitter') && data.tenant === caller?.tenant;
  return (
    <Page
      title={data?.name || t('job.title')}
      lead={<Mono>{id}</Mono>}
      aside={
        mayCancel && (
          <Confirm title={t('job.cancelSure')} label={t('job.cancel')} act={cancel} />
        )
      }
    >
      <Shown of={job}>
        {(found) => (
          <>
            <Panel>
              <div className="row spread">
                <p className="row">
                  <StateTag area="job" state={found.state} />
                  {found.region && <City region={found.region} />}
                  {found.platform && <span className="small">{found.platform}</span>}
                </p>
                <p className="small">
                  <Time at={found.created} /> · {duration(((found.ended ? Date.parse(found.ended) : Date.now()) - Date.parse(found.created)) / 1000)}
                </p>
              </div>
              {found.reason && (
                <div className={`note ${found.state === 'complete' ? '' : 'wait'}`}>
                  <Because text={found.reason} failure={found.failure_class} held={waitsForReview(found)} rules={rulesBehind(found)} />
                </div>
              )}
              {found.waits_for?.map((review) => (
                <p key={review} className="note wait">
                  {t('job.waitsFor')} <Mono>{review}</Mono>
                </p>
              ))}
            </Panel>
            <Tabs
              label={t('job.title')}
              activeKey={search.get('tab') ?? 'story'}
              onChange={(tab) => setSearch({tab}, {replace: true})}
              items={[
                {
                  key: 'story',
                  label: t('job.story'),
                  children: (
                    <div className="split">
                      <Panel title={t('job.timeline')}>
                        <Timeline job={found} home={home} />
                      </Panel>
                      <Panel title={t('job.about')}>
                        <Facts
                          rows={[
                            [t('jobs.who'), `${found.user ?? ''} · ${found.tenant ?? ''}`],
                            [t('jobs.project'), found.project],
                            [t('job.purpose'), found.purpose && word('purpose', found.purpose)],
                            [t('job.deadline'), found.deadline && <Time key="deadline" at={found.deadline} />],
                            [t('job.attempt'), found.attempt && found.attempt > 1 ? found.attempt : ''],
                            [t('job.failure'), found.failure_class && word('failure', found.failure_class)],
                          ]}
                        />
                        {found.verdict && <VerdictView verdict={found.verdict} />}
                        {found.attempts?.map((attempt) => (
                          <p key={attempt.number} className="note">
                            {t('job.attemptNumber', {number: attempt.number})} <City region={attempt.region} />: {word('failure', attempt.failure_class)} <Said className="basis">{attempt.reason}</Said>
                          </p>
                        ))}
                        {found.notes?.map((note) => (
                          <p key={note} className="note">
                            <Said>{note}</Said>
                          </p>
                        ))}
                      </Panel>
                    </div>
                  ),
                },
                {
                  key: 'crossings',
                  label: t('job.crossings', {count: found.crossings.length}),
                  children:
                    found.crossings.length === 0 ? <Nothing>{t('job.noCrossings')}</Nothing> : found.crossings.map((crossing) => <CrossingCard key={crossing.id} crossing={crossing} here={home} />),
                },
                ...(has('submitter', 'auditor')
                  ? [
                      {
                        key: 'logs',
                        label: t('job.logs'),
                        children: <Panel>{found.tenant === caller?.tenant ? <FollowedLog id={id} elsewhere={Boolean(found.region) && found.region !== home} /> : <LogFacts id={id} />}</Panel>,
                      },
                    ]
                  : []),
                {key: 'results', label: t('job.results'), children: <Panel><Results job={found} /></Panel>},
                {key: 'task', label: t('job.task'), children: <Panel><pre className="raw" tabIndex={0} aria-label={t('job.task')}>{JSON.stringify(found.task, null, 2)}</pre></Panel>},
              ]}
            />
          </>
        )}
      </Shown>
      {job.data && job.error ? <ProblemNote error={job.error} /> : null}
    </Page>
  );
}

