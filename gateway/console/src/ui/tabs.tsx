// Tabs after the ARIA pattern: arrow keys move, only the chosen panel is there.
import {useId, useRef, useState, type KeyboardEvent, type ReactNode} from 'react';

interface Props {
  items: {key: string; label: ReactNode; children: ReactNode}[];
  activeKey?: string;
  onChange?: (key: string) => void;
  label: string;
}

export function Tabs({items, activeKey, onChange, label}: Props) {
  const base = useId();
  const list = useRef<HTMLDivElement>(null);
  const [own, setOwn] = useState(items[0]?.key ?? '');
  const wanted = activeKey ?? own;
  const current = items.find((item) => item.key === wanted) ?? items[0];
  const choose = (key: string) => {
    setOwn(key);
    onChange?.(key);
  };
  const move = (event: KeyboardEvent) => {
    const at = items.findIndex((item) => item.key === current?.key);
    const to = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: items.length - 1}[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = items[(to + items.length) % items.length];
    if (!next) return;
    choose(next.key);
    list.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(next.key)}"]`)?.focus();
  };
  return (
    <>
      <div className="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={move}>
        {items.map((item) => (
          <button key={item.key} type="button" role="tab" data-key={item.key} id={`${base}-${item.key}`} aria-selected={item.key === current?.key} aria-controls={`${base}-panel`} tabIndex={item.key === current?.key ? 0 : -1} onClick={() => choose(item.key)}>
            {item.label}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${base}-panel`} aria-labelledby={`${base}-${current?.key ?? ''}`}>
        {current?.children}
      </div>
    </>
  );
}
