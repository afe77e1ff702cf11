import { createHash, createPublicKey } from 'node:crypto';
import { canonicalJson } from '@medseal/crypto';
import { organizationAuthoritiesStatement, organizationKeyStatement } from '../src/ledger/certificates';
import { DEMOGRAPHIC_GROUPS, privateKeys } from '../src/ledger/keys';
import type { PatientEntry, PatientUpdate, PrivateValue, StaffEntry } from '../src/model/entries';
import { ciphertext, Clinic, patientEntry, registrationValues, value } from './support/clinic';
import {
  CITY,
  HealthNetwork,
  LAKESIDE,
  MINISTRY,
  newDigest,
  newId,
  type Person,
  refusalOf,
  sha256,
  signatureOf,
} from './support/health-network';

let ledger: HealthNetwork;
let clinic: Clinic;

beforeAll(async () => {
  ledger = await HealthNetwork.start();
  clinic = new Clinic(ledger);
});

afterAll(async () => {
  await ledger?.stop();
});

const hospital = (mspId: string, code: string) => ({
  mspId,
  name: mspId,
  kind: 'hospital',
  code,
  status: 'active',
});
const admit = (by: Person, entry: object) => ledger.submit(by, 'registry:admitOrganization', [entry]);
/** Every private key's name that needs nothing but a ledgerId, which is public. */
const computableKeys = (ledgerId: string): string[] => [
  privateKeys.scopes(ledgerId),
  ...DEMOGRAPHIC_GROUPS.map((group) => privateKeys.demographics(ledgerId, group)),
];
const hashOf = ({ value: text }: PrivateValue) => sha256(Buffer.from(text, 'base64'));

describe('start of a network', () => {
  test('nothing works before the ministry has admitted itself, and only a ministry can', async () => {
    const manager = await ledger.person(MINISTRY, 'system-manager');
    const cityManager = await ledger.person(CITY, 'system-manager');
    const admin = await ledger.person(CITY, 'hospital-admin');
    expect(await ledger.evaluate(manager, 'registry:getOrganizations')).toEqual([]);
    expect(await ledger.evaluate(manager, 'registry:getParameters')).toBeNull();
    const parameters = { policyVersion: 1, recordSteps: ['chain'] };
    for (const [call, code] of [
      [admit(manager, hospital(CITY, '101')), 'NOT_ALLOWED'],
      [admit(cityManager, hospital(CITY, '101')), 'NOT_ALLOWED'],
      [
        admit(manager, { ...hospital(MINISTRY, '000'), kind: 'ministry', status: 'suspended' }),
        'BAD_ARGUMENT',
      ],
      [ledger.submit(manager, 'registry:setParameters', [parameters]), 'ORGANIZATION_NOT_FOUND'],
      [ledger.evaluate(admin, 'registry:getPatient', [newId()]), 'ORGANIZATION_NOT_FOUND'],
    ] as const) {
      expect((await refusalOf(call)).code).toBe(code);
    }
    await clinic.found();
  });

  test('afterwards no other ministry can be, and no hospital admits', async () => {
    const cityManager = await ledger.person(CITY, 'system-manager');
    for (const entry of [hospital('OtherMSP', '103'), { ...hospital(CITY, '101'), kind: 'ministry' }]) {
      expect((await refusalOf(admit(cityManager, entry))).code).toBe('NOT_ALLOWED');
    }
    const second = { ...hospital('OtherMSP', '103'), kind: 'ministry' };
    expect((await refusalOf(admit(clinic.manager, second))).code).toBe('BAD_ARGUMENT');
    const suspended = { ...hospital(MINISTRY, '000'), kind: 'ministry', status: 'suspended' };
    expect((await refusalOf(admit(clinic.manager, suspended))).code).toBe('BAD_ARGUMENT');
  });

  test('a code is one organisation, and kind and code stay', async () => {
    expect((await refusalOf(admit(clinic.manager, hospital('OtherMSP', '101')))).code).toBe(
      'ORGANIZATION_CODE_TAKEN',
    );
    expect((await refusalOf(admit(clinic.manager, hospital(CITY, '105')))).code).toBe('BAD_ARGUMENT');
    await admit(clinic.manager, { ...hospital(CITY, '101'), name: 'City Hospital' });
    const organizations = await ledger.evaluate<{ mspId: string; name: string }[]>(
      clinic.manager,
      'registry:getOrganizations',
    );
    expect(organizations.map(({ mspId, name }) => [mspId, name])).toEqual([
      [CITY, 'City Hospital'],
      [LAKESIDE, LAKESIDE],
      [MINISTRY, MINISTRY],
    ]);
  });

  test('parameters go up by one', async () => {
    const set = (policyVersion: number, recordSteps = ['chain']) =>
      ledger.submit(clinic.manager, 'registry:setParameters', [{ policyVersion, recordSteps }]);
    for (const policyVersion of [1, 3])
      expect((await refusalOf(set(policyVersion))).code).toBe('VERSION_CONFLICT');
    await set(2, ['blind', 'sanitize', 'upload', 'attest', 'chain']);
    await set(3);
    expect(await ledger.evaluate(clinic.manager, 'registry:getParameters')).toEqual({
      schema: 1,
      policyVersion: 3,
      recordSteps: ['chain'],
    });
    const withThreshold = { policyVersion: 4, recordSteps: ['chain'], consentThreshold: 3 };
    await ledger.submit(clinic.manager, 'registry:setParameters', [withThreshold]);
    const stored = await ledger.evaluate(clinic.manager, 'registry:getParameters');
    expect(stored).toEqual({ schema: 1, ...withThreshold });
  });
});

