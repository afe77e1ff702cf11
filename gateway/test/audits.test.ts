import { cpSync, existsSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AuditAnswer,
  type AuditedKind,
  MedsealClient,
  type Notice,
  type Page,
  type RecordAnswer,
} from '@medseal/client';
import {
  detectionProbability,
  fromBase64,
  mclEngine,
  sha256Hex,
  toBase64,
  verifyProof,
} from '@medseal/crypto';
import { viewOf } from '../src/audits/audit-view';
import { FileObjectStore } from '../src/storage/file-object-store';
import { figure } from '../../test/support/figures';
import { type AuditedRecord, AuditedRecords } from './audited-records';
import { type Caller, type Colleague, TestBed } from './harness';

/**
 * Records of City, audited by Lakeside, whose contributor is the ministry. City's storage is what goes wrong: somebody
 * there changes, loses or exchanges objects, or submits what is no proof of them.
 */

const KINDS: AuditedKind[] = ['sealed', 'sanitized'];
const HOUR = 60 * 60_000;
/** 1,000 in `npm run drill -- faults`. */
const FAULTS = Number(process.env['MEDSEAL_FAULTS'] ?? 50);
const SEED = Number(process.env['MEDSEAL_SEED'] ?? 20_261_123);

jest.setTimeout(120_000 + 3_000 * FAULTS);

let bed: TestBed;
let records: AuditedRecords;
let auditor: Colleague;
let administrator: Caller;
let written: AuditedRecord[];

type Audit = AuditAnswer & { proof: string | null };

const until = async <Result>(look: () => Promise<Result | undefined | false>): Promise<Result> => {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await sleep(100);
  }
};

const open = async (recordId: string, kind: AuditedKind, version?: number): Promise<AuditAnswer> => {
  const answer = await auditor.caller.post<AuditAnswer>('/audits', { recordId, kind, version });
  // Others may have gone on before it was answered.
  expect([answer.status, answer.body]).toEqual([201, expect.objectContaining({ recordId, kind })]);
  return answer.body;
};
const get = async (auditId: string, by = auditor.caller) => (await by.get<Audit>(`/audits/${auditId}`)).body;
const closed = (auditId: string): Promise<Audit> =>
  until(async () => {
    const audit = await get(auditId);
    return audit.closedAt !== null && audit;
  });
const audited = async (recordId: string, kind: AuditedKind, version?: number): Promise<Audit> =>
  closed((await open(recordId, kind, version)).auditId);
/** An undone fault may still have met an audit that the schedule had opened: that one first. */
const provesIntact = async ({ recordId, entry }: AuditedRecord, kind: AuditedKind): Promise<void> => {
  await until(async () => {
    const { items } = await list(`recordId=${recordId}&kind=${kind}&limit=10`);
    return items.every(({ closedAt }) => closedAt !== null);
  });
  expect((await audited(recordId, kind, entry.version)).status).toBe('intact');
};
const list = async (query: string, by = auditor.caller): Promise<Page<AuditAnswer>> =>
  (await by.get<Page<AuditAnswer>>(`/audits?${query}`)).body;
const standing = async ({ recordId }: Pick<AuditedRecord, 'recordId'>) =>
  (await administrator.get<RecordAnswer>(`/records/${recordId}`)).body.lastProven!;
const newPatient = async (): Promise<string> =>
  (await administrator.post('/patients', { name: 'Somebody' })).body['ledgerId'] as string;

const pathOf = (digest: string, folder = 'objects'): string =>
  join(bed.folder, folder, digest.slice(0, 2), digest);
/** The folder is not there, and neither is another: nobody can tell what is in it. */
const storageAway = (): void => {
  renameSync(join(bed.folder, 'objects'), join(bed.folder, 'away'));
  writeFileSync(join(bed.folder, 'objects'), 'no folder');
};
const storageBack = (): void => {
  rmSync(join(bed.folder, 'objects'));
  renameSync(join(bed.folder, 'away'), join(bed.folder, 'objects'));
};

