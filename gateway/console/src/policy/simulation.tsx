// What a pack would have decided of what the ledger recorded.
import {useMutation} from '@tanstack/react-query';
import {Button} from '../ui/button';
import {useMemo} from 'react';
import {post} from '../api/client';
import type {Simulation} from '../api/types';
import {useSettings, useWords} from '../shell/settings';
import {effectColours} from '../shell/theme';
import {Bars} from '../ui/chart';
import {number} from '../ui/format';
import {Nothing, ProblemNote} from '../ui/parts';
import {OutcomeView} from './outcome';

export function SimulationView({files}: {files: Record<string, string>}) {
  const {t, word} = useWords();
  const {mode} = useSettings();
  const run = useMutation({mutationFn: () => post<Simulation>('/api/v1/policy/simulate', {files, since: '30d'})});
  const data = run.data;
  const [categories, series] = useMemo(() => {
    const both = [data?.recorded_counters, data?.recomputed_counters];
    const shown = both.map((outcome) => [outcome?.same ?? 0, ...(['permit', 'hold', 'forbid'] as const).map((to) => (outcome?.changes ?? []).filter((change) => change.to === to).reduce((sum, change) => sum + change.count, 0))]);
    return [
      [t('simulate.recorded'), t('simulate.recomputed')],
      [
        {name: t('simulate.same'), colour: mode === 'dark' ? '#5b6875' : '#b9c2cb', values: shown.map((row) => row[0] ?? 0)},
        ...(['permit', 'hold', 'forbid'] as const).map((effect, at) => ({name: t('simulate.nowIs', {effect: word('effect', effect)}), colour: effectColours[mode][effect] ?? '', values: shown.map((row) => row[at + 1] ?? 0)})),
      ],
    ];
  }, [data, mode, t, word]);
  return (
    <>
      <p className="row">
        <Button loading={run.isPending} onClick={() => run.mutate()}>
          {t('simulate.run')}
        </Button>
        <span className="small">{t('simulate.note')}</span>
      </p>
      <ProblemNote error={run.error} />
      {data && data.coverage.decisions === 0 && <Nothing>{t('simulate.nothing')}</Nothing>}
      {data && data.coverage.decisions > 0 && (
        <>
          <p>{t('simulate.coverage', {replayable: number(data.coverage.replayable), decisions: number(data.coverage.decisions)})}</p>
          <Bars label={t('simulate.title')} categories={categories} series={series} />
          <OutcomeView title={t('simulate.recorded')} outcome={data.recorded_counters} />
          <OutcomeView title={t('simulate.recomputed')} outcome={data.recomputed_counters} />
        </>
      )}
    </>
  );
}
