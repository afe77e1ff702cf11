import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { demoOf, openBrowser, settled, windowOf } from '../lib/console-window.mjs';
import { productWithDemo } from './product.mjs';

// How the console loads and scrolls through much: in Chromium, on the product with the paper's demo.

const CPU_SLOWED = 4;
const LIST = 100_000;
const SEARCHED = 'arulmozhi';

/** Runs in the page before any of its scripts. */
const observe = () => {
  const seen = { lcpMs: 0, shift: 0, longTasks: [] };
  window.medsealSeen = seen;
  const watch = (type, take) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
  watch('largest-contentful-paint', ({ startTime }) => (seen.lcpMs = startTime));
  watch('layout-shift', ({ value, hadRecentInput }) => (seen.shift += hadRecentInput ? 0 : value));
  watch('longtask', ({ duration }) => seen.longTasks.push(duration));
};

/** A first visit, nothing in the cache, on a slowed processor. */
async function load(browser, demo, who, at) {
  const page = await windowOf(browser, demo, who);
  await page.addInitScript(observe);
  const devTools = await page.context().newCDPSession(page);
  await devTools.send('Emulation.setCPUThrottlingRate', { rate: CPU_SLOWED });
  await page.goto(at);
  await settled(page);
  await page.waitForTimeout(1_500);
  const measured = await page.evaluate(() => {
    const loaded = (ending) =>
      performance
        .getEntriesByType('resource')
        .filter(({ name }) => name.endsWith(ending))
        .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
    const { lcpMs, shift } = window.medsealSeen;
    return { scriptBytes: loaded('.js'), styleBytes: loaded('.css'), lcpMs, shift };
  });
  await page.context().close();
  const { scriptBytes, styleBytes, lcpMs, shift } = measured;
  return {
    at,
    scriptBytes,
    styleBytes,
    lcpMs: Math.round(lcpMs),
    shift: Math.round(shift * 10_000) / 10_000,
  };
}

/** A hospital with many patients: the list's answers are made up, the page is the real one. */
async function manyPatients(browser, demo, steps) {
  const page = await windowOf(browser, demo, { role: 'hospital-admin', organization: 'city' });
  await page.addInitScript(observe);
  const numberOf = (index) => `101${String(index).padStart(10, '0')}`;
  await page.route(/\/api\/v1\/patients\?/, (route) => {
    const query = new URL(route.request().url()).searchParams;
    const limit = Number(query.get('limit') ?? 50);
    const from = Number(query.get('cursor') ?? 0);
    const total = query.get('q') ? LIST / 10 : LIST;
    const items = Array.from({ length: Math.min(limit, total - from) }, (_, at) => ({
      registrationNo: numberOf(from + at),
      ledgerId: String(from + at).padStart(32, '0'),
      name: `Patient ${query.get('q') ?? ''} ${from + at}`,
      keyState: 'keyless',
      opdVisits: at,
      admissions: 0,
      version: 1,
    }));
    const next = from + limit < total ? String(from + limit) : null;
    return route.fulfill({ json: { items, nextCursor: next, total } });
  });
  await page.goto('/patients');
  await settled(page);
  await page.getByText(numberOf(0)).first().waitFor();
  await page.evaluate(() => void (window.medsealSeen.longTasks.length = 0));
  const rows = await page.getByRole('row').count();
  for (let step = 1; step <= steps; step++) {
    await page.getByRole('button', { name: 'Next' }).click();
    await page
      .getByText(numberOf(step * (rows - 1)))
      .first()
      .waitFor();
  }
  await page.getByLabel(/^Search/).pressSequentially(SEARCHED, { delay: 30 });
  await page.getByText(`Patient ${SEARCHED} 0`, { exact: true }).first().waitFor();
  const longTasks = await page.evaluate(() => window.medsealSeen.longTasks);
  await page.context().close();
  return {
    patients: LIST,
    pages: steps,
    rowsOnPage: rows - 1,
    longestTaskMs: Math.round(Math.max(0, ...longTasks)),
  };
}