const signIn = async (): Promise<void> => {
  administrator = await bed.administrator('city');
  if (auditor === undefined) auditor = await bed.colleague('lakeside', 'auditor');
  else auditor.caller = await bed.signIn('lakeside', auditor.username, auditor.password);
};

beforeAll(async () => {
  bed = await TestBed.start();
  await signIn();
  records = await AuditedRecords.start(bed);
  const owners = [await newPatient(), await newPatient(), await newPatient()];
  written = await Promise.all(owners.map((owner) => records.write(owner)));
});

afterAll(async () => {
  records?.close();
  await bed?.stop();
});

describe('an audit', () => {
  test('of either file goes from its POST to its verdict by itself, and anybody can verify it', async () => {
    const [record] = written as [AuditedRecord];
    const { recordId, entry } = record;
    expect(await standing(record)).toEqual({
      sealed: { auditId: null, provenAt: null, failed: null },
      sanitized: { auditId: null, provenAt: null, failed: null },
    });
    for (const kind of KINDS) {
      const audit = await audited(recordId, kind);
      const { auditId, challenge, proof } = audit;
      expect(audit).toMatchObject({
        ...{ recordId, version: 1, kind, hospital: 'CityMSP', auditor: auditor.subject },
        ...{ auditorMspId: 'LakesideMSP', contributor: 'MinistryMSP', status: 'intact', reason: null },
        statement: 'Every block is there, unchanged.',
        detection: { everyBlock: true, oneBlock: 1, onePercent: 1 },
        proofDigest: sha256Hex(fromBase64(proof!)),
        repair: null,
      });
      const { parameters, identity } = records.signer;
      const verdict = verifyProof(await mclEngine(), {
        ...{ parameters, identity, tag: fromBase64(entry.integrity!.blinded!.tags[kind]) },
        challenge: { auditId, seed: challenge.seed!, size: challenge.size },
        replacedSet: await records.replacedSetOf(record, kind),
        proof: fromBase64(proof!),
      });
      expect(verdict).toEqual({ verdict: 'intact' });
      expect((await standing(record))[kind]).toEqual({ auditId, provenAt: audit.closedAt, failed: null });
    }
    const { items } = (await administrator.get<Page<RecordAnswer>>('/records')).body;
    expect(items.find((one) => one.recordId === recordId)!.lastProven).toEqual(await standing(record));
  });

  test('is opened from outside, of what is chained; count and seed are nobody’s to say', async () => {
    const [{ recordId }] = written as [AuditedRecord];
    const post = (body: object, by = auditor.caller) => by.post('/audits', body);
    for (const field of ['size', 'count', 'seed', 'blocks', 'commitment', 'nonce']) {
      const { status, body } = await post({ recordId, kind: 'sealed', [field]: 1 });
      expect([status, body['errors']?.[0]?.field]).toEqual([400, field]);
    }
    const own = await bed.colleague('city', 'auditor');
    expect((await post({ recordId, kind: 'sealed' }, own.caller)).body['code']).toBe('NOT_ALLOWED');
    expect((await post({ recordId, kind: 'sealed' }, administrator)).status).toBe(403);
    expect((await post({ recordId: 'ab'.repeat(16), kind: 'sealed' })).status).toBe(404);
    expect((await post({ recordId, kind: 'sealed', version: 2 })).status).toBe(404);
    expect((await post({ recordId, kind: 'everything' })).status).toBe(400);
  });

  test('sent again with its key is the same audit', async () => {
    const [{ recordId }] = written as [AuditedRecord];
    const body = { recordId, kind: 'sealed' };
    const first = await auditor.caller.post('/audits', body, { key: 'one-audit' });
    const again = await auditor.caller.post('/audits', body, { key: 'one-audit' });
    expect(again.body).toEqual(first.body);
    await closed(first.body['auditId'] as string);
  });

  test('is listed, newest first, by record, kind, status and organisation', async () => {
    const [{ recordId }] = written as [AuditedRecord];
    const all = await list(`recordId=${recordId}`);
    expect(all.total).toBe(3);
    const times = all.items.map(({ openedAt }) => openedAt);
    expect(times).toEqual([...times].sort().reverse());
    const first = await list(`recordId=${recordId}&limit=2`);
    const rest = await list(`recordId=${recordId}&limit=2&cursor=${first.nextCursor}`);
    expect([...first.items, ...rest.items]).toEqual(all.items);
    expect((await list(`recordId=${recordId}&kind=sanitized`)).total).toBe(1);
    expect((await list(`recordId=${recordId}&status=failed`)).total).toBe(0);
    expect((await list(`recordId=${recordId}&organization=MinistryMSP`, administrator)).total).toBe(3);
    expect((await list(`recordId=${recordId}&organization=NobodyMSP`)).total).toBe(0);
    for (const query of ['status=good', 'kind=all', 'cursor=eHk'])
      expect((await auditor.caller.get(`/audits?${query}`)).status).toBe(400);
    expect((await auditor.caller.get('/audits/0')).status).toBe(404);
  });

  test('goes on after the gateway was killed in its midst, with another session and no help', async () => {
    const [, { recordId }] = written as [AuditedRecord, AuditedRecord];
    const { auditId } = await open(recordId, 'sanitized');
    await bed.restartGateway('SIGKILL');
    await signIn();
    expect((await closed(auditId)).status).toBe('intact');
  });

  test('says of a sample what it would have met', async () => {
    const audit = await get((await list('status=intact')).items[0]!.auditId);
    const entry = await records.audit(audit.auditId);
    const sample = viewOf({ ...entry, blocks: 10_000, size: 460 }, null);
    expect(sample.detection).toEqual({
      everyBlock: false,
      oneBlock: expect.closeTo(0.046),
      onePercent: detectionProbability(10_000, 460, 100),
    });
    expect(sample.statement).toContain('460 of 10000 blocks');
    expect(sample.statement).toContain('99.12 %');
    expect(viewOf({ ...entry, status: 'aborted', reason: 'erased' }, null).statement).toContain(
      'nobody is at fault',
    );
  });
});

