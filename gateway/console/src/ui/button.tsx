import type { ButtonHTMLAttributes } from 'react';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: 'main' | 'plain' | 'quiet' | 'danger';
  /** Something is under way: a second press does nothing. */
  busy?: boolean;
}

export function Button({
  kind = 'plain',
  busy = false,
  type = 'button',
  children,
  onClick,
  ...rest
}: ButtonProps) {
  return (
    <button
      {...rest}
      type={type}
      className={`button ${kind}`}
      aria-disabled={busy || undefined}
      onClick={(event) => {
        // Stays focusable while busy, so that the keyboard does not lose its place.
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
    >
      {busy && <span className="spinner" aria-hidden="true" />}
      {children}
    </button>
  );
}
