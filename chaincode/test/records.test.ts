import { randomBytes } from 'node:crypto';
import { canonicalJson } from '@medseal/crypto';
import { privateKeys } from '../src/ledger/keys';
import { contentHash } from '../src/model/content-hash';
import {
  type RecordEntry,
  type RecordHead,
  type SealPublic,
  ZERO_HASH,
  ZERO_SCOPE,
} from '../src/model/entries';
import { Clinic, createFields, type Patient, value } from './support/clinic';
import {
  CHANNEL,
  CITY,
  HealthNetwork,
  LAKESIDE,
  newDigest,
  newId,
  type Person,
  refusalOf,
} from './support/health-network';

let ledger: HealthNetwork;
let clinic: Clinic;
let doctor: Person;
let colleague: Person;
let visiting: Person;

beforeAll(async () => {
  ledger = await HealthNetwork.start();
  clinic = new Clinic(ledger);
  await clinic.found();
  doctor = await clinic.staff(CITY, 'doctor');
  colleague = await clinic.staff(CITY, 'doctor');
  visiting = await clinic.staff(LAKESIDE, 'doctor');
});

afterAll(async () => {
  await ledger?.stop();
});

const activePatient = async (): Promise<Patient> => {
  const patient = await clinic.registerPatient(CITY);
  await clinic.activate(patient);
  return patient;
};
const general = (patient: Patient) => ({ scopeId: patient.scopeIds[0], epoch: 1 });

