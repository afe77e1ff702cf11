import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { ConsentKeyEntry, ConsentState, ConsentTerms, OrganizationKeyEntry } from '@medseal/chaincode';
import {
  canonicalJson,
  commit,
  fromHex,
  makeGrant,
  mclEngine,
  scopeKeyPair,
  sha256Hex,
  signDigest,
  toBase64,
  toHex,
  utf8,
} from '@medseal/crypto';
import { Clock } from '../../src/clock';
import { configOf } from '../../src/config';
import { ConsentRequests } from '../../src/consents/consent-requests';
import { type Delivery, sealDelivery } from '../../src/consents/delivery-formats';
import { HeldOpenings } from '../../src/consents/held-openings';
import { HeldValues } from '../../src/consents/held-values';
import { CaClient } from '../../src/fabric/ca-client';
import { newSigningKey } from '../../src/fabric/certificate-request';
import { readConnectionProfile } from '../../src/fabric/connection-profile';
import { ledgerIdentity } from '../../src/fabric/identity';
import { LedgerClient, type LedgerIdentity } from '../../src/fabric/ledger-client';
import { Keystore } from '../../src/keystore/keystore';
import { openOrganizations } from '../../src/organizations/open-organizations';
import { PatientDirectory } from '../../src/patients/patient-directory';
import { blockChanges } from '../../src/projection/block-changes';
import { Projections } from '../../src/projection/projections';
import { type Begun, Device } from '../device';
import { type Colleague, type Json, ORGANIZATIONS, type TestBed } from '../harness';
import { sharedBed } from './shared-bed';

const AGENTS = ['LakesideMSP', 'MinistryMSP'];
const TERMS = { purpose: 'CAREMGT' as const, recordTypes: ['OPConsultation'] };
const newId = (): string => randomBytes(16).toString('hex');
const after = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

