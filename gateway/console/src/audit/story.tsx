// A job's or crossing's story: the entries of both books side by side, in the order of time.
import {useQuery} from '@tanstack/react-query';
import {Link, useSearchParams} from 'wouter';
import {get, query} from '../api/client';
import type {Entry} from '../api/types';
import {useStatus} from '../shell/frame';
import {useSettings, useWords} from '../shell/settings';
import {cityColour} from '../shell/theme';
import {bytes, localTime, short} from '../ui/format';
import {City, Mono, Nothing, Page, Panel, Shown} from '../ui/parts';
import {DecisionWord} from './entries';
import {booksOf, matchesOf} from './books';

function BookEntry({entry, here}: {entry: Entry; here: boolean}) {
  const {word} = useWords();
  const {mode} = useSettings();
  return (
    <div className="book-entry" style={{'--bank': cityColour(String(entry.region), mode)} as React.CSSProperties}>
      {here ? <Link href={`/audit/entries/${entry.sequence}`}>№ {entry.sequence}</Link> : <span>№ {entry.sequence}</span>} <strong>{word('entry', entry.kind)}</strong> <DecisionWord entry={entry} />{' '}
      {((entry.rules as string[] | undefined) ?? []).map((rule) => (
        <Mono key={rule}>{rule} </Mono>
      ))}
      {entry.item_digest ? (
        <span className="basis">
          {bytes(Number(entry.item_bytes ?? 0))} · <Mono title={String(entry.item_digest)}>{short(String(entry.item_digest))}</Mono>
        </span>
      ) : null}
      {entry.reason ? <span className="basis">{String(entry.reason)}</span> : null}
      {entry.who ? <span className="basis">{String(entry.who)}</span> : null}
    </div>
  );
}

export default function Story() {
  const {t} = useWords();
  const status = useStatus();
  const [search] = useSearchParams();
  const job = search.get('job') ?? '';
  const crossing = search.get('crossing') ?? '';
  const story = useQuery({queryKey: ['ledger', 'story', job, crossing], queryFn: ({signal}) => get<{entries: Entry[]}>(`/api/v1/audit/story${query({job, crossing})}`, signal), refetchInterval: (found) => (matchesOf(found.state.data?.entries ?? []).some((match) => match.state === 'open') ? 3000 : false)});
  const own = status.data?.region ?? '';
  return (
    <Page title={t('story.title')} lead={<Mono>{job || crossing}</Mono>}>
      <Shown of={story}>
        {({entries}) => {
          if (entries.length === 0) return <Nothing>{t('audit.none')}</Nothing>;
          const [left, right] = booksOf(entries, own);
          const matches = matchesOf(entries);
          return (
            <>
              {matches.length > 0 && (
                <Panel title={t('story.matched')}>
                  <ul className="stack">
                    {matches.map((match) => (
                      <li key={match.crossing}>
                        <span className={`tag ${match.state === 'same' ? 'tone-good' : match.state === 'open' ? 'tone-wait' : 'tone-bad'}`}>
                          {match.state === 'same' ? t('story.same') : match.state === 'open' ? t('story.open') : t('story.differ')}
                        </span>{' '}
                        <Mono>{match.crossing}</Mono>{' '}
                        <span className="small">
                          {bytes(match.bytes)} <Mono>{short(match.digest)}</Mono>
                        </span>
                      </li>
                    ))}
                  </ul>
                </Panel>
              )}
              <div className="books" role="table" aria-label={t('story.title')}>
                <div role="row" className="contents">
                  <div className="books-head when" role="columnheader">
                    {t('audit.time')}
                  </div>
                  <div className="books-head" role="columnheader">
                    <City region={left} />
                  </div>
                  <div className="books-head" role="columnheader">
                    <City region={right} />
                  </div>
                </div>
                {entries.map((entry, at) => (
                  <Row key={at} entry={entry} left={left} own={own} />
                ))}
              </div>
            </>
          );
        }}
      </Shown>
    </Page>
  );
}

function Row({entry, left, own}: {entry: Entry; left: string; own: string}) {
  const view = <BookEntry entry={entry} here={entry.region === own} />;
  return (
    <div role="row" className="contents">
      <div className="when" role="cell">
        <time dateTime={entry.time} title={`${localTime(entry.time)} +08:00`}>
          {localTime(entry.time)}
        </time>
      </div>
      <div role="cell">{entry.region === left ? view : null}</div>
      <div role="cell">{entry.region === left ? null : view}</div>
    </div>
  );
}