describe('storage that cannot be asked', () => {
  /** An audit whose proof has been tried in vain, while `act` runs. */
  const whileAway = async <Result>(
    { recordId }: AuditedRecord,
    kind: AuditedKind,
    act: (auditId: string) => Promise<Result>,
  ): Promise<{ auditId: string; result: Result }> => {
    storageAway();
    try {
      const { auditId } = await open(recordId, kind);
      await until(async () => (await get(auditId)).status === 'revealed');
      const before = bed.log.length;
      await until(async () => bed.log.slice(before).includes('proveAudit of CityMSP is tried again'));
      return { auditId, result: await act(auditId) };
    } finally {
      storageBack();
    }
  };

  test('is asked again, and its audit ends intact once it answers', async () => {
    const [record] = written as [AuditedRecord];
    const { auditId, result } = await whileAway(record, 'sealed', get);
    expect(result.status).toBe('revealed');
    expect((await closed(auditId)).status).toBe('intact');
  });

  /** Adversary: somebody with City's service key who proves what they have instead. */
  test('has no other file’s proof in its place', async () => {
    const [record, other] = written as [AuditedRecord, AuditedRecord];
    const { auditId } = await whileAway(record, 'sealed', async (id) => {
      const away = await FileObjectStore.open(join(bed.folder, 'away'));
      const proof = await records.proofOf(other, 'sealed', await records.audit(id), away);
      const service = await records.person('CityMSP', 'service');
      await records.submit(service, 'integrity:prove', [id, toBase64(proof)]);
    });
    expect(await closed(auditId)).toMatchObject({ status: 'failed', reason: 'does not hold' });
    // Others see to it that it is asked again at once.
    await until(async () => (await standing(record)).sealed.failed === null);
    expect((await standing(record)).sealed.auditId).not.toBe(auditId);
    expect((await standing(other)).sealed.failed).toBeNull();
  });

  test('for as long as there is time: failed, and intact when it is asked again', async () => {
    const [record] = written as [AuditedRecord];
    const { auditId } = await whileAway(record, 'sanitized', async (id) => {
      await bed.advance(1.6 * HOUR);
      await signIn();
      expect(await closed(id)).toMatchObject({ status: 'failed', reason: 'no proof', proofDigest: null });
      expect((await standing(record)).sanitized.failed).toMatchObject({ auditId: id, reason: 'no proof' });
    });
    await until(async () => (await standing(record)).sanitized.failed === null);
    expect((await get(auditId)).status).toBe('failed');
  });
});