/** A patient of Lakeside, a doctor of City, and the services of all three, left to themselves. */
describe('what services do for consents by themselves', () => {
  let bed: TestBed;
  let ledger: LedgerClient;
  let profile: ReturnType<typeof readConnectionProfile>;
  let patient: LedgerIdentity;
  let doctor: Colleague;
  let author: Colleague;
  let registrationNo: string;
  let begun: Begun;
  let recordId: string;
  const device = new Device();
  const consentId = newId();
  const badConsentId = newId();
  const termsDelivery = newId();
  const requestId = newId();
  const foreignRequestId = newId();
  let terms: ConsentTerms;

  beforeAll(async () => {
    bed = await sharedBed();
    doctor = await bed.colleague('city', 'doctor');
    const administrator = await bed.administrator('lakeside');
    const { id } = (await administrator.post('/doctors', { name: 'Dr. Rajini', specialization: 'Heart' }))
      .body;
    author = await bed.colleague('lakeside', 'doctor', { doctorId: id });
    const registered = (await administrator.post('/patients', { name: 'Mari', birthDate: '1990-05-01' }))
      .body;
    const { activationCode } = registered;
    registrationNo = registered['registrationNo'];
    const nobody = bed.nobody();
    begun = (await nobody.post('/auth/activate/begin', { organization: 'lakeside', activationCode }))
      .body as unknown as Begun;
    const wish = await device.activation('lakeside', activationCode, begun, 'mari');
    const activated = (await nobody.post('/auth/activate', wish)).body;
    await device.signAct(nobody, activated as never);
    recordId = await write('2026-05-01');

    profile = readConnectionProfile(join(bed.folder, 'connection.yaml'));
    const { channel, chaincode } = profile;
    const mspId = 'LakesideMSP';
    const clock = new Clock(join(bed.folder, 'network/clock'));
    ledger = new LedgerClient({ ...profile.organization(mspId), mspId, channel, chaincode, clock });
    ledger.useService(await serviceOf(mspId));
    patient = {
      mspId,
      certificate: activated['certificate'],
      subject: begun.ledgerId,
      role: 'patient',
      sign: (message) => signDigest(device.signing.secretKey, createHash('sha256').update(message).digest()),
    };
    terms = {
      ...TERMS,
      dateRange: { from: '2026-01-01', to: '2026-12-31' },
      dataEraseAt: after(3),
      salt: randomBytes(32).toString('hex'),
    };
  });
  afterAll(() => ledger?.close());

  const write = async (effectiveDate: string): Promise<string> => {
    const document = { progressNotes: [{ text: 'Fever since three days' }] };
    const body = { registrationNo, effectiveDate, disease: 'Fever', document };
    return (await author.caller.post('/records', body)).body['recordId'];
  };

  const serviceOf = async (mspId: string): Promise<LedgerIdentity> => {
    const keystore = await Keystore.open(join(bed.folder, 'gateway', mspId, 'keystore'), mspId);
    const { certificate, privateKey } = keystore.service()!;
    return ledgerIdentity({ mspId, certificate, subject: '', role: 'service' }, privateKey);
  };

  const ask = async <T>(fn: string, args: string[], by = patient, at = 'LakesideMSP'): Promise<T> =>
    JSON.parse((await ledger.evaluate(by, fn, args, { endorsingOrganizations: [at] })).toString()) as T;

  /** A private value of an organisation, as its own service reads it. */
  const privateValue = async (mspId: string, key: string): Promise<string | null> =>
    (
      await ask<Record<string, string | null>>(
        'registry:getPrivate',
        [canonicalJson([key])],
        await serviceOf(mspId),
        mspId,
      )
    )[key] ?? null;

  const until = async (what: () => Promise<boolean>): Promise<void> => {
    while (!(await what())) await new Promise((done) => setTimeout(done, 100));
  };

  const keyOf = async (mspId: string, kind: string): Promise<string> =>
    (await ask<OrganizationKeyEntry[]>('registry:getOrganizationKeys', [mspId])).find(
      (key) => key.kind === kind,
    )!.publicKey;

  /** Grant and deposits as the owner's device makes them; `spoil` damages the share of the first agent. */
  const grant = async (id: string, spoil = false): Promise<void> => {
    const engine = await mclEngine();
    const reader = await ask<ConsentKeyEntry>('consent:getConsentKey', [doctor.subject]);
    const { mspId, certificateHash, publicKey, proof, epoch } = reader;
    const agents = await Promise.all(
      AGENTS.map(async (agent) => ({ mspId: agent, publicKey: fromHex(await keyOf(agent, 'agent')) })),
    );
    const made = await makeGrant(engine, {
      grantId: id,
      channel: profile.channel,
      owner: begun.ledgerId,
      scopeKey: scopeKeyPair(engine, device.seed, begun.scopes.general, 1),
      reader: { mspId, certificateHash, publicKey: fromHex(publicKey), proof: fromHex(proof) },
      agents,
      threshold: 2,
    });
    const shares = made.sealedShares.map(({ sealed }) => Uint8Array.from(sealed));
    if (spoil) shares[0]![100]! ^= 1;
    const { salt, ...committed } = terms;
    const scope = { scopeId: begun.scopes.general, epoch: 1 };
    const argument = {
      consentId: id,
      requestId: null,
      grantee: { kind: 'person', id: doctor.subject, mspId, publicKey, certificateHash, epoch },
      scopes: [
        {
          ...scope,
          publicKey: toHex(made.grant.ownerPublicKey),
          points: made.grant.agents.map(({ check }) => toHex(check)),
          shareDigests: shares.map((share) => sha256Hex(share)),
        },
      ],
      agents: agents.map((agent) => ({ mspId: agent.mspId, publicKey: toHex(agent.publicKey) })),
      threshold: 2,
      expiresAt: after(2),
      termsCommitment: commit(committed, fromHex(salt)),
    };
    await ledger.submit(patient, 'consent:grant', [randomBytes(32).toString('hex'), canonicalJson(argument)]);
    for (const [at, mspIdOfAgent] of AGENTS.entries()) {
      const share = canonicalJson({ scopes: [{ ...scope, sealedShare: toBase64(shares[at]!) }] });
      await ledger.submit(patient, 'consent:depositShare', [id], {
        transient: { share: utf8(share) },
        endorsingOrganizations: [mspIdOfAgent],
      });
    }
  };

  const deliver = async (by: LedgerIdentity, deliveryId: string, delivery: Delivery): Promise<void> => {
    const sealed = await sealDelivery(
      { mspId: 'CityMSP', publicKey: await keyOf('CityMSP', 'handover') },
      deliveryId,
      delivery,
    );
    await ledger.submit(by, 'consent:deliver', [deliveryId], {
      transient: { delivery: sealed },
      endorsingOrganizations: ['CityMSP'],
    });
  };

  /** Deliveries that City has taken over so far. */
  const takenOver = async (): Promise<number> => {
    let count = 0;
    for await (const { block } of ledger.readBlocks(0, (await ledger.height()) - 1)) {
      const { transactions } = blockChanges(block, new Map(), new Set());
      count += transactions.filter(
        ({ functionName, creatorMsp, validationCode }) =>
          functionName === 'consent:takeOver' && creatorMsp === 'CityMSP' && validationCode === 0,
      ).length;
    }
    return count;
  };

  /** A doctor of City with a key of this process asks Lakeside for a patient's consent. */
  const request = async (id: string, number: string): Promise<void> => {
    const mspId = 'CityMSP';
    const key = newSigningKey();
    const ca = new CaClient({ mspId, ...profile.organization(mspId).ca });
    const who = { role: 'doctor' as const, subject: doctor.subject };
    const { certificate } = await ca.issue({ enrollmentId: `u-${newId().slice(12)}`, ...who }, key);
    const sealed = await sealDelivery(
      { mspId: 'LakesideMSP', publicKey: await keyOf('LakesideMSP', 'handover') },
      id,
      {
        ...TERMS,
        kind: 'request',
        registrationNo: number,
        grantee: { kind: 'person', id: doctor.subject },
        dateRange: { from: '2026-01-01', to: '2026-12-31' },
        expiresAt: after(2),
        dataEraseAt: after(3),
      },
    );
    await ledger.submit(ledgerIdentity({ mspId, certificate, ...who }, key), 'consent:request', [id], {
      transient: { request: sealed },
      endorsingOrganizations: ['LakesideMSP'],
    });
  };

  test('good shares are accepted, so that the consent is active', async () => {
    await grant(consentId);
    await until(async () => (await ask<ConsentState>('consent:getConsent', [consentId])).status === 'active');
    const { answers } = await ask<ConsentState>('consent:getConsent', [consentId]);
    expect(answers.map(({ mspId, answer }) => [mspId, answer])).toEqual(
      AGENTS.map((mspId) => [mspId, 'accepted']),
    );
  });

  test('a share that does not open is complained of, and the consent is not active', async () => {
    await grant(badConsentId, true);
    const state = () => ask<ConsentState>('consent:getConsent', [badConsentId]);
    await until(async () => (await state()).answers.length === 2);
    expect(await state()).toMatchObject({
      status: 'granted',
      answers: [
        { mspId: 'LakesideMSP', answer: 'complained', code: 'doesNotOpen', blames: begun.ledgerId },
        { mspId: 'MinistryMSP', answer: 'accepted' },
      ],
    });
  });

  test('an opening that differs is complained of', async () => {
    await deliver(await serviceOf('LakesideMSP'), newId(), {
      kind: 'selector',
      consentId,
      recordId,
      version: 1,
      selector: { date: '2026-05-02', recordType: 'OPConsultation', scope: 'general', salt: terms.salt },
    });
    const complaints = async () =>
      (await ask<{ items: Json[] }>('consent:listOpeningComplaints', [consentId, '200', ''])).items;
    await until(async () => (await complaints()).length > 0);
    expect(await complaints()).toMatchObject([{ consentId, recordId, version: 1, mspId: 'CityMSP' }]);
  });

  test('terms, openings, demographics and requests are taken over and can be opened', async () => {
    await deliver(patient, termsDelivery, { kind: 'terms', consentId, terms });
    // Not the owner: dropped.
    const forged = newId();
    const other = { ...terms, purpose: 'HPAYMT' as const };
    await deliver(await serviceOf('LakesideMSP'), forged, { kind: 'terms', consentId, terms: other });
    await request(requestId, registrationNo);
    await request(foreignRequestId, '1020000000000');
    const service = await serviceOf('LakesideMSP');
    const waiting = () => ask<{ items: Json[] }>('consent:listRequests', [''], service);
    // The differing selector, both terms, the true selector and the identity.
    await until(async () => (await takenOver()) >= 5 && (await waiting()).items.length === 0);
    expect(await takenOver()).toBe(5);
    const laterId = await write('2026-06-01');
    await until(async () => (await takenOver()) > 5);
    expect(await privateValue('LakesideMSP', `held/${foreignRequestId}`)).toBeNull();
    expect(await privateValue('CityMSP', `held/${forged}`)).toBeNull();
    expect(await privateValue('CityMSP', `held/${termsDelivery}`)).not.toBeNull();

    await bed.stopGateway();
    const config = configOf({
      port: 0,
      dataDirectory: join(bed.folder, 'gateway'),
      objectsDirectory: join(bed.folder, 'objects'),
      connectionProfile: join(bed.folder, 'connection.yaml'),
      organizations: ORGANIZATIONS,
      clockFile: join(bed.folder, 'network/clock'),
    });
    const opened = await openOrganizations(config, new Clock(config.clockFile));
    const projections = new Projections(opened.registry);
    await projections.onModuleInit();
    try {
      const held = new HeldValues(projections);
      const openings = new HeldOpenings(held, new PatientDirectory());
      const [city, lakeside] = [opened.registry.get('city')!, opened.registry.get('lakeside')!];
      expect(await openings.termsOf(city, consentId)).toEqual(terms);
      expect(await openings.termsOf(city, badConsentId)).toBeUndefined();
      expect(await openings.selectorOf(city, recordId, 1, consentId)).toMatchObject({
        date: '2026-05-01',
        recordType: 'OPConsultation',
        scope: 'general',
      });
      expect(await openings.selectorOf(city, laterId, 1, consentId)).toMatchObject({ date: '2026-06-01' });
      expect(await openings.demographicsOf(city, consentId)).toEqual({
        identity: { name: 'Mari', birthDate: '1990-05-01', gender: null },
      });
      const [taken, ...more] = await new ConsentRequests(held).listFor(lakeside, begun.ledgerId);
      expect(more).toEqual([]);
      expect(taken).toMatchObject({
        requestId,
        ledgerId: begun.ledgerId,
        from: { mspId: 'CityMSP', role: 'doctor', subject: doctor.subject },
        request: { registrationNo, purpose: 'CAREMGT' },
        answer: null,
      });
    } finally {
      await projections.onApplicationShutdown();
      await opened.close();
    }
  });

  test('after a revocation every organisation purges, one that was away when it is back', async () => {
    const withoutLakeside = ORGANIZATIONS.filter(({ slug }) => slug !== 'lakeside');
    await bed.restartGateway('SIGTERM', { organizations: withoutLakeside });
    const share = `share/${consentId}`;
    expect(await privateValue('MinistryMSP', share)).not.toBeNull();
    await ledger.submit(patient, 'consent:revoke', [consentId]);
    await until(async () => (await privateValue('MinistryMSP', share)) === null);
    await until(async () => (await privateValue('CityMSP', `held/${termsDelivery}`)) === null);
    expect(await privateValue('LakesideMSP', share)).not.toBeNull();
    await bed.restartGateway('SIGTERM', { organizations: ORGANIZATIONS });
    await until(async () => (await privateValue('LakesideMSP', share)) === null);
    // The other consent goes on.
    expect(await privateValue('LakesideMSP', `share/${badConsentId}`)).not.toBeNull();
  });

  test('an expired consent is purged too, though no block says so', async () => {
    await bed.advance(3 * 86_400_000);
    for (const mspId of AGENTS)
      await until(async () => (await privateValue(mspId, `share/${badConsentId}`)) === null);
    expect((await ask<ConsentState>('consent:getConsent', [badConsentId])).status).toBe('expired');
  });
});
