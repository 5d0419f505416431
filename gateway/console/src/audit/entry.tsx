// One entry, and the proof that it is in the ledger: computed here from its bytes, held against the signed head.
import {useQuery} from '@tanstack/react-query';
import {Button} from '../ui/button';
import {useEffect, useId, useState} from 'react';
import {useParams} from 'wouter';
import {get} from '../api/client';
import type {Proof, Witnesses} from '../api/types';
import {useStatus} from '../shell/frame';
import {useWords} from '../shell/settings';
import {localTime, number, value} from '../ui/format';
import {Facts, Mono, Page, Panel, ProblemNote, Shown, Waiting} from '../ui/parts';
import {FollowingNote, useFollowing} from './following';
import {pin, trusted, type Trust} from './keys';
import {verifyEntry, type Verification} from './merkle';
import {signedByLog} from './note';
import {SignatureSteps} from './signatures';

function Proven({proof, witnesses, region}: {proof: Proof; witnesses: Witnesses; region: string}) {
  const {t} = useWords();
  const field = useId();
  const [trust, setTrust] = useState<Trust | null>(null);
  const [result, setResult] = useState<Verification | null>(null);
  const [failed, setFailed] = useState<unknown>(null);
  const [pasted, setPasted] = useState('');
  const [turn, setTurn] = useState(0);
  const following = useFollowing(region, trust ? proof.proof.checkpoint : undefined, trust?.keys ?? []);
  useEffect(() => {
    let gone = false;
    const found = trusted(region, [...witnesses.log_keys, ...(witnesses.witness_keys ?? [])]);
    setTrust(found);
    verifyEntry(proof.text, proof.proof, found.keys).then(
      (done) => !gone && setResult(done),
      (error: unknown) => !gone && setFailed(error),
    );
    return () => {
      gone = true;
    };
  }, [proof, witnesses, region, turn]);
  if (failed) return <ProblemNote error={failed} />;
  if (!result || !trust) return <Waiting />;
  const whole = result.included && signedByLog(result.signed) && result.signed.every((one) => one.holds);
  return (
    <>
      <p className={`note ${whole ? 'good' : 'bad'}`} role="status">
        <strong>{whole ? t('proof.holds') : t('proof.fails')}</strong> {t('proof.computedHere')}
      </p>
      {whole && <FollowingNote of={following} />}
      {trust.state === 'changed' && (
        <div className="note bad" role="alert">
          <p>{t('proof.keysChanged')}</p>
        </div>
      )}
      <ol className="proof-steps">
        <li className="good">
          {t('proof.leaf')} <Mono>{result.leaf}</Mono>
        </li>
        <li className={result.included ? 'good' : 'bad'}>
          {t('proof.path', {count: proof.proof.hashes.length, size: number(result.checkpoint?.size ?? 0)})} <Mono>{result.root || '–'}</Mono>
        </li>
        <SignatureSteps signed={result.signed} name={result.checkpoint?.origin ?? ''} />
        {!result.signed.some((one) => one.key.type === 4 && one.holds) && <li className="busy">{t('proof.noCosignature')}</li>}
      </ol>
      <details>
        <summary className="small">{t('proof.trust')}</summary>
        <p className="small">{trust.state === 'first' ? t('proof.firstSeen') : t('proof.pinned')}</p>
        <pre className="raw" tabIndex={0} aria-label={t('proof.trust')}>{trust.keys.join('\n')}</pre>
        <label className="field-label" htmlFor={field}>
          {t('proof.paste')}
        </label>
        <textarea className="field wide" id={field} rows={3} value={pasted} onChange={(event) => setPasted(event.target.value)} spellCheck={false} />
        <p className="row" style={{marginTop: 8}}>
          <Button
            disabled={!pasted.trim()}
            onClick={() => {
              pin(region, pasted.split('\n').map((line) => line.trim()).filter(Boolean));
              setPasted('');
              setTurn(turn + 1);
            }}
          >
            {t('proof.pin')}
          </Button>
        </p>
      </details>
      <details>
        <summary className="small">{t('proof.checkpoint')}</summary>
        <pre className="raw" tabIndex={0} aria-label={t('proof.checkpoint')}>{proof.proof.checkpoint}</pre>
      </details>
    </>
  );
}

export default function EntryPage() {
  const {sequence = ''} = useParams<{sequence: string}>();
  const {t, word} = useWords();
  const status = useStatus();
  // A proof is for the head of its time: not asked for again while one reads it.
  const proof = useQuery({queryKey: ['proof', sequence], queryFn: ({signal}) => get<Proof>(`/api/v1/audit/entries/${encodeURIComponent(sequence)}`, signal), staleTime: Infinity});
  const witnesses = useQuery({queryKey: ['witnesses'], queryFn: ({signal}) => get<Witnesses>('/api/v1/witnesses', signal), staleTime: 60_000});
  return (
    <Page title={t('audit.entry', {number: sequence})} lead={proof.data && word('entry', proof.data.entry.kind)}>
      <Shown of={proof}>
        {(found) => (
          <div className="split">
            <Panel title={t('audit.content')}>
              <Facts rows={Object.entries(found.entry).map(([name, of]) => [<Mono key={name}>{name}</Mono>, name === 'time' ? `${localTime(String(of))} +08:00` : value(of)])} />
              <details>
                <summary className="small">{t('audit.bytes')}</summary>
                <pre className="raw" tabIndex={0} aria-label={t('audit.bytes')}>{found.text}</pre>
              </details>
            </Panel>
            <Panel title={t('proof.title')}>{status.data && <Shown of={witnesses}>{(keys) => <Proven proof={found} witnesses={keys} region={status.data?.region ?? ''} />}</Shown>}</Panel>
          </div>
        )}
      </Shown>
    </Page>
  );
}
