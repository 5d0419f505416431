// What the gateway would decide, while one types: nothing is submitted for it.
import {keepPreviousData, useQuery} from '@tanstack/react-query';
import {post, Problem} from '../api/client';
import type {Candidate, Explanation} from '../api/types';
import {useWords} from '../shell/settings';
import {bytes, duration} from '../ui/format';
import {City, EffectTag, Nothing, ProblemNote, Said} from '../ui/parts';
import {useSettled} from '../ui/settled';
import {RuleList, VerdictView} from '../ui/verdict';

export function useExplanation(task: Record<string, unknown>, sound: boolean) {
  const asked = useSettled(JSON.stringify(task), 450);
  return useQuery({
    queryKey: ['explain', asked],
    queryFn: ({signal}) => post<Explanation>('/api/v1/explain', JSON.parse(asked), {}, signal),
    enabled: sound,
    retry: false,
    staleTime: 10_000,
    placeholderData: keepPreviousData,
  });
}

function CandidateView({candidate, first}: {candidate: Candidate; first: boolean}) {
  const {t, word} = useWords();
  const facts = [
    candidate.platform,
    candidate.bytes_to_move !== undefined && t('explain.moves', {size: bytes(candidate.bytes_to_move)}),
    candidate.wait_seconds ? t('explain.waits', {time: duration(candidate.wait_seconds)}) : '',
    candidate.accelerator && `${candidate.accelerators} × ${candidate.accelerator}`,
    candidate.cost && `${candidate.cost} ${candidate.currency}`,
  ].filter(Boolean);
  return (
    <article className={`candidate${first ? ' first' : ''}`}>
      <h3>
        <City region={candidate.region} /> <EffectTag effect={candidate.verdict.decision} small />
        {first && <span className="tag">{t('explain.chosen')}</span>}
      </h3>
      <p className="small">{facts.join(' · ')}</p>
      {!candidate.reachable && <p className="note wait">{t('overview.unreachable')}</p>}
      {candidate.unfit && (
        <p className="note wait">
          {t('explain.unfit')} <Said className="basis">{candidate.unfit}</Said>
        </p>
      )}
      {candidate.lost && (
        <p className="small">
          <Said>{candidate.lost}</Said>
        </p>
      )}
      {candidate.verdict.decision !== 'permit' && <VerdictView verdict={candidate.verdict} />}
      {candidate.crossings.length > 0 && (
        <details>
          <summary className="small">{t('explain.crossings', {count: candidate.crossings.length})}</summary>
          <ul className="stack">
            {candidate.crossings.map((crossing, at) => (
              <li key={at}>
                <strong className="item-name">{crossing.item}</strong> <span className="tag">{word('kind', crossing.kind)}</span> <City region={crossing.from} /> <span aria-hidden="true">→</span> <City region={crossing.to} />{' '}
                {bytes(crossing.bytes)} <EffectTag effect={crossing.verdict.decision} small />
                {crossing.preliminary && <span className="basis">{t('explain.preliminary')}</span>}
                <RuleList rules={crossing.verdict.rules} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </article>
  );
}

export function ExplainView({of}: {of: ReturnType<typeof useExplanation>}) {
  const {t} = useWords();
  const waits = of.error instanceof Problem && of.error.mistakes.length > 0;
  if (of.error && !waits) return <ProblemNote error={of.error} />;
  if (of.error) return <Nothing>{t('explain.mistakes')}</Nothing>;
  if (!of.data) return <Nothing>{t('explain.typing')}</Nothing>;
  return (
    <div aria-busy={of.isFetching}>
      {of.data.warnings?.map((warning) => (
        <p key={warning} className="note wait">
          <Said>{warning}</Said>
        </p>
      ))}
      {of.data.candidates.map((candidate, at) => (
        <CandidateView key={`${candidate.region}${candidate.platform ?? ''}`} candidate={candidate} first={at === 0 && !candidate.unfit && candidate.verdict.decision !== 'forbid'} />
      ))}
      {of.data.candidates.length === 0 && <Nothing>{t('explain.noPlace')}</Nothing>}
    </div>
  );
}
