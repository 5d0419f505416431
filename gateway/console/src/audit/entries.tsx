// Ledger entries as a table and as one line.
import {Link} from 'wouter';
import type {Entry} from '../api/types';
import {useWords} from '../shell/settings';
import {bytes} from '../ui/format';
import {City, EffectTag, Mono, Time} from '../ui/parts';
import {Table} from '../ui/table';

const text = (value: unknown) => (value === undefined ? '' : String(value));

export function DecisionWord({entry}: {entry: Entry}) {
  const {word} = useWords();
  const decision = text(entry.decision);
  if (!decision) return null;
  if (['permit', 'hold', 'forbid'].includes(decision)) return <EffectTag effect={decision} small />;
  return <span className="tag">{word('review', decision)}</span>;
}

function About({entry}: {entry: Entry}) {
  const {word} = useWords();
  const [name, id] = entry.crossing ? ['crossing', text(entry.crossing)] : ['job', text(entry.job)];
  return (
    <>
      {id && (
        <Link href={`/audit/story?${name}=${encodeURIComponent(id)}`}>
          <Mono>{id}</Mono>
        </Link>
      )}
      {entry.peer ? (
        <span className="basis">
          {text(entry.direction) && word('direction', text(entry.direction))} <City region={text(entry.peer)} /> {entry.item_bytes !== undefined && bytes(Number(entry.item_bytes))}
        </span>
      ) : null}
    </>
  );
}

// Who it was, by the ledger's name: a person's own name is lifted elsewhere, with a reason.
function Who({who}: {who: string}) {
  if (!/^[^/]+\/u-[0-9a-f]+$/.test(who)) return <>{who}</>;
  return <Link href={`/audit/people?name=${encodeURIComponent(who)}`}>{who}</Link>;
}

export function EntryTable({entries}: {entries: Entry[]}) {
  const {t, word} = useWords();
  return (
    <Table
      label={t('audit.entries')}
      rows={entries}
      keyOf={(entry) => entry.sequence}
      none={t('audit.none')}
      columns={[
        {head: '№', number: true, cell: (entry) => <Link href={`/audit/entries/${entry.sequence}`}>{entry.sequence}</Link>},
        {head: t('audit.time'), cell: (entry) => <Time at={entry.time} />},
        {head: t('audit.kind'), cell: (entry) => word('entry', entry.kind)},
        {head: t('audit.decision'), cell: (entry) => <DecisionWord entry={entry} />},
        {head: t('audit.about'), cell: (entry) => <About entry={entry} />},
        {head: t('audit.rules'), cell: (entry) => <Mono>{((entry.rules as string[] | undefined) ?? []).join(' ')}</Mono>},
        {head: t('audit.who'), cell: (entry) => <Who who={text(entry.who)} />},
        {head: t('shell.reason'), cell: (entry) => text(entry.reason)},
      ]}
    />
  );
}
