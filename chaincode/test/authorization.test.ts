import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '@medseal/crypto';
import type { Role } from '../src/model/entries';
import { Clinic } from './support/clinic';
import {
  CITY,
  HealthNetwork,
  LAKESIDE,
  MINISTRY,
  newDigest,
  newId,
  type Person,
  refusalOf,
} from './support/health-network';

const everyone = [
  'system-manager',
  'hospital-admin',
  'doctor',
  'verifier',
  'sanitizer',
  'auditor',
  'researcher',
  'patient',
  'service',
] as const;
const staff = everyone.filter((role) => role !== 'patient' && role !== 'service');
const administrators = ['hospital-admin', 'system-manager'] as const;

/** Who may call what: every function of every contract, with its number of arguments. */
const table: Record<string, { roles: readonly Role[]; arguments: number }> = {
  'registry:setParameters': { roles: ['system-manager'], arguments: 1 },
  'registry:admitOrganization': { roles: ['system-manager'], arguments: 1 },
  'registry:putOrganizationKey': { roles: ['service'], arguments: 1 },
  'registry:certifyAuthorities': { roles: ['service'], arguments: 1 },
  'registry:putStaffPrivate': { roles: administrators, arguments: 1 },
  'registry:putStaff': { roles: [...administrators, 'service'], arguments: 2 },
  'registry:setStaffStatus': { roles: administrators, arguments: 2 },
  'registry:registerReceivingKey': { roles: staff, arguments: 2 },
  'registry:registerPatientPrivate': { roles: ['hospital-admin'], arguments: 1 },
  'registry:registerPatient': { roles: ['hospital-admin', 'service'], arguments: 3 },
  'registry:updatePatientPrivate': { roles: ['hospital-admin'], arguments: 1 },
  'registry:updatePatient': { roles: ['hospital-admin', 'service'], arguments: 3 },
  'registry:activatePatient': { roles: ['patient'], arguments: 1 },
  'registry:requestErasure': { roles: ['patient', 'hospital-admin'], arguments: 1 },
  'registry:purgePatient': { roles: ['service'], arguments: 1 },
  'registry:attestErasure': { roles: ['service'], arguments: 1 },
  'registry:getErasure': { roles: everyone, arguments: 1 },
  'registry:advanceScope': { roles: ['patient'], arguments: 1 },
  'registry:openEncounter': { roles: ['hospital-admin', 'doctor'], arguments: 0 },
  'registry:closeEncounter': { roles: ['hospital-admin', 'doctor', 'service'], arguments: 0 },
  'registry:putEmergencyKey': { roles: ['service'], arguments: 1 },
  'registry:depositCustodianShare': { roles: ['service'], arguments: 1 },
  'registry:getEmergencyKey': { roles: everyone, arguments: 1 },
  'registry:getOrganizations': { roles: everyone, arguments: 0 },
  'registry:getOrganizationKeys': { roles: everyone, arguments: 1 },
  'registry:getOrganizationAuthorities': { roles: everyone, arguments: 0 },
  'registry:getParameters': { roles: everyone, arguments: 0 },
  'registry:getStaff': { roles: everyone, arguments: 1 },
  'registry:getStaffDetails': { roles: [...staff, 'service'], arguments: 2 },
  'registry:getReceivingKey': { roles: everyone, arguments: 1 },
  'registry:getPatient': { roles: everyone, arguments: 1 },
  'registry:getPrivate': { roles: ['service', 'hospital-admin'], arguments: 1 },
  'registry:getBusiness': { roles: everyone, arguments: 1 },
  'registry:hasPending': { roles: everyone, arguments: 2 },
  'records:create': { roles: ['doctor'], arguments: 2 },
  'records:sealPrivate': { roles: ['doctor'], arguments: 3 },
  'records:seal': { roles: ['doctor', 'service'], arguments: 3 },
  'records:chain': { roles: ['doctor', 'service'], arguments: 2 },
  'records:addKeySlot': { roles: ['service', 'patient'], arguments: 2 },
  'records:get': { roles: everyone, arguments: 1 },
  'records:getVersion': { roles: everyone, arguments: 2 },
  'records:listByPatient': { roles: everyone, arguments: 1 },
  'access:receipt': { roles: [...staff, 'patient'], arguments: 2 },
  'access:getReceipt': { roles: everyone, arguments: 1 },
  'access:listReceipts': { roles: ['patient', 'auditor'], arguments: 3 },
  'access:depositReason': { roles: ['doctor'], arguments: 1 },
  'access:openEmergency': { roles: ['doctor'], arguments: 2 },
  'access:closeEmergency': { roles: ['auditor'], arguments: 2 },
  'access:getEmergency': { roles: ['doctor', 'patient', 'auditor', 'service'], arguments: 1 },
  'access:listEmergencies': { roles: ['doctor', 'patient', 'auditor', 'service'], arguments: 2 },
  'access:countEmergencies': { roles: everyone, arguments: 2 },
  'access:getEmergencyFacts': { roles: staff, arguments: 3 },
  'integrity:putAuditParameters': { roles: ['service'], arguments: 1 },
  'integrity:depositMasterShare': { roles: ['service'], arguments: 1 },
  'integrity:enrollIdentityKey': { roles: ['doctor'], arguments: 1 },
  'integrity:revokeIdentityKey': { roles: administrators, arguments: 1 },
  'integrity:extract': { roles: ['doctor'], arguments: 1 },
  'integrity:blind': { roles: ['doctor'], arguments: 2 },
  'integrity:sanitize': { roles: ['sanitizer'], arguments: 2 },
  'integrity:returnPackage': { roles: ['sanitizer'], arguments: 2 },
  'integrity:upload': { roles: ['doctor', 'service'], arguments: 2 },
  'integrity:attest': { roles: ['verifier'], arguments: 2 },
  'integrity:openAudit': { roles: ['auditor', 'service'], arguments: 5 },
  'integrity:contribute': { roles: ['service'], arguments: 2 },
  'integrity:reveal': { roles: ['auditor', 'service'], arguments: 2 },
  'integrity:prove': { roles: ['service'], arguments: 2 },
  'integrity:expire': { roles: ['service'], arguments: 1 },
  'integrity:getAudit': { roles: everyone, arguments: 1 },
  'integrity:listAudits': { roles: everyone, arguments: 3 },
  'integrity:countAudits': { roles: everyone, arguments: 2 },
  'integrity:getLastProven': { roles: everyone, arguments: 1 },
  'integrity:getAuditParameters': { roles: everyone, arguments: 1 },
  'integrity:getIdentityKey': { roles: everyone, arguments: 1 },
  'consent:registerKey': { roles: [...staff, 'patient'], arguments: 3 },
  'consent:putCareTeam': { roles: ['hospital-admin', 'service'], arguments: 1 },
  'consent:request': { roles: ['doctor', 'hospital-admin'], arguments: 1 },
  'consent:takeRequests': { roles: ['service'], arguments: 1 },
  'consent:deny': { roles: ['patient'], arguments: 1 },
  'consent:grant': { roles: ['patient'], arguments: 2 },
  'consent:depositShare': { roles: ['patient'], arguments: 1 },
  'consent:checkShare': { roles: ['service'], arguments: 1 },
  'consent:answerShare': { roles: ['service'], arguments: 3 },
  'consent:deliver': { roles: ['patient', 'service'], arguments: 1 },
  'consent:takeOver': { roles: ['service'], arguments: 1 },
  'consent:complainOpening': { roles: ['service'], arguments: 3 },
  'consent:revoke': { roles: ['patient'], arguments: 1 },
  'consent:purgeShare': { roles: ['service'], arguments: 1 },
  'consent:purgeHeld': { roles: ['service'], arguments: 1 },
  'consent:attestDataErased': { roles: ['service'], arguments: 2 },
  'consent:reencrypt': { roles: [...staff, 'patient'], arguments: 3 },
  'consent:getConsent': { roles: everyone, arguments: 1 },
  'consent:listConsents': { roles: ['patient', 'auditor', 'service'], arguments: 3 },
  'consent:listConsentsTo': { roles: everyone, arguments: 3 },
  'consent:listOpeningComplaints': { roles: ['patient', 'auditor', 'service'], arguments: 3 },
  'consent:preview': { roles: ['patient', 'auditor', 'service'], arguments: 2 },
  'consent:chooseResearch': { roles: ['patient'], arguments: 1 },
  'consent:getResearchChoice': { roles: everyone, arguments: 1 },
  'consent:getConsentKey': { roles: everyone, arguments: 1 },
  'consent:getCareTeam': { roles: everyone, arguments: 1 },
  'consent:getRequestAnswers': { roles: everyone, arguments: 3 },
  'consent:listRequests': { roles: ['service'], arguments: 1 },
  'consent:listDeliveries': { roles: ['service'], arguments: 1 },
};
const functions = Object.keys(table);
const argumentsOf = (fn: string): string[] => Array.from({ length: table[fn]!.arguments }, () => '{}');

