import { chainedAt, lastRecordOf } from '../src/ledger/retention';
import type { ChainHead } from '../src/model/entries';

const head = { schema: 1, ledgerId: 'ab'.repeat(16), contentHash: 'cd'.repeat(32), count: 1 };
const [old, now, later] = [
  '2026-01-01T00:00:00.000Z',
  '2026-02-01T00:00:00.000Z',
  '2026-03-01T00:00:00.000Z',
];
const RULE = '2025-06-01T00:00:00.000Z';
const last = (one: ChainHead, mspId: string) => lastRecordOf(one, mspId, RULE);

test('each hospital has the instant of its own last record', () => {
  const first: ChainHead = { ...head, ...chainedAt(undefined, 'CityMSP', now) };
  const second: ChainHead = { ...head, ...chainedAt(first, 'LakesideMSP', later) };
  expect(second).toMatchObject({ at: later, lastOf: { CityMSP: now, LakesideMSP: later } });
  expect(second).not.toHaveProperty('before');
  expect([last(second, 'CityMSP'), last(second, 'LakesideMSP'), last(second, 'OtherMSP')]).toEqual([
    now,
    later,
    undefined,
  ]);
});

test('what a head of an earlier version does not tell counts for every hospital', () => {
  for (const [at, counted] of [
    [old, old],
    [undefined, RULE],
  ] as const) {
    const before: ChainHead = at === undefined ? head : { ...head, at };
    expect(last(before, 'CityMSP')).toBe(counted);
    const next: ChainHead = { ...head, ...chainedAt(before, 'LakesideMSP', now) };
    const after: ChainHead = { ...head, ...chainedAt(next, 'LakesideMSP', later) };
    expect([last(after, 'CityMSP'), last(after, 'LakesideMSP')]).toEqual([counted, later]);
  }
});
