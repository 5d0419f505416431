// What one looks for stands in the address, so that it can be sent to somebody.
import {useCallback} from 'react';
import {useSearchParams} from 'wouter';

export function useAddress(): {at: (name: string) => string; put: (name: string, value: string | null, goes?: 'back' | 'in place') => void} {
  const [search, setSearch] = useSearchParams();
  const at = useCallback((name: string) => search.get(name) ?? '', [search]);
  // 'back': the browser's way back leads to what was shown before.
  const put = useCallback(
    (name: string, value: string | null, goes: 'back' | 'in place' = 'in place') =>
      setSearch(
        (before) => {
          const next = new URLSearchParams(before);
          if (value) next.set(name, value);
          else next.delete(name);
          return next;
        },
        {replace: goes === 'in place'},
      ),
    [setSearch],
  );
  return {at, put};
}
