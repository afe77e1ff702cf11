import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Caller, Colleague, Json } from '../harness';
import type { TestBed } from '../harness';
import { sharedBed } from './shared-bed';

const COMMAND = resolve(__dirname, '../../dist/verify/command.js');

describe('receipts and documents verified by anybody', () => {
  let bed: TestBed;
  let doctor: Colleague;
  let auditor: Caller;
  let document: Record<string, Json>;
  /** As JavaScript reads it, its decimals no longer as they were written. */
  let bundle: Json;
  let receipt: Record<string, Json>;
  let recordId: string;
  let blocks: string;

  const ask = (statement: unknown) => bed.nobody().post('/verify', statement, { key: null });
  const amended = async () => {
    const answer = await doctor.caller.post(`/records/${recordId}/amend`, {
      effectiveDate: '2020-03-02',
      disease: 'Fever',
      document: { progressNotes: [{ text: 'Fever is gone' }] },
    });
    expect(answer.status).toBe(201);
  };
  /** The command in a process of its own. */
  const command = (args: string[], environment: NodeJS.ProcessEnv = process.env) =>
    new Promise<{ status: number; stdout: string; stderr: string }>((done) => {
      execFile(process.execPath, [COMMAND, ...args], { env: environment }, (error, stdout, stderr) =>
        done({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
    });
  const exported = async (name: string): Promise<string> => {
    const folder = join(bed.folder, name);
    const environment = { ...process.env, MEDSEAL_TOKEN: doctor.caller.token };
    const done = await command(['--export', folder, '--url', bed.url], environment);
    expect([done.status, done.stderr]).toEqual([0, '']);
    return folder;
  };
  const offline = async (statement: unknown, folder: string, ...more: string[]) => {
    const file = join(bed.folder, 'statement.json');
    writeFileSync(file, JSON.stringify(statement));
    const { status, stdout, stderr } = await command(['--blocks', folder, ...more, file]);
    const answer = stdout === '' ? {} : (JSON.parse(stdout) as Record<string, Json>);
    return { status, answer, stderr };
  };

  beforeAll(async () => {
    bed = await sharedBed();
    const admin = await bed.administrator('city');
    const doctorId = (await admin.post('/doctors', { name: 'Dr. Sundar', specialization: 'Ortho' })).body[
      'id'
    ];
    doctor = await bed.colleague('city', 'doctor', { doctorId });
    auditor = (await bed.colleague('lakeside', 'auditor')).caller;
    const patient = (await admin.post('/patients', { name: 'Geetha', doctorId: doctor.subject })).body;
    const written = await doctor.caller.call('POST', '/records', {
      key: 'write',
      headers: { 'content-type': 'application/json' },
      // As text: JavaScript would write 38.90 as 38.9.
      body: `{"registrationNo":"${patient['registrationNo']}","effectiveDate":"2020-02-29","disease":"Fever",
        "document":{"vitalSigns":[{"text":"Body temperature","value":38.90,"unit":"Cel"}]}}`,
    });
    recordId = written.body['recordId'] as string;
    await doctor.caller.post(`/records/${recordId}/complete`, {});
    const opened = (
      await doctor.caller.post(`/records/${recordId}/open?decrypt=true&statement=true`, {
        purpose: 'CAREMGT',
      })
    ).body;
    document = opened['statement'];
    bundle = opened['bundle'];
    const { ledgerId } = patient as { ledgerId: string };
    receipt = (await auditor.get(`/access-log?ledgerId=${ledgerId}`)).body['items'][0].statement;
    blocks = await exported('blocks');
  }, 180_000);

  test('what the ledger has is valid, with its issuer and nothing of the patient', async () => {
    for (const [kind, statement] of [
      ['receipt', receipt],
      ['document', document],
    ] as const) {
      const answer = await ask(statement);
      expect([answer.status, answer.body]).toEqual([
        200,
        {
          kind,
          verdict: 'valid',
          issuer: { mspId: 'CityMSP', name: 'City Hospital' },
          transactionId: expect.stringMatching(/^[0-9a-f]{64}$/),
          blockNumber: expect.any(Number),
          reason: null,
          checkedAt: expect.stringMatching(/Z$/),
        },
      ]);
      const alone = await offline(statement, blocks);
      expect([alone.status, alone.answer]).toEqual([
        0,
        expect.objectContaining({ kind, verdict: 'valid', firstInvalid: null }),
      ]);
    }
  });

  test('a document is the same with its decimals as they were written', async () => {
    const text = JSON.stringify({ ...document, document: bundle }).replace(
      /"value":38\.9\b/,
      '"value":38.90',
    );
    expect(text).toContain('38.90');
    const answer = await bed.nobody().call('POST', '/verify', {
      key: null,
      headers: { 'content-type': 'application/json' },
      body: text,
    });
    expect(answer.body['verdict']).toBe('valid');
  });

  test('any other word of it is changed, and what nobody wrote is unknown', async () => {
    const changes: [Record<string, Json>, string][] = [
      [{ ...receipt, reader: 'ab'.repeat(16) }, 'changed'],
      [{ ...receipt, organization: 'LakesideMSP' }, 'changed'],
      [{ ...receipt, basis: 'consent' }, 'changed'],
      [{ ...receipt, consentId: 'ab'.repeat(16) }, 'changed'],
      [{ ...receipt, recordIds: [...receipt['recordIds'], 'ab'.repeat(16)] }, 'changed'],
      [{ ...receipt, receiptId: 'ab'.repeat(32) }, 'unknown'],
      [{ ...receipt, channel: 'other' }, 'unknown'],
      [{ ...document, salt: 'ab'.repeat(32) }, 'changed'],
      [{ ...document, document: { ...document['document'], id: 'other' } }, 'changed'],
      [{ ...document, version: 2 }, 'unknown'],
      [{ ...document, recordId: 'ab'.repeat(16) }, 'unknown'],
    ];
    for (const [statement, verdict] of changes) {
      expect([(await ask(statement)).body['verdict'], statement]).toEqual([verdict, statement]);
    }
    const { status, answer } = await offline(changes[0]![0], blocks);
    expect([status, answer['verdict']]).toEqual([1, 'changed']);
    expect((await offline(changes[5]![0], blocks)).status).toBe(2);
  });

  test('bad input names the field', async () => {
    for (const [statement, field] of [
      [{}, 'format'],
      [[], 'statement'],
      [{ ...receipt, receiptId: 'x' }, 'receiptId'],
      [{ ...receipt, recordIds: [] }, 'recordIds'],
      [{ ...document, version: 0 }, 'version'],
      [{ ...document, document: 'text' }, 'document'],
    ] as const) {
      const answer = await ask(statement);
      expect([answer.status, answer.body['errors']?.[0].field]).toEqual([400, field]);
    }
    const { status, stderr } = await offline({ ...receipt, receiptId: 'x' }, blocks);
    expect([status, stderr]).toEqual([2, expect.stringContaining('receiptId must be 64 lower-case hex')]);
  });

  test('offline, one altered byte or a missing block is enough to tell nothing', async () => {
    const { blockNumber, genesisHash } = (await offline(receipt, blocks)).answer as Record<string, Json>;
    expect((await offline(receipt, blocks, '--genesis', genesisHash as string)).status).toBe(0);
    const other = await offline(receipt, blocks, '--genesis', 'ab'.repeat(32));
    expect([other.status, other.answer['verdict']]).toEqual([2, 'unknown']);

    const folder = join(bed.folder, 'altered');
    mkdirSync(folder);
    const files = readdirSync(blocks).sort();
    for (const file of files) copyFileSync(join(blocks, file), join(folder, file));
    const target = join(folder, files[blockNumber as number]!);
    const bytes = readFileSync(target);
    const at = bytes.indexOf(Buffer.from(receipt['reader'] as string));
    bytes[at]! ^= 1;
    writeFileSync(target, bytes);
    const altered = await offline(receipt, folder);
    expect([altered.status, altered.answer['firstInvalid']]).toEqual([
      2,
      expect.objectContaining({ kind: 'block', id: String(blockNumber) }),
    ]);
    rmSync(join(folder, files[5]!));
    const missing = await offline(receipt, folder);
    expect([missing.status, missing.stderr]).toEqual([2, expect.stringContaining('Block 5 is missing')]);
  });

  test('a document is revoked once a later version has taken its place', async () => {
    await amended();
    await doctor.caller.post(`/records/${recordId}/complete`, {});
    const answer = await ask(document);
    expect([answer.body['verdict'], answer.body['reason']]).toEqual([
      'revoked',
      'Version 2 has taken the place of version 1.',
    ]);
    const later = await exported('later');
    expect((await offline(document, later)).answer['verdict']).toBe('revoked');
    expect((await offline(document, blocks)).answer['verdict']).toBe('valid');
  }, 60_000);
});