/** Ms between two keys of somebody who types 60 words a minute. */
const KEY_MS = 200;

/**
 * A doctor of the patient's hospital breaks the glass, from the open page to the first record's content, and types
 * no faster than people do.
 */
async function breakGlass(browser, demo, known) {
  const page = await windowOf(browser, demo, { username: 'anuradha' });
  const devTools = await page.context().newCDPSession(page);
  await devTools.send('Emulation.setCPUThrottlingRate', { rate: CPU_SLOWED });
  await page.goto('/emergency-access');
  await settled(page);
  const began = performance.now();
  const typed = (label, text) => page.getByLabel(label).first().pressSequentially(text, { delay: KEY_MS });
  await typed(/^Patient/, 'geetha');
  await page.getByRole('button', { name: known.registrationNo }).click();
  await page.getByLabel(/^Reason/).selectOption({ index: 1 });
  await typed(/^What happened/, 'does not wake');
  const sent = performance.now();
  await page.getByRole('button', { name: 'Break the glass' }).click();
  const record = page.getByRole('button', { name: /^Open the record by/ }).first();
  await record.waitFor();
  const opened = performance.now();
  await record.click();
  await page.getByRole('heading', { name: 'Receipt of this reading' }).waitFor();
  const read = performance.now();
  await page.context().close();
  const [totalMs, formMs, openMs, readMs] = [read - began, sent - began, opened - sent, read - opened].map(
    Math.round,
  );
  return { keyMs: KEY_MS, totalMs, formMs, openMs, readMs };
}

export async function consolePages({ quick, report }) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'medseal-bench-console-'));
  const browser = await openBrowser();
  let product;
  try {
    product = await productWithDemo(folder, 'embedded');
    const demo = demoOf(folder);
    const loads = [];
    const times = quick ? 1 : 5;
    for (const [who, at] of [
      [undefined, '/sign-in'],
      [undefined, '/verify'],
      [{ role: 'doctor', organization: 'city' }, '/'],
      [{ role: 'hospital-admin', organization: 'city' }, '/reports'],
    ]) {
      const measured = [];
      for (let time = 0; time < times; time++) measured.push(await load(browser, demo, who, at));
      measured.sort((a, b) => a.lcpMs - b.lcpMs);
      const median = measured[times >> 1];
      loads.push({
        ...median,
        lcpMsMost: measured.at(-1).lcpMs,
        shift: Math.max(...measured.map(({ shift }) => shift)),
      });
      report(`console: ${at}: largest contentful paint ${median.lcpMs} ms`);
    }
    const geetha = demo.users.find(({ username }) => username === 'geetha');
    return {
      cpuSlowed: CPU_SLOWED,
      loads,
      list: await manyPatients(browser, demo, quick ? 5 : 40),
      breakGlass: await breakGlass(browser, demo, geetha),
    };
  } finally {
    await browser.close();
    await product?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

export const consoleLines = ({ cpuSlowed, loads, list, breakGlass: glass }) => [
  `The console in Chromium, first visit, processor slowed ${cpuSlowed} times:`,
  ...loads.map(
    ({ at, scriptBytes, styleBytes, lcpMs, lcpMsMost, shift }) =>
      `${at.padEnd(12)} JavaScript ${(scriptBytes / 1_000).toFixed(0)} kB, styles ${(styleBytes / 1_000).toFixed(0)} kB; largest contentful paint ${lcpMs} ms (most ${lcpMsMost}); layout shift ${shift}`,
  ),
  `A list of ${list.patients} patients, ${list.pages} pages on and a search typed: longest task ${list.longestTaskMs} ms`,
  `Breaking the glass, ${glass.keyMs} ms a key: ${glass.totalMs} ms to the record on the screen (form ${glass.formMs}, opening the case ${glass.openMs}, reading ${glass.readMs})`,
];
