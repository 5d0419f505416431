// The ledger's signed head: who signed it, and that it continues what was seen before. Nothing here is the gateway's word:
// the proof is made from the log's tiles and verified in this browser.
import {useQuery} from '@tanstack/react-query';
import {useState} from 'react';
import {call, get} from '../api/client';
import type {Witnesses} from '../api/types';
import {useDraft} from '../shell/drafts';
import {useStatus} from '../shell/frame';
import {useWords} from '../shell/settings';
import {Button} from '../ui/button';
import {number} from '../ui/format';
import {Facts, Mono, Page, Panel, ProblemNote, Shown} from '../ui/parts';
import {useWork} from '../ui/work';
import {toBase64, toHex} from './bytes';
import {FollowingNote, readLogFile, useFollowing} from './following';
import {follow, isAlarm, type Following} from './heads';
import {trusted} from './keys';
import {checkSignatures, parseCheckpoint, parseKeys, signedByLog} from './note';
import {SignatureList} from './signatures';

// An older head that the auditor has from elsewhere: from an evidence file, from the other city's witness.
function Older({note, keys}: {note: string; keys: string[]}) {
  const {t} = useWords();
  const [text, setText, forget] = useDraft('older-head', '');
  const [found, setFound] = useState<Following | 'no-head' | null>(null);
  const {busy, error, run} = useWork();
  const compare = () =>
    run(async () => {
      const older = parseCheckpoint(`${text.trim()}\n`);
      const signed = older && signedByLog(await checkSignatures(older, await parseKeys(keys)));
      setFound(older && signed ? await follow({size: older.size, root: toBase64(older.root)}, note, keys, readLogFile) : 'no-head');
    });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void compare();
      }}
    >
      <label>
        <span className="field-label">{t('head.older')}</span>
        <textarea className="field wide code" rows={6} value={text} spellCheck={false} onChange={(event) => (setText(event.target.value), setFound(null))} />
      </label>
      <p className="row">
        <Button submit loading={busy} disabled={!text.trim()}>
          {t('head.compare')}
        </Button>
        {text && (
          <Button type="text" onClick={() => (forget(), setFound(null))}>
            {t('audit.clear')}
          </Button>
        )}
      </p>
      <ProblemNote error={error} />
      {found === 'no-head' && (
        <p className="note bad" role="alert">
          {t('head.olderUnsigned')}
        </p>
      )}
      {found && found !== 'no-head' && (
        <p className={`note ${isAlarm(found.verdict) ? 'bad' : 'good'}`} role="status">
          {isAlarm(found.verdict) ? t('head.notContained', {earlier: number(found.earlier?.size), later: number(found.head?.size)}) : t('head.contained', {earlier: number(found.earlier?.size), later: number(found.head?.size), count: found.hashes})}
        </p>
      )}
    </form>
  );
}

function HeadView({note, keys, region}: {note: string; keys: string[]; region: string}) {
  const {t} = useWords();
  const following = useFollowing(region, note, keys);
  const head = parseCheckpoint(note);
  const signed = useQuery({queryKey: ['signed', note, keys], queryFn: async () => (head ? checkSignatures(head, await parseKeys(keys)) : []), staleTime: Infinity});
  return (
    <>
      <FollowingNote of={following} />
      <Facts
        rows={[
          [t('head.origin'), head?.origin],
          [t('audit.entries'), number(head?.size)],
          [t('head.root'), head && <Mono key="root">{toHex(head.root)}</Mono>],
        ]}
      />
      {signed.data && <SignatureList signed={signed.data} name={head?.origin ?? ''} />}
      <details>
        <summary className="small">{t('proof.checkpoint')}</summary>
        <pre className="raw" tabIndex={0} aria-label={t('proof.checkpoint')}>
          {note}
        </pre>
      </details>
    </>
  );
}

export default function HeadPage() {
  const {t} = useWords();
  const region = useStatus().data?.region ?? '';
  const head = useQuery({queryKey: ['ledger', 'head'], queryFn: async ({signal}) => (await call('/log/checkpoint', {signal})).text(), refetchInterval: 30_000});
  const witnesses = useQuery({queryKey: ['witnesses'], queryFn: ({signal}) => get<Witnesses>('/api/v1/witnesses', signal), staleTime: 60_000});
  return (
    <Page title={t('nav.head')} lead={t('head.lead')}>
      <Shown of={witnesses}>
        {(known) => {
          const trust = region ? trusted(region, [...known.log_keys, ...(known.witness_keys ?? [])]) : null;
          if (!trust) return null;
          return (
            <Shown of={head}>
              {(note) => (
                <div className="split">
                  <Panel title={t('head.title')}>
                    {trust.state === 'changed' && (
                      <p className="note bad" role="alert">
                        {t('proof.keysChanged')}
                      </p>
                    )}
                    <HeadView note={note} keys={trust.keys} region={region} />
                  </Panel>
                  <Panel title={t('head.olderTitle')}>
                    <Older note={note} keys={trust.keys} />
                  </Panel>
                </div>
              )}
            </Shown>
          );
        }}
      </Shown>
    </Page>
  );
}
