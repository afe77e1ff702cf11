import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConsentWish, type GrantBody, MedsealClient, PatientDevice } from '@medseal/client';
import { fromBase64, sha256Hex, toBase64 } from '@medseal/crypto';
import { type Caller, type Colleague, type Json, TestBed } from './harness';

jest.setTimeout(240_000);

/** Input that is wrong, and agents that are: each has a name, and what was refused is written nowhere. */

const PASSWORD = 'a password of the patient';
const PASSPHRASE = 'a passphrase of the patient';
const MINUTE = 60_000;

let bed: TestBed;
let admin: Caller;
let owner: MedsealClient;
const asked: string[] = [];
let device: PatientDevice;
let author: Colleague;
let doctor: Colleague;
let wish: ConsentWish;
let consentId: string;
let recordId: string;
let registrationNo: string;

const until = async <Result>(look: () => Promise<Result | undefined | false>): Promise<Result> => {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await sleep(200);
  }
};

const open = (id = consentId) =>
  doctor.caller.post(`/records/${recordId}/open?decrypt=true`, { purpose: 'TREATMENT', consentId: id });

/** The answer once everything that is handed over has arrived. */
const read = (id = consentId) =>
  until(async () => {
    const answer = await open(id);
    return !/PENDING$/.test(String(answer.body['code'])) && answer;
  });

const activeConsent = async (change: Partial<ConsentWish> = {}): Promise<string> => {
  const body = await device.makeConsent(owner, { ...wish, ...change });
  await device.signConsent(owner, body);
  const id = body.fields.consentId;
  await until(async () => (await owner.consent(id)).status === 'active');
  return id;
};

const doctorAt = async (organization: 'city' | 'lakeside', name: string): Promise<Colleague> => {
  const administrator = await bed.administrator(organization);
  const { body } = await administrator.post('/doctors', { name, specialization: 'Heart' });
  return bed.colleague(organization, 'doctor', { doctorId: body['id'] });
};

beforeAll(async () => {
  bed = await TestBed.start();
  admin = await bed.administrator('city');
  author = await doctorAt('city', 'Dr. Sundar');
  doctor = await doctorAt('lakeside', 'Dr. Rajini');
  const { body } = await admin.post('/patients', { name: 'Geetha' });
  registrationNo = body['registrationNo'] as string;
  owner = new MedsealClient(bed.url, (input, init) => {
    asked.push(new URL(input instanceof Request ? input.url : input).pathname);
    return fetch(input, init);
  });
  ({ device } = await PatientDevice.activate(owner, {
    ...{ organization: 'city', username: 'geetha', password: PASSWORD, passphrase: PASSPHRASE },
    activationCode: body['activationCode'] as string,
  }));
  await owner.login('city', 'geetha', PASSWORD);
  await admin.post(`/patients/${registrationNo}/encounters`, {
    ...{ class: 'AMB', doctorId: author.subject, reason: 'Fever' },
    period: { start: '2024-06-07T09:00:00Z' },
  });
  recordId = await write('Fever of the patient');
  wish = {
    grantee: { kind: 'person', id: doctor.subject, mspId: 'LakesideMSP' },
    scopes: ['general'],
    terms: {
      purpose: 'CAREMGT',
      recordTypes: ['OPConsultation'],
      dateRange: { from: '2020-01-01', to: '2030-12-31' },
      dataEraseAt: '2039-01-01T00:00:00.000Z',
    },
    expiresAt: '2038-01-01T00:00:00.000Z',
  };
  consentId = await activeConsent();
  expect((await read()).status).toBe(200);
});

afterAll(() => bed?.stop());

const recordOf = (text: string) => ({
  ...{ registrationNo, effectiveDate: '2024-06-07', disease: 'Fever', recordType: 'OPConsultation' },
  document: { problems: [{ text }] },
});

const write = async (text: string): Promise<string> => {
  const { body } = await author.caller.post('/records', recordOf(text));
  await author.caller.post(`/records/${body['recordId']}/complete`, {});
  return body['recordId'] as string;
};

