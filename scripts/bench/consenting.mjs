import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { measure } from './asset-load.mjs';
import { consentCryptography, consentCryptographyLines } from './consent-cryptography.mjs';
import { consentReading } from './consent-reading.mjs';
import { fabricProblem } from './fabric-network.mjs';
import { productWithDemo } from './product.mjs';
import { processLines, tableHead, tableRow } from './table.mjs';

// Consent: its cryptography, from a grant to the first read, and opening records with their receipts.

const IN_FLIGHT = [1, 16];
/** What is to be reached, printed beside what was measured: p95 of one opening in flight, and a device's CPU for it, ms. */
const TARGETS = { 'product on embedded': 120, 'product on fabric': 350 };
const DEVICE_CPU_MS = 25;
const DEVICE_OPERATION = 'reader: open record of 10 kB from answers';

/** @returns `cryptography`; `readings` `{ network, grantToFirstReadMs, rows }`, Fabric's with batches of 100 ms; `reached` */
export async function consenting({ quick = false, networks = ['embedded'], report = () => undefined } = {}) {
  const cryptography = await consentCryptography({ seconds: quick ? 0.2 : 2 });
  consentCryptographyLines(cryptography).forEach(report);
  const timing = quick ? { seconds: 2, warmUpSeconds: 1 } : { seconds: 15, warmUpSeconds: 5 };
  const readings = [];
  for (const network of networks) {
    if (network === 'fabric' && fabricProblem() !== undefined) continue;
    readings.push(await read(network, { ...timing, levels: IN_FLIGHT }, report));
  }
  return { cryptography, readings, reached: reachedOf(cryptography, readings) };
}

export const consentingLines = ({ cryptography, readings, reached }) => [
  ...consentCryptographyLines(cryptography),
  '',
  tableHead(),
  ...readings.flatMap(({ rows }) => rows.map(tableRow)),
  ...readings.flatMap(({ rows }) => rows.filter(({ error }) => error === undefined).map(processLines)),
  ...readings.map(grantLine),
  ...reached.map(
    ({ what, milliseconds, target }) =>
      `${what}: ${milliseconds} ms; to reach: ${target} ms${milliseconds <= target ? '' : ' (not reached)'}`,
  ),
];

async function read(kind, timing, report) {
  const network = `product on ${kind}`;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'medseal-bench-'));
  try {
    const { pids, stop } = await productWithDemo(folder, kind);
    try {
      const { grantToFirstReadMs, operations } = await consentReading(folder);
      report(grantLine({ network, grantToFirstReadMs }));
      const named = (row) => ({ network, networkProcesses: kind === 'embedded' ? ['network'] : [], ...row });
      const rows = await measure(operations, {
        ...timing,
        pids,
        report: (row) => report(tableRow(named(row))),
      });
      return { network, grantToFirstReadMs, rows: rows.map(named) };
    } finally {
      await stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function grantLine({ network, grantToFirstReadMs }) {
  const middle = grantToFirstReadMs[Math.floor(grantToFirstReadMs.length / 2)];
  return `${network}: grant to first read ${middle} ms (${grantToFirstReadMs.join(', ')})`;
}

function reachedOf({ rows }, readings) {
  const device = rows.find(({ engine, operation }) => engine === 'mcl' && operation === DEVICE_OPERATION);
  return [
    ...readings.flatMap(({ network, rows: opened }) =>
      opened
        .filter(({ inFlight, error }) => inFlight === 1 && error === undefined)
        .map(({ p95 }) => ({
          what: `${network}: opening a record, p95 at one in flight`,
          milliseconds: p95,
          target: TARGETS[network],
        })),
    ),
    {
      what: 'cryptography of opening on the device, CPU with mcl',
      milliseconds: device?.cpuMs,
      target: DEVICE_CPU_MS,
    },
  ];
}