/** Random, the same for the same seed. */
const randomOf = (seed: number) => {
  let state = seed;
  return (below: number): number => {
    state = (Math.imul(state ^ (state >>> 15), state | 1) + 0x6d2b79f5) | 0;
    const mixed = state ^ (state + Math.imul(state ^ (state >>> 7), state | 61));
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
};

describe('faults in stored objects', () => {
  const random = randomOf(SEED);
  const pick = <T>(items: readonly T[]): T => items[random(items.length)]!;
  const WAYS = ['flip', 'truncate', 'append', 'swap', 'delete', 'stale'] as const;
  const PARTS = ['object', 'signedFile'] as const;
  /** By path, before anything was damaged. */
  const wholeBytes = new Map<string, Buffer>();
  /** Of faults, before files are whole again. */
  const ROUNDS = 8;

  interface File {
    record: AuditedRecord;
    kind: AuditedKind;
    /** The same file of the version before. */
    older: AuditedRecord | undefined;
  }

  /** @returns what undoes it */
  const damage = (
    { record, kind, older }: File,
    whole: readonly File[],
  ): { way: string; undo: () => void } => {
    const part = pick(PARTS);
    const path = pathOf(record.files[kind][part]);
    const bytes = wholeBytes.get(path)!;
    const way = pick(WAYS.filter((one) => one !== 'stale' || older !== undefined));
    const other = pick(whole);
    switch (way) {
      case 'flip': {
        const flipped = Buffer.from(bytes);
        flipped[random(bytes.length)]! ^= 1 << random(8);
        writeFileSync(path, flipped);
        break;
      }
      case 'truncate':
        writeFileSync(path, bytes.subarray(0, random(bytes.length)));
        break;
      case 'append':
        writeFileSync(path, Buffer.concat([bytes, Buffer.alloc(1 + random(100), random(256))]));
        break;
      case 'swap':
        writeFileSync(path, wholeBytes.get(pathOf(other.record.files[other.kind][part]))!);
        break;
      case 'delete':
        unlinkSync(path);
        break;
      case 'stale':
        writeFileSync(path, wholeBytes.get(pathOf(older!.files[kind][part]))!);
        break;
    }
    return { way: `${way} ${part}`, undo: () => writeFileSync(path, bytes) };
  };

  const shuffled = <T>(items: readonly T[]): T[] => {
    const left = [...items];
    return items.map(() => left.splice(random(left.length), 1)[0]!);
  };

  test(`${FAULTS} of them are each reported on the right record, and no intact one is accused`, async () => {
    const [first, ...rest] = written as [AuditedRecord, ...AuditedRecord[]];
    const second = await records.amend(first);
    const files = [
      ...rest.map((record) => ({ record, older: undefined })),
      { record: first, older: undefined },
      { record: second, older: first },
    ].flatMap((one) => KINDS.map((kind) => ({ ...one, kind })));
    for (const { record, kind } of files)
      for (const part of PARTS) {
        const path = pathOf(record.files[kind][part]);
        wholeBytes.set(path, readFileSync(path));
      }
    const nameOf = ({ record, kind }: File) => `${record.recordId}/${record.entry.version}/${kind}`;
    const ways: Record<string, number> = {};
    const wrong: [file: string, way: string, outcome: string][] = [];
    let intact = 0;
    const audit = async (file: File, way: string | undefined): Promise<void> => {
      const { recordId, version } = file.record.entry;
      const { status, reason } = await audited(recordId, file.kind, version);
      if (way === undefined) intact += 1;
      else ways[way] = (ways[way] ?? 0) + 1;
      if (status !== (way === undefined ? 'intact' : 'failed'))
        wrong.push([nameOf(file), way ?? 'whole', `${status} ${reason}`]);
    };
    for (let done = 0; done < FAULTS;) {
      // A file that fails again and again is audited seldom by itself: few audits here are not the drill's.
      const [whole, ...others] = shuffled(files) as [File, ...File[]];
      for (let round = 0; round < ROUNDS && done < FAULTS; round++) {
        const hit = shuffled(others).slice(0, FAULTS - done);
        const damages = hit.map((file) => damage(file, [whole]));
        try {
          const asked = hit.map((file, at) => audit(file, damages[at]!.way));
          await Promise.all([...asked, ...(round === 0 ? [audit(whole, undefined)] : [])]);
        } finally {
          for (const { undo } of damages) undo();
        }
        done += hit.length;
      }
      // As they were before: none of them is held to be damaged.
      await Promise.all(others.map((file) => provesIntact(file.record, file.kind)));
      intact += others.length;
    }
    expect(wrong).toEqual([]);
    figure({ faults: FAULTS, reported: FAULTS, auditsOfIntactFiles: intact, accused: 0, ...ways });
  });
});

describe('an audit that fails', () => {
  test('is told to administrators and auditors of both sides, logged, counted and listed', async () => {
    const [, , record] = written as [AuditedRecord, AuditedRecord, AuditedRecord];
    const colleague = await bed.colleague('city', 'auditor');
    const doctor = await bed.colleague('city', 'doctor', {
      doctorId: (await administrator.post('/doctors', { name: 'Dr. None', specialization: 'Heart' })).body[
        'id'
      ],
    });
    const heard: Record<string, Notice[]> = {};
    const left = new AbortController();
    const listen = async (organization: string, username: string, password: string): Promise<void> => {
      const client = new MedsealClient(bed.url);
      await client.login(organization, username, password);
      const notices = (heard[username] = []) as Notice[];
      await new Promise<void>((ready) => {
        void (async () => {
          for await (const event of client.notices({ signal: left.signal })) {
            if (event.kind === 'notice') notices.push(event.notice);
            else ready();
          }
        })().catch(() => undefined);
      });
    };
    await listen('city', colleague.username, colleague.password);
    await listen('city', doctor.username, doctor.password);
    await listen('lakeside', auditor.username, auditor.password);
    const before = bed.log;
    const path = pathOf(record.files.sealed.object);
    const bytes = readFileSync(path);
    unlinkSync(path);
    const { auditId } = await audited(record.recordId, 'sealed');
    writeFileSync(path, bytes);
    const of = (username: string) =>
      until(async () => heard[username]!.find(({ type }) => type === 'audit.failed'));
    const notice = {
      ...{ type: 'audit.failed', auditId, recordId: record.recordId, version: 1, kind: 'sealed' },
      ...{
        hospital: 'CityMSP',
        organizationName: 'City Hospital',
        reason: 'no proof',
        at: expect.any(String),
      },
    };
    expect(await of(colleague.username)).toEqual(notice);
    expect(await of(auditor.username)).toEqual(notice);
    expect(heard[doctor.username]).toEqual([]);
    left.abort();
    expect(bed.log.slice(before.length)).toContain(`Audit ${auditId} failed (no proof)`);
    expect((await list(`recordId=${record.recordId}&status=failed`)).items[0]).toMatchObject({
      auditId,
      statement: expect.stringContaining('lost or altered'),
    });
    const metrics = (await bed.nobody().get<string>('/metrics')).body;
    expect(metrics).toMatch(
      /medseal_audits_total\{organization="city",part="hospital",outcome="failed"\} [1-9]/,
    );
    expect(metrics).toMatch(
      /medseal_audits_total\{organization="lakeside",part="auditor",outcome="failed"\} [1-9]/,
    );
    await provesIntact(record, 'sealed');
    expect((await standing(record)).sealed.failed).toBeNull();
  });

  test('has its file put back from a copy, and is audited again at once', async () => {
    const [, record] = written as [AuditedRecord, AuditedRecord];
    cpSync(join(bed.folder, 'objects'), join(bed.folder, 'copies'), { recursive: true });
    // The schedule's days are for what comes after.
    await bed.restartGateway('SIGTERM', { copies: [join(bed.folder, 'copies')], auditEveryDays: 1 });
    await signIn();
    const { object, signedFile } = record.files.sanitized;
    unlinkSync(pathOf(object));
    writeFileSync(pathOf(signedFile), 'altered');
    const { auditId } = await audited(record.recordId, 'sanitized');
    await until(async () => {
      const { sanitized } = await standing(record);
      return sanitized.failed === null && sanitized.auditId !== null;
    });
    for (const digest of [object, signedFile]) expect(sha256Hex(readFileSync(pathOf(digest)))).toBe(digest);
    expect((await get(auditId, administrator)).repair).toMatchObject({ outcome: 'restored' });
    expect((await get(auditId)).repair).toBeNull();
    // What is deleted is gone from the copies too, and what is put is in both.
    expect(existsSync(pathOf(object, 'copies'))).toBe(true);
  });
});

describe('the schedule', () => {
  test('audits every file of another hospital within its days, once, whoever’s turn it is', async () => {
    const since = Date.now() + 1.6 * HOUR;
    await bed.advance(23 * HOUR);
    await signIn();
    const recordIds = written.map(({ recordId }) => recordId);
    const scheduled = async () =>
      (await list('organization=CityMSP&limit=200')).items.filter(
        ({ auditor: by, openedAt }) => by === null && Date.parse(openedAt) > since,
      );
    const files = recordIds.length * KINDS.length + KINDS.length;
    const items = await until(async () => {
      const found = await scheduled();
      return found.length >= files && found.every(({ closedAt }) => closedAt !== null) && found;
    });
    const names = items.map(({ recordId, version, kind }) => `${recordId}/${version}/${kind}`);
    expect(new Set(names).size).toBe(files);
    expect(names.length).toBe(files);
    for (const { status, auditorMspId, contributor } of items) {
      expect([status, auditorMspId === 'CityMSP', contributor === 'CityMSP']).toEqual([
        'intact',
        false,
        false,
      ]);
      expect(auditorMspId).not.toBe(contributor);
    }
    await bed.restartGateway('SIGKILL');
    await signIn();
    expect((await scheduled()).length).toBe(files);
  });
});

describe('an author who signs wrongly', () => {
  test('has the package refused and given back, and nothing of it stored', async () => {
    const sanitizer = await bed.colleague('city', 'sanitizer');
    const recordId = await records.blindWrongly(await newPatient(), sanitizer.subject);
    const path = `/records/${recordId}`;
    const shown = await until(async () => {
      const { status, body } = await sanitizer.caller.get(`${path}/sanitizing`);
      return status === 200 && body;
    });
    expect(shown).toMatchObject({ fault: { code: 'BAD_AUTHENTICATOR' }, document: null });
    const sanitize = async (body: object) => (await sanitizer.caller.post(`${path}/sanitize`, body)).body;
    expect(await sanitize({})).toMatchObject({ status: 422, code: 'BAD_AUTHENTICATOR' });
    expect(await standing({ recordId })).toBeNull();
    expect(await sanitize({ return: 'BAD_AUTHENTICATOR' })).toMatchObject({
      status: 'sealed',
      next: { step: 'blind', role: 'author' },
    });
    const { body } = await sanitizer.caller.get(path);
    expect(body['integrity']).toMatchObject({
      sanitized: null,
      returned: { reasonCode: 'BAD_AUTHENTICATOR', by: sanitizer.subject },
    });
  });
});
