// What somebody types, kept in sessionStorage until it is sent: a session that ends, a reload or a look at another page
// loses nothing. Gone when the tab closes or its person signs out.
import {useCallback, useEffect, useState} from 'react';

const PREFIX = 'hetao.draft.';
const WHOSE = 'hetao.drafts-of';

// Drafts are one person's. Whoever else signs in in this tab finds none.
export function claimDrafts(who: string) {
  if ((sessionStorage.getItem(WHOSE) ?? who) !== who) {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  }
  sessionStorage.setItem(WHOSE, who);
}

export function useDraft<T>(name: string, start: T): [T, (value: T) => void, () => void, boolean] {
  const key = PREFIX + name;
  const read = useCallback((): T | undefined => {
    try {
      const text = sessionStorage.getItem(key);
      return text === null ? undefined : (JSON.parse(text) as T);
    } catch {
      return undefined;
    }
  }, [key]);
  const [value, setValue] = useState<T | undefined>(read);
  useEffect(() => setValue(read()), [read]);
  const set = useCallback(
    (next: T) => {
      setValue(next);
      try {
        sessionStorage.setItem(key, JSON.stringify(next));
      } catch {
        // Full: it stays on the page, and is lost with it.
      }
    },
    [key],
  );
  const forget = useCallback(() => {
    sessionStorage.removeItem(key);
    setValue(undefined);
  }, [key]);
  return [value ?? start, set, forget, value !== undefined];
}
