// One job: where it is, what was decided, what happened on both sides, its logs, its results.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {Button} from '../ui/button';
import {Confirm} from '../ui/confirm';
import {Tabs} from '../ui/tabs';
import {Fragment, useEffect, useRef} from 'react';
import {useParams, useSearchParams} from 'wouter';
import {download, get, post, token} from '../api/client';
import type {Job, Logs, Output} from '../api/types';
import {useStatus} from '../shell/frame';
import {usePace} from '../shell/live';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {bytes, duration, localTime, short} from '../ui/format';
import {City, Facts, Mono, Nothing, Page, Panel, ProblemNote, Shown, StateTag, Time} from '../ui/parts';
import {CrossingCard, VerdictView} from '../ui/verdict';
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
          {moment.what === 'ended' && <span className="tag">{t('job.ended', {code: moment.code})}</span>} {moment.about && <span className="small">{moment.about}</span>}
        </div>
      ))}
    </div>
  );
}

function LogView({id, final}: {id: string; final: boolean}) {
  const {t} = useWords();
  const pace = usePace(1500, 3000);
  const logs = useQuery({
    queryKey: ['logs', id],
    queryFn: ({signal}) => get<Logs>(`/api/v1/jobs/${encodeURIComponent(id)}/logs`, signal),
    refetchInterval: (found) => (found.state.data?.complete ? false : pace),
  });
  const end = useRef<HTMLPreElement>(null);
  const text = logs.data?.executors.map((one) => one.stdout).join('').length ?? 0;
  useEffect(() => {
    // Follows what comes, unless somebody scrolled back.
    const box = end.current;
    if (box && !final && box.scrollHeight - box.scrollTop - box.clientHeight < 120) box.scrollTop = box.scrollHeight;
  }, [text, final]);
  return (
    <Shown of={logs}>
      {(data) => (
        <>
          {!data.complete && <p className="small" role="status">{t('job.logsLive')}</p>}
          {data.notes?.map((note) => (
            <p key={note} className="note wait">
              {note}
            </p>
          ))}
          {data.executors.length === 0 && <Nothing>{t('job.noLogs')}</Nothing>}
          {data.executors.map((one, at) => (
            <Fragment key={at}>
              <h3>{t('job.executor', {number: at + 1})}</h3>
              <pre className="log" ref={end} tabIndex={0} aria-label={t('job.stdout')}>
                {one.stdout || t('job.emptyLog')}
              </pre>
              {one.stderr && (
                <>
                  <h3>{t('job.stderr')}</h3>
                  <pre className="log" tabIndex={0} aria-label={t('job.stderr')}>
                    {one.stderr}
                  </pre>
                </>
              )}
            </Fragment>
          ))}
        </>
      )}
    </Shown>
  );
}

function Results({job}: {job: Job}) {
  const {t, word} = useWords();
  const pathOf = (output: Output, file?: string) => `/api/v1/results/${encodeURIComponent(job.id)}/${[output.name, ...(file ? file.split('/') : [])].map(encodeURIComponent).join('/')}`;
  const link = (output: Output, file?: string) => {
    const path = pathOf(output, file);
    const name = (file ?? output.name).split('/').pop() ?? output.name;
    // A session's cookie goes with a link, and the browser shows progress; a token does not.
    if (!token.get()) return <a href={path} download={name}>{t('job.download')}</a>;
    return (
      <Button size="small" onClick={() => void download(path, name)}>
        {t('job.download')}
      </Button>
    );
  };
  if (job.outputs.length === 0) return <Nothing>{t('job.noResults')}</Nothing>;
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={t('job.results')}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{t('job.result')}</th>
            <th scope="col">{t('jobs.state')}</th>
            <th scope="col">{t('job.kind')}</th>
            <th scope="col" className="number">
              {t('job.size')}
            </th>
            <th scope="col">SHA-256</th>
            <th scope="col">{t('job.get')}</th>
          </tr>
        </thead>
        <tbody>
          {job.outputs.map((output) => (
            <tr key={output.name}>
              <td>
                {output.name}
                {output.note && <span className="basis">{output.note}</span>}
              </td>
              <td>
                <StateTag area="output" state={output.state} />
              </td>
              <td>{output.kind ? word('kind', output.kind) : '–'}</td>
              <td className="number">{bytes(output.bytes)}</td>
              <td>{output.digest ? <Mono title={output.digest}>{short(output.digest)}</Mono> : '–'}</td>
              <td>
                {['available', 'delivered'].includes(output.state) &&
                  (output.files && output.files.length > 1 ? (
                    <ul>
                      {output.files.map((file) => (
                        <li key={file.path}>
                          {file.path} {link(output, file.path)}
                        </li>
                      ))}
                    </ul>
                  ) : (
                    link(output)
                  ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
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
              {found.reason && <p className={`note ${found.state === 'complete' ? '' : 'wait'}`}>{found.reason}</p>}
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
                            {t('job.attemptNumber', {number: attempt.number})} <City region={attempt.region} />: {word('failure', attempt.failure_class)} — {attempt.reason}
                          </p>
                        ))}
                        {found.notes?.map((note) => (
                          <p key={note} className="note">
                            {note}
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
                ...(has('submitter', 'auditor') ? [{key: 'logs', label: t('job.logs'), children: <Panel><LogView id={id} final={Boolean(found.final)} /></Panel>}] : []),
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

