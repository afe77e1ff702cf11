import { createHash, createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { globalAgent } from 'node:https';
import { join } from 'node:path';
import { type IdentityKeyEntry, type PatientEntry, privateKeys } from '@medseal/chaincode';
import { canonicalJson, checkTag, mclEngine, signSealedFile, toHex } from '@medseal/crypto';
import { common } from '@hyperledger/fabric-protos';
import { Clock } from '../../src/clock';
import { configOf } from '../../src/config';
import { newSigningKey } from '../../src/fabric/certificate-request';
import { evaluateJson } from '../../src/fabric/evaluate-json';
import { ledgerIdentity, signLowS, type LedgerIdentity } from '../../src/fabric/identity';
import { LedgerError } from '../../src/fabric/ledger-client';
import { readAuditParameters } from '../../src/integrity/audit-parameters';
import { type HeldIdentityKey, IdentityKeys, type SigningDoctor } from '../../src/integrity/identity-keys';
import { MasterKey } from '../../src/integrity/master-key';
import { newX25519SecretKey, x25519PublicKey } from '../../src/keystore/x25519';
import { businessId } from '../../src/http/business-request';
import { openOrganizations, type OpenOrganizations } from '../../src/organizations/open-organizations';
import type { Organization } from '../../src/organizations/organization';
import { Jobs } from '../../src/outbox/jobs';
import { submitOnce } from '../../src/outbox/submit-once';
import { TwoPartActs, type TwoPartAct } from '../../src/outbox/two-part-act';
import { type Begun, Device } from '../device';
import { ORGANIZATIONS, type TestBed } from '../harness';
import { sharedBed } from './shared-bed';

/** The gateway's own parts in this process, on the network and data of a gateway that was stopped. */
describe('on the ledger', () => {
  let bed: TestBed;
  let opened: OpenOrganizations;
  let city: Organization;
  let clock: Clock;
  let admin: LedgerIdentity;
  let adminKey: string;
  let ledgerId: string;
  let deviceCertificate: string;
  const device = new Device();

  beforeAll(async () => {
    bed = await sharedBed();
    const hospital = await bed.administrator('city');
    const patient = (await hospital.post('/patients', { name: 'Mari' })).body;
    const { activationCode } = patient;
    ledgerId = patient['ledgerId'];
    const nobody = bed.nobody();
    const begun = (await nobody.post('/auth/activate/begin', { organization: 'city', activationCode })).body;
    const wish = await device.activation('city', activationCode, begun as unknown as Begun, 'mari');
    const answer = (await nobody.post('/auth/activate', wish)).body;
    deviceCertificate = answer['certificate'];
    await device.signAct(nobody, answer as never);
    await bed.stopGateway();
    const config = configOf({
      port: 0,
      dataDirectory: join(bed.folder, 'gateway'),
      objectsDirectory: join(bed.folder, 'objects'),
      connectionProfile: join(bed.folder, 'connection.yaml'),
      organizations: ORGANIZATIONS,
      clockFile: join(bed.folder, 'network/clock'),
    });
    clock = new Clock(config.clockFile);
    opened = await openOrganizations(config, clock);
    city = opened.registry.get('city')!;
    adminKey = newSigningKey();
    const who = { role: 'hospital-admin' as const, subject: randomBytes(16).toString('hex') };
    const { certificate } = await city.ca.issue({ enrollmentId: 'u-ledger-test', ...who }, adminKey);
    admin = ledgerIdentity({ mspId: 'CityMSP', certificate, ...who }, adminKey);
  });
  afterAll(async () => {
    await opened?.close();
    await bed?.startGateway();
  });

  test('certificates are issued without a trace on connections that are kept', async () => {
    for (const enrollmentId of ['u-trace-1', 'u-trace-2'])
      await city.ca.issue(
        { enrollmentId, role: 'doctor', subject: randomBytes(16).toString('hex') },
        adminKey,
      );
    const kept = Object.values(globalAgent.freeSockets).flatMap((sockets) => sockets ?? []);
    expect(kept.filter((socket) => socket.listenerCount('timeout') > 1)).toEqual([]);
  });

  const doctorAct = (): TwoPartAct & { staffId: string } => {
    const staffId = randomBytes(16).toString('hex');
    const entry = { staffId, mspId: 'CityMSP', role: 'doctor', status: 'active', version: 1 };
    const id = businessId('test', staffId);
    return {
      staffId,
      businessId: id,
      privateFunction: 'registry:putStaffPrivate',
      privateArgs: [id],
      entry,
      details: { name: 'Dr. Ledger' },
      publicFunction: 'registry:putStaff',
      publicArgs: [id, canonicalJson(entry)],
    };
  };

  const staff = (staffId: string): Promise<{ version: number } | null> =>
    evaluateJson(city, 'registry:getStaff', [staffId]);

  const rows = async (): Promise<number> => (await city.database.query('SELECT 1 FROM two_part_acts')).length;

  /** The same organisation with a connection that breaks when the function is about to be submitted. */
  const cutOffBefore = (fn: string): Organization => {
    const ledger = new Proxy(city.ledger, {
      get: (target, name) =>
        name === 'submit'
          ? (identity: LedgerIdentity, called: string, ...rest: [string[], object]) =>
              called === fn
                ? Promise.reject(new LedgerError('LEDGER_UNAVAILABLE', 'cut off'))
                : target.submit(identity, called, ...rest)
          : (Reflect.get(target, name) as unknown),
    });
    return Object.assign(Object.create(city) as Organization, { ledger });
  };

  describe('an act of two parts', () => {
    test('is finished by the service when it was cut off between them', async () => {
      const acts = new TwoPartActs(opened.registry, clock);
      const act = doctorAct();
      await expect(acts.run(admin, cutOffBefore('registry:putStaff'), act)).rejects.toMatchObject({
        code: 'LEDGER_UNAVAILABLE',
      });
      expect(await staff(act.staffId)).toBeNull();
      expect(await rows()).toBe(1);
      // Another process, after a restart.
      await new TwoPartActs(opened.registry, clock).resumeAll();
      expect(await staff(act.staffId)).toMatchObject({ version: 1 });
      expect(await rows()).toBe(0);
      const again = await acts.run(admin, city, act);
      expect(again).toMatchObject({ validationCode: 'VALID', blockNumber: expect.any(Number) });
      expect(await rows()).toBe(0);
    });

    test('goes on with what it had announced when the caller repeats it with other values', async () => {
      const acts = new TwoPartActs(opened.registry, clock);
      const act = doctorAct();
      await expect(acts.run(admin, cutOffBefore('registry:putStaff'), act)).rejects.toThrow();
      const other = { ...doctorAct().entry, staffId: randomBytes(16).toString('hex') };
      await acts.run(admin, city, {
        ...act,
        entry: other,
        publicArgs: [act.businessId, canonicalJson(other)],
      });
      expect(await staff(act.staffId)).toMatchObject({ version: 1 });
      expect(await staff(other.staffId)).toBeNull();
      expect(await rows()).toBe(0);
    });

    test('is dropped when nothing was announced, but not before a late commit is out of the question', async () => {
      const acts = new TwoPartActs(opened.registry, clock);
      const act = doctorAct();
      await expect(acts.run(admin, cutOffBefore('registry:putStaffPrivate'), act)).rejects.toThrow();
      await acts.resumeAll();
      expect(await rows()).toBe(1);
      await bed.advance(3 * 60_000);
      await acts.resumeAll();
      expect(await rows()).toBe(0);
      expect(await staff(act.staffId)).toBeNull();
    });

    test('refused by a contract leaves nothing to resume, and nothing readable rests in the row', async () => {
      const acts = new TwoPartActs(opened.registry, clock);
      const act = doctorAct();
      const wrong = { ...act.entry, version: 2 };
      await expect(
        acts.run(admin, city, { ...act, entry: wrong, publicArgs: [act.businessId, canonicalJson(wrong)] }),
      ).rejects.toMatchObject({ code: 'VERSION_CONFLICT' });
      expect(await rows()).toBe(0);
      await expect(acts.run(admin, cutOffBefore('registry:putStaff'), act)).rejects.toThrow();
      const [row] = await city.database.query<{ act: Buffer }>('SELECT act FROM two_part_acts');
      expect(row!.act.includes('Ledger')).toBe(false);
      expect(row!.act.includes(act.staffId)).toBe(false);
      await acts.resumeAll();
    });

    test('sends its private part to the own peer alone', async () => {
      const { readFileSync } = await import('node:fs');
      const captured = readFileSync(join(bed.folder, 'proposals.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { mspId: string; bytes: string });
      const receivers = captured
        .filter(({ bytes }) => Buffer.from(bytes, 'base64').includes('Dr. Ledger'))
        .map(({ mspId }) => mspId);
      expect(receivers.length).toBeGreaterThan(0);
      expect(new Set(receivers)).toEqual(new Set(['CityMSP']));
    });
  });

  test('the same business id twice is answered from the first transaction', async () => {
    const act = doctorAct();
    const first = await new TwoPartActs(opened.registry, clock).run(admin, city, act);
    const again = await submitOnce(city, admin, act.publicFunction, act.publicArgs);
    expect(again).toMatchObject({ transactionId: first.transactionId, blockNumber: first.blockNumber });
    await expect(city.ledger.submit(admin, act.publicFunction, act.publicArgs)).rejects.toMatchObject({
      code: 'ALREADY_DONE',
      transactionId: first.transactionId,
    });
  });

  test('refusals carry the contract’s code', async () => {
    await expect(
      city.ledger.submit(admin, 'registry:setStaffStatus', ['ab'.repeat(16), 'suspended']),
    ).rejects.toMatchObject({
      code: 'STAFF_NOT_FOUND',
    });
    await expect(
      city.ledger.submit(city.service, 'registry:setStaffStatus', ['ab'.repeat(16), 'active']),
    ).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
    });
    await expect(city.ledger.evaluate(admin, 'registry:noSuchThing', [])).rejects.toMatchObject({
      code: 'UNKNOWN_FUNCTION',
    });
  });

  test('a device signs proposal and transaction; the gateway never has the key', async () => {
    const act = doctorAct();
    await city.ledger.submit(admin, act.privateFunction, act.privateArgs, {
      transient: {
        entry: Buffer.from(canonicalJson(act.entry)),
        details: Buffer.from(canonicalJson(act.details)),
      },
      endorsingOrganizations: ['CityMSP'],
    });
    const key = createPrivateKey(adminKey);
    const { mspId, certificate } = admin;
    const proposal = city.ledger.newProposal({ mspId, certificate }, act.publicFunction, act.publicArgs);
    expect(Buffer.from(proposal.digest)).toEqual(createHash('sha256').update(proposal.signedBytes).digest());
    await expect(
      city.ledger.endorseSigned(proposal.bytes, signLowS(key, Buffer.from('other'))),
    ).rejects.toBeInstanceOf(LedgerError);
    const transaction = await city.ledger.endorseSigned(proposal.bytes, signLowS(key, proposal.signedBytes));
    expect(transaction.transactionId).toBe(proposal.transactionId);
    const committed = await city.ledger.submitSigned(
      transaction.bytes,
      signLowS(key, transaction.signedBytes),
    );
    expect(committed).toMatchObject({ transactionId: proposal.transactionId, validationCode: 'VALID' });
    expect(await city.ledger.lookUp(committed.transactionId)).toMatchObject({
      blockNumber: committed.blockNumber,
    });
    expect(await city.ledger.lookUp('ab'.repeat(32))).toBeUndefined();
  });

  test('blocks come as the peer has them, with the own private data', async () => {
    const height = await city.ledger.height();
    const numbers: number[] = [];
    for await (const { number, block } of city.ledger.readBlocks(0, height - 1)) {
      numbers.push(number);
      expect(Buffer.from(common.Block.deserializeBinary(block).serializeBinary()).equals(block)).toBe(true);
    }
    expect(numbers).toEqual(Array.from({ length: height }, (_, at) => at));

    const abort = new AbortController();
    const following: number[] = [];
    let withPrivateData = 0;
    for await (const { number, privateData } of city.ledger.blocks(0, { signal: abort.signal })) {
      following.push(number);
      if (privateData.size > 0) withPrivateData++;
      if (number === height - 1) {
        const act = doctorAct();
        void new TwoPartActs(opened.registry, clock).run(admin, city, act);
      }
      if (number > height) abort.abort();
    }
    expect(following.slice(0, height + 1)).toEqual(Array.from({ length: height + 1 }, (_, at) => at));
    expect(withPrivateData).toBeGreaterThan(2);
  });

  test('a second certificate for an activated patient opens nothing', async () => {
    const entry = await evaluateJson<PatientEntry>(city, 'registry:getPatient', [ledgerId]);
    const spki = new X509Certificate(deviceCertificate).publicKey.export({ type: 'spki', format: 'der' });
    expect(entry).toMatchObject({
      status: 'active',
      deviceKey: createHash('sha256').update(spki).digest('hex'),
    });

    const key = newSigningKey();
    const who = { role: 'patient' as const, subject: ledgerId };
    const { certificate } = await city.ca.issue({ enrollmentId: 'u-second-device', ...who }, key);
    const impostor = ledgerIdentity({ mspId: 'CityMSP', certificate, ...who }, key);
    const { scopes } = entry;
    const activation = canonicalJson({ ledgerId, receivingKey: 'ab'.repeat(32), scopes });
    for (const act of [
      city.ledger.evaluate(impostor, 'registry:getPatient', [ledgerId]),
      city.ledger.evaluate(impostor, 'access:listReceipts', [ledgerId, '200', '']),
      city.ledger.submit(impostor, 'registry:activatePatient', [activation]),
      city.ledger.submit(impostor, 'access:listReceipts', [ledgerId, '200', '']),
    ]) {
      await expect(act).rejects.toMatchObject({ code: 'DEVICE_KEY_DIFFERS' });
    }
    const proposal = city.ledger.newProposal({ mspId: 'CityMSP', certificate }, 'registry:activatePatient', [
      activation,
    ]);
    const signature = signLowS(createPrivateKey(key), proposal.signedBytes);
    await expect(city.ledger.endorseSigned(proposal.bytes, signature)).rejects.toMatchObject({
      code: 'DEVICE_KEY_DIFFERS',
    });
    expect(await evaluateJson(city, 'registry:getPatient', [ledgerId])).toEqual(entry);
  });

  describe("a doctor's identity key", () => {
    const keys = new IdentityKeys();
    let doctor: SigningDoctor;

    const certified = async (subject: string): Promise<LedgerIdentity> => {
      const signingKey = newSigningKey();
      const who = { role: 'doctor' as const, subject };
      const enrollmentId = `u-${randomBytes(8).toString('hex')}`;
      const { certificate } = await city.ca.issue({ enrollmentId, ...who }, signingKey);
      return ledgerIdentity({ mspId: 'CityMSP', certificate, ...who }, signingKey);
    };

    const withReceivingKey = async (identity: LedgerIdentity, epoch: number): Promise<SigningDoctor> => {
      const receivingSecretKey = newX25519SecretKey();
      await city.ledger.submit(identity, 'registry:registerReceivingKey', [
        x25519PublicKey(receivingSecretKey),
        String(epoch),
      ]);
      return { identity, receivingSecretKey };
    };

    const onLedger = (): Promise<IdentityKeyEntry | null> =>
      evaluateJson(city, 'integrity:getIdentityKey', [doctor.identity.subject]);

    /** Whether what it signs is taken for the doctor's. */
    const signs = async ({ identity, key, parameters }: HeldIdentityKey): Promise<boolean> => {
      const engine = await mclEngine();
      const record = { channel: identity.channel, recordId: 'r', version: 1, owner: 'p' };
      const content = randomBytes(100);
      const { tag } = signSealedFile(engine, { parameters, identity, key, record, content });
      const { channel, mspId, userId } = identity;
      const expected = { channel, mspId, userId, keyEpoch: (await onLedger())!.keyEpoch };
      return checkTag(engine, tag, { parameters, identity: expected, record, kind: 'sealed' }).blocks === 1;
    };

    beforeAll(async () => {
      const act = doctorAct();
      await new TwoPartActs(opened.registry, clock).run(admin, city, act);
      doctor = await withReceivingKey(await certified(act.staffId), 1);
    });

    test('comes of a master key that exists in shares only, one an organisation', async () => {
      const ministry = opened.registry.get('ministry')!;
      expect([await new MasterKey().hold(ministry), await new MasterKey().hold(ministry)]).toEqual([
        true,
        true,
      ]);
      expect(await readAuditParameters(city)).toMatchObject({ version: 1, mspId: 'MinistryMSP' });
      expect(await readAuditParameters(city, 2)).toBeNull();
      expect(await ministry.database.query('SELECT 1 FROM master_key_ceremonies')).toEqual([]);
      for (const organization of opened.registry.all()) {
        const name = privateKeys.masterShare(1);
        const held = await evaluateJson<Record<string, string | null>>(organization, 'registry:getPrivate', [
          canonicalJson([name]),
        ]);
        expect([organization.mspId, typeof held[name]]).toEqual([organization.mspId, 'string']);
      }
    });

    test('is extracted when it is first needed, by whoever asks, and opened from then on', async () => {
      const [one, other] = await Promise.all([
        keys.keyOf(city, doctor),
        new IdentityKeys().keyOf(city, doctor),
      ]);
      expect([await signs(one), await signs(other)]).toEqual([true, true]);
      expect(await onLedger()).toMatchObject({ keyEpoch: 1, status: 'active' });
      const before = await city.ledger.height();
      const kept = await keys.keyOf(city, doctor);
      expect(await city.ledger.height()).toBe(before);
      expect([one, other].map(({ key }) => toHex(key.secret))).toContain(toHex(kept.key.secret));
      const [row] = await city.database.query<{ sealed: Uint8Array }>(
        'SELECT sealed FROM identity_keys WHERE subject = $1',
        [doctor.identity.subject],
      );
      expect(toHex(row!.sealed)).not.toContain(toHex(kept.key.secret));
    });

    test('is the next one after a revocation, and for who has other keys', async () => {
      const { subject } = doctor.identity;
      await city.ledger.submit(admin, 'integrity:revokeIdentityKey', [subject]);
      expect((await keys.keyOf(city, doctor)).identity.keyEpoch).toBe(2);
      doctor = await withReceivingKey(doctor.identity, 2);
      const again = await keys.keyOf(city, doctor);
      expect([again.identity.keyEpoch, await signs(again)]).toEqual([2, true]);
      doctor = await withReceivingKey(await certified(subject), 3);
      const renewed = await keys.keyOf(city, doctor);
      expect([renewed.identity.keyEpoch, await signs(renewed)]).toEqual([3, true]);
    });
  });

  test('jobs are kept until they succeed, once a key', async () => {
    const jobs = new Jobs(opened.registry, clock);
    const seen: unknown[] = [];
    jobs.register('test-job', (organization, payload) => {
      seen.push(payload);
      return seen.length < 3
        ? Promise.reject(new Error('not yet'))
        : Promise.resolve(expect(organization).toBe(city));
    });
    await jobs.add(city, 'test-job', 'a', { n: 1 });
    await jobs.add(city, 'test-job', 'a', { n: 2 });
    expect(await jobs.waiting(city, 'test-job')).toBe(1);
    jobs.onApplicationBootstrap();
    while ((await jobs.waiting(city)) > 0) await new Promise((done) => setTimeout(done, 100));
    await jobs.onApplicationShutdown();
    expect(seen).toEqual([{ n: 1 }, { n: 1 }, { n: 1 }]);
  });

  test('a moved clock reaches the proposals', async () => {
    await bed.advance(10 * 86_400_000);
    const act = doctorAct();
    await new TwoPartActs(opened.registry, clock).run(admin, city, act);
    expect(await staff(act.staffId)).toMatchObject({ version: 1 });
  });
});
