import { canonicalJson, utf8 } from '@medseal/crypto';
import { PURGED_AT_ONCE } from '../src/model/erasure-entries';
import { privateKeys } from '../src/ledger/keys';
import type { ErasureAttestationEntry, ErasureEntry, ErasureState } from '../src/model/erasure-entries';
import type { PatientUpdate } from '../src/model/entries';
import { Clinic, type Patient, value } from './support/clinic';
import {
  Consents,
  type MadeConsent,
  MINUTE,
  type Owner,
  type Reader,
  type SealedRecord,
} from './support/consents';
import {
  CITY,
  HealthNetwork,
  LAKESIDE,
  MINISTRY,
  MSP_IDS,
  newDigest,
  newId,
  type Person,
  refusalOf,
  VALLEY,
} from './support/health-network';

const AGENTS = [LAKESIDE, MINISTRY];

let ledger: HealthNetwork;
let clinic: Clinic;
let consents: Consents;
let doctor: Person;
let author: Person;
let reader: Reader;
let owner: Owner;
let record: SealedRecord;
let made: MadeConsent;
let ledgerId: string;
let receiptId: string;

beforeAll(async () => {
  ledger = await HealthNetwork.start([...MSP_IDS, VALLEY]);
  clinic = new Clinic(ledger);
  consents = new Consents(ledger, clinic);
  await clinic.found(MSP_IDS);
  await consents.registerAgents();
  doctor = await clinic.staff(CITY, 'doctor');
  author = await clinic.staff(LAKESIDE, 'doctor');
  reader = await consents.registerKey(doctor);
  owner = await consents.owner(LAKESIDE);
  ({ ledgerId } = owner.patient);
  record = await consents.record(author, owner);
  made = await consents.activate({ owner, reader, agents: AGENTS });
  ({ receiptId } = await consents.receipt(doctor, made.argument.consentId, [record.entry.recordId]));
});

afterAll(async () => {
  await ledger?.stop();
});

const code = async (call: Promise<unknown>) => (await refusalOf(call)).code;
const request = (by: Person, of = ledgerId) =>
  ledger.submit<ErasureEntry>(by, 'registry:requestErasure', [of]);
const purge = (by: Person, keys: string[], of = ledgerId, at = by.mspId) =>
  ledger.submit<{ purged: number }>(by, 'registry:purgePatient', [of], {
    transient: { keys: canonicalJson(keys) },
    endorsers: [at],
    at,
  });
const attest = (mspId: string, of = ledgerId) =>
  ledger.submit<ErasureAttestationEntry>(clinic.service(mspId), 'registry:attestErasure', [of]);
const erasure = (of = ledgerId) =>
  ledger.evaluate<ErasureState | null>(clinic.admin(LAKESIDE), 'registry:getErasure', [of]);
const statusOf = async (of = ledgerId) => (await clinic.patient(doctor, of))?.status;
const held = (mspId: string, keys: string[]) =>
  ledger.evaluate<Record<string, string | null>>(clinic.service(mspId), 'registry:getPrivate', [keys]);
const demographicKeys = (of: string): string[] => [
  privateKeys.scopes(of),
  ...(['identity', 'contact', 'guardian', 'care'] as const).map((group) =>
    privateKeys.demographics(of, group),
  ),
];