describe('bad input is refused by name and written nowhere:', () => {
  const written = async () => ({
    blocks: (await admin.get('/blockchain/blocks?limit=1')).body['total'] as number,
    objects: readdirSync(join(bed.folder, 'objects'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => `${join(parentPath, name)} ${statSync(join(parentPath, name)).size}`)
      .sort(),
    keyring: sha256Hex(JSON.stringify(await owner.keyring())),
  });
  /** Once services have nothing left to do by themselves. */
  const settled = async () => {
    for (let before = await written(); ;) {
      await sleep(1_500);
      const now = await written();
      if (now.blocks === before.blocks) return now;
      before = now;
    }
  };
  let before: Awaited<ReturnType<typeof written>>;

  beforeAll(async () => {
    before = await settled();
  });
  afterEach(async () => {
    expect(await written()).toEqual(before);
  });

  const withScope = (body: GrantBody, change: object): Json => ({
    ...body,
    fields: { ...body.fields, scopes: [{ ...body.fields.scopes[0], ...change }] },
  });
  const shareOf = (body: GrantBody) =>
    JSON.parse(Buffer.from(body.sealedShares[0]!.bytes, 'base64').toString()) as Json;
  const withShare = (body: GrantBody, share: Json): Json => ({
    ...body,
    sealedShares: [
      { ...body.sealedShares[0]!, bytes: Buffer.from(JSON.stringify(share)).toString('base64') },
      ...body.sealedShares.slice(1),
    ],
  });

  test.each<[string, string, (body: GrantBody, other: GrantBody) => Json]>([
    [
      'a check value of low order',
      'GRANT_INVALID',
      (body) =>
        withScope(body, {
          points: [`80${'00'.repeat(47)}`, ...body.fields.scopes[0]!.points.slice(1)],
        }),
    ],
    [
      'a check value at infinity',
      'GRANT_INVALID',
      (body) =>
        withScope(body, {
          points: [`c0${'00'.repeat(47)}`, ...body.fields.scopes[0]!.points.slice(1)],
        }),
    ],
    [
      'a share for another grant',
      'INVALID_REQUEST',
      (body, other) => ({ ...body, sealedShares: other.sealedShares }),
    ],
    [
      'a truncated share',
      'INVALID_REQUEST',
      (body) => {
        const share = shareOf(body);
        const [scope] = share.scopes;
        const short = toBase64(fromBase64(scope.sealedShare).subarray(1));
        return withShare(body, { scopes: [{ ...scope, sealedShare: short }] });
      },
    ],
    [
      'the check values of another scope',
      'BAD_ARGUMENT',
      (body) => withScope(body, { publicKey: body.fields.scopes[0]!.points[0] }),
    ],
  ])('a grant with %s: %s', async (_what, code, change) => {
    const body = await device.makeConsent(owner, wish);
    const other = await device.makeConsent(owner, wish);
    const wrong = change(body, other) as GrantBody;
    const failure = device.signConsent(owner, wrong).then(
      () => 'signed',
      (error: { code: string }) => error.code,
    );
    expect(await failure).toBe(code);
  });

  test('a document larger than a record may be: TOO_LARGE', async () => {
    const large = recordOf('x'.repeat(64 * 2 ** 20));
    expect(await author.caller.post('/records', large)).toMatchObject({
      status: 413,
      body: { code: 'TOO_LARGE' },
    });
  });

  test('a wrong passphrase, ten times: WRONG_PASSPHRASE, and the right one opens afterwards', async () => {
    for (let tries = 0; tries < 10; tries++) {
      const unlocked = PatientDevice.unlock(owner, `${PASSPHRASE}${tries}`);
      await expect(unlocked).rejects.toMatchObject({ code: 'WRONG_PASSPHRASE' });
    }
    expect((await PatientDevice.unlock(owner, PASSPHRASE)).ledgerId).toBe(device.ledgerId);
  });
});

test('a device asks for the organisations once a grant, and not again to sign', async () => {
  const known = await PatientDevice.unlock(owner, PASSPHRASE);
  asked.length = 0;
  const body = await known.makeConsent(owner, wish);
  await known.signConsent(owner, body);
  await known.revokeConsent(owner, body.fields.consentId);
  expect(asked.filter((path) => path.endsWith('/organizations'))).toHaveLength(1);
});

describe('agents that are not as they should be', () => {
  const LYING = join(__dirname, 'processes/lying-agent.mjs');
  const NEGATING = join(__dirname, 'processes/negating-agent.mjs');

  test('one whose answer is wrong though it opens is named in the log', async () => {
    await bed.stopAgent('ministry');
    await bed.startAgent('ministry', NEGATING);
    await until(async () => (await open()).status === 200);
    await until(() => Promise.resolve(bed.log.includes('Wrong answers of MinistryMSP')));
  });

  test('one that lies is named, where nobody else can take its place: AGENT_ANSWER_WRONG', async () => {
    await bed.stopAgent('ministry');
    await bed.startAgent('ministry', LYING);
    const answer = await until(async () => {
      const tried = await open();
      return tried.body['code'] !== 'AGENTS_UNAVAILABLE' && tried;
    });
    expect(answer).toMatchObject({
      status: 502,
      body: { code: 'AGENT_ANSWER_WRONG', errors: [{ field: 'agents', message: 'MinistryMSP' }] },
    });
  });

  test('one that is away is named, and is asked again: AGENTS_UNAVAILABLE', async () => {
    await bed.stopAgent('ministry');
    const answer = await open();
    expect(answer).toMatchObject({
      status: 503,
      body: { code: 'AGENTS_UNAVAILABLE', errors: [{ field: 'agents', message: 'MinistryMSP' }] },
    });
    expect(answer.headers.get('retry-after')).toBe('10');
    await bed.startAgent('ministry');
    await until(async () => (await open()).status === 200);
  });
});

test('a consent that has run out is not read under: CONSENT_EXPIRED', async () => {
  const expiresAt = new Date(Date.now() + 30 * MINUTE).toISOString();
  const short = await activeConsent({ expiresAt });
  expect((await read(short)).status).toBe(200);
  await bed.advance(31 * MINUTE);
  doctor.caller = await bed.signIn('lakeside', doctor.username, doctor.password);
  expect(await open(short)).toMatchObject({ status: 403, body: { code: 'CONSENT_EXPIRED' } });
  expect((await open()).status).toBe(200);
});
