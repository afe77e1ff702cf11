import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromiumForTests } from './chromium.mjs';

/** The system's Chromium. @throws Error with what to do where there is none */
export async function openBrowser() {
  const { path: executablePath, reason } = await chromiumForTests(console.error);
  if (executablePath === undefined) throw new Error(reason);
  const { chromium } = createRequire(import.meta.url)('playwright-core');
  // Chromium's own sandbox refuses to run for root.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args });
}

/** What `npm start` wrote about itself: `{ url, users }`. */
export const demoOf = (folder) => JSON.parse(readFileSync(path.join(folder, 'demo.json'), 'utf8'));

/** A window of somebody with this role, signed in; of nobody where there is none. */
export async function windowOf(browser, { url, users }, who, options = {}) {
  const context = await browser.newContext({
    baseURL: url,
    locale: 'en-GB',
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
    ...options,
  });
  if (who !== undefined) {
    const user = users.find((one) => Object.entries(who).every(([name, value]) => one[name] === value));
    const { organization, username, password } = user;
    const data = { organization, username, password };
    const answer = await context.request.post('/api/v1/auth/login', { data });
    if (!answer.ok()) throw new Error(`${username} cannot sign in: ${answer.status()}`);
  }
  return context.newPage();
}

/** Until nothing on the page is under way. */
export const settled = (page) =>
  page.waitForFunction(
    () => document.querySelector('h1') && !document.querySelector('.waiting, .spinner, [aria-busy=true]'),
  );
