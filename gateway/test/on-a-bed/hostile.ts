import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { privateKeys } from '@medseal/chaincode';
import { canonicalJson } from '@medseal/crypto';
import { Clock } from '../../src/clock';
import { CaClient } from '../../src/fabric/ca-client';
import { newSigningKey } from '../../src/fabric/certificate-request';
import { readConnectionProfile } from '../../src/fabric/connection-profile';
import { ledgerIdentity, type LedgerIdentity } from '../../src/fabric/identity';
import { LedgerClient } from '../../src/fabric/ledger-client';
import { businessId } from '../../src/http/business-request';
import { type Begun, Device } from '../device';
import { type Answer, type Caller, type Json, type TestBed } from '../harness';
import { sharedBed } from './shared-bed';

const base64url = (text: string): string => Buffer.from(text).toString('base64url');

describe('hostile callers', () => {
  let bed: TestBed;
  let admin: Caller;
  let nobody: Caller;

  beforeAll(async () => {
    bed = await sharedBed();
    admin = await bed.administrator('city');
    nobody = bed.nobody();
  }, 180_000);

  /** A client of City that goes past the gateway to the peer. */
  const direct = async (
    role: 'doctor' | 'hospital-admin',
    subject: string,
  ): Promise<{ identity: LedgerIdentity; ledger: LedgerClient }> => {
    const mspId = 'CityMSP';
    const profile = readConnectionProfile(join(bed.folder, 'connection.yaml'));
    const organization = profile.organization(mspId);
    const key = newSigningKey();
    const ca = new CaClient({ mspId, ...organization.ca });
    const enrollmentId = `u-${randomBytes(10).toString('hex')}`;
    const { certificate } = await ca.issue({ enrollmentId, role, subject }, key);
    const { channel, chaincode } = profile;
    const clock = new Clock(join(bed.folder, 'network/clock'));
    return {
      identity: ledgerIdentity({ mspId, certificate, subject, role }, key),
      ledger: new LedgerClient({ ...organization, mspId, channel, chaincode, clock }),
    };
  };

  describe('requests that nobody can read', () => {
    const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

    test.each<[string, string, string, string]>([
      ['U+0000 in a path', 'GET', '/doctors/%00', ''],
      ['U+0000 in the id of an act', 'POST', '/transactions/city.%00/sign', '{"signature":"AAAA"}'],
      ['U+0000 in a query', 'GET', '/records?registrationNo=%00', ''],
      [
        'a cursor beyond every number',
        'GET',
        `/records?cursor=${base64url(`9999999999:${'a'.repeat(32)}`)}`,
        '',
      ],
      ['half a surrogate pair', 'POST', '/patients', '{"name":"x\\ud800y"}'],
      ['U+0000 in a name', 'POST', '/patients', '{"name":"x\\u0000y"}'],
      ['half a surrogate pair as a member', 'POST', '/patients', '{"x\\ud800y":1}'],
      ['objects without end', 'POST', '/patients', nested(50_000)],
      ['lists without end', 'POST', '/patients', `{"name":${'['.repeat(90_000)}${']'.repeat(90_000)}}`],
      ['half a surrogate pair at sign-in', 'POST', '/auth/login', '{"username":"\\ud800"}'],
    ])('%s', async (_what, method, path, body) => {
      const answer = await admin.call(method, path, body === '' ? {} : { body });
      expect(answer).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
      expect(answer.body['errors'][0].field).toBeTruthy();
      expect(bed.log).not.toContain('RangeError');
    });

    test('a member named __proto__ is a member like any other, and pollutes nothing', async () => {
      const answer = await admin.post('/patients', '{"name":"Kavi","__proto__":{"role":"system-manager"}}');
      expect([201, 400]).toContain(answer.status);
      expect((await admin.get('/auth/me')).body['role']).toBe('hospital-admin');
      expect((await nobody.get('/users')).status).toBe(401);
    });

    test('a document of sixty levels is not refused for its depth', async () => {
      const answer = await admin.post('/patients', nested(60));
      expect(answer.body['errors'][0].field).toBe('a');
    });
  });

  test('what a request says cannot be searched for in the stolen database', async () => {
    const registrationNo = (await admin.post('/patients', { name: 'Muthu' })).body[
      'registrationNo'
    ] as string;
    const path = `/api/v1/patients/${registrationNo}/activation-code`;
    const key = 'guessable';
    expect((await admin.post(path, {}, { key })).status).toBe(201);
    const guesses = [
      createHash('sha256')
        .update(JSON.stringify([path, {}]))
        .digest('hex'),
      businessId('CityMSP', admin.user!.subject, 'POST', path, key),
    ];
    const folder = join(bed.folder, 'gateway/database');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((file) => statSync(file).isFile());
    expect(files.some((file) => readFileSync(file).includes(admin.user!.subject))).toBe(true);
    for (const file of files) {
      const bytes = readFileSync(file);
      for (const guess of guesses) expect(bytes.includes(guess)).toBe(false);
    }
  });

  describe('an account that is being activated', () => {
    interface Letter {
      activationCode: string;
      registrationNo: string;
    }

    const letter = async (): Promise<Letter> =>
      (await admin.post('/patients', { name: 'Valli' })).body as never;

    const begin = async (activationCode: string): Promise<Begun> =>
      (await nobody.post('/auth/activate/begin', { organization: 'city', activationCode })).body as never;

    const wishOf = async (device: Device, activationCode: string, username: string) => ({
      ...(await device.activation('city', activationCode, await begin(activationCode), username)),
      password: `password of ${username}`,
      wrapped: { seed: `seed of ${username}` },
    });

    const activate = async (device: Device, code: string, username: string): Promise<Answer> =>
      nobody.post('/auth/activate', await wishOf(device, code, username));

    /** Signs the proposal; the answer has the transaction to sign. */
    const half = async (device: Device, begun: Answer): Promise<{ id: string; signature: string }> => {
      const { id, bytes } = begun.body['signing'];
      const endorsed = await nobody.post(`/transactions/${id}/sign`, { signature: device.sign(bytes) });
      expect(endorsed.status).toBe(202);
      return { id, signature: device.sign(endorsed.body['signing'].bytes) };
    };

    const sign = ({ id, signature }: { id: string; signature: string }): Promise<Answer> =>
      nobody.post(`/transactions/${id}/sign`, { signature });

    const keyringOf = async (username: string): Promise<Json> =>
      (await (await bed.signIn('city', username, `password of ${username}`)).get('/auth/keyring')).body[
        'seed'
      ];

    test('is that of the second device, and the first one’s act is gone', async () => {
      const { activationCode } = await letter();
      const [one, two] = [new Device(), new Device()];
      const begunByOne = await half(one, await activate(one, activationCode, 'two-devices-1'));
      const begunByTwo = await half(two, await activate(two, activationCode, 'two-devices-2'));
      expect((await sign(begunByOne)).status).toBe(404);
      expect((await sign(begunByTwo)).status).toBe(200);
      expect(await keyringOf('two-devices-2')).toBe('seed of two-devices-2');
    });

    test('of two devices at the same moment one has account and keys, the other nothing', async () => {
      for (let round = 0; round < 4; round++) {
        const { activationCode } = await letter();
        const [one, two] = [new Device(), new Device()];
        const names = [`race-${round}-1`, `race-${round}-2`];
        const ready = await half(one, await activate(one, activationCode, names[0]!));
        const wish = await wishOf(two, activationCode, names[1]!);
        const [signed, begun] = await Promise.all([sign(ready), nobody.post('/auth/activate', wish)]);
        if (signed.status === 200) {
          expect(begun.status).not.toBe(202);
          expect(await keyringOf(names[0]!)).toBe(`seed of ${names[0]}`);
        } else {
          expect([signed.status, begun.status]).toEqual([404, 202]);
          expect((await sign(await half(two, begun))).status).toBe(200);
          expect(await keyringOf(names[1]!)).toBe(`seed of ${names[1]}`);
        }
      }
    });

    test('outlives a second try under a name that is taken', async () => {
      const { activationCode } = await letter();
      const device = new Device();
      const wish = await wishOf(device, activationCode, 'valli-first');
      const begun = await half(device, await nobody.post('/auth/activate', wish));
      const again = await nobody.post('/auth/activate', { ...wish, username: 'administrator' });
      expect(again).toMatchObject({ status: 409, body: { code: 'USERNAME_TAKEN' } });
      expect((await sign(begun)).status).toBe(200);
      expect(await keyringOf('valli-first')).toBe('seed of valli-first');
    });

    test('is out of reach of a letter that another one replaced', async () => {
      const { activationCode, registrationNo } = await letter();
      const [thief, patient] = [new Device(), new Device()];
      const stolen = await half(thief, await activate(thief, activationCode, 'letter-thief'));
      const renewed = await admin.post(`/patients/${registrationNo}/activation-code`, {});
      expect((await sign(stolen)).status).toBe(404);
      const own = await activate(patient, renewed.body['activationCode'], 'letter-owner');
      expect((await sign(await half(patient, own))).status).toBe(200);
      expect(await keyringOf('letter-owner')).toBe('seed of letter-owner');
    });

    test('is told of to nobody but its device, also when it is done', async () => {
      const { activationCode } = await letter();
      const device = new Device();
      const ready = await half(device, await activate(device, activationCode, 'told-once'));
      expect((await sign(ready)).status).toBe(200);
      expect((await sign({ ...ready, signature: 'AAAA' })).body).toMatchObject({ code: 'SIGNATURE_INVALID' });
      expect((await sign(ready)).body['user'].username).toBe('told-once');
    });
  });

  test('staff suspended on the ledger have no session, even where the account has not followed', async () => {
    const { caller, username, password, subject } = await bed.colleague('city', 'doctor');
    const { identity, ledger } = await direct('hospital-admin', randomBytes(16).toString('hex'));
    await ledger.submit(identity, 'registry:setStaffStatus', [subject, 'suspended']);
    ledger.close();
    await settled(async () => (await caller.get('/patients')).status === 401);
    const again = await nobody.post('/auth/login', { organization: 'city', username, password });
    expect(again).toMatchObject({ status: 401, body: { code: 'SIGN_IN_FAILED' } });
    expect((await admin.get(`/users/${username}`)).body['status']).toBe('suspended');
    const resumed = await admin.call('PATCH', `/users/${username}`, { body: { action: 'resume' } });
    expect(resumed).toMatchObject({ status: 200, body: { status: 'active' } });
    expect((await nobody.post('/auth/login', { organization: 'city', username, password })).status).toBe(200);
  });

  test('private values that the gateway did not seal hide nothing but themselves', async () => {
    const patient = (await admin.post('/patients', { name: 'Ponni' })).body;
    const { subject } = await bed.colleague('city', 'doctor');
    const { identity, ledger } = await direct('doctor', subject);
    const encounterId = randomBytes(16).toString('hex');
    const keys = [privateKeys.encounter, privateKeys.visit].map((key) =>
      key(patient['ledgerId'], encounterId),
    );
    const values = keys.map((key) => ({
      key,
      value: Buffer.from('no ciphertext at all').toString('base64'),
    }));
    const { blockNumber } = await ledger.submit(identity, 'registry:openEncounter', [], {
      transient: { private: Buffer.from(canonicalJson(values)) },
      endorsingOrganizations: ['CityMSP'],
    });
    ledger.close();
    await settled(async () => (await admin.get('/blockchain/blocks')).body['total'] > blockNumber);
    await settled(async () => (await nobody.get('/health/ready')).status === 200);
    expect(await admin.get('/patients')).toMatchObject({ status: 200 });
    expect(await admin.get(`/patients/${patient['registrationNo']}`)).toMatchObject({
      status: 200,
      body: { name: 'Ponni', opdVisits: 0 },
    });
    expect((await admin.get(`/patients/${patient['registrationNo']}/encounters`)).status).toBe(200);
  });
});

const settled = async (isThere: () => Promise<boolean>): Promise<void> => {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await isThere()) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('what the test waits for did not come');
};
