// Whom the gateway takes one for; sessions and personal tokens where it has them.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {Button} from '../ui/button';
import {useState} from 'react';
import {get, post, Problem, send} from '../api/client';
import {useDraft} from '../shell/drafts';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {Confirm} from '../ui/confirm';
import {Field} from '../ui/fields';
import {Facts, Mono, Nothing, Page, Panel, ProblemNote, Time} from '../ui/parts';

interface SessionRow {
  id: string;
  provider: string;
  kind: string;
  began: string;
  last_seen?: string;
  until: string;
  current: boolean;
}
interface TokenRow {
  id: string;
  name: string;
  scopes: string[];
  created: string;
  expires?: string;
  last_used?: string;
  revoked?: boolean | string | null;
  token?: string;
}
// A gateway without them answers 404: nothing to show.
const there = (error: unknown) => !(error instanceof Problem && (error.status === 404 || error.status === 403));

function Sessions() {
  const {t, word} = useWords();
  const client = useQueryClient();
  const sessions = useQuery({queryKey: ['sessions'], queryFn: ({signal}) => get<{sessions: SessionRow[]}>('/api/v1/sessions', signal), retry: false});
  if (sessions.error && !there(sessions.error)) return null;
  return (
    <Panel title={t('me.sessions')}>
      <ProblemNote error={sessions.error} />
      {sessions.data?.sessions.length === 0 && <Nothing>{t('me.noSessions')}</Nothing>}
      <ul className="stack">
        {sessions.data?.sessions.map((session) => (
          <li key={session.id} className="row spread">
            <span>
              {word('session', session.kind)} · {session.provider} · {t('me.until')} <Time at={session.until} /> {session.current && <span className="tag tone-good">{t('me.thisOne')}</span>}
            </span>
            {!session.current && (
              <Confirm
                title={t('me.endSure')}
                label={t('me.end')}
                act={async () => {
                  await send('DELETE', `/api/v1/sessions/${encodeURIComponent(session.id)}`);
                  await client.invalidateQueries({queryKey: ['sessions']});
                }}
              />
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

const firstToken = {name: '', days: '30', scopes: [] as string[]};

function Tokens() {
  const {t} = useWords();
  const {caller} = useSession();
  const client = useQueryClient();
  const [form, setForm, forget] = useDraft('token', firstToken);
  const {name, days, scopes} = form;
  const [made, setMade] = useState<TokenRow | null>(null);
  const [error, setError] = useState<unknown>(null);
  const tokens = useQuery({queryKey: ['tokens'], queryFn: ({signal}) => get<{tokens: TokenRow[]}>('/api/v1/tokens', signal), retry: false});
  if (tokens.error && !there(tokens.error)) return null;
  const make = async () => {
    setError(null);
    try {
      setMade(await post<TokenRow>('/api/v1/tokens', {name, scopes, days: Number(days)}));
      forget();
      await client.invalidateQueries({queryKey: ['tokens']});
    } catch (caught) {
      setError(caught);
    }
  };
  const offered = (caller?.roles ?? []).flatMap((role) => [role, `${role}:read`]);
  return (
    <Panel title={t('me.tokens')}>
      <ProblemNote error={tokens.error} />
      <ul className="stack">
        {tokens.data?.tokens.map((token) => (
          <li key={token.id} className="row spread">
            <span>
              <strong>{token.name}</strong> <Mono>{token.scopes.join(' ')}</Mono> {token.expires && <Time at={token.expires} />} {token.revoked ? <span className="tag tone-bad">{t('me.revoked')}</span> : null}
            </span>
            {!token.revoked && (
              <Confirm
                title={t('me.revokeSure', {name: token.name})}
                label={t('me.revoke')}
                act={async () => {
                  await send('DELETE', `/api/v1/tokens/${encodeURIComponent(token.id)}`);
                  await client.invalidateQueries({queryKey: ['tokens']});
                }}
              />
            )}
          </li>
        ))}
      </ul>
      {made?.token && (
        <div className="note good" role="status">
          <p>{t('me.tokenOnce')}</p>
          <pre className="raw" tabIndex={0} aria-label={t('me.tokens')}>{made.token}</pre>
        </div>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <div className="pairs">
          <Field label={t('me.tokenName')} wide value={name} put={(next) => setForm({...form, name: next})} />
          <Field label={t('me.days')} type="number" min={1} wide value={days} put={(next) => setForm({...form, days: next})} />
        </div>
        <fieldset>
          <legend className="field-label">{t('me.scopes')}</legend>
          {offered.map((scope) => (
            <label key={scope} className="scope">
              <input type="checkbox" checked={scopes.includes(scope)} onChange={(event) => setForm({...form, scopes: event.target.checked ? [...scopes, scope] : scopes.filter((each) => each !== scope)})} /> <Mono>{scope}</Mono>
            </label>
          ))}
        </fieldset>
        <ProblemNote error={error} />
        <Button submit disabled={!name || scopes.length === 0}>
          {t('me.makeToken')}
        </Button>
      </form>
    </Panel>
  );
}

export default function Me() {
  const {t, word} = useWords();
  const {caller} = useSession();
  return (
    <Page title={t('me.title')}>
      <Panel>
        <Facts
          rows={[
            [t('me.user'), caller?.user],
            [t('reviews.tenant'), caller?.tenant],
            [t('me.roles'), caller?.roles.map((role) => word('role', role)).join(', ')],
            [t('me.by'), caller?.by && word('by', caller.by)],
            [t('me.until'), caller?.session && <Time key="u" at={caller.session.until} />],
          ]}
        />
      </Panel>
      <Sessions />
      <Tokens />
    </Page>
  );
}
