// Search in this gateway's ledger. What one looks for stands in the address, and the same search can be taken away.
import {keepPreviousData, useInfiniteQuery} from '@tanstack/react-query';
import {Button} from '../ui/button';
import {useState} from 'react';
import {useSearchParams} from 'wouter';
import {download, get, query} from '../api/client';
import type {Entry} from '../api/types';
import {useDraft} from '../shell/drafts';
import {useStatus} from '../shell/frame';
import {useWords} from '../shell/settings';
import {fromLocal, number} from '../ui/format';
import {Field, Pick} from '../ui/fields';
import {More} from '../ui/more';
import {Page, Panel, ProblemNote, Shown} from '../ui/parts';
import {entryKinds} from '../words/codes';
import {EntryTable} from './entries';

const names = ['kind', 'decision', 'direction', 'job', 'crossing', 'dataset', 'who', 'tenant', 'user', 'rule', 'peer', 'item_digest', 'text', 'bytes_min', 'bytes_max', 'since', 'until'] as const;
type Fields = Record<(typeof names)[number], string>;
const none = Object.fromEntries(names.map((name) => [name, ''])) as Fields;
const formats = [
  ['evidence', 'evidence'],
  ['csv', 'csv'],
  ['jsonl', 'jsonl'],
  ['ocsf', 'json'],
  ['html', 'html'],
] as const;

export default function Search() {
  const {t, word} = useWords();
  const status = useStatus();
  const [search, setSearch] = useSearchParams();
  const asked = {...none, ...Object.fromEntries([...search].filter(([name]) => names.includes(name as keyof Fields)))};
  const [typed, setTyped, forget] = useDraft<Fields>('audit', asked);
  const [error, setError] = useState<unknown>(null);
  const filter = {...asked, since: fromLocal(asked.since), until: fromLocal(asked.until)};
  const pages = useInfiniteQuery({
    queryKey: ['ledger', 'entries', asked],
    queryFn: ({pageParam, signal}) => get<{entries: Entry[]; size: number; next_cursor?: string}>(`/api/v1/audit/entries${query({...filter, limit: 100, cursor: pageParam})}`, signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
  const go = () => setSearch(Object.fromEntries(Object.entries(typed).filter(([, value]) => value)));
  const put = (name: keyof Fields) => (value: string) => setTyped({...typed, [name]: value});
  const field = (name: keyof Fields, label: string, type?: 'number' | 'datetime-local') => <Field label={label} type={type} wide value={typed[name]} put={put(name)} />;
  return (
    <Page title={t('nav.audit')} lead={t('audit.lead')}>
      <Panel>
        <form
          role="search"
          onSubmit={(event) => {
            event.preventDefault();
            go();
          }}
        >
          <div className="pairs">
            <Pick label={t('audit.kind')} wide area="entry" options={entryKinds} any="–" value={typed.kind} put={put('kind')} />
            <Pick label={t('audit.decision')} wide area="effect" options={['permit', 'hold', 'forbid']} any="–" value={typed.decision} put={put('decision')} />
            {field('text', t('audit.text'))}
            {field('since', t('audit.since'), 'datetime-local')}
            {field('until', t('audit.until'), 'datetime-local')}
            {field('dataset', t('audit.dataset'))}
          </div>
          <details>
            <summary className="small">{t('audit.moreFields')}</summary>
            <div className="pairs">
              <Pick label={t('audit.direction')} wide area="direction" options={['in', 'out']} any="–" value={typed.direction} put={put('direction')} />
              {field('job', t('job.title'))}
              {field('crossing', t('audit.crossing'))}
              {field('rule', t('audit.rules'))}
              {field('who', t('audit.who'))}
              {field('tenant', t('reviews.tenant'))}
              {field('user', t('audit.user'))}
              {field('peer', t('audit.peer'))}
              {field('item_digest', 'SHA-256')}
              {field('bytes_min', t('audit.bytesMin'), 'number')}
              {field('bytes_max', t('audit.bytesMax'), 'number')}
            </div>
          </details>
          <p className="row" style={{marginTop: 12}}>
            <Button type="primary" submit>
              {t('audit.search')}
            </Button>
            <Button
              onClick={() => {
                forget();
                setTyped(none);
                setSearch({});
              }}
            >
              {t('audit.clear')}
            </Button>
            <span className="small">{t('shell.timeZone')}</span>
          </p>
        </form>
      </Panel>
      <Panel
        title={pages.data ? t('audit.of', {size: number(pages.data.pages[0]?.size ?? status.data?.ledger.entries ?? 0)}) : t('audit.entries')}
        aside={
          <span className="row">
            <span className="small">{t('audit.take')}</span>
            {formats.map(([format, ending]) => (
              <Button key={format} size="small" onClick={() => download(`/api/v1/audit/export${query({...filter, format})}`, `${status.data?.region ?? 'ledger'}.${ending}`).catch(setError)}>
                {word('export', format)}
              </Button>
            ))}
          </span>
        }
      >
        <ProblemNote error={error} />
        <Shown of={pages}>
          {(data) => <EntryTable entries={data.pages.flatMap((page) => page.entries)} />}
        </Shown>
        <More of={pages} />
      </Panel>
    </Page>
  );
}