describe('a request', () => {
  test('is for the owner and the home hospital, of a patient who is there', async () => {
    const other = (await consents.owner(LAKESIDE)).person;
    for (const by of [other, clinic.admin(CITY), doctor, clinic.service(LAKESIDE)])
      expect(await code(request(by))).toBe('NOT_ALLOWED');
    expect(await code(request(owner.person, newId()))).toBe('PATIENT_NOT_FOUND');
    expect(await code(purge(clinic.service(LAKESIDE), [privateKeys.scopes(ledgerId)]))).toBe(
      'ERASURE_NOT_FOUND',
    );
    expect(await code(attest(LAKESIDE))).toBe('ERASURE_NOT_FOUND');
    expect(await erasure()).toBeNull();
    expect(await statusOf()).toBe('active');
  });

  test('waits until the records need not be kept any more', async () => {
    const parameters = (policyVersion: number, retentionYears?: number) =>
      ledger.submit(clinic.manager, 'registry:setParameters', [
        {
          policyVersion,
          recordSteps: ['chain'],
          ...(retentionYears === undefined ? {} : { retentionYears }),
        },
      ]);
    for (const years of [0, 101]) expect(await code(parameters(2, years))).toBe('BAD_ARGUMENT');
    const from = new Date(ledger.network.now());
    await parameters(2, 10);
    await parameters(3, 5);
    from.setUTCFullYear(from.getUTCFullYear() + 5);
    const refusal = await refusalOf(request(owner.person));
    expect(refusal.code).toBe('RETENTION_NOT_OVER');
    expect(refusal.sentence).toContain(`for 5 years: ask again from ${from.toISOString().slice(0, 10)} on`);
    expect(await statusOf()).toBe('active');
    // Nothing was ever chained: nothing has to be kept.
    const empty = await clinic.registerPatient(LAKESIDE);
    expect((await request(clinic.admin(LAKESIDE), empty.ledgerId)).requestedBy).toBe('hospital-admin');
    await parameters(4);
  });

  test('is not put off by another hospital’s new record, which that hospital alone has to keep', async () => {
    const patient = await clinic.registerPatient(LAKESIDE);
    const encounterId = await clinic.openEncounter(clinic.admin(CITY), patient.ledgerId);
    const { recordId } = await clinic.write(doctor, patient, { encounterId });
    const parameters = (policyVersion: number, retention: object) =>
      ledger.submit(clinic.manager, 'registry:setParameters', [
        { policyVersion, recordSteps: ['chain'], ...retention },
      ]);
    await parameters(5, { retentionYears: 5 });
    await request(clinic.admin(LAKESIDE), patient.ledgerId);
    const home = demographicKeys(patient.ledgerId);
    await purge(clinic.service(LAKESIDE), home, patient.ledgerId);
    await attest(LAKESIDE, patient.ledgerId);
    const city = [privateKeys.selector(recordId, 1), privateKeys.titleLine(recordId, 1)];
    expect(await code(purge(clinic.service(CITY), city, patient.ledgerId))).toBe('RETENTION_NOT_OVER');
    expect(await code(attest(CITY, patient.ledgerId))).toBe('RETENTION_NOT_OVER');
    const year = new Date(ledger.network.now()).getUTCFullYear() + 5;
    expect((await erasure(patient.ledgerId))?.keptUntil).toEqual({
      [CITY]: expect.stringMatching(new RegExp(`^${year}-`)) as string,
    });
    await parameters(6, {});
    expect((await erasure(patient.ledgerId))?.keptUntil).toEqual({});
    expect(await code(attest(CITY, patient.ledgerId))).toBe('ERASURE_INCOMPLETE');
    await purge(clinic.service(CITY), city, patient.ledgerId);
    await attest(CITY, patient.ledgerId);
  });

  test('makes the patient one who is being erased, at once and for good', async () => {
    const before = ledger.network.now();
    const entry = await request(owner.person);
    expect(entry).toEqual({
      schema: 1,
      ledgerId,
      homeMsp: LAKESIDE,
      requestedAt: expect.any(String) as string,
      requestedBy: 'patient',
      transactionId: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      organizations: [CITY, LAKESIDE, MINISTRY],
      erasedAt: null,
    });
    expect(Math.abs(Date.parse(entry.requestedAt) - before)).toBeLessThan(MINUTE);
    expect(await statusOf()).toBe('erasing');
    expect(await erasure()).toEqual({ erasure: entry, attestations: [], keptUntil: {} });
    for (const by of [owner.person, clinic.admin(LAKESIDE)])
      expect(await code(request(by))).toBe('PATIENT_ERASED');
  });
});

