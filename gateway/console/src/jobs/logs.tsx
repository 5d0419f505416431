// A job's logs: as they are written for those who submitted it; how its programs ended for others.
import {useQuery} from '@tanstack/react-query';
import {useEffect, useRef} from 'react';
import {get} from '../api/client';
import type {Logs} from '../api/types';
import {useWords} from '../shell/settings';
import {Nothing, ProblemNote, Said, Shown, Time} from '../ui/parts';
import {Table} from '../ui/table';
import {useLog} from './follow';

// Follows what comes, unless somebody scrolled back.
function Stream({text, label}: {text: string; label: string}) {
  const {t} = useWords();
  const box = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    if (box.current && atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text]);
  const scrolled = () => {
    const {scrollHeight, scrollTop, clientHeight} = box.current as HTMLPreElement;
    atEnd.current = scrollHeight - scrollTop - clientHeight < 40;
  };
  return (
    <pre className="log" ref={box} tabIndex={0} aria-label={label} onScroll={scrolled}>
      {text || t('job.emptyLog')}
    </pre>
  );
}

// What a program prints elsewhere is data: it comes home when the job has ended, under a decision of its own.
export function FollowedLog({id, elsewhere}: {id: string; elsewhere: boolean}) {
  const {t} = useWords();
  const {log, error} = useLog(id);
  return (
    <>
      {!log.complete && (
        <p className="small" role="status">
          {elsewhere ? t('job.logsLater') : t('job.logsLive')}
        </p>
      )}
      <ProblemNote error={error} />
      {log.notes.map((note) => (
        <p key={note} className="note wait">
          <Said>{note}</Said>
        </p>
      ))}
      {log.executors.length === 0 && <Nothing>{log.complete ? t('job.emptyLog') : t('job.noLogs')}</Nothing>}
      {log.executors.map((streams, at) => (
        <section key={at}>
          <h3>{t('job.executor', {number: at + 1})}</h3>
          <Stream text={streams.stdout} label={t('job.stdout')} />
          {streams.stderr && (
            <>
              <h3>{t('job.stderr')}</h3>
              <Stream text={streams.stderr} label={t('job.stderr')} />
            </>
          )}
        </section>
      ))}
    </>
  );
}

// Contents are for the tenant that asked for them; others see how it went.
export function LogFacts({id}: {id: string}) {
  const {t} = useWords();
  const logs = useQuery({queryKey: ['logs', id], queryFn: ({signal}) => get<Logs>(`/api/v1/jobs/${encodeURIComponent(id)}/logs`, signal)});
  return (
    <Shown of={logs}>
      {(data) => (
        <Table
          label={t('job.logs')}
          rows={data.executors}
          keyOf={(_, at) => at}
          none={t('job.noLogs')}
          columns={[
            {head: t('job.program'), cell: (_, at) => t('job.executor', {number: at + 1})},
            {head: t('job.startedAt'), cell: (one) => <Time at={one.started} />},
            {head: t('job.endedAt'), cell: (one) => <Time at={one.ended} />},
            {head: t('job.exitCode'), number: true, cell: (one) => (one.ended ? one.exit_code : '–')},
          ]}
        />
      )}
    </Shown>
  );
}
