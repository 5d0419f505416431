// A field with its name above it: text, numbers, days, times (meant at +08:00), one of several words.
import {useId, type ReactNode} from 'react';
import {useWords} from '../shell/settings';

interface FieldProps {
  label: string;
  value: string;
  put: (value: string) => void;
  type?: 'text' | 'search' | 'number' | 'date' | 'month' | 'datetime-local';
  wide?: boolean;
  min?: number;
  options?: string[]; // offered while one types
}

export function Field({label, value, put, type = 'text', wide, min, options}: FieldProps) {
  const list = useId();
  return (
    <label>
      <span className="field-label">{label}</span>
      <input className={wide ? 'field wide' : 'field'} type={type} value={value} min={min} list={options ? list : undefined} onChange={(event) => put(event.target.value)} />
      {options && (
        <datalist id={list}>
          {options.map((option) => (
            <option key={option} value={option} />
          ))}
        </datalist>
      )}
    </label>
  );
}

interface PickProps {
  label: string;
  value: string;
  put: (value: string) => void;
  area: string; // of the words
  options: readonly string[];
  any?: ReactNode; // what no choice is called; absent: one has to be chosen
  wide?: boolean;
}

export function Pick({label, value, put, area, options, any, wide}: PickProps) {
  const {word} = useWords();
  return (
    <label>
      <span className="field-label">{label}</span>
      <select className={wide ? 'field wide' : 'field'} value={value} onChange={(event) => put(event.target.value)}>
        {any !== undefined && <option value="">{any}</option>}
        {options.map((option) => (
          <option key={option} value={option}>
            {word(area, option)}
          </option>
        ))}
      </select>
    </label>
  );
}
