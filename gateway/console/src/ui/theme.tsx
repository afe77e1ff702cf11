import type { ReactNode } from 'react';
import {
  createTheme,
  localStorageColorSchemeManager,
  MantineProvider,
  type VariantColorsResolver,
} from '@mantine/core';
import './library';
import './theme.css';
import './styles.css';
import './print.css';

/** Colours by what they say; `theme.css` has their values for light and dark. */
export type Tone = 'accent' | 'good' | 'bad' | 'warn' | 'neutral';

const INK: Readonly<Record<Tone, string>> = {
  accent: 'var(--accent)',
  good: 'var(--good)',
  bad: 'var(--bad)',
  warn: 'var(--warn)',
  neutral: 'var(--ink)',
};
const SOFT: Readonly<Record<Tone, string>> = {
  accent: 'var(--soft)',
  good: 'var(--good-soft)',
  bad: 'var(--bad-soft)',
  warn: 'var(--warn-soft)',
  neutral: 'var(--soft)',
};
const NO_BORDER = 'var(--no-border)';
const isTone = (name: unknown): name is Tone => typeof name === 'string' && name in INK;

/** The library computes colours in scripts and writes them into a style element; here they are all in the style sheet. */
const variantColorResolver: VariantColorsResolver = ({ variant, color }) => {
  const tone = isTone(color) ? color : 'accent';
  const ink = INK[tone];
  const soft = SOFT[tone];
  switch (variant) {
    case 'filled':
      return {
        background: ink,
        hover: tone === 'accent' ? 'var(--accent-strong)' : ink,
        color: 'var(--on-accent)',
        border: NO_BORDER,
      };
    case 'light':
      return { background: soft, hover: soft, color: ink, border: NO_BORDER };
    case 'outline':
      return { background: 'var(--panel)', hover: soft, color: ink, border: 'var(--own-border)' };
    case 'subtle':
      return { background: 'transparent', hover: soft, color: ink, border: NO_BORDER };
    default:
      return {
        background: 'var(--panel)',
        hover: 'var(--soft)',
        color: 'var(--ink)',
        border: 'var(--edge-border)',
      };
  }
};

const theme = createTheme({
  variantColorResolver,
  respectReducedMotion: true,
  cursorType: 'pointer',
  defaultRadius: 'sm',
});

/** Follows the reader's system until they choose otherwise; this browser keeps the choice. */
const colourScheme = localStorageColorSchemeManager({ key: 'medseal.colour-scheme' });

/** The console's look: everything below is drawn by the library's parts in the console's colours. */
export const ThemeProvider = ({ children }: { children: ReactNode }) => (
  <MantineProvider
    theme={theme}
    defaultColorScheme="auto"
    colorSchemeManager={colourScheme}
    withCssVariables={false}
    withGlobalClasses={false}
  >
    {children}
  </MantineProvider>
);
