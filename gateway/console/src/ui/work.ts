// Work that a person has begun: whether it is under way, and what went wrong with the last try.
import {useState} from 'react';

export function useWork() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setError(null);
    try {
      await work();
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  return {busy, error, run};
}
