import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditAnswer, AuditedKind, RecordAnswer } from '@medseal/client';
import { type AuditedRecord, AuditedRecords } from './audited-records';
import { type Caller, type Colleague, TestBed } from './harness';

jest.setTimeout(240_000);

/** Records of City, audited by Lakeside and the ministry; City's storage is what goes wrong. */

const KINDS: AuditedKind[] = ['sealed', 'sanitized'];

let bed: TestBed;
let records: AuditedRecords;
let auditor: Colleague;
let administrator: Caller;
let written: AuditedRecord[];

const until = async <Result>(look: () => Promise<Result | undefined | false>): Promise<Result> => {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await sleep(100);
  }
};

const open = async (recordId: string, kind: AuditedKind, by = auditor.caller): Promise<AuditAnswer> => {
  const answer = await by.post<AuditAnswer>('/audits', { recordId, kind });
  expect([answer.status, answer.body]).toEqual([201, expect.objectContaining({ status: 'opened' })]);
  return answer.body;
};
const get = async (auditId: string, by = auditor.caller) =>
  (await by.get<AuditAnswer & { proof: string | null }>(`/audits/${auditId}`)).body;
const closed = (auditId: string) =>
  until(async () => {
    const audit = await get(auditId);
    return audit.closedAt !== null && audit;
  });
const audited = async (recordId: string, kind: AuditedKind) => closed((await open(recordId, kind)).auditId);
const patient = async (): Promise<string> =>
  (await administrator.post('/patients', { name: 'Somebody' })).body['ledgerId'] as string;

beforeAll(async () => {
  bed = await TestBed.start();
  [administrator, auditor] = await Promise.all([
    bed.administrator('city'),
    bed.colleague('lakeside', 'auditor'),
  ]);
  records = await AuditedRecords.start(bed);
  const owners = [await patient(), await patient(), await patient()];
  written = await Promise.all(owners.map((owner) => records.write(owner)));
});

afterAll(async () => {
  records?.close();
  await bed?.stop();
});

describe('an audit', () => {
  test('of either file goes from its POST to its verdict by itself', async () => {
    const [{ recordId, entry }] = written as [AuditedRecord];
    for (const kind of KINDS) {
      const audit = await audited(recordId, kind);
      expect(audit).toMatchObject({ status: 'intact', version: entry.version });
    }
    const { body } = await administrator.get<RecordAnswer>(`/records/${recordId}`);
    expect(body.lastProven?.sealed.provenAt).not.toBeNull();
  });
});