describe('create', () => {
  test('fixes author, hospital, policy and steps; nobody else decides them', async () => {
    const { ledgerId } = await clinic.registerPatient(CITY);
    const fields = createFields(ledgerId);
    const businessId = newDigest();
    const { answer, transactionId } = await ledger.submitWithId<RecordEntry>(doctor, 'records:create', [
      businessId,
      fields,
    ]);
    expect(answer).toEqual({
      schema: 1,
      recordId: fields.recordId,
      version: 1,
      ledgerId,
      scopeId: ZERO_SCOPE,
      epoch: 0,
      hospital: CITY,
      author: doctor.subject,
      policyVersion: 1,
      steps: ['chain'],
      status: 'created',
      sealed: null,
      ownerSlots: [],
      chain: null,
    });
    expect(await ledger.evaluate(visiting, 'records:getVersion', [fields.recordId, 1])).toEqual(answer);
    expect(await ledger.evaluate(visiting, 'records:listByPatient', [ledgerId])).toEqual([fields.recordId]);
    const again = await refusalOf(
      ledger.submit(doctor, 'records:create', [businessId, createFields(ledgerId)]),
    );
    expect(again).toMatchObject({ code: 'ALREADY_DONE', transactionId });
    const same = await refusalOf(ledger.submit(doctor, 'records:create', [newDigest(), fields]));
    expect(same.code).toBe('RECORD_EXISTS');
  });

  test('at another hospital needs an encounter that is open there', async () => {
    const { ledgerId } = await clinic.registerPatient(CITY);
    expect((await refusalOf(clinic.create(visiting, ledgerId))).code).toBe('ENCOUNTER_NOT_OPEN');
    expect((await refusalOf(clinic.create(visiting, ledgerId, { encounterId: newId() }))).code).toBe(
      'ENCOUNTER_NOT_OPEN',
    );
    const atCity = await clinic.openEncounter(clinic.admin(CITY), ledgerId);
    expect((await refusalOf(clinic.create(visiting, ledgerId, { encounterId: atCity }))).code).toBe(
      'ENCOUNTER_NOT_OPEN',
    );
    const other = await clinic.registerPatient(CITY);
    const ofOther = await clinic.openEncounter(visiting, other.ledgerId);
    expect((await refusalOf(clinic.create(visiting, ledgerId, { encounterId: ofOther }))).code).toBe(
      'ENCOUNTER_NOT_OPEN',
    );
    const encounterId = await clinic.openEncounter(visiting, ledgerId);
    const before = ledger.network.ledger.height;
    expect((await clinic.create(visiting, ledgerId, { encounterId })).hospital).toBe(LAKESIDE);
    const block = ledger.network.ledger.readBlock(before).toString('latin1');
    expect([block.includes(ledgerId), block.includes(encounterId)]).toEqual([true, false]);
    for (const named of [encounterId, null]) {
      const shown = ledger.submit(
        visiting,
        'records:create',
        [newDigest(), { ...createFields(ledgerId), encounterId: named }],
        { transient: { encounter: encounterId } },
      );
      expect(await refusalOf(shown)).toEqual({
        code: 'BAD_ARGUMENT',
        sentence: 'record.encounterId is not a known field',
      });
    }
    expect((await refusalOf(clinic.create(doctor, newId()))).code).toBe('PATIENT_NOT_FOUND');
  });

  test('takes scope and epoch zero from a keyless patient, current ones from an active one', async () => {
    const keyless = await clinic.registerPatient(CITY);
    const patient = await activePatient();
    for (const [ledgerId, scope] of [
      [keyless.ledgerId, general(keyless)],
      [keyless.ledgerId, { scopeId: ZERO_SCOPE, epoch: 1 }],
      [patient.ledgerId, { scopeId: ZERO_SCOPE, epoch: 0 }],
      [patient.ledgerId, { ...general(patient), epoch: 2 }],
      [patient.ledgerId, general(keyless)],
    ] as const) {
      expect((await refusalOf(clinic.create(doctor, ledgerId, scope))).code).toBe('SCOPE_NOT_CURRENT');
    }
    expect((await clinic.create(doctor, patient.ledgerId, general(patient))).scopeId).toBe(
      patient.scopeIds[0],
    );
  });

  test('of a later version is for the author, in turn, once the last is chained', async () => {
    const patient = await activePatient();
    const first = await clinic.create(doctor, patient.ledgerId, general(patient));
    const amend = (by: Person, fields: object = {}) =>
      clinic.create(by, patient.ledgerId, {
        ...general(patient),
        recordId: first.recordId,
        version: 2,
        ...fields,
      });
    expect((await refusalOf(amend(doctor))).code).toBe('RECORD_STATUS');
    await clinic.seal(doctor, patient, first);
    expect((await refusalOf(amend(doctor))).code).toBe('RECORD_STATUS');
    await ledger.submit(doctor, 'records:chain', [first.recordId, 1]);
    expect((await refusalOf(amend(colleague))).code).toBe('NOT_ALLOWED');
    expect((await refusalOf(amend(doctor, { version: 3 }))).code).toBe('VERSION_CONFLICT');
    expect((await refusalOf(amend(doctor, { recordId: newId() }))).code).toBe('RECORD_NOT_FOUND');
    const other = await activePatient();
    expect((await refusalOf(amend(doctor, { ledgerId: other.ledgerId, ...general(other) }))).code).toBe(
      'BAD_ARGUMENT',
    );
    const second = await amend(doctor);
    await clinic.seal(doctor, patient, second);
    await ledger.submit(doctor, 'records:chain', [first.recordId, 2]);
    const record = await ledger.evaluate<{ head: RecordHead; entries: RecordEntry[] }>(
      visiting,
      'records:get',
      [first.recordId],
    );
    expect(record.head).toMatchObject({ version: 2, author: doctor.subject, hospital: CITY });
    expect(record.entries.map(({ version, status }) => [version, status])).toEqual([
      [1, 'chained'],
      [2, 'chained'],
    ]);
    expect(record.entries[1]?.chain?.prevHash).toBe(record.entries[0]?.chain?.contentHash);
    expect(await ledger.evaluate(visiting, 'records:listByPatient', [patient.ledgerId])).toEqual([
      first.recordId,
    ]);
    expect(await ledger.evaluate(visiting, 'records:get', [newId()])).toBeNull();
  });
});

