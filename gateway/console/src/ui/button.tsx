import type { ButtonHTMLAttributes } from 'react';
import { Loader, Button as LibraryButton } from '@mantine/core';

type Kind = 'main' | 'plain' | 'quiet' | 'danger';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: Kind;
  /** Something is under way: a second press does nothing. */
  busy?: boolean;
}

const LOOKS = {
  main: { variant: 'filled', color: 'accent' },
  plain: { variant: 'default', color: 'neutral' },
  quiet: { variant: 'subtle', color: 'accent' },
  danger: { variant: 'outline', color: 'bad' },
} as const satisfies Record<Kind, { variant: string; color: string }>;

export function Button({
  kind = 'plain',
  busy = false,
  type = 'button',
  className,
  children,
  onClick,
  ...rest
}: ButtonProps) {
  return (
    <LibraryButton
      {...rest}
      {...LOOKS[kind]}
      type={type}
      className={['button', kind, className].filter(Boolean).join(' ')}
      // The library's own `loading` takes the focus away; this one stays focusable, so that the keyboard keeps its place.
      aria-disabled={busy || undefined}
      leftSection={busy ? <Loader className="spinner" size="1em" aria-hidden="true" /> : undefined}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
    >
      {children}
    </LibraryButton>
  );
}
