import {
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  verify,
} from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyDigest } from '@medseal/crypto';
import fc from 'fast-check';
import { argon2idInWorker } from '../src/auth/argon2';
import { checkNobody, checkPassword, newInitialPassword, newPasswordRecord } from '../src/auth/passwords';
import { newStaffKeys, unwrapStaffKeys, wrapStaffKeys } from '../src/auth/staff-keys';
import { Turns } from '../src/auth/turns';
import { configOf } from '../src/config';
import { StorageFullError, StorageUnavailableError } from '../src/storage/object-store';
import { Clock } from '../src/clock';
import { signLowS } from '../src/fabric/identity';
import { BusinessRequest, businessId } from '../src/http/business-request';
import { checkIfMatch } from '../src/http/etag';
import { pageOf, pageOfArray } from '../src/http/paging';
import { ProblemException } from '../src/http/problem';
import { toProblem } from '../src/http/problem.filter';
import { writeSecretFile } from '../src/keystore/atomic-file';
import { Keystore } from '../src/keystore/keystore';
import { newX25519SecretKey, x25519PublicKey } from '../src/keystore/x25519';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

const codeOf = (act: () => unknown): string | undefined => {
  try {
    act();
    return undefined;
  } catch (error) {
    return (error as ProblemException).code;
  }
};

