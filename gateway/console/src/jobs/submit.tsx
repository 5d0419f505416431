// A new job: a form and a YAML editor over the same text, and what the gateway would say of it, as one types.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {Button} from '../ui/button';
import {Tabs} from '../ui/tabs';
import {lazy, Suspense, useCallback, useMemo} from 'react';
import {useLocation, useSearchParams} from 'wouter';
import {get, post, Problem} from '../api/client';
import type {Dataset, Platform, Submission, Verdict} from '../api/types';
import {useDraft} from '../shell/drafts';
import {useWords} from '../shell/settings';
import {Code} from '../ui/code';
import {EffectTag, Mono, Page, Panel, ProblemNote, Waiting} from '../ui/parts';
import {VerdictView} from '../ui/verdict';
import {useWork} from '../ui/work';
import {ExplainView, useExplanation} from './explain';
import {suggestJob, type Known} from './schema';
import {firstJob, marksOf, readTask} from './task';

const JobForm = lazy(() => import('./form'));

export default function Submit() {
  const {t} = useWords();
  const client = useQueryClient();
  const [, go] = useLocation();
  const [search, setSearch] = useSearchParams();
  const [text, setText, forget, kept] = useDraft('job', firstJob);
  const {busy, error, run} = useWork();
  const reading = useMemo(() => readTask(text), [text]);
  const explanation = useExplanation(reading.task, reading.marks.length === 0);
  const datasets = useQuery({queryKey: ['datasets'], queryFn: ({signal}) => get<{datasets: Dataset[]}>('/api/v1/datasets', signal)});
  const capacity = useQuery({queryKey: ['capacity'], queryFn: ({signal}) => get<{regions: {region: string; platforms: Platform[]}[]}>('/api/v1/capacity', signal)});
  const known = useMemo<Known>(
    () => ({
      datasets: datasets.data?.datasets.map((dataset) => dataset.id) ?? [],
      regions: capacity.data?.regions.map((region) => region.region) ?? [],
      accelerators: [...new Set(capacity.data?.regions.flatMap((region) => region.platforms.flatMap((platform) => platform.accelerators?.map((kind) => kind.kind) ?? [])) ?? [])],
    }),
    [capacity.data, datasets.data],
  );
  const suggest = useCallback((whole: string, at: number) => suggestJob(whole, at, known), [known]);
  const found = explanation.error instanceof Problem ? explanation.error : null;
  const marks = useMemo(() => (reading.marks.length > 0 ? reading.marks : found ? marksOf(found.mistakes, reading) : []), [found, reading]);
  const submit = () =>
    run(async () => {
      // The same key for the same text: a click too many, or an answer that was lost, makes no second job.
      const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text + (sessionStorage.getItem('hetao.submission') ?? '')));
      const key = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      const made = await post<Submission>('/api/v1/jobs', reading.task, {'Idempotency-Key': key});
      sessionStorage.setItem('hetao.submission', made.id);
      forget();
      await client.invalidateQueries({queryKey: ['jobs']});
      go(`/jobs/${encodeURIComponent(made.id)}`);
    });
  const refusedBy = error instanceof Problem ? (error.body.verdict as Verdict | undefined) : undefined;
  const decision = explanation.data?.decision;
  return (
    <Page title={t('nav.submit')} lead={t('submit.lead')}>
      <div className="split">
        <Panel>
          <Tabs
            activeKey={search.get('as') ?? 'form'}
            onChange={(as) => setSearch({as}, {replace: true})}
            label={t('nav.submit')}
            items={[
              {
                key: 'form',
                label: t('submit.form'),
                children: reading.marks.length > 0 ? <p className="note wait">{t('submit.mendFirst')}</p> : (
                  <Suspense fallback={<Waiting />}>
                    <JobForm text={text} task={reading.task} change={setText} known={known} datasets={datasets.data?.datasets ?? []} />
                  </Suspense>
                ),
              },
              {key: 'yaml', label: 'YAML', children: <Code text={text} label={t('submit.editor')} onChange={setText} marks={marks} suggest={suggest} />},
            ]}
          />
          {marks.length > 0 && (
            <ul className="note bad" aria-label={t('submit.mistakes')}>
              {marks.slice(0, 8).map((mark, at) => (
                <li key={at}>
                  <Mono>
                    {mark.line}:{mark.column ?? 1}
                  </Mono>{' '}
                  {mark.message}
                </li>
              ))}
            </ul>
          )}
          {refusedBy ? (
            <div className="note bad" role="alert">
              <VerdictView verdict={refusedBy} />
            </div>
          ) : (
            <ProblemNote error={error} />
          )}
          <div className="row" style={{marginTop: 12}}>
            <Button type="primary" loading={busy} disabled={reading.marks.length > 0} onClick={() => void submit()}>
              {t('submit.go')}
            </Button>
            {kept && (
              <Button type="text" onClick={forget}>
                {t('submit.startOver')}
              </Button>
            )}
            <span className="small">{t('submit.kept')}</span>
          </div>
        </Panel>
        <Panel title={t('submit.explain')} aside={decision && <EffectTag effect={decision} />}>
          <div aria-live="polite">
            <ExplainView of={explanation} />
          </div>
        </Panel>
      </div>
    </Page>
  );
}
