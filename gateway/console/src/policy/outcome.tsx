// Decisions that would be others: from what to what, how many, by which rules.
import type {OutcomeChanges} from '../api/types';
import {useWords} from '../shell/settings';
import {number} from '../ui/format';
import {EffectTag, Mono} from '../ui/parts';
import {Table} from '../ui/table';

export function OutcomeView({title, outcome}: {title: string; outcome: OutcomeChanges}) {
  const {t} = useWords();
  const rules = (of?: Record<string, number>) => Object.entries(of ?? {}).map(([rule, count]) => `${rule} ×${count}`).join(', ');
  return (
    <>
      <h3>{title}</h3>
      <p className="small">{t('simulate.changed', {changed: number(outcome.changed), same: number(outcome.same)})}</p>
      {outcome.changes.length > 0 && (
        <Table
          label={title}
          rows={outcome.changes}
          keyOf={(change) => change.from + change.to}
          none="–"
          columns={[
            {head: t('simulate.before'), cell: (change) => <EffectTag effect={change.from} small />},
            {head: t('simulate.after'), cell: (change) => <EffectTag effect={change.to} small />},
            {head: t('simulate.count'), number: true, cell: (change) => number(change.count)},
            {
              head: t('simulate.rules'),
              cell: (change) => (
                <>
                  <Mono>{rules(change.rules_before)}</Mono> → <Mono>{rules(change.rules_after)}</Mono>
                </>
              ),
            },
          ]}
        />
      )}
    </>
  );
}
