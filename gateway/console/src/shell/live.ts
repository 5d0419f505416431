// Live updates: the gateway's server-sent events say what changed, and what is shown of it is read again. Read with fetch
// and not with EventSource, which can't send a token. Where there are no events, hooks ask more often instead.
import {useQueryClient, type QueryClient} from '@tanstack/react-query';
import {useEffect, useSyncExternalStore} from 'react';
import {headers, tell} from '../api/client';

export interface ServerEvent {
  id: string;
  event: string;
  data: string;
}

// Takes text as it comes, gives whole events (WHATWG HTML, "Interpreting an event stream").
export function eventParser(on: (event: ServerEvent) => void) {
  let rest = '';
  let current: ServerEvent = {id: '', event: '', data: ''};
  return (text: string) => {
    rest += text;
    const lines = rest.split(/\r\n|\n|\r/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (current.data) on({...current, event: current.event || 'message', data: current.data.replace(/\n$/, '')});
        current = {id: current.id, event: '', data: ''};
        continue;
      }
      const colon = line.indexOf(':');
      if (colon === 0) continue;
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (name === 'data') current.data += value + '\n';
      else if (name === 'event') current.event = value;
      else if (name === 'id') current.id = value;
    }
  };
}

let connected = false;
const watchers = new Set<() => void>();
function setConnected(now: boolean) {
  if (connected === now) return;
  connected = now;
  watchers.forEach((watcher) => watcher());
}
export const useLive = () =>
  useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    () => connected,
  );
// How often to ask: seldom while events come.
export const usePace = (often = 4000, seldom = 30_000) => (useLive() ? seldom : often);

const shows: Record<string, string[]> = {
  job: ['jobs', 'job', 'results', 'logs', 'status', 'tenants'],
  review: ['reviews', 'review', 'status'],
  peer: ['peers', 'capacity', 'status'],
  dataset: ['datasets', 'dataset'],
  policy: ['policy', 'status'],
  ledger: ['ledger'],
};

function readAgain(client: QueryClient, kinds: Set<string>) {
  const names = new Set([...kinds].flatMap((kind) => shows[kind] ?? []));
  void client.invalidateQueries({predicate: (query) => names.has(String(query.queryKey[0]))});
  kinds.clear();
}

async function follow(client: QueryClient, signal: AbortSignal) {
  let last = '';
  let pause = 1000;
  const changed = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  while (!signal.aborted) {
    try {
      const response = await fetch('/api/v1/events', {
        signal,
        credentials: 'same-origin',
        headers: headers({Accept: 'text/event-stream', ...(last ? {'Last-Event-ID': last} : {})}),
      });
      if (response.status === 401) tell('signed-out');
      if (!response.ok || !response.body) throw new Error(String(response.status));
      const parse = eventParser((event) => {
        if (event.id) last = event.id;
        if (event.event === 'hello') {
          setConnected(true);
          pause = 1000;
        } else if (event.event === 'reset') void client.invalidateQueries();
        else if (event.event === 'signed-out') tell('signed-out');
        else {
          changed.add(event.event);
          timer ??= setTimeout(() => {
            timer = undefined;
            readAgain(client, changed);
          }, 250);
        }
      });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const {done, value} = await reader.read();
        if (done) break;
        parse(value);
      }
    } catch {
      pause = Math.min(pause * 2, 30_000);
    }
    setConnected(false);
    if (!signal.aborted) await new Promise((wake) => setTimeout(wake, pause));
  }
}

export function useEvents(on: boolean) {
  const client = useQueryClient();
  useEffect(() => {
    if (!on) return;
    const stop = new AbortController();
    void follow(client, stop.signal);
    return () => {
      stop.abort();
      setConnected(false);
    };
  }, [client, on]);
}
