import {
  canonicalJson,
  encapsulate,
  fromHex,
  mclEngine,
  scopeKeyPair,
  sealingContext,
  toHex,
} from '@medseal/crypto';
import { privateKeys } from '../../src/ledger/keys';
import {
  type PatientEntry,
  type PatientPublic,
  type PrivateValue,
  type RecordEntry,
  type Role,
  type ScopeKey,
  type SealPublic,
  type StaffRole,
  ZERO_SCOPE,
} from '../../src/model/entries';
import {
  CHANNEL,
  type HealthNetwork,
  MINISTRY,
  newDigest,
  newId,
  type Person,
  sha256,
} from './health-network';

/** A ciphertext of the right look; what is in it is no matter of the contracts. */
export const ciphertext = (): string => Buffer.from(`sealed ${newDigest()}`).toString('base64');
export const value = (key: string, replaces?: string): PrivateValue =>
  replaces === undefined ? { key, value: ciphertext() } : { key, value: ciphertext(), replaces };

export const registrationValues = (ledgerId: string, number = newDigest()): PrivateValue[] => [
  value(privateKeys.number(number)),
  value(privateKeys.scopes(ledgerId)),
  ...(['identity', 'contact', 'guardian', 'care'] as const).map((group) =>
    value(privateKeys.demographics(ledgerId, group)),
  ),
];

export const patientEntry = (homeMsp: string, ledgerId = newId()): PatientPublic => ({
  ledgerId,
  homeMsp,
  version: 1,
  commitments: {
    number: newDigest(),
    identity: newDigest(),
    contact: newDigest(),
    guardian: newDigest(),
    care: newDigest(),
  },
});

export interface Patient {
  ledgerId: string;
  entry: PatientPublic;
  values: PrivateValue[];
  seed: Uint8Array;
  /** General, sensitive. */
  scopeIds: [string, string];
}

/** What the tests do again and again, each step a real transaction. */
export class Clinic {
  constructor(readonly ledger: HealthNetwork) {}

  manager!: Person;
  admins!: Record<string, Person>;
  services!: Record<string, Person>;

  /** Ministry, two hospitals, parameters; an administrator and a service each. Others of the network may be left for later. */
  async found(mspIds: readonly string[] = this.ledger.mspIds): Promise<void> {
    this.manager = await this.ledger.person(MINISTRY, 'system-manager');
    const organization = (mspId: string, kind: string, code: string) => ({
      mspId,
      kind,
      code,
      name: mspId,
      status: 'active',
    });
    const hospitals = mspIds.filter((mspId) => mspId !== MINISTRY);
    await this.ledger.submit(this.manager, 'registry:admitOrganization', [
      organization(MINISTRY, 'ministry', '000'),
    ]);
    for (const [at, mspId] of hospitals.entries()) {
      const entry = organization(mspId, 'hospital', String(101 + at));
      await this.ledger.submit(this.manager, 'registry:admitOrganization', [entry]);
    }
    await this.ledger.submit(this.manager, 'registry:setParameters', [
      { policyVersion: 1, recordSteps: ['chain'] },
    ]);
    this.admins = { [MINISTRY]: this.manager };
    for (const mspId of hospitals) this.admins[mspId] = await this.ledger.person(mspId, 'hospital-admin');
    this.services = {};
    for (const mspId of mspIds) this.services[mspId] = await this.ledger.person(mspId, 'service', '');
  }

  admin(mspId: string): Person {
    return this.admins[mspId]!;
  }

  service(mspId: string): Person {
    return this.services[mspId]!;
  }

  /** A certificate and an active staff entry. */
  async staff(mspId: string, role: StaffRole): Promise<Person> {
    const person = await this.ledger.person(mspId, role as Role);
    await this.putStaff({ staffId: person.subject, mspId, role, status: 'active', version: 1 });
    return person;
  }