describe('signatures', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKey = createPublicKey(privateKey);
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-65);

  test('are strict DER with low S, for any message', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (message) => {
        const signature = signLowS(privateKey, message);
        expect(verify('sha256', message, publicKey, signature)).toBe(true);
        // The other implementation refuses high S and anything but minimal DER.
        expect(verifyDigest(point, createHash('sha256').update(message).digest(), signature)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('passwords', () => {
  test('open with the right one only, and give the same wrapping key', async () => {
    const { record, wrappingKey } = await newPasswordRecord('correct horse');
    expect(await checkPassword('correct horse', record)).toEqual(wrappingKey);
    for (const wrong of ['Correct horse', 'correct horse ', 'x']) {
      expect(await checkPassword(wrong, record)).toBeUndefined();
    }
    expect(await checkNobody('correct horse')).toBeUndefined();
    expect(Buffer.from(record.verifier).equals(Buffer.from(wrappingKey))).toBe(false);
  });

  test('composed and decomposed letters are the same', async () => {
    const { record } = await newPasswordRecord('Schl\u00fcssel');
    expect(await checkPassword('Schlu\u0308ssel', record)).toBeDefined();
  });

  test('first ones are long and never alike', () => {
    const made = new Set(Array.from({ length: 500 }, () => newInitialPassword()));
    expect(made.size).toBe(500);
    for (const password of made) expect(password).toMatch(/^([a-zA-Z2-9]{4}-){3}[a-zA-Z2-9]{4}$/);
  });
});

test('passwords that come faster than they can be checked are refused, not queued without end', async () => {
  const cheap = { salt: Buffer.alloc(16), memoryKib: 8, iterations: 1, parallelism: 1 };
  const asked = Array.from({ length: 260 }, (_, at) => argon2idInWorker({ password: `p${at}`, ...cheap }));
  const outcomes = await Promise.allSettled(asked);
  const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  expect(refused).toHaveLength(60);
  expect(toProblem(refused[0])).toMatchObject({ problem: { status: 429, code: 'BUSY' } });
  expect(await argon2idInWorker({ password: 'later', ...cheap })).toHaveLength(64);
});

test('storage in trouble is told as what it is, and that the step can be repeated', () => {
  const unavailable = toProblem(new StorageUnavailableError('cannot be reached (ECONNREFUSED)'));
  expect(unavailable.problem).toMatchObject({ status: 503, code: 'STORAGE_UNAVAILABLE' });
  expect(unavailable.problem.detail).toContain('repeat the step');
  expect(unavailable.headers).toHaveProperty('Retry-After');
  expect(toProblem(new StorageFullError()).problem).toMatchObject({ status: 507, code: 'STORAGE_FULL' });
});

test.each(['ENOSPC', '53100'])('a full disk (%s) is told as one, with the remedy', (code) => {
  const { problem, headers } = toProblem(Object.assign(new Error('write failed'), { code }));
  expect(problem).toMatchObject({ status: 507, code: 'DISK_FULL' });
  expect(problem.detail).toContain('free some space');
  expect(headers['Retry-After']).toBeDefined();
});

test('a secret that could not be written leaves nothing behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'medseal-secret-'));
  await expect(writeSecretFile(join(folder, 'x.key'), 42 as never)).rejects.toThrow();
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});

describe('staff keys', () => {
  test('open only under their key and place', async () => {
    const keys = await newStaffKeys();
    const key = Buffer.alloc(32, 1);
    const bundle = await wrapStaffKeys(keys, key, 'account/a');
    expect(await unwrapStaffKeys(bundle, key, 'account/a')).toEqual({
      signingKey: keys.signingKey,
      receivingKey: Uint8Array.from(keys.receivingKey),
      readerKey: keys.readerKey,
    });
    await expect(unwrapStaffKeys(bundle, key, 'account/b')).rejects.toThrow();
    await expect(unwrapStaffKeys(bundle, Buffer.alloc(32, 2), 'account/a')).rejects.toThrow();
    const changed = Uint8Array.from(bundle);
    changed[20]! ^= 1;
    await expect(unwrapStaffKeys(changed, key, 'account/a')).rejects.toThrow();
  });

  test('X25519 keys agree with each other', () => {
    const [alice, bob] = [newX25519SecretKey(), newX25519SecretKey()];
    const agreed = (secret: Uint8Array, other: Uint8Array): Buffer =>
      diffieHellman({
        privateKey: createPrivateKey({
          key: { kty: 'OKP', crv: 'X25519', d: b64(secret), x: b64(hex(x25519PublicKey(secret))) },
          format: 'jwk',
        }),
        publicKey: createPublicKey({
          key: { kty: 'OKP', crv: 'X25519', x: b64(hex(x25519PublicKey(other))) },
          format: 'jwk',
        }),
      });
    expect(agreed(alice, bob)).toEqual(agreed(bob, alice));
  });
});

describe('keystore', () => {
  const folder = mkdtempSync(join(tmpdir(), 'medseal-keystore-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const ledgerId = 'ab'.repeat(16);

  test('keeps its secrets over a restart, each in a file of mode 0600', async () => {
    const first = await Keystore.open(join(folder, 'a'), 'CityMSP');
    await first.createErasureKey(ledgerId);
    const second = await Keystore.open(join(folder, 'a'), 'CityMSP');
    expect(second.indexHmac('number', '1')).toBe(first.indexHmac('number', '1'));
    expect(second.erasureKey(ledgerId)).toEqual(first.erasureKey(ledgerId));
    expect(second.publicKeyOf('custodian')).toBe(first.publicKeyOf('custodian'));
    expect(second.publicKeyOf('agent')).toBe(first.publicKeyOf('agent'));
    const kinds = ['custodian', 'handover', 'agent'] as const;
    expect(new Set(kinds.map((kind) => second.publicKeyOf(kind))).size).toBe(kinds.length);
    const files = readdirSync(join(folder, 'a'), { recursive: true, encoding: 'utf8' });
    for (const name of files) {
      const status = statSync(join(folder, 'a', name));
      expect(status.mode & 0o777).toBe(status.isDirectory() ? 0o700 : 0o600);
    }
  });

  test('HMACs differ by label, value and organisation', async () => {
    const [a, b] = [
      await Keystore.open(join(folder, 'a'), 'CityMSP'),
      await Keystore.open(join(folder, 'b'), 'LakesideMSP'),
    ];
    const all = [
      a.indexHmac('x', 'yz'),
      a.indexHmac('xy', 'z'),
      a.indexHmac('x', 'y'),
      b.indexHmac('x', 'yz'),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  test('values open under their own name only, and never again once the key is destroyed', async () => {
    const keystore = await Keystore.open(join(folder, 'c'), 'CityMSP');
    const patient = 'cd'.repeat(16);
    expect(keystore.erasureKey(patient)).toBeUndefined();
    await expect(keystore.sealValue(patient, 'number/1', { number: '1' })).rejects.toThrow('erasure key');
    const [one, two] = await Promise.all([
      keystore.createErasureKey(patient),
      keystore.createErasureKey(patient),
    ]);
    expect(one).toEqual(two);
    const sealed = await keystore.sealValue(patient, 'number/1', { number: '1' });
    expect(await keystore.openValue(patient, 'number/1', sealed)).toEqual({ number: '1' });
    await expect(keystore.openValue(patient, 'number/2', sealed)).rejects.toThrow();
    await keystore.destroyErasureKey(patient);
    expect(keystore.erasureKey(patient)).toBeUndefined();
    expect(await keystore.openValue(patient, 'number/1', sealed)).toBeUndefined();
    await expect(keystore.createErasureKey(patient)).rejects.toThrow('was destroyed');
    const restarted = await Keystore.open(join(folder, 'c'), 'CityMSP');
    await restarted.createErasureKey(patient);
    await expect(restarted.openValue(patient, 'number/1', sealed)).rejects.toThrow();
    expect(() => keystore.erasureKey('../service')).toThrow('32 lower-case hex');
  });
});

describe('business requests', () => {
  test('derive the same values for the same act, others for another label, part or act', () => {
    const act = new BusinessRequest(businessId('a', 'b'), Buffer.alloc(32, 7));
    const same = new BusinessRequest(businessId('a', 'b'), Buffer.alloc(32, 7));
    expect(act.deriveId('x')).toBe(same.deriveId('x'));
    const other = new BusinessRequest(act.id, Buffer.alloc(32, 8));
    const ids = [act.deriveId('x'), act.deriveId('y'), act.part('p').deriveId('x'), other.deriveId('x')];
    expect(new Set(ids).size).toBe(ids.length);
    expect(act.part('p').id).toBe(same.part('p').id);
    expect(act.part('p').id).toMatch(/^[0-9a-f]{64}$/);
  });

  test('ids of different parts never meet', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string(), { maxLength: 4 }),
        fc.array(fc.string(), { maxLength: 4 }),
        (a, b) => {
          fc.pre(
            JSON.stringify(a) !== JSON.stringify(b) &&
              [...a, ...b].every((text) => Buffer.from(text).toString() === text),
          );
          expect(businessId(...a)).not.toBe(businessId(...b));
        },
      ),
    );
  });
});

describe('paging', () => {
  const items = Array.from({ length: 7 }, (_, at) => ({ id: `id-${at}` }));

  test('walks every item once, in order, whatever the limit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), (limit) => {
        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const query: Record<string, unknown> =
            cursor === null ? { limit: String(limit) } : { limit: String(limit), cursor };
          const page = pageOfArray(items, pageOf(query), ({ id }) => id);
          expect(page.items.length).toBeLessThanOrEqual(limit);
          expect(page.total).toBe(items.length);
          seen.push(...page.items.map(({ id }) => id));
          cursor = page.nextCursor;
        } while (cursor !== null);
        expect(seen).toEqual(items.map(({ id }) => id));
      }),
    );
  });

  test.each([
    { limit: '0' },
    { limit: '201' },
    { limit: '1.5' },
    { limit: 'x' },
    { limit: ['1', '2'] },
    { cursor: '!' },
    { q: 'x'.repeat(201) },
  ])('refuses %j', (query) => {
    expect(codeOf(() => pageOf(query))).toBe('INVALID_REQUEST');
  });
});

