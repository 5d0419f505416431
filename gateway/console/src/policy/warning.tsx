// What changes by itself or soon needs a hand: the kind and the day in the reader's language, the rest as the gateway says.
import type {PolicyWarning} from '../api/types';
import {useWords} from '../shell/settings';
import {Said, StateTag} from '../ui/parts';

export function WarningLine({warning}: {warning: PolicyWarning}) {
  const {t, word} = useWords();
  return (
    <li>
      <StateTag area="urgency" state={warning.urgency} /> {word('warning', warning.kind)} {warning.what}
      {warning.day && (
        <>
          {' '}
          · {warning.day} · {t('overview.daysLeft', {count: warning.days_left ?? 0})}
        </>
      )}
      <Said className="basis">{warning.text}</Said>
    </li>
  );
}