  async putStaff(entry: {
    staffId: string;
    mspId: string;
    role: StaffRole;
    status: string;
    version: number;
  }) {
    const businessId = newDigest();
    const details: Record<string, string> =
      entry.mspId === MINISTRY ? {} : { details: canonicalJson({ name: 'A. Person' }) };
    const admin = this.admin(entry.mspId);
    await this.ledger.submitPrivately(admin, 'registry:putStaffPrivate', [businessId], {
      entry: canonicalJson(entry),
      ...details,
    });
    return this.ledger.submit(admin, 'registry:putStaff', [businessId, entry]);
  }

  async registerPatient(homeMsp: string): Promise<Patient> {
    const entry = patientEntry(homeMsp);
    const values = registrationValues(entry.ledgerId);
    const businessId = newDigest();
    await this.ledger.submitPrivately(this.admin(homeMsp), 'registry:registerPatientPrivate', [businessId], {
      entry: canonicalJson(entry),
      private: canonicalJson(values),
    });
    await this.ledger.submit(this.admin(homeMsp), 'registry:registerPatient', [businessId, homeMsp, entry]);
    return {
      ledgerId: entry.ledgerId,
      entry,
      values,
      seed: fromHex(newDigest()),
      scopeIds: [newId(), newId()],
    };
  }

  async scopeKeys({ seed, scopeIds }: Patient): Promise<ScopeKey[]> {
    const engine = await mclEngine();
    return scopeIds.map((scopeId) => ({
      scopeId,
      epoch: 1,
      publicKey: toHex(scopeKeyPair(engine, seed, scopeId, 1).publicKey),
    }));
  }

  /** Activates and gives back the patient's own certificate. */
  async activate(patient: Patient): Promise<Person> {
    const person = await this.ledger.person(patient.entry.homeMsp, 'patient', patient.ledgerId);
    await this.ledger.submit(person, 'registry:activatePatient', [
      { ledgerId: patient.ledgerId, scopes: await this.scopeKeys(patient), receivingKey: newDigest() },
    ]);
    return person;
  }

  async deletePatient({ ledgerId, entry }: Patient): Promise<void> {
    const admin = this.admin(entry.homeMsp);
    const current = await this.patient(admin, ledgerId);
    const { commitments } = entry;
    const update = { ledgerId, version: current!.version + 1, commitments, status: 'deleted' };
    const businessId = newDigest();
    await this.ledger.submitPrivately(admin, 'registry:updatePatientPrivate', [businessId], {
      entry: canonicalJson(update),
      private: '[]',
    });
    await this.ledger.submit(admin, 'registry:updatePatient', [businessId, entry.homeMsp, update]);
  }

  async openEncounter(by: Person, ledgerId: string, extra: PrivateValue[] = []): Promise<string> {
    const encounterId = newId();
    await this.ledger.submitPrivately(by, 'registry:openEncounter', [], {
      private: canonicalJson([
        value(privateKeys.encounter(ledgerId, encounterId)),
        value(privateKeys.visit(ledgerId, encounterId)),
        ...extra,
      ]),
    });
    return encounterId;
  }

  async closeEncounter(by: Person, ledgerId: string, encounterId: string): Promise<void> {
    const key = privateKeys.visit(ledgerId, encounterId);
    const held = await this.ledger.evaluate<Record<string, string>>(
      this.service(by.mspId),
      'registry:getPrivate',
      [[key]],
    );
    await this.ledger.submitPrivately(by, 'registry:closeEncounter', [], {
      private: canonicalJson([value(key, sha256(Buffer.from(held[key]!, 'base64')))]),
    });
  }

  /** `encounterId` goes where no block shows it. */
  create(
    author: Person,
    ledgerId: string,
    { encounterId, ...fields }: Partial<CreateFields> & { encounterId?: string } = {},
  ): Promise<RecordEntry> {
    return this.ledger.submit<RecordEntry>(
      author,
      'records:create',
      [newDigest(), createFields(ledgerId, fields)],
      encounterId === undefined ? {} : { transient: { encounter: encounterId } },
    );
  }

