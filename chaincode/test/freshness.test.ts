import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refuseStaleProposal } from '../src/ledger/freshness';

const MINUTES = 60_000;
const now = 1_700_000_000_000;

test('five minutes either way are fresh, a millisecond more is not', () => {
  for (const distance of [0, 5 * MINUTES, -5 * MINUTES]) {
    expect(() => refuseStaleProposal(now + distance, now)).not.toThrow();
  }
  for (const distance of [5 * MINUTES + 1, -5 * MINUTES - 1, 24 * 60 * MINUTES]) {
    expect(() => refuseStaleProposal(now + distance, now)).toThrow(/^PROPOSAL_STALE: /);
  }
  expect(() => refuseStaleProposal(Number.NaN, now)).toThrow(/^PROPOSAL_STALE: /);
});

describe('clock file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'medseal-clock-'));
  const file = join(folder, 'clock');
  afterEach(() => {
    delete process.env.MEDSEAL_CLOCK_FILE;
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('its offset moves the clock; without the file the clock is the host', () => {
    const past = Date.now() - 10 * MINUTES;
    expect(() => refuseStaleProposal(past)).toThrow();
    process.env.MEDSEAL_CLOCK_FILE = file;
    expect(() => refuseStaleProposal(Date.now())).not.toThrow();
    writeFileSync(file, `${-10 * MINUTES}\n`);
    expect(() => refuseStaleProposal(past)).not.toThrow();
    expect(() => refuseStaleProposal(Date.now())).toThrow(/^PROPOSAL_STALE: /);
  });
});
