import { chromium, type Browser } from 'playwright-core';

/** Set by `npm test`, which looks for a Chromium and installs one where it may. */
const BINARY = process.env['CHROMIUM_BIN'];
const REASON = process.env['CHROMIUM_MISSING'] ?? 'no CHROMIUM_BIN: run through npm test';

/** `describe`, or one skipped test that says why there is no browser. */
export const describeInBrowser = BINARY
  ? describe
  : (title: string, _body: () => void): void =>
      describe(title, () => test.skip(`skipped: ${REASON}`, () => undefined));

export const launchChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: BINARY,
    // Fields for dates have their parts in the order of this language.
    env: { ...process.env, LANGUAGE: 'en_US' },
    // Chromium's own sandbox refuses to run for root.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