describe('from the request on', () => {
  test('no agent answers, and nothing new of the patient is accepted', async () => {
    const { consentId } = made.argument;
    const { recordId } = record.entry;
    for (const agent of AGENTS) {
      const asked = consents.ask(doctor, agent, { receiptId, record, terms: made.terms });
      expect(await code(asked)).toBe('PATIENT_ERASED');
    }
    const next = await consents.make({ owner, reader, agents: AGENTS });
    const scope = { scopeId: owner.patient.scopeIds[0], epoch: 1 };
    const current = await clinic.patient(doctor, ledgerId);
    const update: PatientUpdate = { ledgerId, version: 2, commitments: current!.commitments };
    const refused: [string, () => Promise<unknown>][] = [
      ['grant', () => consents.grant(owner, next)],
      ['revoke', () => ledger.submit(owner.person, 'consent:revoke', [consentId])],
      ['deny', () => ledger.submit(owner.person, 'consent:deny', [newId()])],
      ['receipt under the consent', () => consents.receipt(doctor, consentId, [recordId])],
      ['receipt as author', () => receipt(author, 'author', recordId)],
      ['receipt for the title line', () => receipt(clinic.admin(LAKESIDE), 'titleLine', recordId)],
      ['create', () => clinic.create(author, ledgerId, scope)],
      [
        'update',
        () =>
          ledger.submitPrivately(clinic.admin(LAKESIDE), 'registry:updatePatientPrivate', [newDigest()], {
            entry: canonicalJson(update),
            private: '[]',
          }),
      ],
      ['activate', () => clinic.activate(owner.patient)],
    ];
    for (const [name, call] of refused) {
      expect([name, await code(call())]).toEqual([
        name,
        name === 'activate' ? 'DEVICE_KEY_DIFFERS' : 'PATIENT_ERASED',
      ]);
    }
  });

  test('a record that was begun before stays where it stands', async () => {
    const { patient, started, sealed } = await begun();
    await request(clinic.admin(LAKESIDE), patient.ledgerId);
    const seal = clinic.sealOf(started);
    expect(await code(clinic.announceSeal(author, seal))).toBe('PATIENT_ERASED');
    expect(await code(ledger.submit(author, 'records:chain', [sealed.recordId, 1]))).toBe('PATIENT_ERASED');
  });

  const begun = async () => {
    const patient = await clinic.registerPatient(LAKESIDE);
    const started = await clinic.create(author, patient.ledgerId);
    const toSeal = await clinic.create(author, patient.ledgerId);
    const sealed = await clinic.seal(author, patient, toSeal);
    return { patient, started, sealed };
  };

  const receipt = (by: Person, basis: string, recordId: string) =>
    ledger.submit(by, 'access:receipt', [newDigest(), { basis, recordIds: [recordId] }]);
});

describe('purging', () => {
  test('takes the own values of this patient, and no other', async () => {
    const other = await clinic.registerPatient(LAKESIDE);
    const service = clinic.service(LAKESIDE);
    const mine = demographicKeys(ledgerId);
    const { recordId } = record.entry;
    const foreign = demographicKeys(other.ledgerId);
    for (const key of [...foreign, privateKeys.visit(other.ledgerId, newId())])
      expect(await code(purge(service, [...mine, key]))).toBe('NOT_THIS_PATIENT');
    const theirs = await clinic.create(author, other.ledgerId);
    const businessId = await clinic.announceSeal(author, clinic.sealOf(theirs));
    for (const key of [privateKeys.titleLine(theirs.recordId, 1), privateKeys.pending(businessId)])
      expect(await code(purge(service, [key]))).toBe('NOT_THIS_PATIENT');
    expect(await code(purge(service, ['staff/x']))).toBe('BAD_ARGUMENT');
    expect(await code(purge(service, []))).toBe('BAD_ARGUMENT');
    const many = Array.from({ length: PURGED_AT_ONCE + 1 }, () => privateKeys.held(newId()));
    expect(await code(purge(service, many))).toBe('BAD_ARGUMENT');
    expect(await code(purge(service, mine, other.ledgerId))).toBe('ERASURE_NOT_FOUND');
    expect(await code(purge(clinic.service(CITY), mine, ledgerId, LAKESIDE))).toBe('WRONG_PEER');
    expect(await code(purge(clinic.admin(LAKESIDE), mine))).toBe('NOT_ALLOWED');
    expect(Object.values(await held(LAKESIDE, [...mine, ...foreign]))).not.toContain(null);

    // Names that nothing is under fill a page up, so that its length tells nothing.
    const page = [
      ...mine,
      privateKeys.selector(recordId, 1),
      privateKeys.titleLine(recordId, 1),
      privateKeys.share(made.argument.consentId),
      ...many.slice(0, 24),
    ];
    expect(await purge(service, page)).toEqual({ purged: page.length });
    expect(Object.values(await held(LAKESIDE, page)).every((left) => left === null)).toBe(true);
    expect(Object.values(await held(LAKESIDE, foreign))).not.toContain(null);
  });
});

