// Who is signed in. A session that ends leaves the page as it is: what was typed stays, and a dialog asks to sign in again.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {createContext, useContext, useEffect, useMemo, useState, type ReactNode} from 'react';
import {call, get, onConnection, Problem, send, setCsrf, token} from '../api/client';
import type {Caller, Role} from '../api/types';
import {claimDrafts} from './drafts';

interface Session {
  state: 'loading' | 'out' | 'in' | 'unreachable';
  caller: Caller | null;
  expired: boolean; // was in, and is no more
  has: (...roles: Role[]) => boolean;
  signInWithToken: (text: string) => Promise<void>;
  signOut: () => Promise<void>;
  again: () => void;
}

const SessionContext = createContext<Session | null>(null);

async function whoAmI(): Promise<Caller | null> {
  try {
    const caller = (await (await call('/api/v1/whoami', {quiet: true})).json()) as Caller;
    setCsrf(caller.session?.csrf ?? '');
    claimDrafts(`${caller.tenant}/${caller.user}`);
    return caller;
  } catch (error) {
    if (error instanceof Problem && (error.status === 401 || error.status === 403)) return null;
    throw error;
  }
}

export function SessionProvider({children}: {children: ReactNode}) {
  const client = useQueryClient();
  const asked = useQuery({queryKey: ['whoami'], queryFn: whoAmI, retry: false, staleTime: 60_000, refetchInterval: (query) => (query.state.status === 'error' ? 2000 : false)});
  const [last, setLast] = useState<Caller | null>(null);
  const [expired, setExpired] = useState(false);
  const {data, refetch} = asked;
  useEffect(() => {
    if (data) {
      setLast(data);
      setExpired(false);
    } else if (data === null && last) setExpired(true);
  }, [data, last]);
  useEffect(
    () =>
      onConnection((what) => {
        if (what === 'signed-out') setExpired(last !== null);
        if (what === 'signed-out' && !last) void refetch();
      }),
    [last, refetch],
  );
  const value = useMemo<Session>(() => {
    const caller = data ?? last;
    return {
      state: caller ? 'in' : asked.isPending ? 'loading' : asked.isError ? 'unreachable' : 'out',
      caller,
      expired,
      has: (...roles) => roles.some((role) => caller?.roles.includes(role)),
      signInWithToken: async (text) => {
        const before = token.get();
        token.set(text);
        const who = await whoAmI();
        if (!who) {
          if (before) token.set(before);
          else token.clear();
          throw new Problem(401, 'not-allowed', '');
        }
        // Another person: nothing of the one before stays on the screen.
        if (last && (last.user !== who.user || last.tenant !== who.tenant)) client.clear();
        client.setQueryData(['whoami'], who);
        setExpired(false);
        await client.invalidateQueries();
      },
      signOut: async () => {
        let elsewhere: string | null = null;
        if (caller?.session) {
          const answer = await send<{provider_sign_out: string | null}>('POST', '/api/v1/sign-out').catch(() => null);
          elsewhere = answer?.provider_sign_out ?? null;
        }
        token.clear();
        setCsrf('');
        sessionStorage.clear();
        setLast(null);
        setExpired(false);
        client.clear();
        if (elsewhere?.startsWith('https://')) window.location.assign(elsewhere);
        else client.setQueryData(['whoami'], null);
      },
      again: () => void refetch(),
    };
  }, [asked.isError, asked.isPending, client, data, expired, last, refetch]);
  return <SessionContext value={value}>{children}</SessionContext>;
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('no session here');
  return session;
}

export interface Provider {
  name: string;
  title: string;
  sign_in: string;
}

// Gateways without sign-in of their own answer 404: tokens alone.
export const providers = () =>
  get<{providers: Provider[]}>('/api/v1/sign-in').then(
    (found) => found.providers,
    () => [] as Provider[],
  );
