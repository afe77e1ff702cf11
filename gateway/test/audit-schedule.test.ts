import { randomBytes } from 'node:crypto';
import { AuditSchedule } from '../src/audits/audit-schedule';
import { Clock } from '../src/clock';
import { migrate } from '../src/database/migrations';
import type { Organization } from '../src/organizations/organization';
import { openTestDatabase, type TestDatabase } from './projection-database';

jest.setTimeout(120_000);

/** The read model of a channel of four organisations, over a month of the schedule's time. */

const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;
const START = Date.parse('2026-01-01T00:00:00.000Z');
const HOSPITALS = ['CityMSP', 'LakesideMSP', 'ValleyMSP'];
const MSP_IDS = [...HOSPITALS, 'MinistryMSP'];
const RECORDS = 40;
const FILES = RECORDS * 2;

class SetClock extends Clock {
  at = START;

  override now(): number {
    return this.at;
  }
}

interface Opened {
  by: string;
  file: string;
  at: number;
}

const newId = (): string => randomBytes(16).toString('hex');

let open: TestDatabase;
let clock: SetClock;
let schedules: Map<string, AuditSchedule>;
let owners: string[];

/** The same rows for everybody, as all peers have them. */
const query = (sql: string, parameters: (string | number | Date | null)[] = []) =>
  open.database.query(sql, parameters);

const addRecord = async (
  hospital: string,
  more: { status?: string; integrity?: boolean } = {},
): Promise<string> => {
  const { status = 'chained', integrity = true } = more;
  const [recordId, ledgerId] = [newId(), newId()];
  owners.push(ledgerId);
  await query(
    `INSERT INTO record_versions (record_id, version, ledger_id, hospital, author, status, entry, chained_at,
       created_block, last_block, last_position, last_transaction_id) VALUES ($1, 1, $2, $3, 'a', $4, $5, $6, 1, 1, 0, 't')`,
    [recordId, ledgerId, hospital, status, JSON.stringify(integrity ? { integrity: {} } : {}), clock.date()],
  );
  return recordId;
};

/** What an audit by the schedule leaves behind. */
const addAudit = async ({ by, file }: Pick<Opened, 'by' | 'file'>, status: string): Promise<void> => {
  const [recordId, version, kind] = file.split('/') as [string, string, string];
  const isOpen = ['opened', 'contributed', 'revealed'].includes(status);
  const at = clock.date();
  await query(
    `INSERT INTO audits (audit_id, record_id, version, kind, hospital, auditor, auditor_msp, contributor, status, opened_at,
       contribute_by, reveal_by, prove_by, closed_at, entry) VALUES ($1, $2, $3, $4, 'h', '', $5, 'c', $6, $7, $7, $7, $7, $8, '{}')`,
    [newId() + newId(), recordId, Number(version), kind, by, status, at, isOpen ? null : at],
  );
};