  /** A capsule for the entry as it will be sealed. */
  async capsule(
    patient: Patient,
    entry: Pick<RecordEntry, 'recordId' | 'version' | 'ledgerId'>,
    sealedDigest: string,
    scope: { scopeId: string; epoch: number },
  ): Promise<Uint8Array> {
    const engine = await mclEngine();
    const { publicKey } = scopeKeyPair(engine, patient.seed, scope.scopeId, scope.epoch);
    const context = sealingContext({
      channel: CHANNEL,
      recordId: entry.recordId,
      version: entry.version,
      owner: entry.ledgerId,
      scopeId: scope.scopeId,
      epoch: scope.epoch,
      sealedDigest,
    });
    return encapsulate(engine, { ownerPublicKey: publicKey, context }).capsule;
  }

  sealOf(entry: RecordEntry, recipients?: string[]): SealPublic {
    const keeper = entry.scopeId === ZERO_SCOPE ? `custodian:${entry.hospital}` : entry.ledgerId;
    return {
      recordId: entry.recordId,
      version: entry.version,
      author: entry.author,
      sealed: {
        sealedBy: 'hospital',
        sealedDigest: newDigest(),
        sealedBytes: 1234,
        headerDigest: newDigest(),
        headerBytes: 345,
        dekCommitment: newDigest(),
        commitments: { selector: newDigest(), titleLine: newDigest(), document: newDigest() },
        recipients: recipients ?? [entry.author, keeper, ...(entry.panel?.verifiers ?? [])],
      },
    };
  }

  async announceSeal(author: Person, seal: SealPublic, businessId = newDigest(), values?: PrivateValue[]) {
    const { recordId, version } = seal;
    await this.ledger.submitPrivately(author, 'records:sealPrivate', [businessId, recordId, version], {
      entry: canonicalJson(seal),
      private: canonicalJson(
        values ?? [
          value(privateKeys.selector(recordId, version)),
          value(privateKeys.titleLine(recordId, version)),
        ],
      ),
    });
    return businessId;
  }

  async seal(
    author: Person,
    patient: Patient,
    entry: RecordEntry,
    by: Person = author,
  ): Promise<RecordEntry> {
    const seal = this.sealOf(entry);
    const businessId = await this.announceSeal(author, seal);
    const keyless = entry.scopeId === ZERO_SCOPE;
    const transient: Record<string, Uint8Array> = keyless
      ? {}
      : { capsule: await this.capsule(patient, entry, seal.sealed.sealedDigest, entry) };
    return this.ledger.submit<RecordEntry>(by, 'records:seal', [businessId, entry.hospital, seal], {
      transient,
    });
  }

  /** A whole record, created, sealed and chained. */
  async write(
    author: Person,
    patient: Patient,
    fields: Partial<CreateFields> & { encounterId?: string } = {},
  ): Promise<RecordEntry> {
    const created = await this.create(author, patient.ledgerId, fields);
    await this.seal(author, patient, created);
    return this.ledger.submit<RecordEntry>(author, 'records:chain', [created.recordId, created.version]);
  }

  patient(person: Person, ledgerId: string): Promise<PatientEntry | null> {
    return this.ledger.evaluate<PatientEntry | null>(person, 'registry:getPatient', [ledgerId]);
  }
}

export interface CreateFields {
  recordId: string;
  version: number;
  ledgerId: string;
  scopeId: string;
  epoch: number;
  sanitizer?: string;
  verifiers?: string[];
}

export const createFields = (ledgerId: string, fields: Partial<CreateFields> = {}): CreateFields => ({
  recordId: newId(),
  version: 1,
  ledgerId,
  scopeId: ZERO_SCOPE,
  epoch: 0,
  ...fields,
});
