// The dialog that asks for a reason comes when it is opened.
import {lazy, Suspense} from 'react';
import type {ReasonProps} from './reason_dialog';

const Dialog = lazy(() => import('./reason_dialog'));

export function ReasonDialog(props: ReasonProps) {
  if (!props.open) return null;
  return (
    <Suspense>
      <Dialog {...props} />
    </Suspense>
  );
}
