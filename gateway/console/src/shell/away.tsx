// The gateway went away: says so, looks for it every two seconds, and reads everything again when it is back.
import {useQueryClient} from '@tanstack/react-query';
import {useEffect, useState} from 'react';
import {onConnection} from '../api/client';
import {useWords} from './settings';

export function Away() {
  const {t} = useWords();
  const client = useQueryClient();
  const [away, setAway] = useState(false);
  useEffect(() => onConnection((what) => what !== 'signed-out' && setAway(what === 'away')), []);
  useEffect(() => {
    if (!away) return;
    const timer = setInterval(() => {
      fetch('/readyz', {cache: 'no-store'}).then(
        (response) => {
          if (!response.ok) return;
          setAway(false);
          void client.invalidateQueries();
        },
        () => undefined,
      );
    }, 2000);
    return () => clearInterval(timer);
  }, [away, client]);
  return (
    <div role="status" aria-live="polite">
      {away && <p className="away">{t('shell.away')}</p>}
    </div>
  );
}