let ledger: HealthNetwork;
let clinic: Clinic;
const people = {} as Record<Role, Person>;

beforeAll(async () => {
  ledger = await HealthNetwork.start();
  clinic = new Clinic(ledger);
  await clinic.found();
  for (const role of ['doctor', 'verifier', 'sanitizer', 'auditor', 'researcher'] as const) {
    people[role] = await clinic.staff(CITY, role);
  }
  people['hospital-admin'] = clinic.admin(CITY);
  people['system-manager'] = clinic.manager;
  people.service = clinic.service(CITY);
  people.patient = await clinic.activate(await clinic.registerPatient(CITY));
});

afterAll(async () => {
  await ledger?.stop();
});

interface Metadata {
  contracts: Record<string, { transactions: { name: string }[]; contractInstance: object }>;
}

test('the table has every function there is, and the metadata tell nothing but names', async () => {
  const metadata = await ledger.evaluate<Metadata>(people.patient, 'org.hyperledger.fabric:GetMetadata');
  const known = Object.entries(metadata.contracts)
    .filter(([contract]) => contract !== 'org.hyperledger.fabric')
    .flatMap(([contract, { transactions }]) => transactions.map(({ name }) => `${contract}:${name}`));
  expect(known.sort()).toEqual([...functions].sort());
  for (const { contractInstance } of Object.values(metadata.contracts)) {
    expect(Object.keys(contractInstance).sort()).toEqual(expect.arrayContaining(['name']));
    expect(JSON.stringify(contractInstance).length).toBeLessThan(120);
  }
});