const dueOf = async (mspId: string): Promise<Opened[]> => {
  const organization = { mspId, database: open.database } as Organization;
  const duties = await schedules.get(mspId)!.due(organization);
  return duties.map(({ key }) => ({ by: mspId, file: key.replace(/^openAudit\//, ''), at: clock.at }));
};

/** Everybody's rounds, `hours` long; what is due is opened and ends at once, as `outcome` says. */
const pass = async (
  hours: number,
  step: number,
  { asleep = [], outcome = () => 'intact' }: { asleep?: string[]; outcome?: (one: Opened) => string } = {},
): Promise<Opened[]> => {
  const all: Opened[] = [];
  for (let at = 0; at < hours; at += step) {
    clock.at += step * HOUR;
    for (const mspId of MSP_IDS.filter((one) => !asleep.includes(one)))
      for (const one of await dueOf(mspId)) {
        await addAudit(one, outcome(one));
        all.push(one);
      }
  }
  return all;
};

const countsOf = (items: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
};

beforeAll(async () => {
  open = await openTestDatabase();
  await migrate(open.database);
  for (const mspId of MSP_IDS)
    await query(
      `INSERT INTO organizations (msp_id, kind, code, status, entry) VALUES ($1, 'k', '100', 'active', '{}')`,
      [mspId],
    );
});

afterAll(() => open?.close());

beforeEach(async () => {
  for (const table of ['audits', 'record_versions', 'erasures']) await query(`DELETE FROM ${table}`);
  clock = new SetClock();
  schedules = new Map(MSP_IDS.map((mspId) => [mspId, new AuditSchedule(clock, 30)]));
  owners = [];
});

const addRecords = async (): Promise<Map<string, string>> => {
  const hospitals = new Map<string, string>();
  for (let at = 0; at < RECORDS; at++) {
    const hospital = HOSPITALS[at % HOSPITALS.length]!;
    hospitals.set(await addRecord(hospital), hospital);
  }
  return hospitals;
};

test('every file comes up once within the days, never by its own hospital, spread over days and organisations', async () => {
  const hospitals = await addRecords();
  const opened = await pass(30 * 24, 6);
  const last = new Map<string, number>();
  for (const { by, file, at } of opened) {
    expect(by).not.toBe(hospitals.get(file.split('/')[0]!));
    const pause = (at - (last.get(file) ?? START)) / DAY;
    expect([file, pause >= 7.5, pause < 24]).toEqual([file, true, true]);
    last.set(file, at);
  }
  expect(last.size).toBe(FILES);
  for (const at of last.values()) expect(clock.at - at).toBeLessThan(24 * DAY);
  const days = countsOf(opened.map(({ at }) => String(Math.floor((at - START) / DAY))));
  expect(Math.max(...days.values())).toBeLessThan(FILES / 4);
  const byWhom = countsOf(opened.map(({ by }) => by));
  for (const mspId of MSP_IDS) expect(byWhom.get(mspId)).toBeGreaterThan(5);
});

test('whoever is away is stood in for, within the days', async () => {
  await addRecords();
  const opened = await pass(29 * 24, 6, { asleep: ['MinistryMSP', 'ValleyMSP'] });
  const files = opened.map(({ file }) => file);
  // What City and Lakeside keep is audited by the other; what Valley keeps by both in turn.
  expect(new Set(files).size).toBe(FILES);
  for (const { at } of opened.filter(({ file }, place) => files.indexOf(file) === place))
    expect(at - START).toBeLessThan(30 * DAY);
});

test('after a long pause of everybody nothing is audited twice', async () => {
  await addRecords();
  clock.at += 100 * DAY;
  const opened = await pass(3, 0.25);
  expect(opened).toHaveLength(FILES);
  expect(new Set(opened.map(({ file }) => file)).size).toBe(FILES);
});

test('what failed is audited again at once, then less and less often; an intact one ends it', async () => {
  const recordId = await addRecord('CityMSP');
  const file = `${recordId}/1/sealed`;
  await addAudit({ by: 'LakesideMSP', file }, 'intact');
  clock.at += DAY;
  await addAudit({ by: 'LakesideMSP', file }, 'failed');
  const began = clock.at;
  const times = (await pass(18, 0.5, { outcome: () => 'failed' }))
    .filter((one) => one.file === file)
    .map(({ at }) => (at - began) / HOUR);
  expect(times[0]).toBeLessThanOrEqual(1);
  const pauses = times.slice(1).map((time, at) => time - times[at]!);
  for (const [at, least] of [1, 2, 4, 8].entries()) {
    expect(pauses[at]).toBeGreaterThanOrEqual(least);
    expect(pauses[at]).toBeLessThanOrEqual(least + 1.5);
  }
  clock.at += DAY;
  expect((await pass(1, 0.5)).filter((one) => one.file === file)).toHaveLength(1);
  expect((await pass(24, 3)).filter((one) => one.file === file)).toHaveLength(0);
});

test('one organisation has so many open at a time, and opens none that is open', async () => {
  await addRecords();
  clock.at += 100 * DAY;
  for (let round = 0; round < 3; round++) await pass(0.25, 0.25, { outcome: () => 'opened' });
  const rows = await query('SELECT auditor_msp, record_id, version, kind FROM audits');
  for (const [mspId, count] of countsOf(rows.map(({ auditor_msp: mspId }) => String(mspId))))
    expect([mspId, count <= 16]).toEqual([mspId, true]);
  expect(new Set(rows.map(({ record_id: id, version, kind }) => `${id}/${version}/${kind}`)).size).toBe(
    rows.length,
  );
});

test('what is not chained, has no tags or is of somebody erased has no turn; nor has anybody with fewer than three', async () => {
  await addRecord('CityMSP', { status: 'sealed' });
  await addRecord('CityMSP', { integrity: false });
  await addRecord('CityMSP');
  await query('INSERT INTO erasures (ledger_id, organizations, block_number) VALUES ($1, $2, 1)', [
    owners.at(-1)!,
    '{CityMSP}',
  ]);
  clock.at += 100 * DAY;
  expect(await pass(24 * 8, 6)).toEqual([]);
  await addRecord('CityMSP');
  clock.at += 100 * DAY;
  await query(`UPDATE organizations SET status = 'suspended' WHERE msp_id IN ('MinistryMSP', 'ValleyMSP')`);
  expect(await pass(24 * 8, 6)).toEqual([]);
  await query(`UPDATE organizations SET status = 'active'`);
  expect((await pass(24 * 8, 6)).length).toBe(2);
});