describe('seal', () => {
  const submitSeal = (
    by: Person,
    businessId: string,
    seal: SealPublic,
    capsule?: Uint8Array,
    hospital: string = CITY,
  ) =>
    ledger.submit<RecordEntry>(
      by,
      'records:seal',
      [businessId, hospital, seal],
      capsule ? { transient: { capsule } } : {},
    );

  test("by the author, or by the hospital's service in the author's name", async () => {
    const patient = await activePatient();
    const entry = await clinic.create(doctor, patient.ledgerId, general(patient));
    const seal = clinic.sealOf(entry);
    const capsule = await clinic.capsule(patient, entry, seal.sealed.sealedDigest, entry);
    const businessId = newDigest();

    expect((await refusalOf(submitSeal(doctor, businessId, seal, capsule))).code).toBe(
      'PRIVATE_PART_MISSING',
    );
    expect((await refusalOf(clinic.announceSeal(colleague, seal))).code).toBe('NOT_ALLOWED');
    expect((await refusalOf(clinic.announceSeal(visiting, seal))).code).toBe('NOT_ALLOWED');
    expect(
      (await refusalOf(clinic.announceSeal(colleague, { ...seal, author: colleague.subject }))).code,
    ).toBe('NOT_ALLOWED');
    await clinic.announceSeal(doctor, seal, businessId);

    for (const [by, code] of [
      [colleague, 'NOT_ALLOWED'],
      [visiting, 'NOT_ALLOWED'],
      [clinic.service(LAKESIDE), 'NOT_ALLOWED'],
    ] as const) {
      expect((await refusalOf(submitSeal(by, businessId, seal, capsule))).code).toBe(code);
    }
    const other = { ...seal, sealed: { ...seal.sealed, headerDigest: newDigest() } };
    expect((await refusalOf(submitSeal(doctor, businessId, other, capsule))).code).toBe(
      'PRIVATE_PART_DIFFERS',
    );
    expect((await refusalOf(submitSeal(doctor, businessId, seal, capsule, LAKESIDE))).code).toBe(
      'BAD_ARGUMENT',
    );

    const sealed = await submitSeal(clinic.service(CITY), businessId, seal, capsule);
    expect(sealed).toEqual({
      ...entry,
      status: 'sealed',
      sealed: seal.sealed,
      ownerSlots: [general(patient)],
    });
    expect((await refusalOf(submitSeal(doctor, businessId, seal, capsule))).code).toBe('ALREADY_DONE');
    expect((await refusalOf(clinic.announceSeal(doctor, seal))).code).toBe('RECORD_STATUS');
    expect((await refusalOf(submitSeal(doctor, newDigest(), seal, capsule))).code).toBe('RECORD_STATUS');
  });

  test('only with a capsule whose proof holds for this entry and no other', async () => {
    const patient = await activePatient();
    const stranger = await activePatient();
    const entry = await clinic.create(doctor, patient.ledgerId, general(patient));
    const seal = clinic.sealOf(entry);
    const { sealedDigest } = seal.sealed;
    const businessId = await clinic.announceSeal(doctor, seal);
    const good = await clinic.capsule(patient, entry, sealedDigest, entry);
    const flipped = (at: number) => good.map((byte, index) => (index === at ? byte ^ 1 : byte));
    const scope = (scopeId: string, epoch = 1) => ({ scopeId, epoch });
    const bad: [string, Uint8Array][] = [
      ['empty', new Uint8Array()],
      ['short', good.slice(1)],
      ['long', Uint8Array.from([...good, 0])],
      ['random', randomBytes(144)],
      [
        'of another record',
        await clinic.capsule(patient, { ...entry, recordId: newId() }, sealedDigest, entry),
      ],
      ['of another version', await clinic.capsule(patient, { ...entry, version: 2 }, sealedDigest, entry)],
      [
        'of another owner',
        await clinic.capsule(patient, { ...entry, ledgerId: stranger.ledgerId }, sealedDigest, entry),
      ],
      ['of other content', await clinic.capsule(patient, entry, newDigest(), entry)],
      ['of the other scope', await clinic.capsule(patient, entry, sealedDigest, scope(patient.scopeIds[1]))],
      ['of another epoch', await clinic.capsule(patient, entry, sealedDigest, scope(patient.scopeIds[0], 2))],
      [
        "to another patient's key",
        await clinic.capsule({ ...patient, seed: stranger.seed }, entry, sealedDigest, entry),
      ],
      ...[1, 60, 90, 143].map((at): [string, Uint8Array] => [`changed at ${at}`, flipped(at)]),
    ];
    expect((await refusalOf(submitSeal(doctor, businessId, seal))).code).toBe('CAPSULE_MISSING');
    for (const [what, capsule] of bad) {
      expect([what, (await refusalOf(submitSeal(doctor, businessId, seal, capsule))).code]).toEqual([
        what,
        capsule.length === 0 ? expect.stringMatching(/^CAPSULE_/) : 'CAPSULE_INVALID',
      ]);
    }
    await submitSeal(doctor, businessId, seal, good);
  });

  test('names the author and the owner, while keyless the own custodian', async () => {
    const patient = await activePatient();
    const keyless = await clinic.registerPatient(CITY);
    const entry = await clinic.create(doctor, patient.ledgerId, general(patient));
    const custody = await clinic.create(doctor, keyless.ledgerId);
    for (const [created, recipients] of [
      [entry, [doctor.subject]],
      [entry, [patient.ledgerId]],
      [entry, [doctor.subject, `custodian:${CITY}`]],
      [custody, [doctor.subject]],
      [custody, [doctor.subject, `custodian:${LAKESIDE}`]],
      [custody, [doctor.subject, keyless.ledgerId]],
    ] as const) {
      const seal = clinic.sealOf(created, [...recipients]);
      const businessId = await clinic.announceSeal(doctor, seal, newDigest(), []);
      expect((await refusalOf(submitSeal(doctor, businessId, seal, randomBytes(144)))).code).toBe(
        'BAD_ARGUMENT',
      );
    }
    expect((await clinic.seal(doctor, keyless, custody)).ownerSlots).toEqual([]);
  });

  test('writes selector and title line of this version only; a second attempt names what it replaces', async () => {
    const { ledgerId } = await clinic.registerPatient(CITY);
    const entry = await clinic.create(doctor, ledgerId);
    const { recordId } = entry;
    const seal = clinic.sealOf(entry);
    for (const key of [
      privateKeys.selector(recordId, 2),
      privateKeys.titleLine(newId(), 1),
      privateKeys.scopes(ledgerId),
      privateKeys.pending(newDigest()),
    ]) {
      expect((await refusalOf(clinic.announceSeal(doctor, seal, newDigest(), [value(key)]))).code).toBe(
        'BAD_ARGUMENT',
      );
    }
    const wrongArguments = ledger.submitPrivately(doctor, 'records:sealPrivate', [newDigest(), newId(), 1], {
      entry: canonicalJson(seal),
    });
    expect((await refusalOf(wrongArguments)).code).toBe('BAD_ARGUMENT');

    const titleLine = value(privateKeys.titleLine(recordId, 1));
    await clinic.announceSeal(doctor, seal, newDigest(), [titleLine]);
    // Another attempt with other content, after the first was given up.
    const next = clinic.sealOf(entry);
    expect((await refusalOf(clinic.announceSeal(doctor, next, newDigest(), [titleLine]))).code).toBe(
      'PRIVATE_VALUE_EXISTS',
    );
    const businessId = await clinic.announceSeal(doctor, next, newDigest(), []);
    expect((await submitSeal(doctor, businessId, next)).sealed).toEqual(next.sealed);
  });
});