describe.each(functions)('%s', (fn) => {
  test('is refused to every other role, and to certificates without a role', async () => {
    const { roles } = table[fn]!;
    for (const role of everyone) {
      const refusal = await refusalOrUndefined(ledger.evaluate(people[role], fn, argumentsOf(fn)));
      const refusedByRole = refusal?.code === 'NOT_ALLOWED' && refusal.sentence.startsWith(`role ${role} `);
      expect([role, refusedByRole]).toEqual([role, !roles.includes(role)]);
    }
  });
});

const refusalOrUndefined = async (call: Promise<unknown>) => {
  let answered = false;
  try {
    return await refusalOf(call.then(() => (answered = true)));
  } catch (error) {
    if (answered) return undefined;
    throw error;
  }
};

test('a certificate without role or subject may call nothing', async () => {
  const nameless = await ledger.person(CITY, undefined);
  const unknown = await ledger.person(CITY, 'root' as Role);
  const withoutSubject = await ledger.person(CITY, 'hospital-admin', '');
  const withNumber = await ledger.person(CITY, 'doctor', '101000000001X');
  for (const person of [nameless, unknown, withoutSubject, withNumber]) {
    for (const fn of functions) {
      expect((await refusalOf(ledger.evaluate(person, fn, argumentsOf(fn)))).code).toBe('NOT_ALLOWED');
    }
  }
});

test('a doctor without a staff entry may call nothing that needs an admitted organisation', async () => {
  const stranger = await ledger.person(CITY, 'doctor');
  for (const fn of functions) {
    const expected = table[fn]!.roles.includes('doctor') ? 'STAFF_NOT_FOUND' : 'NOT_ALLOWED';
    expect([fn, (await refusalOf(ledger.evaluate(stranger, fn, argumentsOf(fn)))).code]).toEqual([
      fn,
      expected,
    ]);
  }
});

