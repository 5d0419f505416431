// One way to the gateway: fetch with the session's cookie or a pasted token, problem documents as errors.

export interface Mistake {
  pointer?: string;
  message: string;
  expected?: string;
  hint?: string;
  file?: string;
  line?: number;
  column?: number;
}

export class Problem extends Error {
  constructor(
    readonly status: number, // 0: the gateway did not answer
    readonly code: string,
    message: string,
    readonly hint = '',
    readonly body: Record<string, unknown> = {},
  ) {
    super(message);
  }
  get mistakes(): Mistake[] {
    return Array.isArray(this.body.mistakes) ? (this.body.mistakes as Mistake[]) : [];
  }
}

const TOKEN = 'hetao.token';
let csrf = '';
type Listener = (what: 'away' | 'here' | 'signed-out') => void;
const listeners = new Set<Listener>();

export const onConnection = (listener: Listener) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};
export const tell: Listener = (what) => listeners.forEach((listener) => listener(what));

export const token = {
  get: () => sessionStorage.getItem(TOKEN) ?? '',
  set: (text: string) => sessionStorage.setItem(TOKEN, text.trim()),
  clear: () => sessionStorage.removeItem(TOKEN),
};
export const setCsrf = (text: string) => {
  csrf = text;
};

export function headers(more: Record<string, string> = {}): Record<string, string> {
  const out: Record<string, string> = {...more};
  if (token.get()) out.Authorization = `Bearer ${token.get()}`;
  if (csrf) out['X-Hetao-CSRF'] = csrf;
  return out;
}

async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => '');
  try {
    const body = JSON.parse(text) as Record<string, string>;
    return new Problem(response.status, body.code ?? '', body.detail ?? body.title ?? text, body.hint ?? '', body);
  } catch {
    return new Problem(response.status, '', text.trim() || response.statusText);
  }
}

export async function call(path: string, init: RequestInit & {quiet?: boolean} = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, {
      ...init,
      credentials: 'same-origin',
      headers: headers(init.headers as Record<string, string>),
    });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    tell('away');
    throw new Problem(0, 'unreachable', String((error as Error).message));
  }
  tell('here');
  if (response.ok) return response;
  if (response.status === 401 && !init.quiet) tell('signed-out');
  throw await problemOf(response);
}

export const get = async <T>(path: string, signal?: AbortSignal): Promise<T> =>
  (await (await call(path, {signal})).json()) as T;

export async function send<T>(method: 'POST' | 'DELETE', path: string, body: unknown = {}, more: Record<string, string> = {}, signal?: AbortSignal): Promise<T> {
  const response = await call(path, {
    method,
    signal,
    headers: {'Content-Type': 'application/json', ...more},
    body: JSON.stringify(body),
  });
  return (response.status === 204 ? {} : await response.json()) as T;
}

export const post = <T>(path: string, body?: unknown, more?: Record<string, string>, signal?: AbortSignal) =>
  send<T>('POST', path, body, more, signal);

export function query(fields: Record<string, string | number | undefined | null>): string {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined && value !== null && value !== '') out.set(name, String(value));
  const text = out.toString();
  return text ? `?${text}` : '';
}

function save(blob: Blob, name: string) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// A file of the gateway, saved under a name: a token is a header, which a link can't send.
export async function download(path: string, name: string) {
  save(await (await call(path)).blob(), name);
}

export const saveText = (name: string, text: string) => save(new Blob([text], {type: 'text/plain'}), name);