test.each([
  [undefined, true],
  ['*', true],
  ['"3"', true],
  ['"2", "3"', true],
  ['"2"', false],
  ['3', false],
  ['W/"3"', false],
])('If-Match %s for version 3', (ifMatch, passes) => {
  expect(codeOf(() => checkIfMatch(ifMatch, 3))).toBe(passes ? undefined : 'VERSION_CONFLICT');
});

describe('configuration', () => {
  const organization = { mspId: 'CityMSP', slug: 'city', name: 'City', kind: 'hospital', code: '101' };
  const good = {
    port: 0,
    dataDirectory: '/d',
    objectsDirectory: '/o',
    connectionProfile: '/c.yaml',
    organizations: [organization],
  };

  test('takes its defaults and the environment', () => {
    expect(configOf(good)).toMatchObject({ recordSteps: ['chain'], admit: [], databaseUrl: undefined });
    expect(configOf(good).storage).toEqual({ driver: 'file', directory: '/o' });
    expect(configOf(good, { MEDSEAL_PORT: '9092', DATABASE_URL: 'postgres://x' })).toMatchObject({
      port: 9092,
      databaseUrl: 'postgres://x',
    });
    const MEDSEAL_STORAGE = 's3://bucket/prefix';
    const s3 = { driver: 's3', bucket: 'bucket', prefix: 'prefix', region: 'ap-south-1', pathStyle: false };
    expect(configOf(good, { MEDSEAL_STORAGE, AWS_REGION: 'ap-south-1' }).storage).toEqual(s3);
    const { objectsDirectory: _, ...withoutFolder } = good;
    expect(configOf({ ...withoutFolder, storage: 's3://bucket/prefix?region=ap-south-1' }).storage).toEqual(
      s3,
    );
  });

  test.each([
    ['port', { port: 70_000 }],
    ['port', { port: '1' }],
    ['dataDirectory', { dataDirectory: '' }],
    ['objectsDirectory', { objectsDirectory: undefined }],
    ['storage must begin with s3://', { storage: 'https://bucket' }],
    ['organizations', { organizations: [] }],
    ['organizations[0].code', { organizations: [{ ...organization, code: '1' }] }],
    ['organizations[0].slug', { organizations: [{ ...organization, slug: 'City' }] }],
    ['organizations[0].kind', { organizations: [{ ...organization, kind: 'clinic' }] }],
    ['code of its own', { organizations: [organization, { ...organization, mspId: 'B', slug: 'b' }] }],
    ['clockFile', { clockFile: 'relative' }],
  ])('names %s', (field, change) => {
    expect(() => configOf({ ...good, ...change })).toThrow(field);
  });
});

test('the clock follows its offset file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'medseal-clock-'));
  const file = join(folder, 'clock');
  const clock = new Clock(file);
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(100);
  writeFileSync(file, '3600000');
  await new Promise((done) => setTimeout(done, 80));
  expect(Math.abs(clock.now() - Date.now() - 3_600_000)).toBeLessThan(100);
  rmSync(folder, { recursive: true });
});

test('turns run what has the same key one after the other, also after a failure', async () => {
  const turns = new Turns();
  const order: string[] = [];
  const slow = async (name: string): Promise<void> => {
    order.push(`${name} begins`);
    await new Promise((done) => setTimeout(done, 10));
    order.push(`${name} ends`);
    if (name === 'b') throw new Error('b fails');
  };
  const all = await Promise.allSettled([
    turns.run('k', () => slow('a')),
    turns.run('k', () => slow('b')),
    turns.run('k', () => slow('c')),
  ]);
  expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});