describe('the ledger decides whose staff somebody is', () => {
  test("another organisation's certificate with the same subject is refused", async () => {
    const doctor = await clinic.staff(LAKESIDE, 'doctor');
    const impostor = await ledger.person(CITY, 'doctor', doctor.subject);
    const administrator = await ledger.person(CITY, 'hospital-admin', doctor.subject);
    for (const person of [impostor, administrator]) {
      expect(
        (await refusalOf(ledger.submit(person, 'registry:registerReceivingKey', [newDigest(), 1]))).code,
      ).toBe('NOT_ALLOWED');
    }
  });

  test('another role than that of the entry is refused', async () => {
    const auditor = await clinic.staff(CITY, 'auditor');
    const promoted = await ledger.person(CITY, 'doctor', auditor.subject);
    expect((await refusalOf(ledger.evaluate(promoted, 'registry:getParameters'))).code).toBe('NOT_ALLOWED');
  });

  test("a patient's certificate of another hospital, or of nobody, is refused", async () => {
    const { ledgerId } = await clinic.registerPatient(CITY);
    const foreign = await ledger.person(LAKESIDE, 'patient', ledgerId);
    expect((await refusalOf(ledger.list(foreign, 'access:listReceipts', [ledgerId]))).code).toBe(
      'NOT_ALLOWED',
    );
    const nobody = await ledger.person(CITY, 'patient');
    expect((await refusalOf(ledger.evaluate(nobody, 'registry:getParameters'))).code).toBe(
      'PATIENT_NOT_FOUND',
    );
  });
});

describe("a patient acts with the device's key alone", () => {
  const patientFunctions = functions.filter((fn) => table[fn]!.roles.includes('patient'));

  /** Refusals of every function, asked of every peer and submitted; the arguments are good ones where there are any. */
  const refusalsOf = async (person: Person, ledgerId: string) => {
    const activation = canonicalJson({ ledgerId, scopes: [], receivingKey: newDigest() });
    const good: Record<string, string[]> = {
      'registry:activatePatient': [activation],
      'registry:getPatient': [ledgerId],
      'access:listReceipts': [ledgerId, '200', ''],
    };
    const found = new Set<string>();
    for (const fn of patientFunctions) {
      const args = good[fn] ?? argumentsOf(fn);
      for (const at of [CITY, LAKESIDE, MINISTRY]) {
        found.add((await refusalOf(ledger.evaluate(person, fn, args, { at }))).code);
      }
      found.add((await refusalOf(ledger.submit(person, fn, args))).code);
      found.add((await refusalOf(ledger.submit(person, fn, args, { endorsers: [LAKESIDE, MINISTRY] }))).code);
    }
    return [...found];
  };

  test("another certificate of the home hospital's authority for the same subject is refused everywhere", async () => {
    expect(patientFunctions).toContain('registry:activatePatient');
    expect(patientFunctions.length).toBeGreaterThan(10);
    const patient = await clinic.registerPatient(CITY);
    const made = await ledger.person(CITY, 'patient', patient.ledgerId);
    const device = await clinic.activate(patient);
    const madeLater = await ledger.person(CITY, 'patient', patient.ledgerId);
    for (const impostor of [made, madeLater]) {
      expect(await refusalsOf(impostor, patient.ledgerId)).toEqual(['DEVICE_KEY_DIFFERS']);
    }
    expect(await ledger.list(device, 'access:listReceipts', [patient.ledgerId])).toEqual([]);
  });

  test('a change of the entry does not let go of the key, nor does deletion', async () => {
    const patient = await clinic.registerPatient(CITY);
    const { ledgerId } = patient;
    const device = await clinic.activate(patient);
    const impostor = await ledger.person(CITY, 'patient', ledgerId);
    for (const status of [undefined, 'deleted'] as const) {
      const current = await clinic.patient(clinic.manager, ledgerId);
      const update = {
        ledgerId,
        version: current!.version + 1,
        commitments: patient.entry.commitments,
        ...(status === undefined ? {} : { status }),
      };
      const businessId = newDigest();
      await ledger.submitPrivately(clinic.admin(CITY), 'registry:updatePatientPrivate', [businessId], {
        entry: canonicalJson(update),
        private: '[]',
      });
      await ledger.submit(clinic.admin(CITY), 'registry:updatePatient', [businessId, CITY, update]);
      expect(await clinic.patient(clinic.manager, ledgerId)).toMatchObject({
        version: update.version,
        deviceKey: current!.deviceKey,
      });
      expect(await refusalsOf(impostor, ledgerId)).toEqual(['DEVICE_KEY_DIFFERS']);
      expect(await ledger.list(device, 'access:listReceipts', [ledgerId])).toEqual([]);
    }
  });

  test('a new certificate for the same key is the same device', async () => {
    const patient = await clinic.registerPatient(CITY);
    const device = await clinic.activate(patient);
    const renewed = await ledger.person(CITY, 'patient', patient.ledgerId, device.keys);
    expect(renewed.certificate).not.toBe(device.certificate);
    expect(await ledger.list(renewed, 'access:listReceipts', [patient.ledgerId])).toEqual([]);
    const again = ledger.submit(renewed, 'registry:activatePatient', [
      { ledgerId: patient.ledgerId, scopes: await clinic.scopeKeys(patient), receivingKey: newDigest() },
    ]);
    expect((await refusalOf(again)).code).toBe('PATIENT_ALREADY_ACTIVE');
  });

  test("another patient's device is refused for its subject, whatever its key", async () => {
    const [one, two] = [await clinic.registerPatient(CITY), await clinic.registerPatient(CITY)];
    const device = await clinic.activate(one);
    await clinic.activate(two);
    const stolen = await ledger.person(CITY, 'patient', two.ledgerId, device.keys);
    expect(await refusalsOf(stolen, two.ledgerId)).toEqual(['DEVICE_KEY_DIFFERS']);
  });
});