describe('attestations', () => {
  const admit = (status: string) =>
    ledger.submit(clinic.manager, 'registry:admitOrganization', [
      { mspId: CITY, kind: 'hospital', code: '101', name: CITY, status },
    ]);

  test('are refused while a value is left whose name the ledger knows', async () => {
    const share = privateKeys.share(made.argument.consentId);
    expect(await code(attest(MINISTRY))).toBe('ERASURE_INCOMPLETE');
    await purge(clinic.service(MINISTRY), [share]);
    const entry = await attest(MINISTRY);
    expect(entry).toMatchObject({ ledgerId, mspId: MINISTRY });
    expect(await code(attest(MINISTRY))).toBe('ERASURE_ATTESTED');
    expect(await statusOf()).toBe('erasing');
    expect((await erasure())?.attestations).toEqual([entry]);

    const unfinished = await clinic.registerPatient(LAKESIDE);
    const { recordId } = await clinic.write(author, unfinished);
    await request(clinic.admin(LAKESIDE), unfinished.ledgerId);
    const left = [
      ...demographicKeys(unfinished.ledgerId),
      privateKeys.selector(recordId, 1),
      privateKeys.titleLine(recordId, 1),
    ];
    for (const key of left) {
      expect([key.split('/')[0], await code(attest(LAKESIDE, unfinished.ledgerId))]).toEqual([
        key.split('/')[0],
        'ERASURE_INCOMPLETE',
      ]);
      await purge(clinic.service(LAKESIDE), [key], unfinished.ledgerId);
    }
    await attest(LAKESIDE, unfinished.ledgerId);
  });

  test('of all organisations complete the erasure, also when the last ones come together', async () => {
    const { erasure: before } = (await erasure())!;
    await Promise.all([CITY, LAKESIDE].map((mspId) => retried(() => attest(mspId))));
    const { erasure: after, attestations } = (await erasure())!;
    expect(attestations.map(({ mspId }) => mspId)).toEqual([CITY, LAKESIDE, MINISTRY]);
    expect(after).toEqual({ ...before, erasedAt: expect.any(String) as string });
    expect(attestations.map(({ at }) => at)).toContain(after.erasedAt);
    expect(await statusOf()).toBe('erased');
    expect(await code(request(clinic.admin(LAKESIDE)))).toBe('PATIENT_ERASED');
    const asked = consents.ask(doctor, LAKESIDE, { receiptId, record, terms: made.terms });
    expect(await code(asked)).toBe('PATIENT_ERASED');
  });

  test('what slipped in is purged after them too', async () => {
    const encounterId = await clinic.openEncounter(clinic.admin(CITY), ledgerId);
    const keys = [privateKeys.encounter(ledgerId, encounterId), privateKeys.visit(ledgerId, encounterId)];
    expect(Object.values(await held(CITY, keys))).not.toContain(null);
    await purge(clinic.service(CITY), keys);
    expect(Object.values(await held(CITY, keys))).toEqual([null, null]);
  });

  test('are also given by an organisation that is suspended', async () => {
    const patient: Patient = await clinic.registerPatient(LAKESIDE);
    await request(clinic.admin(LAKESIDE), patient.ledgerId);
    await admit('suspended');
    try {
      expect(await code(ledger.submit(clinic.service(CITY), 'consent:purgeHeld', [[newId()]]))).toBe(
        'ORGANIZATION_SUSPENDED',
      );
      await purge(clinic.service(CITY), [privateKeys.held(newId())], patient.ledgerId);
      expect((await attest(CITY, patient.ledgerId)).mspId).toBe(CITY);
    } finally {
      await admit('active');
    }
  });

  test('of one that is gone hold nobody up: it is suspended, and named', async () => {
    const [first, second] = [await clinic.registerPatient(LAKESIDE), await clinic.registerPatient(LAKESIDE)];
    for (const { ledgerId: of } of [first, second]) {
      await request(clinic.admin(LAKESIDE), of);
      await purge(clinic.service(LAKESIDE), demographicKeys(of), of);
      await attest(LAKESIDE, of);
    }
    await attest(MINISTRY, first.ledgerId);
    expect(await code(attest(MINISTRY, first.ledgerId))).toBe('ERASURE_ATTESTED');
    expect(await statusOf(first.ledgerId)).toBe('erasing');
    await admit('suspended');
    try {
      // Who has attested says so again, or attests as the last one that is there.
      for (const { ledgerId: of } of [first, second]) {
        expect(await attest(MINISTRY, of)).toMatchObject({ mspId: MINISTRY });
        const { erasure: entry, attestations } = (await erasure(of))!;
        expect(entry).toMatchObject({ unattested: [CITY], erasedAt: expect.any(String) as string });
        expect(attestations.map(({ mspId }) => mspId)).toEqual([LAKESIDE, MINISTRY]);
        expect(await code(attest(MINISTRY, of))).toBe('ERASURE_ATTESTED');
        expect((await erasure(of))?.erasure).toEqual(entry);
      }
      // It may come back and say so; the certificate stays as it was given.
      const { erasure: before } = (await erasure(first.ledgerId))!;
      expect((await attest(CITY, first.ledgerId)).mspId).toBe(CITY);
      expect((await erasure(first.ledgerId))?.erasure).toEqual(before);
    } finally {
      await admit('active');
    }
    expect(await clinic.patient(clinic.admin(LAKESIDE), first.ledgerId)).toMatchObject({ status: 'erased' });
  });

  test('are not for an organisation that came later', async () => {
    const patient: Patient = await clinic.registerPatient(LAKESIDE);
    await request(clinic.admin(LAKESIDE), patient.ledgerId);
    await ledger.submit(clinic.manager, 'registry:admitOrganization', [
      { mspId: VALLEY, kind: 'hospital', code: '103', name: VALLEY, status: 'active' },
    ]);
    const service = await ledger.person(VALLEY, 'service', '');
    const attested = ledger.submit(service, 'registry:attestErasure', [patient.ledgerId]);
    expect(await code(attested)).toBe('NOT_ALLOWED');
  });

  test('a deleted patient with keys is erased by themselves or by the home hospital', async () => {
    const [gone, silent] = [await consents.owner(LAKESIDE), await consents.owner(LAKESIDE)];
    for (const { patient } of [gone, silent]) await clinic.deletePatient(patient);
    expect((await request(gone.person, gone.patient.ledgerId)).requestedBy).toBe('patient');
    expect((await request(clinic.admin(LAKESIDE), silent.patient.ledgerId)).requestedBy).toBe(
      'hospital-admin',
    );
  });
});

