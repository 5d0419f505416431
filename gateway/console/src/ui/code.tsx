// The editor as a component; its code comes when it is shown.
import {useEffect, useRef} from 'react';
import {useSettings} from '../shell/settings';
import type {Editor, Mark, Options} from './editor';

interface Props {
  text: string;
  label: string;
  onChange: (text: string) => void;
  marks?: Mark[];
  suggest?: Options['suggest'];
  readOnly?: boolean;
  goTo?: {line: number};
}

export function Code({text, label, onChange, marks, suggest, readOnly, goTo}: Props) {
  const {mode} = useSettings();
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | null>(null);
  const now = useRef({text, onChange, suggest, mode, marks, goTo});
  now.current = {text, onChange, suggest, mode, marks, goTo};
  useEffect(() => {
    let gone = false;
    void import('./editor').then(({createEditor}) => {
      if (gone || !place.current) return;
      editor.current = createEditor({
        parent: place.current,
        text: now.current.text,
        label,
        mode: now.current.mode,
        readOnly,
        onChange: (next) => now.current.onChange(next),
        suggest: (whole, at) => now.current.suggest?.(whole, at) ?? null,
      });
      editor.current.setMarks(now.current.marks ?? []);
    });
    return () => {
      gone = true;
      editor.current?.destroy();
      editor.current = null;
    };
  }, [label, readOnly]);
  useEffect(() => editor.current?.setText(text), [text]);
  useEffect(() => editor.current?.setMarks(marks ?? []), [marks]);
  useEffect(() => editor.current?.setMode(mode), [mode]);
  useEffect(() => {
    if (goTo) editor.current?.goTo(goTo.line);
  }, [goTo]);
  return <div className="editor" ref={place} />;
}