describe('suspension', () => {
  test('ends every access with its commit, and resuming brings it back', async () => {
    const doctor = await clinic.staff(CITY, 'doctor');
    expect(await ledger.evaluate(doctor, 'registry:getPatient', [newId()])).toBeNull();
    await ledger.submit(clinic.admin(CITY), 'registry:setStaffStatus', [doctor.subject, 'suspended']);
    for (const fn of functions.filter((name) => table[name]!.roles.includes('doctor'))) {
      expect([fn, (await refusalOf(ledger.evaluate(doctor, fn, argumentsOf(fn)))).code]).toEqual([
        fn,
        'STAFF_SUSPENDED',
      ]);
    }
    await ledger.submit(clinic.admin(CITY), 'registry:setStaffStatus', [doctor.subject, 'active']);
    expect(await ledger.evaluate(doctor, 'registry:getPatient', [newId()])).toBeNull();
  });

  test('refuses an administrator too, who needs no entry otherwise', async () => {
    const administrator = await clinic.staff(CITY, 'hospital-admin');
    await ledger.submit(clinic.admin(CITY), 'registry:setStaffStatus', [administrator.subject, 'suspended']);
    expect((await refusalOf(ledger.evaluate(administrator, 'registry:getParameters'))).code).toBe(
      'STAFF_SUSPENDED',
    );
  });

  test('revocation is for good', async () => {
    const doctor = await clinic.staff(CITY, 'doctor');
    await ledger.submit(clinic.admin(CITY), 'registry:setStaffStatus', [doctor.subject, 'revoked']);
    expect((await refusalOf(ledger.evaluate(doctor, 'registry:getParameters'))).code).toBe('STAFF_REVOKED');
    const back = ledger.submit(clinic.admin(CITY), 'registry:setStaffStatus', [doctor.subject, 'active']);
    expect((await refusalOf(back)).code).toBe('STAFF_REVOKED');
    const entry = {
      staffId: doctor.subject,
      mspId: CITY,
      role: 'doctor' as const,
      status: 'active',
      version: 3,
    };
    expect((await refusalOf(clinic.putStaff(entry))).code).toBe('STAFF_REVOKED');
  });

  test("of an organisation stops its staff and service, not its patients' reading", async () => {
    const doctor = await clinic.staff(LAKESIDE, 'doctor');
    const { ledgerId } = await clinic.registerPatient(LAKESIDE);
    const patient = await ledger.person(LAKESIDE, 'patient', ledgerId);
    const lakeside = { mspId: LAKESIDE, kind: 'hospital', code: '102', name: 'Lakeside' };
    await ledger.submit(clinic.manager, 'registry:admitOrganization', [{ ...lakeside, status: 'suspended' }]);
    for (const person of [doctor, clinic.admin(LAKESIDE), clinic.service(LAKESIDE)]) {
      expect((await refusalOf(ledger.evaluate(person, 'registry:getParameters'))).code).toBe(
        'ORGANIZATION_SUSPENDED',
      );
    }
    expect(await ledger.list(patient, 'access:listReceipts', [ledgerId])).toEqual([]);
    await ledger.submit(clinic.manager, 'registry:admitOrganization', [{ ...lakeside, status: 'active' }]);
    expect(await ledger.evaluate(doctor, 'registry:getPatient', [newId()])).toBeNull();
  });
});