describe('data-erase-at', () => {
  test('is attested by the reader’s organisation once its terms are gone', async () => {
    const giver = await consents.owner(LAKESIDE);
    const { argument } = await consents.activate({ owner: giver, reader, agents: AGENTS });
    const { consentId, termsId = '' } = argument;
    const say = (mspId: string, of = termsId) =>
      ledger.submit(clinic.service(mspId), 'consent:attestDataErased', [consentId, of]);
    const state = () =>
      ledger.evaluate<{ dataErasure: unknown }>(giver.person, 'consent:getConsent', [consentId]);
    await ledger.submit(giver.person, 'consent:deliver', [termsId], {
      transient: { delivery: utf8('sealed terms') },
      endorsers: [CITY],
    });
    expect(await code(say(CITY))).toBe('ERASURE_INCOMPLETE');
    await ledger.submitPrivately(clinic.service(CITY), 'consent:takeOver', [termsId], {
      private: canonicalJson([value(privateKeys.held(termsId))]),
    });
    expect(await code(say(CITY))).toBe('ERASURE_INCOMPLETE');
    expect(await code(say(CITY, newId()))).toBe('BAD_ARGUMENT');
    expect(await state()).toMatchObject({ status: 'active', dataErasure: null });
    await ledger.submitPrivately(clinic.service(CITY), 'consent:purgeHeld', [[termsId]], {});
    expect(await code(say(LAKESIDE))).toBe('NOT_ALLOWED');
    const entry = await say(CITY);
    expect(entry).toMatchObject({ consentId, mspId: CITY });
    expect(await state()).toMatchObject({ status: 'ended', dataErasure: entry });
    expect(await code(say(CITY))).toBe('ERASURE_ATTESTED');
    // What it held is gone, and with it the right to ask again.
    const { entry: written } = await consents.record(author, giver);
    expect(await code(consents.receipt(doctor, consentId, [written.recordId]))).toBe('TERMS_ENDED');
  });
});

/** As a gateway does, when another one's transaction came first, or one endorser is behind. */
const retried = async <T>(act: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
};
