import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { X509Certificate } from 'node:crypto';
import { type ConsentWish, type GrantBody, MedsealClient, PatientDevice } from '@medseal/client';
import { mclEngine, newReaderKeyPair, proveReaderKey, sha256Hex, toHex } from '@medseal/crypto';
import { Clock } from '../src/clock';
import { CaClient } from '../src/fabric/ca-client';
import { newSigningKey } from '../src/fabric/certificate-request';
import { readConnectionProfile } from '../src/fabric/connection-profile';
import { ledgerIdentity } from '../src/fabric/identity';
import { LedgerClient } from '../src/fabric/ledger-client';
import { type Caller, type Colleague, type Json, TestBed } from './harness';

jest.setTimeout(120_000);

/** A patient of City, with a device of their own, decides what a doctor of Lakeside may read. */
describe('consents', () => {
  let bed: TestBed;
  let doctor: Colleague;
  let stranger: MedsealClient;
  let owner: MedsealClient;
  let device: PatientDevice;
  let strangersDevice: PatientDevice;
  let wish: ConsentWish;

  const patient = async (admin: Caller, username: string) => {
    const { body } = await admin.post('/patients', { name: username });
    const client = new MedsealClient(bed.url);
    const made = await PatientDevice.activate(client, {
      organization: 'city',
      activationCode: body['activationCode'] as string,
      username,
      password: 'a password of the patient',
      passphrase: 'a passphrase of the patient',
    });
    await client.login('city', username, 'a password of the patient');
    return { client, device: made.device };
  };

  /** Puts a key for a doctor of Lakeside on the ledger, as the doctor's own software would. */
  const registerKey = async (subject: string): Promise<void> => {
    const mspId = 'LakesideMSP';
    const profile = readConnectionProfile(join(bed.folder, 'connection.yaml'));
    const organization = profile.organization(mspId);
    const key = newSigningKey();
    const ca = new CaClient({ mspId, ...organization.ca });
    const enrollmentId = `u-${randomBytes(10).toString('hex')}`;
    const { certificate } = await ca.issue({ enrollmentId, role: 'doctor', subject }, key);
    const { channel, chaincode } = profile;
    const clock = new Clock(join(bed.folder, 'network/clock'));
    const ledger = new LedgerClient({ ...organization, mspId, channel, chaincode, clock });
    const identity = ledgerIdentity({ mspId, certificate, subject, role: 'doctor' }, key);
    const engine = await mclEngine();
    const reader = newReaderKeyPair(engine);
    const certificateHash = sha256Hex(new X509Certificate(certificate).raw);
    const { proof } = proveReaderKey(engine, reader.secretKey, { mspId, certificateHash });
    const current = JSON.parse(
      (await ledger.evaluate(identity, 'consent:getConsentKey', [subject])).toString(),
    ) as { epoch: number } | null;
    await ledger.submit(identity, 'consent:registerKey', [
      toHex(reader.publicKey),
      toHex(proof),
      String((current?.epoch ?? 0) + 1),
    ]);
    ledger.close();
  };

  beforeAll(async () => {
    bed = await TestBed.start();
    const lakeside = await bed.administrator('lakeside');
    const doctorId = (await lakeside.post('/doctors', { name: 'Dr. Rajini', specialization: 'Heart' })).body[
      'id'
    ] as string;
    doctor = await bed.colleague('lakeside', 'doctor', { doctorId });
    await registerKey(doctor.subject);
    const admin = await bed.administrator('city');
    ({ client: owner, device } = await patient(admin, 'geetha'));
    ({ client: stranger, device: strangersDevice } = await patient(admin, 'muthu'));
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
  }, 240_000);

  afterAll(() => bed?.stop());

  const code = async (call: Promise<unknown>): Promise<string> => {
    try {
      await call;
    } catch (error) {
      return (error as { code: string }).code;
    }
    return 'none';
  };
  const raw = (client: MedsealClient, path: string, body: unknown) =>
    client.http.request<Record<string, Json>>('POST', path, { body });

  describe('granted by the owner’s device', () => {
    let body: GrantBody;

    test('it is several transactions, all signed there; owner and grantee see it, nobody else', async () => {
      body = await device.makeConsent(owner, wish);
      expect(body.sealedShares.map(({ mspId }) => mspId)).toEqual(['CityMSP', 'MinistryMSP']);
      const answer = await device.signConsent(owner, body);
      const { consentId } = body.fields;
      expect(answer).toMatchObject({ consentId, status: 'committed', missing: [] });

      const [consent, ...others] = (await owner.consents()).items;
      expect(others).toEqual([]);
      expect(consent).toMatchObject({
        consentId,
        ledgerId: device.ledgerId,
        grantee: { id: doctor.subject },
        agents: [{ mspId: 'CityMSP' }, { mspId: 'MinistryMSP' }],
        missing: [],
      });
      const { body: seen } = await doctor.caller.get(`/consents/${consentId}`);
      expect(seen).toMatchObject({ consentId, ledgerId: device.ledgerId });
      expect(seen).not.toHaveProperty('missing');
      expect((await doctor.caller.get('/consents')).body['items']).toHaveLength(1);
      expect(await stranger.consents()).toMatchObject({ items: [], total: 0 });
      expect(await code(stranger.consent(consentId))).toBe('NOT_FOUND');
      const admin = await bed.administrator('city');
      expect((await admin.get(`/consents/${consentId}`)).status).toBe(404);
    });

    test('a stranger neither resumes nor revokes it, nor takes its id', async () => {
      const { consentId } = body.fields;
      expect(await code(stranger.resumeConsent(consentId))).toBe('NOT_FOUND');
      expect(await code(strangersDevice.revokeConsent(stranger, consentId))).toBe('NOT_FOUND');
      expect(await code(strangersDevice.signConsent(stranger, body))).toBe('CONSENT_EXISTS');
      expect(await owner.consent(consentId)).toMatchObject({ revokedAt: null });
    });

    test('it is revoked once, and then counts no more', async () => {
      const { consentId } = body.fields;
      expect(await device.revokeConsent(owner, consentId)).toMatchObject({ consentId, status: 'committed' });
      expect(await owner.consent(consentId)).toMatchObject({ status: 'revoked' });
      expect(await code(device.revokeConsent(owner, consentId))).toBe('CONSENT_REVOKED');
    });
  });

  test('a grant that stopped half-way is shown with what is missing, and goes on there', async () => {
    const body = await device.makeConsent(owner, wish);
    const { consentId } = body.fields;
    // The device goes away after the consent itself: what it would have signed next is lost.
    const sign = owner.sign;
    let stages = 0;
    owner.sign = (id, signature) =>
      stages++ < 2 ? sign(id, signature) : Promise.reject(new Error('the device went away'));
    await expect(device.signConsent(owner, body)).rejects.toThrow('went away');
    owner.sign = sign;
    await bed.restartGateway();
    const again = new MedsealClient(bed.url);
    await again.login('city', 'geetha', 'a password of the patient');
    owner = again;
    stranger = new MedsealClient(bed.url);
    await stranger.login('city', 'muthu', 'a password of the patient');

    const missing = ['share/CityMSP', 'share/MinistryMSP', 'terms/LakesideMSP'];
    expect(await owner.consent(consentId)).toMatchObject({ status: 'granted', missing });
    expect(await code(stranger.resumeConsent(consentId))).toBe('NOT_FOUND');
    expect(await owner.resumeConsent(consentId)).toMatchObject({ consentId, missing });
    const other = { ...body, fields: { ...body.fields, expiresAt: '2037-01-01T00:00:00.000Z' } };
    expect(await code(owner.grantConsent(other))).toBe('CONSENT_EXISTS');
    expect(await device.signConsent(owner, body)).toMatchObject({ consentId, missing: [] });
    expect(await owner.consent(consentId)).toMatchObject({ missing: [] });
    expect(await code(owner.resumeConsent(consentId))).toBe('NOT_FOUND');
  });

  test('a request is denied once', async () => {
    const requestId = randomBytes(16).toString('hex');
    expect(await device.denyRequest(owner, requestId)).toMatchObject({ requestId, status: 'committed' });
    expect(await code(device.denyRequest(owner, requestId))).toBe('REQUEST_ANSWERED');
  });

  test('the preview says what a grantee would see, and why', async () => {
    expect(await owner.previewConsents({ kind: 'person', id: doctor.subject })).toMatchObject({ items: [] });
    expect(await code(owner.previewConsents({ kind: 'person', id: 'x' }))).toBe('INVALID_REQUEST');
  });

  describe('bad input names its field', () => {
    test.each<[string, (body: GrantBody) => unknown, string]>([
      ['an id', (body) => ({ ...body, fields: { ...body.fields, consentId: 'x' } }), 'fields.consentId'],
      [
        'an instant',
        (body) => ({ ...body, fields: { ...body.fields, expiresAt: 'soon' } }),
        'fields.expiresAt',
      ],
      ['a threshold', (body) => ({ ...body, fields: { ...body.fields, threshold: 1 } }), 'fields.threshold'],
      [
        'a request',
        (body) => ({ ...body, fields: { ...body.fields, requestId: 'ab'.repeat(16) } }),
        'fields.requestId',
      ],
      [
        'no share of an agent',
        (body) => ({ ...body, sealedShares: body.sealedShares.slice(1) }),
        'sealedShares',
      ],
      ['no terms', (body) => ({ ...body, sealedOpenings: [] }), 'sealedOpenings'],
      [
        'no terms for the grantee',
        (body) => ({
          ...body,
          sealedOpenings: body.sealedOpenings.map((one) => ({ ...one, mspId: 'CityMSP' })),
        }),
        'sealedOpenings',
      ],
      ['an unknown field', (body) => ({ ...body, more: 1 }), 'more'],
    ])('%s', async (_what, change, field) => {
      const body = await device.makeConsent(owner, wish);
      await expect(raw(owner, '/consents/grants', change(body))).rejects.toMatchObject({
        status: 400,
        body: { errors: [{ field }] },
      });
    });

    test('what only the ledger knows is refused by it, and nothing is left behind', async () => {
      const body = await device.makeConsent(owner, { ...wish, expiresAt: '2020-01-01T00:00:00.000Z' });
      expect(await code(device.signConsent(owner, body))).toBe('CONSENT_EXPIRED');
      expect(await code(owner.consent(body.fields.consentId))).toBe('NOT_FOUND');
    });
  });
});