describe('no name gives a way around', () => {
  const names = [
    'setParameters', // the contract API would give it to the first contract
    ':setParameters',
    'registry:',
    'registry',
    '',
    'unknown:setParameters',
    'Registry:setParameters',
    ' registry:setParameters',
    'registry:unknownTransaction',
    'registry:aroundTransaction',
    'registry:beforeTransaction',
    'registry:createContext',
    'registry:getName',
    'registry:constructor',
    'registry:__proto__',
    'registry:toString',
    'registry:registry:setParameters',
    'records:setParameters',
    'access:create',
    'records:admitOrganization',
    'org.hyperledger.fabric:_setMetadata',
    'org.hyperledger.fabric:constructor',
    '__proto__:toString',
    'constructor:name',
  ];

  test.each(names)('%j is unknown', async (fn) => {
    expect((await refusalOf(ledger.evaluate(clinic.manager, fn, ['{}']))).code).toBe('UNKNOWN_FUNCTION');
  });

  test('wrong numbers of arguments are refused', async () => {
    for (const args of [[], ['{}', '{}']]) {
      expect((await refusalOf(ledger.evaluate(clinic.manager, 'registry:setParameters', args))).code).toBe(
        'BAD_ARGUMENT',
      );
    }
  });
});

test('private values are only touched on the own peer', async () => {
  const at = LAKESIDE;
  const doctor = await clinic.staff(CITY, 'doctor');
  const calls: [Person, string, unknown[]][] = [
    [clinic.admin(CITY), 'registry:putStaffPrivate', [newDigest()]],
    [clinic.admin(CITY), 'registry:registerPatientPrivate', [newDigest()]],
    [clinic.admin(CITY), 'registry:updatePatientPrivate', [newDigest()]],
    [clinic.admin(CITY), 'registry:openEncounter', []],
    [clinic.admin(CITY), 'registry:closeEncounter', []],
    [clinic.service(CITY), 'registry:getPrivate', [`["scopes/${newId()}"]`]],
    [clinic.admin(CITY), 'registry:getStaffDetails', [CITY, doctor.subject]],
    [doctor, 'records:sealPrivate', [newDigest(), newId(), 1]],
    [clinic.service(CITY), 'consent:takeRequests', [[newId()]]],
    [clinic.service(CITY), 'consent:takeOver', [newId()]],
    [clinic.service(CITY), 'consent:purgeHeld', [[newId()]]],
    [clinic.service(CITY), 'consent:purgeShare', [newId()]],
    [clinic.service(CITY), 'consent:checkShare', [newId()]],
    [clinic.service(CITY), 'consent:listRequests', ['']],
    [clinic.service(CITY), 'consent:listDeliveries', ['']],
  ];
  for (const [person, fn, args] of calls) {
    expect([fn, (await refusalOf(ledger.evaluate(person, fn, args, { at }))).code]).toEqual([
      fn,
      'WRONG_PEER',
    ]);
  }
});

