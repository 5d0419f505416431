// What a job writes, piece by piece as it is written: each question says how far we are and waits for more.
import {useEffect, useState} from 'react';
import {get, query} from '../api/client';

export interface LogAnswer {
  state: string;
  complete: boolean;
  next: string;
  note?: string;
  notes?: string[];
  pieces: {executor: number; stream: 'stdout' | 'stderr'; text: string; left_out?: number}[];
}
export interface Streams {
  stdout: string;
  stderr: string;
}
export interface Log {
  next: string;
  state: string;
  complete: boolean;
  executors: Streams[];
  notes: string[];
}

export const nothingYet: Log = {next: '', state: '', complete: false, executors: [], notes: []};
const KEPT = 1_000_000; // characters of a stream: what a page can show

const attemptOf = (place: string) => place.split(':')[0] ?? '';
const tailOf = (text: string) => (text.length > KEPT ? text.slice(text.indexOf('\n', text.length - KEPT) + 1) : text);

// The log with what came. Another attempt of the job begins it anew.
export function appended(log: Log, answer: LogAnswer): Log {
  const anew = log.next !== '' && attemptOf(log.next) !== attemptOf(answer.next);
  const executors = anew ? [] : log.executors.map((streams) => ({...streams}));
  for (const piece of answer.pieces) {
    while (executors.length <= piece.executor) executors.push({stdout: '', stderr: ''});
    const streams = executors[piece.executor] as Streams;
    const gap = piece.left_out ? `… ${piece.left_out} B …\n` : '';
    streams[piece.stream] = tailOf(streams[piece.stream] + gap + piece.text);
  }
  return {next: answer.next, state: answer.state, complete: answer.complete, executors, notes: answer.notes ?? []};
}

const pause = (millis: number) => new Promise((wake) => setTimeout(wake, millis));

export function useLog(id: string): {log: Log; error: unknown} {
  const [log, setLog] = useState(nothingYet);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    const stop = new AbortController();
    let now = nothingYet;
    const follow = async () => {
      while (!now.complete && !stop.signal.aborted) {
        try {
          // The first answer comes at once, so that there is something to see.
          now = appended(now, await get<LogAnswer>(`/api/v1/jobs/${encodeURIComponent(id)}/logs/new${query({after: now.next, wait: now.next ? 20 : undefined})}`, stop.signal));
          setLog(now);
          setError(null);
        } catch (caught) {
          if (stop.signal.aborted) return;
          setError(caught);
          await pause(2000);
        }
      }
    };
    setLog(nothingYet);
    void follow();
    return () => stop.abort();
  }, [id]);
  return {log, error};
}
