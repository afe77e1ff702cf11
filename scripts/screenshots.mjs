import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { productWithDemo } from './bench/product.mjs';
import { demoOf, openBrowser, settled, windowOf } from './lib/console-window.mjs';
import { fail } from './lib/fail.mjs';
import { prepare, ROOT } from './lib/prepare.mjs';

// `npm run screenshots`: the product with its demo on a free port, and the console's main pages as files of
// docs/screenshots/, which the README shows.

const TARGET = path.join(ROOT, 'docs/screenshots');
const BYTES_MAX = 150_000;
const LOADED_MS = 300_000;
/** The demo writes for its patients one after the other: nothing new for so long is its end. */
const QUIET_MS = 20_000;
const SETTLES_MS = 2_000;
const city = (role) => ({ role, organization: 'city' });

const PAGES = [
  { name: 'sign-in', at: '/sign-in' },
  { name: 'dashboard', at: '/', who: city('doctor') },
  { name: 'write-a-record', at: '/records/new', who: city('doctor') },
  { name: 'blockchain-report', at: '/report', who: city('doctor') },
  {
    name: 'reports',
    at: '/reports',
    who: city('hospital-admin'),
    act: (page) => page.getByLabel('Period').selectOption('120'),
  },
  { name: 'network', at: '/network', who: { role: 'system-manager' } },
  { name: 'consents', at: '/consents', who: city('patient') },
  { name: 'dashboard-dark', at: '/', who: city('patient'), options: { colorScheme: 'dark' } },
];

/** Until the demo has loaded its patients behind the start. */
async function demoLoaded({ url, users }) {
  const { MedsealClient } = createRequire(import.meta.url)('@medseal/client');
  const { organization, username, password } = users.find(({ role }) => role === 'hospital-admin');
  const client = new MedsealClient(url);
  await client.login(organization, username, password);
  const end = Date.now() + LOADED_MS;
  for (let height = 0, since = Date.now(); Date.now() < end && Date.now() - since < QUIET_MS;) {
    const { blocks } = await client.network();
    if (blocks.height !== height) [height, since] = [blocks.height, Date.now()];
    await new Promise((done) => setTimeout(done, 1_000));
  }
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'medseal-screenshots-'));
let product;
let browser;
try {
  await prepare(console.error);
  browser = await openBrowser();
  product = await productWithDemo(folder, 'embedded', 'full');
  const demo = demoOf(folder);
  await demoLoaded(demo);
  mkdirSync(TARGET, { recursive: true });
  for (const { name, at, who, act, options } of PAGES) {
    const page = await windowOf(browser, demo, who, { viewport: { width: 1200, height: 750 }, ...options });
    await page.goto(at);
    await settled(page);
    await act?.(page);
    // Parts of a page ask for what is theirs once it stands.
    await page.waitForTimeout(SETTLES_MS);
    await settled(page);
    const file = path.join(TARGET, `${name}.png`);
    writeFileSync(file, await page.screenshot({ animations: 'disabled' }));
    const { size } = statSync(file);
    if (size > BYTES_MAX) throw new Error(`${name}.png has ${size} bytes, more than ${BYTES_MAX}`);
    console.log(`${path.relative(ROOT, file)}: ${Math.round(size / 1_000)} kB`);
    await page.context().close();
  }
} catch (error) {
  fail(`no screenshots: ${error.message}`);
} finally {
  await browser?.close();
  await product?.stop();
  rmSync(folder, { recursive: true, force: true });
}