test('two certificates in one creator give no second role', async () => {
  const doctor = people.doctor;
  for (const credentials of [
    doctor.certificate + clinic.admin(CITY).certificate,
    clinic.admin(CITY).certificate + doctor.certificate,
    `-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n${doctor.certificate}`,
  ]) {
    const both = { ...doctor, identity: { mspId: CITY, credentials: Buffer.from(credentials) } };
    for (const fn of ['registry:setStaffStatus', 'registry:getParameters']) {
      await expect(ledger.evaluate(both, fn, argumentsOf(fn))).rejects.toThrow(
        /access denied|NOT_ALLOWED|pem: /,
      );
    }
  }
});

test('contracts read no clock but in freshness, draw no random number and keep no state of their own', () => {
  const folder = join(__dirname, '../src');
  for (const file of [
    'contracts/registry',
    'contracts/organizations',
    'contracts/staff',
    'contracts/patients',
    'contracts/encounters',
    'contracts/records',
    'contracts/access',
    'contracts/acts',
    'contracts/consent',
    'contracts/consent/deliveries',
    'contracts/consent/grants',
    'contracts/consent/handed-over',
    'contracts/consent/keys',
    'contracts/consent/owner',
    'contracts/consent/preview',
    'contracts/consent/queries',
    'contracts/consent/reencrypt',
    'contracts/consent/requests',
    'contracts/consent/shares',
    'contracts/integrity',
    'contracts/integrity/after-blinding',
    'contracts/integrity/blinding',
    'contracts/integrity/identity-keys',
    'contracts/integrity/panel',
    'contracts/integrity/parameters',
    'contracts/integrity/record-round',
    'ledger/audit-checks',
    'model/integrity-arguments',
    'model/record-steps',
    'ledger/agent',
    'ledger/consent-state',
    'ledger/reencryption-checks',
    'model/consent-arguments',
    'ledger/store',
    'ledger/codec',
    'ledger/private-values',
    'ledger/authorization',
    'ledger/certificates',
    'ledger/subject-key',
    'model/content-hash',
    'model/validation',
    'model/arguments',
  ]) {
    const source = readFileSync(join(folder, `${file}.ts`), 'utf8');
    expect([
      file,
      /\bDate\b|Math\.random|randomBytes|randomUUID|performance\.|setTimeout/.exec(source)?.[0],
    ]).toEqual([file, undefined]);
    expect([file, /^(?:export )?let /m.exec(source)?.[0]]).toEqual([file, undefined]);
  }
  // Converts instants that it is given.
  const instants = readFileSync(join(folder, 'model/instants.ts'), 'utf8');
  expect(/Date\.now|new Date\(\)|\bDate\(\)/.exec(instants)?.[0]).toBeUndefined();
});

test('the ministry reads no staff details and no patient', async () => {
  expect(
    (await refusalOf(ledger.evaluate(clinic.manager, 'registry:getStaffDetails', [CITY, newId()]))).code,
  ).toBe('NOT_ALLOWED');
  expect(
    (await refusalOf(ledger.evaluate(clinic.service(MINISTRY), 'registry:getStaffDetails', [CITY, newId()])))
      .code,
  ).toBe('NOT_ALLOWED');
});

test('a proposal signed too long ago is refused, a question is not', async () => {
  const late = { age: 6 * 60_000 };
  const refused = ledger.submit(clinic.admin(CITY), 'registry:setStaffStatus', [newId(), 'active'], late);
  expect((await refusalOf(refused)).code).toBe('PROPOSAL_STALE');
  for (const fn of functions.filter((name) => !/:(get|list|has|preview|count)/.test(name))) {
    const role = table[fn]!.roles[0]!;
    const call = ledger.evaluate(people[role], fn, argumentsOf(fn), late);
    expect([fn, (await refusalOf(call)).code]).toEqual([fn, 'PROPOSAL_STALE']);
  }
  expect(await ledger.evaluate(clinic.admin(CITY), 'registry:getPatient', [newId()], late)).toBeNull();
});