describe('organisation keys', () => {
  const signed = (
    by: Person,
    fields: Partial<{
      mspId: string;
      kind: string;
      epoch: number;
      publicKey: string;
      certificate: string;
    }> = {},
  ) => {
    const key = {
      mspId: by.mspId,
      kind: 'custodian',
      epoch: 1,
      publicKey: newDigest(),
      certificate: by.certificate,
      ...fields,
    };
    return { ...key, signature: signatureOf(by, organizationKeyStatement(key as never)) };
  };
  const put = (by: Person, key: object) => ledger.submit(by, 'registry:putOrganizationKey', [key]);

  test('are registered with their signature, epoch after epoch', async () => {
    const service = clinic.service(CITY);
    const first = signed(service);
    await put(service, first);
    expect((await refusalOf(put(service, first))).code).toBe('VERSION_CONFLICT');
    await put(service, signed(service, { epoch: 2 }));
    await put(service, signed(service, { kind: 'handover' }));
    const keys = await ledger.evaluate<{ kind: string; epoch: number }[]>(
      clinic.manager,
      'registry:getOrganizationKeys',
      [CITY],
    );
    expect(keys.map(({ kind, epoch }) => [kind, epoch])).toEqual([
      ['custodian', 2],
      ['handover', 1],
    ]);
    expect(await ledger.evaluate(clinic.manager, 'registry:getOrganizationKeys', [LAKESIDE])).toEqual([]);
  });

  test('of another organisation, another certificate or a false signature are refused', async () => {
    const service = clinic.service(LAKESIDE);
    const good = signed(service);
    for (const [key, code] of [
      [signed(service, { mspId: CITY }), 'NOT_ALLOWED'],
      [{ ...good, certificate: clinic.service(CITY).certificate }, 'BAD_ARGUMENT'],
      [signed(clinic.service(CITY), { mspId: LAKESIDE }), 'BAD_ARGUMENT'],
      [{ ...good, publicKey: newDigest() }, 'BAD_ARGUMENT'],
      [{ ...good, kind: 'agent' }, 'BAD_ARGUMENT'],
      [{ ...good, signature: signed(service).signature }, 'BAD_ARGUMENT'],
      [{ ...good, signature: 'AAAA' }, 'BAD_ARGUMENT'],
      [
        { ...good, certificate: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' },
        'BAD_ARGUMENT',
      ],
    ] as const) {
      expect((await refusalOf(put(service, key))).code).toBe(code);
    }
    await put(service, good);
  });
});

describe("an organisation's authorities", () => {
  const certified = (by: Person, mspId: string, authorities = [newDigest()]) => ({
    mspId,
    authorities,
    certificate: by.certificate,
    signature: signatureOf(by, organizationAuthoritiesStatement({ mspId, authorities })),
  });
  const certify = (by: Person, entry: object) => ledger.submit(by, 'registry:certifyAuthorities', [entry]);

  test("are certified by the ministry's service and replaced", async () => {
    const service = clinic.service(MINISTRY);
    await certify(service, certified(service, CITY));
    const second = certified(service, CITY);
    await certify(service, second);
    expect(await ledger.evaluate(clinic.manager, 'registry:getOrganizationAuthorities', [])).toEqual([
      { schema: 1, ...second },
    ]);
  });

  test('are refused from a hospital, of nobody, or with a false signature', async () => {
    const service = clinic.service(MINISTRY);
    const good = certified(service, LAKESIDE);
    for (const [by, entry, code] of [
      [clinic.service(LAKESIDE), certified(clinic.service(LAKESIDE), LAKESIDE), 'NOT_ALLOWED'],
      [service, { ...good, authorities: [newDigest()] }, 'BAD_ARGUMENT'],
      [service, { ...good, mspId: CITY }, 'BAD_ARGUMENT'],
      [service, { ...good, certificate: clinic.service(CITY).certificate }, 'BAD_ARGUMENT'],
      [service, certified(service, 'NobodyMSP'), 'ORGANIZATION_NOT_FOUND'],
      [service, certified(service, LAKESIDE, []), 'BAD_ARGUMENT'],
    ] as const) {
      expect((await refusalOf(certify(by, entry))).code).toBe(code);
    }
  });
});

describe('staff', () => {
  test('details are in the collection of the hospitals, the public entry has none of them', async () => {
    const doctor = await ledger.person(CITY, 'doctor');
    const businessId = newDigest();
    const entry = { staffId: doctor.subject, mspId: CITY, role: 'doctor', status: 'active', version: 1 };
    const details = { name: 'Sundar', specialization: 'Cardiology', contactNo: '5550101' };
    await ledger.submitPrivately(clinic.admin(CITY), 'registry:putStaffPrivate', [businessId], {
      entry: canonicalJson(entry),
      details: canonicalJson(details),
    });
    expect(await ledger.evaluate(clinic.admin(CITY), 'registry:hasPending', [CITY, businessId])).toBe(true);
    const put = await ledger.submit<StaffEntry>(clinic.service(CITY), 'registry:putStaff', [
      businessId,
      entry,
    ]);
    expect(put).toEqual({ ...entry, schema: 1 });
    expect(await ledger.evaluate(clinic.manager, 'registry:getStaff', [doctor.subject])).toEqual(put);
    expect(await ledger.evaluate(doctor, 'registry:getStaffDetails', [CITY, doctor.subject])).toEqual(
      details,
    );
    expect(
      await ledger.evaluate(clinic.admin(LAKESIDE), 'registry:getStaffDetails', [CITY, doctor.subject]),
    ).toEqual(details);
    expect(await ledger.evaluate(doctor, 'registry:getStaffDetails', [CITY, newId()])).toBeNull();
  });

  test("the ministry's staff have no details", async () => {
    const auditor = await clinic.staff(MINISTRY, 'auditor');
    expect(await ledger.evaluate(auditor, 'registry:getPatient', [newId()])).toBeNull();
    const entry = { staffId: newId(), mspId: MINISTRY, role: 'auditor', status: 'active', version: 1 };
    const refused = ledger.submitPrivately(clinic.manager, 'registry:putStaffPrivate', [newDigest()], {
      entry: canonicalJson(entry),
      details: canonicalJson({ name: 'A' }),
    });
    expect((await refusalOf(refused)).code).toBe('BAD_ARGUMENT');
  });

  test('are of the own organisation, in roles it may give, with the next version', async () => {
    const doctor = await clinic.staff(CITY, 'doctor');
    const entry = { staffId: newId(), mspId: CITY, role: 'doctor' as const, status: 'active', version: 1 };
    const announce = (by: Person, offered: object) =>
      ledger.submitPrivately(by, 'registry:putStaffPrivate', [newDigest()], {
        entry: canonicalJson(offered),
      });
    for (const [offered, code] of [
      [{ ...entry, mspId: LAKESIDE }, 'NOT_ALLOWED'],
      [{ ...entry, role: 'system-manager' }, 'BAD_ARGUMENT'],
      [{ ...entry, version: 2 }, 'VERSION_CONFLICT'],
      [{ ...entry, staffId: doctor.subject }, 'VERSION_CONFLICT'],
      [{ ...entry, staffId: doctor.subject, version: 2, role: 'verifier' }, 'BAD_ARGUMENT'],
    ] as const) {
      expect((await refusalOf(announce(clinic.admin(CITY), offered))).code).toBe(code);
    }
    expect((await refusalOf(announce(clinic.manager, { ...entry, mspId: MINISTRY }))).code).toBe(
      'BAD_ARGUMENT',
    );
    const stolen = { ...entry, mspId: LAKESIDE, staffId: doctor.subject };
    expect((await refusalOf(announce(clinic.admin(LAKESIDE), stolen))).code).toBe('BAD_ARGUMENT');
    const foreign = ledger.submit(clinic.admin(LAKESIDE), 'registry:setStaffStatus', [
      doctor.subject,
      'suspended',
    ]);
    expect((await refusalOf(foreign)).code).toBe('NOT_ALLOWED');
  });

  test('receiving keys are registered by their holder, epoch after epoch', async () => {
    const doctor = await clinic.staff(CITY, 'doctor');
    const register = (publicKey: string, epoch: number | string) =>
      ledger.submit(doctor, 'registry:registerReceivingKey', [publicKey, epoch]);
    expect(await ledger.evaluate(doctor, 'registry:getReceivingKey', [doctor.subject])).toBeNull();
    const [first, second] = [newDigest(), newDigest()];
    await register(first, 1);
    expect((await refusalOf(register(second, 1))).code).toBe('VERSION_CONFLICT');
    expect((await refusalOf(register(second, '02'))).code).toBe('BAD_ARGUMENT');
    expect((await refusalOf(register('0'.repeat(64), 2))).code).toBe('BAD_ARGUMENT');
    await register(second, 2);
    expect(
      await ledger.evaluate(clinic.admin(LAKESIDE), 'registry:getReceivingKey', [doctor.subject]),
    ).toEqual({
      schema: 1,
      subject: doctor.subject,
      mspId: CITY,
      publicKey: second,
      epoch: 2,
    });
  });

  test("a patient's receiving key is not overwritten by staff of the same subject", async () => {
    const patient = await clinic.registerPatient(CITY);
    await clinic.activate(patient);
    const admin = await ledger.person(CITY, 'hospital-admin', patient.ledgerId);
    const refused = ledger.submit(admin, 'registry:registerReceivingKey', [newDigest(), 2]);
    expect((await refusalOf(refused)).code).toBe('NOT_ALLOWED');
  });
});

describe('two steps of a registration', () => {
  const announce = (
    entry: object,
    values: PrivateValue[],
    businessId = newDigest(),
    by = clinic.admin(CITY),
  ) =>
    ledger.submitPrivately(by, 'registry:registerPatientPrivate', [businessId], {
      entry: canonicalJson(entry),
      private: canonicalJson(values),
    });
  const register = (entry: { homeMsp: string }, businessId: string, by = clinic.admin(CITY)) =>
    ledger.submitWithId<PatientEntry>(by, 'registry:registerPatient', [businessId, entry.homeMsp, entry]);

  test('the public one needs the private one, to the byte, in the home hospital', async () => {
    const entry = patientEntry(CITY);
    const businessId = newDigest();
    expect((await refusalOf(register(entry, businessId))).code).toBe('PRIVATE_PART_MISSING');
    expect(await ledger.evaluate(clinic.service(CITY), 'registry:hasPending', [CITY, businessId])).toBe(
      false,
    );
    await announce(entry, registrationValues(entry.ledgerId), businessId);
    const other = { ...entry, commitments: { ...entry.commitments, identity: newDigest() } };
    expect((await refusalOf(register(other, businessId))).code).toBe('PRIVATE_PART_DIFFERS');
    expect((await refusalOf(register(entry, newDigest()))).code).toBe('PRIVATE_PART_MISSING');
    expect((await refusalOf(register(entry, businessId, clinic.admin(LAKESIDE)))).code).toBe('NOT_ALLOWED');
    expect(
      (await refusalOf(register({ ...entry, homeMsp: LAKESIDE }, businessId, clinic.service(LAKESIDE)))).code,
    ).toBe('PRIVATE_PART_MISSING');
    expect(await ledger.evaluate(clinic.service(CITY), 'registry:getBusiness', [businessId])).toBeNull();

    const { answer, transactionId } = await register(entry, businessId, clinic.service(CITY));
    expect(answer).toEqual({ ...entry, schema: 1, status: 'keyless', scopes: [], deviceKey: null });
    expect(await clinic.patient(clinic.manager, entry.ledgerId)).toEqual(answer);
    expect(await ledger.evaluate(clinic.service(CITY), 'registry:getBusiness', [businessId])).toEqual({
      transactionId,
    });

    const again = await refusalOf(register(entry, businessId));
    expect(again).toEqual({
      code: 'ALREADY_DONE',
      sentence: `done by transaction ${transactionId}`,
      transactionId,
    });
    const privately = await refusalOf(announce(entry, registrationValues(entry.ledgerId), businessId));
    expect(privately).toMatchObject({ code: 'ALREADY_DONE', transactionId });
  });

  test('a private step repeated after a time-out leaves the first values', async () => {
    const entry = patientEntry(CITY);
    const businessId = newDigest();
    const first = registrationValues(entry.ledgerId);
    await announce(entry, first, businessId);
    await announce(entry, registrationValues(entry.ledgerId), businessId);
    const key = privateKeys.scopes(entry.ledgerId);
    expect(await ledger.evaluate(clinic.service(CITY), 'registry:getPrivate', [[key]])).toEqual({
      [key]: first.find((one) => one.key === key)?.value,
    });
    await register(entry, businessId);
  });

  test('an organisation cannot use up or ask about the business ids of another', async () => {
    const entry = patientEntry(CITY);
    const businessId = newDigest();
    await announce(entry, registrationValues(entry.ledgerId), businessId);
    // Lakeside has read the id in the block of the private step.
    const lakeside = patientEntry(LAKESIDE);
    await announce(lakeside, registrationValues(lakeside.ledgerId), businessId, clinic.admin(LAKESIDE));
    await register(lakeside, businessId, clinic.admin(LAKESIDE));
    expect(
      (await refusalOf(ledger.evaluate(clinic.service(LAKESIDE), 'registry:hasPending', [CITY, businessId])))
        .code,
    ).toBe('NOT_ALLOWED');
    await register(entry, businessId);
  });

  test('a taken number is refused, and so are missing, doubled and foreign values', async () => {
    const number = newDigest();
    const taken = patientEntry(CITY);
    await announce(taken, registrationValues(taken.ledgerId, number));

    const entry = patientEntry(CITY);
    const values = registrationValues(entry.ledgerId);
    expect((await refusalOf(announce(entry, registrationValues(entry.ledgerId, number)))).code).toBe(
      'NUMBER_TAKEN',
    );
    const cases: [PrivateValue[], string][] = [
      [[], 'BAD_ARGUMENT'],
      ...values.map((_, gone): [PrivateValue[], string] => [
        values.filter((__, at) => at !== gone),
        'BAD_ARGUMENT',
      ]),
      [[...values, value(privateKeys.number(newDigest()))], 'BAD_ARGUMENT'],
      [[...values, value(privateKeys.scopes(newId()))], 'BAD_ARGUMENT'],
      [[...values, value(privateKeys.encounter(entry.ledgerId, newId()))], 'BAD_ARGUMENT'],
      [[...values, value(privateKeys.pending(newDigest()))], 'BAD_ARGUMENT'],
      [[...values, value('anything')], 'BAD_ARGUMENT'],
      [values.map((one) => ({ ...one, replaces: newDigest() })), 'BAD_ARGUMENT'],
    ];
    for (const [offered, code] of cases) expect((await refusalOf(announce(entry, offered))).code).toBe(code);
    const stolen = patientEntry(CITY, taken.ledgerId);
    expect((await refusalOf(announce(stolen, registrationValues(taken.ledgerId)))).code).toBe(
      'PRIVATE_VALUE_EXISTS',
    );
    expect((await refusalOf(announce(patientEntry(LAKESIDE), values))).code).toBe('NOT_ALLOWED');
    await announce(entry, values);
  });

  test('a ledgerId is registered once', async () => {
    const { ledgerId } = await clinic.registerPatient(CITY);
    const second = patientEntry(LAKESIDE, ledgerId);
    const refused = announce(second, registrationValues(ledgerId), newDigest(), clinic.admin(LAKESIDE));
    expect((await refusalOf(refused)).code).toBe('PATIENT_EXISTS');
  });

  test("other organisations' peers have none of the values, clients of theirs get none", async () => {
    const patient = await clinic.registerPatient(CITY);
    const keys = patient.values.map(({ key }) => key);
    for (const mspId of [LAKESIDE, MINISTRY]) {
      const none = await ledger.evaluate<Record<string, unknown>>(
        clinic.service(mspId),
        'registry:getPrivate',
        [keys],
      );
      expect(Object.values(none)).toEqual(keys.map(() => null));
      const asked = ledger.evaluate(clinic.service(mspId), 'registry:getPrivate', [keys], { at: CITY });
      expect((await refusalOf(asked)).code).toBe('WRONG_PEER');
    }
    const own = await ledger.evaluate<Record<string, unknown>>(clinic.service(CITY), 'registry:getPrivate', [
      keys,
    ]);
    expect(own).toEqual(Object.fromEntries(patient.values.map((one) => [one.key, one.value])));
    const unknown = ledger.evaluate(clinic.service(CITY), 'registry:getPrivate', [['staff/x']]);
    expect((await refusalOf(unknown)).code).toBe('BAD_ARGUMENT');
  });
});

describe('change of a patient', () => {
  const announce = (
    update: PatientUpdate,
    values: PrivateValue[],
    businessId = newDigest(),
    by = clinic.admin(CITY),
  ) =>
    ledger.submitPrivately(by, 'registry:updatePatientPrivate', [businessId], {
      entry: canonicalJson(update),
      private: canonicalJson(values),
    });
  const publish = (update: PatientUpdate, businessId: string, by = clinic.admin(CITY)) =>
    ledger.submit<PatientEntry>(by, 'registry:updatePatient', [businessId, CITY, update]);

  test('replaces the groups it names, each against its hash', async () => {
    const patient = await clinic.registerPatient(CITY);
    const { ledgerId } = patient;
    const identity = patient.values.find(({ key }) => key.endsWith('/identity'))!;
    const contact = patient.values.find(({ key }) => key.endsWith('/contact'))!;
    const update = {
      ledgerId,
      version: 2,
      commitments: { ...patient.entry.commitments, identity: newDigest() },
    };
    const cases: [PatientUpdate, PrivateValue[], string][] = [
      [update, [value(identity.key)], 'BAD_ARGUMENT'],
      [update, [value(identity.key, newDigest())], 'PRIVATE_VALUE_CHANGED'],
      [update, [value(privateKeys.scopes(ledgerId), newDigest())], 'BAD_ARGUMENT'],
      [update, [value(privateKeys.demographics(newId(), 'identity'), newDigest())], 'BAD_ARGUMENT'],
      [{ ...update, version: 1 }, [], 'VERSION_CONFLICT'],
      [{ ...update, version: 3 }, [], 'VERSION_CONFLICT'],
      [{ ...update, ledgerId: newId() }, [], 'PATIENT_NOT_FOUND'],
      [{ ...update, commitments: { ...update.commitments, number: newDigest() } }, [], 'BAD_ARGUMENT'],
    ];
    for (const [offered, values, code] of cases)
      expect((await refusalOf(announce(offered, values))).code).toBe(code);
    expect((await refusalOf(announce(update, [], newDigest(), clinic.admin(LAKESIDE)))).code).toBe(
      'NOT_ALLOWED',
    );

    const businessId = newDigest();
    const replaced = value(identity.key, hashOf(identity));
    await announce(update, [replaced, value(contact.key, hashOf(contact))], businessId);
    expect((await refusalOf(publish({ ...update, status: 'deleted' }, businessId))).code).toBe(
      'PRIVATE_PART_DIFFERS',
    );
    const changed = await publish(update, businessId, clinic.service(CITY));
    expect(changed).toEqual({
      ...patient.entry,
      schema: 1,
      status: 'keyless',
      scopes: [],
      deviceKey: null,
      version: 2,
      commitments: update.commitments,
    });
    expect(await ledger.evaluate(clinic.service(CITY), 'registry:getPrivate', [[identity.key]])).toEqual({
      [identity.key]: replaced.value,
    });
  });

  test('a deleted patient stays on the ledger and takes no further act', async () => {
    const doctor = await clinic.staff(CITY, 'doctor');
    const patient = await clinic.registerPatient(CITY);
    const { ledgerId, entry } = patient;
    const person = await clinic.activate(patient);
    const businessId = newDigest();
    const update: PatientUpdate = { ledgerId, version: 2, commitments: entry.commitments, status: 'deleted' };
    await announce(update, [], businessId);
    expect((await publish(update, businessId)).status).toBe('deleted');
    const refused: Promise<unknown>[] = [
      announce({ ...update, version: 3 }, []),
      clinic.create(doctor, ledgerId, { scopeId: patient.scopeIds[0], epoch: 1 }),
      ledger.submit(person, 'registry:activatePatient', [
        { ledgerId, scopes: await clinic.scopeKeys(patient), receivingKey: newDigest() },
      ]),
    ];
    for (const call of refused) expect((await refusalOf(call)).code).toBe('PATIENT_DELETED');
    expect(await ledger.list(person, 'access:listReceipts', [ledgerId])).toEqual([]);
  });
});

describe('activation', () => {
  test('by the patient, once, with two scopes of usable keys', async () => {
    const patient = await clinic.registerPatient(CITY);
    const other = await clinic.registerPatient(CITY);
    const person = await ledger.person(CITY, 'patient', patient.ledgerId);
    const scopes = await clinic.scopeKeys(patient);
    const [general, sensitive] = scopes as [(typeof scopes)[0], (typeof scopes)[0]];
    const good = { ledgerId: patient.ledgerId, scopes, receivingKey: newDigest() };
    const activate = (activation: object) =>
      ledger.submit<PatientEntry>(person, 'registry:activatePatient', [activation]);
    const identity = `c0${'00'.repeat(47)}`;
    const offSubgroup = `80${'00'.repeat(46)}04`;
    const cases: [object, string][] = [
      [{ ...good, ledgerId: other.ledgerId }, 'NOT_ALLOWED'],
      [{ ...good, scopes: [general] }, 'BAD_ARGUMENT'],
      [{ ...good, scopes: [general, { ...sensitive, scopeId: general.scopeId }] }, 'BAD_ARGUMENT'],
      [{ ...good, scopes: [general, { ...sensitive, scopeId: '0'.repeat(32) }] }, 'BAD_ARGUMENT'],
      [{ ...good, scopes: [general, { ...sensitive, publicKey: general.publicKey }] }, 'BAD_ARGUMENT'],
      [{ ...good, scopes: [general, { ...sensitive, epoch: 2 }] }, 'BAD_ARGUMENT'],
      ...[identity, offSubgroup, 'ff'.repeat(48), '00'.repeat(48), `9a${'ff'.repeat(47)}`].map(
        (publicKey): [object, string] => [
          { ...good, scopes: [general, { ...sensitive, publicKey }] },
          'BAD_ARGUMENT',
        ],
      ),
      [{ ...good, receivingKey: '0'.repeat(64) }, 'BAD_ARGUMENT'],
    ];
    for (const [activation, code] of cases) expect((await refusalOf(activate(activation))).code).toBe(code);
    expect(await clinic.patient(clinic.manager, patient.ledgerId)).toMatchObject({ deviceKey: null });
    expect((await activate(good)).status).toBe('active');
    const spki = createPublicKey(person.privateKey).export({ type: 'spki', format: 'der' });
    expect((await clinic.patient(clinic.manager, patient.ledgerId))?.deviceKey).toBe(sha256(spki));
    expect((await clinic.patient(clinic.manager, patient.ledgerId))?.scopes).toEqual(scopes);
    expect(
      await ledger.evaluate(clinic.manager, 'registry:getReceivingKey', [patient.ledgerId]),
    ).toMatchObject({
      subject: patient.ledgerId,
      publicKey: good.receivingKey,
      epoch: 1,
    });
    expect((await refusalOf(activate(good))).code).toBe('PATIENT_ALREADY_ACTIVE');
  });
});

describe('encounters', () => {
  const open = (by: Person, values: PrivateValue[]) =>
    ledger.submitPrivately(by, 'registry:openEncounter', [], { private: canonicalJson(values) });
  const close = (by: Person, values: PrivateValue[]) =>
    ledger.submitPrivately(by, 'registry:closeEncounter', [], { private: canonicalJson(values) });

  test('open and close at the own hospital; the visit stays', async () => {
    const { ledgerId } = await clinic.registerPatient(CITY);
    const encounterId = newId();
    const marker = value(privateKeys.encounter(ledgerId, encounterId));
    const visit = value(privateKeys.visit(ledgerId, encounterId));
    await open(clinic.admin(CITY), [marker, visit]);
    expect((await refusalOf(open(clinic.admin(CITY), [marker, visit]))).code).toBe('PRIVATE_VALUE_EXISTS');
    const ended = value(visit.key, hashOf(visit));
    expect((await refusalOf(close(clinic.service(CITY), [value(visit.key)]))).code).toBe('BAD_ARGUMENT');
    expect((await refusalOf(close(clinic.service(CITY), [value(visit.key, newDigest())]))).code).toBe(
      'PRIVATE_VALUE_CHANGED',
    );
    expect((await refusalOf(close(clinic.service(CITY), [marker]))).code).toBe('BAD_ARGUMENT');
    await close(clinic.service(CITY), [ended]);
    expect(
      await ledger.evaluate(clinic.service(CITY), 'registry:getPrivate', [[marker.key, visit.key]]),
    ).toEqual({
      [marker.key]: null,
      [visit.key]: ended.value,
    });
    expect((await refusalOf(close(clinic.service(CITY), [value(visit.key, hashOf(ended))]))).code).toBe(
      'ENCOUNTER_NOT_OPEN',
    );
  });

  test("of another hospital's patient also keep what the card told, under the number alone", async () => {
    const { ledgerId } = await clinic.registerPatient(CITY);
    const number = value(privateKeys.number(newDigest()));
    await clinic.openEncounter(clinic.admin(LAKESIDE), ledgerId, [number]);
    await clinic.openEncounter(clinic.admin(LAKESIDE), ledgerId);
    const again = clinic.openEncounter(clinic.admin(LAKESIDE), ledgerId, [number]);
    expect((await refusalOf(again)).code).toBe('PRIVATE_VALUE_EXISTS');
    await clinic.openEncounter(clinic.admin(LAKESIDE), ledgerId, [
      { ...number, value: ciphertext(), replaces: hashOf(number) },
    ]);
    const two = [value(privateKeys.number(newDigest())), value(privateKeys.number(newDigest()))];
    const refused = clinic.openEncounter(clinic.admin(LAKESIDE), ledgerId, two);
    expect((await refusalOf(refused)).code).toBe('BAD_ARGUMENT');
  });

  test('take no key that whoever knows the ledgerId can name, at no hospital and by nobody', async () => {
    const { ledgerId } = await clinic.registerPatient(CITY);
    const doctor = await clinic.staff(LAKESIDE, 'doctor');
    for (const by of [clinic.admin(LAKESIDE), doctor, clinic.admin(CITY)]) {
      const encounterId = newId();
      const marker = value(privateKeys.encounter(ledgerId, encounterId));
      const visit = value(privateKeys.visit(ledgerId, encounterId));
      for (const key of computableKeys(ledgerId)) {
        for (const extra of [value(key), value(key, newDigest())]) {
          expect([key, (await refusalOf(open(by, [marker, visit, extra]))).code]).toEqual([
            key,
            'BAD_ARGUMENT',
          ]);
        }
      }
      await open(by, [marker, visit]);
      for (const key of computableKeys(ledgerId)) {
        const ended = close(by, [value(visit.key, hashOf(visit)), value(key)]);
        expect([key, (await refusalOf(ended)).code]).toEqual([key, 'BAD_ARGUMENT']);
      }
      await close(by, [value(visit.key, hashOf(visit))]);
    }
  });

  test('no block tells which patient was where', async () => {
    const start = ledger.network.ledger.height;
    const { ledgerId } = await clinic.registerPatient(CITY);
    const before = ledger.network.ledger.height;
    const encounterId = newId();
    const visit = value(privateKeys.visit(ledgerId, encounterId));
    await open(clinic.admin(LAKESIDE), [
      value(privateKeys.encounter(ledgerId, encounterId)),
      visit,
      value(privateKeys.number(newDigest())),
    ]);
    await close(clinic.service(LAKESIDE), [value(visit.key, hashOf(visit))]);
    const hashes = computableKeys(ledgerId).map((key) =>
      createHash('sha256').update(key).digest().toString('latin1'),
    );
    const told = (from: number, to: number) => {
      const blocks = Array.from({ length: to - from }, (_, at) =>
        ledger.network.ledger.readBlock(from + at).toString('latin1'),
      ).join('');
      return {
        functions: ['registerPatient', 'openEncounter', 'closeEncounter'].filter((text) =>
          blocks.includes(text),
        ),
        ids: [ledgerId, encounterId].filter((text) => blocks.includes(text)),
        keys: computableKeys(ledgerId).filter((_, at) => blocks.includes(hashes[at]!)),
      };
    };
    // The home hospital is public, and shows that the search finds what is there.
    expect(told(start, before)).toEqual({
      functions: ['registerPatient'],
      ids: [ledgerId],
      keys: computableKeys(ledgerId),
    });
    expect(told(before, ledger.network.ledger.height)).toEqual({
      functions: ['openEncounter', 'closeEncounter'],
      ids: [],
      keys: [],
    });
  });
});
