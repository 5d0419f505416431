// A button in our own few lines, so that pages which need no more of Ant Design than this don't load it.
import type {MouseEventHandler, ReactNode} from 'react';

interface Props {
  children: ReactNode;
  type?: 'primary' | 'text' | 'default';
  danger?: boolean;
  size?: 'small';
  loading?: boolean;
  disabled?: boolean;
  submit?: boolean;
  onClick?: MouseEventHandler<HTMLButtonElement>;
  label?: string;
}

export function Button({children, type = 'default', danger, size, loading, disabled, submit, onClick, label}: Props) {
  return (
    <button type={submit ? 'submit' : 'button'} className={`button ${type}${danger ? ' danger' : ''}${size ? ` ${size}` : ''}`} disabled={disabled || loading} aria-busy={loading || undefined} aria-label={label} onClick={onClick}>
      {loading && <span className="spinner" aria-hidden="true" />}
      {children}
    </button>
  );
}
