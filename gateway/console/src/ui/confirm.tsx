// A button that asks once more before it acts, and says what went wrong beside itself.
import {useState} from 'react';
import {useWords} from '../shell/settings';
import {Button} from './button';
import {ProblemNote} from './parts';
import {useWork} from './work';

export function Confirm({title, label, act}: {title: string; label: string; act: () => Promise<void>}) {
  const {t} = useWords();
  const [asking, setAsking] = useState(false);
  const {busy, error, run} = useWork();
  const go = () =>
    run(async () => {
      await act();
      setAsking(false);
    });
  if (!asking) {
    return (
      <Button danger onClick={() => setAsking(true)}>
        {label}
      </Button>
    );
  }
  return (
    <span className="row" role="group" aria-label={title}>
      <span>{title}</span>
      <Button danger type="primary" loading={busy} onClick={() => void go()}>
        {label}
      </Button>
      <Button onClick={() => setAsking(false)}>{t('shell.cancel')}</Button>
      <ProblemNote error={error} />
    </span>
  );
}
