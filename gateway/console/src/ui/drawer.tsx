// A sheet from the side; its code comes when it is opened.
import {lazy, Suspense, type ReactNode} from 'react';

export interface SheetProps {
  open: boolean;
  title: ReactNode;
  close: () => void;
  children: ReactNode;
}

const Inner = lazy(() => import('./sheet'));

export function Sheet(props: SheetProps) {
  if (!props.open) return null;
  return (
    <Suspense>
      <Inner {...props} />
    </Suspense>
  );
}