describe('chain', () => {
  const chain = (by: Person, entry: RecordEntry) =>
    ledger.submit<RecordEntry>(by, 'records:chain', [entry.recordId, entry.version]);

  test("links each entry to the patient's last one, whoever wrote it", async () => {
    const patient = await clinic.registerPatient(CITY);
    const encounterId = await clinic.openEncounter(visiting, patient.ledgerId);
    const entries = [
      await clinic.write(doctor, patient),
      await clinic.write(visiting, patient, { encounterId }),
      await clinic.write(colleague, patient),
    ];
    let prevHash = ZERO_HASH;
    for (const [index, entry] of entries.entries()) {
      const { sealed, chain: link } = entry;
      if (sealed === null || link === null) throw new Error('not chained');
      expect(link).toEqual({
        contentHash: contentHash(CHANNEL, { ...entry, sealed }, index, prevHash),
        prevHash,
        index,
      });
      prevHash = link.contentHash;
    }
    const others = await clinic.write(doctor, await clinic.registerPatient(CITY));
    expect(others.chain).toMatchObject({ prevHash: ZERO_HASH, index: 0 });
  });

  test('is for the author and the own service, for a sealed entry, once', async () => {
    const patient = await clinic.registerPatient(CITY);
    const entry = await clinic.create(doctor, patient.ledgerId);
    expect((await refusalOf(chain(doctor, entry))).code).toBe('RECORD_STATUS');
    await clinic.seal(doctor, patient, entry, clinic.service(CITY));
    for (const by of [colleague, visiting, clinic.service(LAKESIDE)]) {
      expect((await refusalOf(chain(by, entry))).code).toBe('NOT_ALLOWED');
    }
    expect((await chain(clinic.service(CITY), entry)).status).toBe('chained');
    expect((await refusalOf(chain(doctor, entry))).code).toBe('RECORD_STATUS');
    expect((await refusalOf(chain(doctor, { ...entry, version: 2 }))).code).toBe('RECORD_NOT_FOUND');
  });

  test('two at once: one commits, the other conflicts and follows when repeated', async () => {
    const patient = await clinic.registerPatient(CITY);
    const sealed: RecordEntry[] = [];
    for (let n = 0; n < 4; n++)
      sealed.push(await clinic.seal(doctor, patient, await clinic.create(doctor, patient.ledgerId)));
    const chainAll = async (entry: RecordEntry): Promise<RecordEntry> => {
      for (;;) {
        try {
          return await chain(doctor, entry);
        } catch (error) {
          if (!/status 11|status 12|do not match|failed to collect/.test(String(error))) throw error;
        }
      }
    };
    const chained = await Promise.all(sealed.map(chainAll));
    const links = chained.map(({ chain: link }) => link!).sort((a, b) => a.index - b.index);
    expect(links.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    links.slice(1).forEach((link, at) => expect(link.prevHash).toBe(links[at]!.contentHash));
  });

  test('waits for the steps that the policy of its creation requires', async () => {
    const patient = await clinic.registerPatient(CITY);
    const before = await clinic.create(doctor, patient.ledgerId);
    await ledger.submit(clinic.manager, 'registry:setParameters', [
      { policyVersion: 2, recordSteps: ['blind', 'sanitize', 'upload', 'attest', 'chain'] },
    ]);
    const sanitizer = (await clinic.staff(CITY, 'sanitizer')).subject;
    const verifiers = [(await clinic.staff(CITY, 'verifier')).subject];
    const after = await clinic.create(doctor, patient.ledgerId, { sanitizer, verifiers });
    await ledger.submit(clinic.manager, 'registry:setParameters', [
      { policyVersion: 3, recordSteps: ['chain'] },
    ]);
    expect([before.policyVersion, after.policyVersion]).toEqual([1, 2]);
    await clinic.seal(doctor, patient, before);
    await clinic.seal(doctor, patient, after);
    expect((await chain(doctor, before)).status).toBe('chained');
    expect(await refusalOf(chain(doctor, after))).toEqual({
      code: 'STEP_MISSING',
      sentence: 'not done yet: blind, sanitize, upload, attest',
    });
  });
});

describe('key slot for an owner who was keyless', () => {
  const addSlot = (by: Person, slot: object, capsule?: Uint8Array, businessId = newDigest()) =>
    ledger.submit<RecordEntry>(
      by,
      'records:addKeySlot',
      [businessId, slot],
      capsule ? { transient: { capsule } } : {},
    );

  test("is added by the writing hospital's service with a capsule that holds; the hash stays", async () => {
    const patient = await clinic.registerPatient(CITY);
    const entry = await clinic.write(doctor, patient);
    const sealed = entry.sealed!;
    const slot = {
      recordId: entry.recordId,
      version: 1,
      ...general(patient),
      headerDigest: newDigest(),
      headerBytes: 700,
      recipients: [...sealed.recipients, patient.ledgerId],
    };
    const capsule = await clinic.capsule(patient, entry, sealed.sealedDigest, general(patient));
    const service = clinic.service(CITY);
    expect((await refusalOf(addSlot(service, slot, capsule))).code).toBe('PATIENT_KEYLESS');
    await clinic.activate(patient);
    const keylessContext = await clinic.capsule(patient, entry, sealed.sealedDigest, general(patient));
    for (const [by, offered, offeredCapsule, code] of [
      [clinic.service(LAKESIDE), slot, capsule, 'NOT_ALLOWED'],
      [service, { ...slot, recipients: [patient.ledgerId] }, capsule, 'BAD_ARGUMENT'],
      [service, { ...slot, recipients: sealed.recipients }, capsule, 'BAD_ARGUMENT'],
      [service, { ...slot, epoch: 2 }, capsule, 'SCOPE_NOT_CURRENT'],
      [service, { ...slot, scopeId: newId() }, capsule, 'SCOPE_NOT_CURRENT'],
      [service, { ...slot, scopeId: patient.scopeIds[1] }, keylessContext, 'CAPSULE_INVALID'],
      [service, slot, undefined, 'CAPSULE_MISSING'],
      [service, { ...slot, version: 2 }, capsule, 'RECORD_NOT_FOUND'],
    ] as const) {
      expect((await refusalOf(addSlot(by, offered, offeredCapsule))).code).toBe(code);
    }
    const businessId = newDigest();
    const added = await addSlot(service, slot, capsule, businessId);
    expect(added).toEqual({
      ...entry,
      sealed: { ...sealed, headerDigest: slot.headerDigest, headerBytes: 700, recipients: slot.recipients },
      ownerSlots: [general(patient)],
    });
    const { chain, sealed: now } = added;
    expect(contentHash(CHANNEL, { ...added, sealed: now! }, chain!.index, chain!.prevHash)).toBe(
      chain!.contentHash,
    );
    expect((await refusalOf(addSlot(service, slot, capsule, businessId))).code).toBe('ALREADY_DONE');
    // Another header would be all the same to it, and another scope's readers would be let in.
    expect((await refusalOf(addSlot(service, slot, capsule))).code).toBe('NOT_ALLOWED');
    const wider = { ...slot, scopeId: patient.scopeIds[1], headerDigest: newDigest() };
    expect((await refusalOf(addSlot(service, wider, capsule))).code).toBe('NOT_ALLOWED');
    const unsealed = await clinic.create(doctor, patient.ledgerId, general(patient));
    expect((await refusalOf(addSlot(service, { ...slot, recordId: unsealed.recordId }, capsule))).code).toBe(
      'RECORD_STATUS',
    );
  });

  test('a record created keyless is sealed to the custodian even when the owner activates in between', async () => {
    const patient = await clinic.registerPatient(CITY);
    const entry = await clinic.create(doctor, patient.ledgerId);
    await clinic.activate(patient);
    expect((await clinic.seal(doctor, patient, entry)).ownerSlots).toEqual([]);
  });
});
