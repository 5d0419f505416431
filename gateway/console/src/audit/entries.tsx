// Ledger entries as a table and as one line.
import {Link} from 'wouter';
import type {Entry} from '../api/types';
import {useWords} from '../shell/settings';
import {bytes} from '../ui/format';
import {City, EffectTag, Mono, Time} from '../ui/parts';

const text = (value: unknown) => (value === undefined ? '' : String(value));

export function DecisionWord({entry}: {entry: Entry}) {
  const {word} = useWords();
  const decision = text(entry.decision);
  if (!decision) return null;
  if (['permit', 'hold', 'forbid'].includes(decision)) return <EffectTag effect={decision} small />;
  return <span className="tag">{word('review', decision)}</span>;
}

export function EntryTable({entries}: {entries: Entry[]}) {
  const {t, word} = useWords();
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={t('audit.entries')}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col" className="number">
              №
            </th>
            <th scope="col">{t('audit.time')}</th>
            <th scope="col">{t('audit.kind')}</th>
            <th scope="col">{t('audit.decision')}</th>
            <th scope="col">{t('audit.about')}</th>
            <th scope="col">{t('audit.rules')}</th>
            <th scope="col">{t('audit.who')}</th>
            <th scope="col">{t('shell.reason')}</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr key={entry.sequence}>
              <td className="number">
                <Link href={`/audit/entries/${entry.sequence}`}>{entry.sequence}</Link>
              </td>
              <td>
                <Time at={entry.time} />
              </td>
              <td>{word('entry', entry.kind)}</td>
              <td>
                <DecisionWord entry={entry} />
              </td>
              <td>
                {entry.crossing ? (
                  <Link href={`/audit/story?crossing=${encodeURIComponent(text(entry.crossing))}`}>
                    <Mono>{text(entry.crossing)}</Mono>
                  </Link>
                ) : entry.job ? (
                  <Link href={`/audit/story?job=${encodeURIComponent(text(entry.job))}`}>
                    <Mono>{text(entry.job)}</Mono>
                  </Link>
                ) : null}
                {entry.peer ? (
                  <span className="basis">
                    {text(entry.direction) && word('direction', text(entry.direction))} <City region={text(entry.peer)} /> {entry.item_bytes !== undefined && bytes(Number(entry.item_bytes))}
                  </span>
                ) : null}
              </td>
              <td>
                <Mono>{((entry.rules as string[] | undefined) ?? []).join(' ')}</Mono>
              </td>
              <td>{text(entry.who)}</td>
              <td>{text(entry.reason)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
