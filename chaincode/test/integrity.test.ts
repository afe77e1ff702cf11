import {
  checkIdentityKey,
  combineIdentityShares,
  decodeReplacedSet,
  decodeTag,
  EMPTY_REPLACED_SET,
  encodeAuditParameters,
  encodeReplacedSet,
  fromBase64,
  fromHex,
  makeAuditChallenge,
  mclEngine,
  nobleEngine,
  tagHash,
  toBase64,
  verifyProof,
} from '@medseal/crypto';
import { contentHash } from '../src/model/content-hash';
import type { RecordEntry } from '../src/model/entries';
import type { BlindArgument } from '../src/model/integrity-arguments';
import type {
  AuditCounts,
  AuditedKind,
  AuditEntry,
  AuditParametersEntry,
  IdentityKeyEntry,
  ProvenFile,
} from '../src/model/integrity-entries';
import type { ListPage } from '../src/model/paging';
import { Clinic, type Patient } from './support/clinic';
import {
  type AuditedRecord,
  Integrity,
  objectOf,
  type SignedFiles,
  type Signer,
  type SigningWish,
} from './support/integrity';
import {
  CHANNEL,
  CITY,
  HealthNetwork,
  LAKESIDE,
  MINISTRY,
  MSP_IDS,
  newDigest,
  newId,
  type Person,
  refusalOf,
  sha256,
} from './support/health-network';

const STEPS = ['blind', 'sanitize', 'upload', 'attest', 'chain'];

let ledger: HealthNetwork;
let clinic: Clinic;
let integrity: Integrity;
let author: Signer;
let colleague: Signer;
let sanitizer: Person;
let verifiers: Person[];
let stranger: Record<'sanitizer' | 'verifier', Person>;
let patient: Patient;

const codeOf = async (call: Promise<unknown>): Promise<string> => (await refusalOf(call)).code;
const setSteps = (policyVersion: number, more = {}) =>
  ledger.submit(clinic.manager, 'registry:setParameters', [{ policyVersion, recordSteps: STEPS, ...more }]);
const panel = () => ({
  sanitizer: sanitizer.subject,
  verifiers: verifiers.map(({ subject }) => subject),
});
const chain = (by: Person, { recordId, version }: RecordEntry) =>
  ledger.submit<RecordEntry>(by, 'records:chain', [recordId, version]);
/** A receipt of the reads that the integrity steps bring with them. */
const read = (by: Person, basis: 'verifier' | 'sanitized', { recordId }: Pick<RecordEntry, 'recordId'>) =>
  ledger.submit(by, 'access:receipt', [newDigest(), { basis, recordIds: [recordId] }]);
const get = async ({ recordId, version }: RecordEntry) =>
  (await ledger.evaluate<RecordEntry | null>(author, 'records:getVersion', [recordId, version]))!;

beforeAll(async () => {
  ledger = await HealthNetwork.start();
  clinic = new Clinic(ledger);
  await clinic.found();
  integrity = new Integrity(ledger, clinic);
  await integrity.registerAgents();
  sanitizer = await clinic.staff(CITY, 'sanitizer');
  verifiers = [await clinic.staff(CITY, 'verifier'), await clinic.staff(CITY, 'verifier')];
  stranger = {
    sanitizer: await clinic.staff(CITY, 'sanitizer'),
    verifier: await clinic.staff(CITY, 'verifier'),
  };
  patient = await clinic.registerPatient(CITY);
}, 120_000);

afterAll(async () => ledger?.stop());

describe('audit parameters', () => {
  test('are put by the ministry alone, for extractors as they are on the ledger, with values that belong together', async () => {
    const service = clinic.service(MINISTRY);
    const early = await integrity.doctor(CITY);
    expect(await codeOf(integrity.enroll(early, 1))).toBe('AUDIT_PARAMETERS_MISSING');
    expect(await ledger.evaluate(early, 'integrity:getAuditParameters', [''])).toBeNull();
    const argument = await integrity.ceremony(service, 1, MSP_IDS);
    const refused = (changed: object) => codeOf(integrity.put(service, { ...argument, ...changed }));
    const [first, second, third] = argument.shares;
    expect(await refused({ shares: [second!, first!, third!] })).toBe('AUDIT_PARAMETERS_INVALID');
    expect(await refused({ shares: [first!, second!] })).toBe('AUDIT_PARAMETERS_INVALID');
    expect(await refused({ shares: [{ ...first!, publicKey: newDigest() }, second!, third!] })).toBe(
      'AUDIT_PARAMETERS_INVALID',
    );
    const engine = await mclEngine();
    const [one, two, three] = integrity.parameters.extractors;
    const swapped = { ...integrity.parameters, extractors: [two!, one!, three!] };
    expect(await refused({ parameters: toBase64(encodeAuditParameters(engine, swapped)) })).toBe(
      'AUDIT_PARAMETERS_INVALID',
    );
    expect(await refused({ version: 2 })).toBe('BAD_ARGUMENT');
    const city = clinic.service(CITY);
    expect(await refused({ certificate: city.certificate })).toBe('BAD_ARGUMENT');
    const bytes = fromBase64(argument.parameters);
    expect(await codeOf(integrity.put(city, integrity.argument(city, 1, bytes)))).toBe('NOT_ALLOWED');
    expect(await codeOf(integrity.put(service, integrity.argument(service, 2, bytes)))).toBe(
      'VERSION_CONFLICT',
    );
    const entry = await integrity.put(service, argument);
    expect(entry).toEqual({ ...argument, schema: 1, digest: sha256(bytes), mspId: MINISTRY });
    for (const version of ['', '1'])
      expect(await ledger.evaluate(author ?? early, 'integrity:getAuditParameters', [version])).toEqual(
        entry,
      );
  });

  test('leave each extractor its share, once, and only the one that they name', async () => {
    const service = clinic.service(MINISTRY);
    const doctor = await integrity.doctor(CITY);
    await integrity.enroll(doctor, 1);
    expect(await codeOf(integrity.extract(doctor, CITY))).toBe('SHARE_MISSING');
    expect(await codeOf(integrity.deposit(service, 1, CITY, integrity.shareOf(LAKESIDE)))).toBe(
      'SHARE_INVALID',
    );
    expect(await codeOf(integrity.deposit(service, 7, CITY))).toBe('AUDIT_PARAMETERS_MISSING');
    for (const mspId of MSP_IDS) await integrity.deposit(service, 1, mspId);
    expect(await codeOf(integrity.deposit(service, 1, CITY))).toBe('PRIVATE_VALUE_EXISTS');
  });
});

/** Adversary: whoever has a certificate of the channel, and one organisation that extracts for whom it likes. */
describe('an identity key', () => {
  test('is made of the shares of two organisations, any two, and is the same identity', async () => {
    author = await integrity.signer(await integrity.doctor(CITY), [CITY, MINISTRY]);
    colleague = await integrity.signer(await integrity.doctor(CITY), [LAKESIDE, MINISTRY]);
    const engine = await mclEngine();
    checkIdentityKey(engine, integrity.parameters, author.signsAs, author.key);
    expect(() => checkIdentityKey(engine, integrity.parameters, colleague.signsAs, author.key)).toThrow(
      'not of this identity',
    );
    const entry = await ledger.evaluate<IdentityKeyEntry>(author, 'integrity:getIdentityKey', [
      author.subject,
    ]);
    expect(entry).toMatchObject({ mspId: CITY, keyEpoch: 1, parametersVersion: 1, status: 'active' });
    const { refusals } = ledger.chaincode(CITY);
    expect(
      refusals.some((line) => line.includes('integrity:extract') && line.includes('SHARE_MISSING')),
    ).toBe(true);
  });

  test('is not made of one share, of shares for two people, nor of one taken for another organisation', async () => {
    const engine = await mclEngine();
    const { signsAs: identity } = author;
    const shareAt = async (person: Signer, at: string) =>
      integrity.open(person, person.signsAs, await integrity.extract(person, at));
    const combine = (shares: Awaited<ReturnType<typeof shareAt>>[]) =>
      combineIdentityShares(engine, { parameters: integrity.parameters, identity, shares });
    const city = await shareAt(author, CITY);
    expect(() => combine([city])).toThrow(expect.objectContaining({ code: 'TOO_FEW_ANSWERS' }));
    for (const bad of [await shareAt(colleague, LAKESIDE), { ...city, mspId: LAKESIDE }])
      expect(() => combine([city, bad])).toThrow(expect.objectContaining({ code: 'BAD_SHARE' }));
    const forAuthor = await integrity.extract(author, LAKESIDE);
    await expect(integrity.open(colleague, author.signsAs, forAuthor)).rejects.toMatchObject({
      code: 'OPEN_FAILED',
    });
  });

  test('is extracted for its holder alone: by certificate, standing, epoch and key', async () => {
    const doctor = await integrity.doctor(CITY);
    for (const at of MSP_IDS) {
      expect(await codeOf(integrity.extract(doctor, at))).toBe('IDENTITY_KEY_MISSING');
      // City's authority names whom it likes in a certificate, and has a key of its own for it.
      const forged = await ledger.person(CITY, 'doctor', author.subject);
      expect(await codeOf(integrity.extract(forged, at))).toBe('IDENTITY_KEY_DIFFERS');
      const elsewhere = await ledger.person(LAKESIDE, 'doctor', author.subject);
      expect(await codeOf(integrity.extract(elsewhere, at))).toBe('NOT_ALLOWED');
      expect(await codeOf(integrity.extract(author, at, 2))).toBe('VERSION_CONFLICT');
      expect(await codeOf(integrity.extract(author, at, 1, 6 * 60_000))).toBe('PROPOSAL_STALE');
    }
    const renewed = await ledger.person(CITY, 'doctor', author.subject, author.keys);
    expect(await integrity.extract(renewed, LAKESIDE)).toMatchObject({ mspId: LAKESIDE, keyEpoch: 1 });
    const keyless = await clinic.staff(CITY, 'doctor');
    await integrity.enroll(keyless, 1);
    expect(await codeOf(integrity.extract(keyless, CITY))).toBe('KEY_NOT_REGISTERED');
    await integrity.enroll(doctor, 1);
    await ledger.submit(clinic.admin(CITY), 'registry:setStaffStatus', [doctor.subject, 'suspended']);
    for (const at of MSP_IDS) expect(await codeOf(integrity.extract(doctor, at))).toBe('STAFF_SUSPENDED');
  });

  test('is revoked by its hospital or the ministry, and renewed by its holder', async () => {
    const doctor = await integrity.signer(await integrity.doctor(CITY), [CITY, LAKESIDE]);
    const revoke = (by: Person) => ledger.submit(by, 'integrity:revokeIdentityKey', [doctor.subject]);
    expect(await codeOf(revoke(clinic.admin(LAKESIDE)))).toBe('NOT_ALLOWED');
    expect(await codeOf(ledger.submit(clinic.manager, 'integrity:revokeIdentityKey', [newId()]))).toBe(
      'IDENTITY_KEY_MISSING',
    );
    await revoke(clinic.admin(CITY));
    expect(await codeOf(integrity.extract(doctor, CITY))).toBe('IDENTITY_KEY_REVOKED');
    expect(await codeOf(integrity.enroll(doctor, 1))).toBe('VERSION_CONFLICT');
    expect(await integrity.enroll(doctor, 2)).toMatchObject({ keyEpoch: 2, status: 'active' });
    expect(await revoke(clinic.manager)).toMatchObject({ keyEpoch: 2, status: 'revoked' });
  });
});

describe('a panel', () => {
  test('is named where the steps need one, of the hospital, active, of its roles, enough of them', async () => {
    const create = (fields: object) => codeOf(clinic.create(author, patient.ledgerId, fields));
    expect(await create(panel())).toBe('BAD_ARGUMENT');
    await setSteps(2, { attestThreshold: 2 });
    expect(await create({})).toBe('BAD_ARGUMENT');
    expect(await create({ sanitizer: sanitizer.subject })).toBe('BAD_ARGUMENT');
    const [first, second] = panel().verifiers;
    for (const bad of [
      { sanitizer: first! },
      { sanitizer: author.subject },
      { sanitizer: (await clinic.staff(LAKESIDE, 'sanitizer')).subject },
      { verifiers: [first!] },
      { verifiers: [first!, author.subject] },
      { verifiers: [first!, sanitizer.subject] },
      { verifiers: [first!, newId()] },
    ])
      expect(await create({ ...panel(), ...bad })).toBe('PANEL_INVALID');
    expect(await create({ ...panel(), verifiers: [first!, first!] })).toBe('BAD_ARGUMENT');
    await ledger.submit(clinic.admin(CITY), 'registry:setStaffStatus', [second!, 'suspended']);
    expect(await create(panel())).toBe('PANEL_INVALID');
    await ledger.submit(clinic.admin(CITY), 'registry:setStaffStatus', [second!, 'active']);
    const entry = await clinic.create(author, patient.ledgerId, panel());
    expect(entry).toMatchObject({ steps: STEPS, panel: { ...panel(), threshold: 2 } });
    expect(entry).not.toHaveProperty('integrity');
  });

  test('opens the sealed record as verifiers, and never as sanitiser', async () => {
    const entry = await clinic.create(author, patient.ledgerId, panel());
    const sealFor = async (recipients: string[]) => {
      const seal = clinic.sealOf(entry, recipients);
      const businessId = await clinic.announceSeal(author, seal, newDigest(), []);
      return codeOf(ledger.submit(author, 'records:seal', [businessId, CITY, seal]));
    };
    const { recipients } = clinic.sealOf(entry).sealed;
    expect(await sealFor(recipients.slice(0, -1))).toBe('BAD_ARGUMENT');
    expect(await sealFor([...recipients, sanitizer.subject])).toBe('BAD_ARGUMENT');
  });
});

describe('the life of a record with the integrity steps', () => {
  let entry: RecordEntry;
  let files: SignedFiles;
  let made: Awaited<ReturnType<Integrity['sanitised']>>;

  test('is blind, sanitise, upload, attest and chain, each by its own people and in this order', async () => {
    const [first, second] = verifiers as [Person, Person];
    const created = await clinic.create(author, patient.ledgerId, panel());
    entry = await clinic.seal(author, patient, created);
    expect(await codeOf(chain(author, entry))).toBe('STEP_MISSING');
    files = await integrity.sign(author, entry);
    expect(await codeOf(integrity.blind(colleague, entry, files))).toBe('NOT_ALLOWED');
    expect(await codeOf(integrity.blind(author, entry, files, { round: 2 }))).toBe('ROUND_DIFFERS');
    const sealed = entry;
    entry = await integrity.blind(author, entry, files);
    const { tags, packageDigest, packageBytes } = files.argument;
    expect(entry).toEqual({
      ...sealed,
      status: 'blinded',
      integrity: {
        round: 1,
        blinded: {
          keyEpoch: 1,
          parametersVersion: 1,
          tags,
          packageDigest,
          packageBytes,
          profile: 'minimal',
          coverage: { replacedSectors: 2, keptBytes: 530 - 62, leastKeptInBlock: 34 },
        },
        sanitized: null,
        uploaded: null,
        attestations: [],
        returned: null,
      },
    });

    made = await integrity.sanitised(author, entry, files);
    const upload = (by: Person, on: RecordEntry, changed = {}) =>
      integrity.step(by, 'upload', on, { ...made, sealedSignedFile: files.sealedSignedFile, ...changed });
    expect(await refusalOf(upload(author, entry))).toMatchObject({
      code: 'STEP_MISSING',
      sentence: 'not done yet: sanitize',
    });
    expect(await codeOf(integrity.approve(first, entry))).toBe('STEP_MISSING');
    expect(await codeOf(integrity.step(stranger.sanitizer, 'sanitize', entry, made))).toBe('NOT_ON_PANEL');
    for (const changed of [
      { object: { ...made.object, bytes: 531 } },
      { signedFile: { ...made.signedFile, bytes: made.signedFile.bytes + 6 } },
    ])
      expect(await codeOf(integrity.step(sanitizer, 'sanitize', entry, { ...made, ...changed }))).toBe(
        'OBJECT_DIFFERS',
      );
    entry = await integrity.step(sanitizer, 'sanitize', entry, made);
    expect(entry).toMatchObject({
      status: 'sanitized',
      integrity: { sanitized: { by: sanitizer.subject, ...made } },
    });
    expect(await codeOf(integrity.step(sanitizer, 'sanitize', entry, made))).toBe('RECORD_STATUS');

    expect(await codeOf(upload(colleague, entry))).toBe('NOT_ALLOWED');
    expect(await codeOf(upload(clinic.service(LAKESIDE), entry))).toBe('NOT_ALLOWED');
    for (const changed of [
      { object: { ...made.object, digest: newDigest() } },
      { signedFile: { ...made.signedFile, digest: newDigest() } },
      { sealedSignedFile: objectOf(new Uint8Array(7)) },
    ])
      expect(await codeOf(upload(author, entry, changed))).toBe('OBJECT_DIFFERS');
    entry = await upload(clinic.service(CITY), entry);
    expect(entry).toMatchObject({
      status: 'uploaded',
      integrity: { uploaded: { by: '', sealedSignedFile: files.sealedSignedFile } },
    });
    expect(await codeOf(integrity.blind(author, entry, await integrity.sign(author, entry)))).toBe(
      'RECORD_STATUS',
    );

    for (const by of [stranger.verifier, author, sanitizer, await clinic.staff(LAKESIDE, 'verifier')])
      expect(await codeOf(read(by, 'verifier', entry))).toBe('NOT_ALLOWED');
    await read(first, 'verifier', entry);
    expect(await codeOf(integrity.approve(stranger.verifier, entry))).toBe('NOT_ON_PANEL');
    expect(await codeOf(integrity.approve(author, entry))).toBe('NOT_ALLOWED');
    entry = await integrity.approve(first, entry);
    expect(entry.status).toBe('uploaded');
    expect(await codeOf(integrity.approve(first, entry))).toBe('ALREADY_ATTESTED');
    expect(await refusalOf(chain(author, entry))).toEqual({
      code: 'STEP_MISSING',
      sentence: 'not done yet: attest',
    });
    entry = await integrity.approve(second, entry);
    expect(entry.status).toBe('attested');
    expect(entry.integrity!.attestations.map(({ verifier }) => verifier)).toEqual(panel().verifiers);

    await read(first, 'verifier', entry);
    expect(await codeOf(read(author, 'sanitized', entry))).toBe('RECORD_STATUS');
    entry = await chain(author, entry);
    expect(await codeOf(read(first, 'verifier', entry))).toBe('NOT_ALLOWED');
    for (const by of [author, second, sanitizer, await clinic.staff(LAKESIDE, 'auditor')])
      await read(by, 'sanitized', entry);
    for (const by of [clinic.manager, await clinic.staff(LAKESIDE, 'doctor')])
      expect(await codeOf(read(by, 'sanitized', entry))).toBe('NOT_ALLOWED');
    const { sealed: sealedPart, chain: link } = entry;
    expect(contentHash(CHANNEL, { ...entry, sealed: sealedPart! }, link!.index, link!.prevHash)).toBe(
      link!.contentHash,
    );
    for (const by of [first, second])
      expect(await codeOf(integrity.approve(by, entry))).toBe('RECORD_STATUS');
    expect(await codeOf(integrity.blind(author, entry, files))).toBe('RECORD_STATUS');
  });

  test('is not for a record of an earlier policy, nor for one that is not sealed', async () => {
    const created = await clinic.create(author, patient.ledgerId, panel());
    const early = { ...created, sealed: entry.sealed };
    expect(await codeOf(integrity.blind(author, created, await integrity.sign(author, early)))).toBe(
      'RECORD_STATUS',
    );
    await ledger.submit(clinic.manager, 'registry:setParameters', [
      { policyVersion: 3, recordSteps: ['chain'] },
    ]);
    const old = await clinic.seal(author, patient, await clinic.create(author, patient.ledgerId));
    const named = { ...old, panel: { ...panel(), threshold: 1 } };
    expect(await codeOf(integrity.blind(author, named, await integrity.sign(author, old)))).toBe(
      'RECORD_STATUS',
    );
    expect((await chain(author, old)).chain!.index).toBe(1);
    await setSteps(4);
  });

  test('goes back to be blinded anew, as often as it takes; what was looked at before counts no more', async () => {
    const [first, second] = verifiers as [Person, Person];
    const uploadedBy = async (on: RecordEntry, wanted: SignedFiles) => {
      const done = await integrity.sanitised(author, on, wanted);
      const sanitized = await integrity.step(sanitizer, 'sanitize', on, done);
      return integrity.step(author, 'upload', sanitized, {
        ...done,
        sealedSignedFile: wanted.sealedSignedFile,
      });
    };
    const sealed = await integrity.sealed(author, patient, panel());
    const round1 = await integrity.blind(author, sealed, await integrity.sign(author, sealed));
    const giveBack = (by: Person, reasonCode = 'BAD_AUTHENTICATOR') =>
      integrity.step(by, 'returnPackage', round1, { reasonCode });
    expect(await codeOf(giveBack(stranger.sanitizer))).toBe('NOT_ON_PANEL');
    expect(await codeOf(giveBack(sanitizer, 'DOCUMENT_WRONG'))).toBe('BAD_ARGUMENT');
    const back = await giveBack(sanitizer);
    expect(back).toMatchObject({
      status: 'sealed',
      integrity: { round: 1, blinded: null, returned: { step: 'sanitize', reasonCode: 'BAD_AUTHENTICATOR' } },
    });
    // Before the upload the author may begin anew, too: a package that is gone is no end.
    const lost = await integrity.blind(author, back, await integrity.sign(author, back));
    const files3 = await integrity.sign(author, lost);
    const round3 = await integrity.blind(author, lost, files3);
    const done = await integrity.sanitised(author, round3, files3);
    expect(await codeOf(integrity.step(sanitizer, 'sanitize', lost, done))).toBe('ROUND_DIFFERS');
    const uploaded = await uploadedBy(round3, files3);
    expect(
      await codeOf(integrity.step(second, 'attest', uploaded, { verdict: 'return', reasonCode: null })),
    ).toBe('BAD_ARGUMENT');
    const attested = await integrity.approve(first, uploaded);
    expect(attested.status).toBe('attested');
    const returned = await integrity.step(second, 'attest', attested, {
      verdict: 'return',
      reasonCode: 'DOCUMENT_WRONG',
    });
    expect(returned).toMatchObject({
      status: 'sealed',
      integrity: { round: 3, attestations: [], returned: { step: 'attest', by: second.subject } },
    });
    expect(await codeOf(chain(author, returned))).toBe('STEP_MISSING');
    // The document itself was wrong: its author amends it, and this version stays as it is.
    const amended = await clinic.create(author, patient.ledgerId, {
      recordId: returned.recordId,
      version: 2,
      ...panel(),
    });
    expect([amended.version, amended.status]).toEqual([2, 'created']);
    const files4 = await integrity.sign(author, returned);
    const blinded4 = await integrity.blind(author, returned, files4);
    expect(await codeOf(integrity.approve(first, { ...blinded4, integrity: attested.integrity! }))).toBe(
      'STEP_MISSING',
    );
    const uploaded4 = await uploadedBy(blinded4, files4);
    expect(await codeOf(integrity.approve(first, { ...uploaded4, integrity: attested.integrity! }))).toBe(
      'ROUND_DIFFERS',
    );
    expect((await chain(author, await integrity.approve(first, uploaded4))).status).toBe('chained');
  });

  test('goes on with another sanitiser once the named one has left, and with no other before', async () => {
    const leaver = await clinic.staff(CITY, 'sanitizer');
    const sealed = await integrity.sealed(author, patient, { ...panel(), sanitizer: leaver.subject });
    const with_ = async (sanitizer_: string) =>
      integrity.blind(author, sealed, await integrity.sign(author, sealed), { sanitizer: sanitizer_ });
    expect(await codeOf(with_(sanitizer.subject))).toBe('NOT_ON_PANEL');
    await ledger.submit(clinic.admin(CITY), 'registry:setStaffStatus', [leaver.subject, 'revoked']);
    expect(await codeOf(with_(verifiers[0]!.subject))).toBe('PANEL_INVALID');
    expect((await with_(sanitizer.subject)).panel!.sanitizer).toBe(sanitizer.subject);
  });

  test('has files for research only while the patient says so', async () => {
    const asked = await clinic.registerPatient(CITY);
    const device = await clinic.activate(asked);
    const choose = (allowed: boolean) => ledger.submit(device, 'consent:chooseResearch', [String(allowed)]);
    const scope = { scopeId: asked.scopeIds[0], epoch: 1 };
    const sealed = await integrity.sealed(author, asked, { ...panel(), ...scope });
    const blind = async () => {
      const wanted = await integrity.sign(author, sealed);
      return { wanted, entry: await integrity.blind(author, sealed, wanted, { profile: 'research' }) };
    };
    expect(await codeOf(blind())).toBe('RESEARCH_NOT_ALLOWED');
    await choose(true);
    const { wanted, entry: blinded } = await blind();
    const done = await integrity.sanitised(author, blinded, wanted);
    const sanitized = await integrity.step(sanitizer, 'sanitize', blinded, done);
    const upload = () =>
      integrity.step(author, 'upload', sanitized, { ...done, sealedSignedFile: wanted.sealedSignedFile });
    await choose(false);
    expect(await codeOf(upload())).toBe('RESEARCH_NOT_ALLOWED');
    const minimal = await integrity.blind(author, sanitized, await integrity.sign(author, sanitized));
    expect(minimal.integrity!.blinded!.profile).toBe('minimal');
    await choose(true);
    const researcher = await clinic.staff(LAKESIDE, 'researcher');
    const chained = async (profile: 'minimal' | 'research') => {
      const record = await integrity.sealed(author, asked, { ...panel(), ...scope });
      const files = await integrity.sign(author, record);
      const round = await integrity.blind(author, record, files, { profile });
      const made = await integrity.sanitised(author, round, files);
      const ready = await integrity.step(sanitizer, 'sanitize', round, made);
      const { sealedSignedFile } = files;
      const stored = await integrity.step(author, 'upload', ready, { ...made, sealedSignedFile });
      return chain(author, await integrity.approve(verifiers[0]!, stored));
    };
    const forResearch = await chained('research');
    await read(researcher, 'sanitized', forResearch);
    expect(await codeOf(read(researcher, 'sanitized', await chained('minimal')))).toBe('NOT_ALLOWED');
    await choose(false);
    expect(await codeOf(read(researcher, 'sanitized', forResearch))).toBe('RESEARCH_NOT_ALLOWED');
    await ledger.submit(device, 'registry:requestErasure', [asked.ledgerId]);
    expect(
      await codeOf(integrity.step(sanitizer, 'returnPackage', minimal, { reasonCode: 'BAD_PACKAGE' })),
    ).toBe('PATIENT_ERASED');
  });
});

/** Adversary: an author who brings other tags than those of this very entry (cryptography.md F.3, 5 to 7). */
describe('a tag at its registration', () => {
  let entry: RecordEntry;
  let other: RecordEntry;
  let files: SignedFiles;

  const blindWith = async (wish: SigningWish) =>
    refusalOf(integrity.blind(author, entry, await integrity.sign(author, entry, wish)));
  const withTags = (tags: Partial<BlindArgument['tags']>) =>
    refusalOf(integrity.blind(author, entry, files, { tags: { ...files.argument.tags, ...tags } }));
  /** The sealed file's tag, changed. */
  const altered = (change: (bytes: Uint8Array) => Uint8Array) =>
    withTags({ sealed: toBase64(change(fromBase64(files.argument.tags.sealed))) });
  const flip = (at: number) => (bytes: Uint8Array) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));

  beforeAll(async () => {
    entry = await integrity.sealed(author, patient, panel());
    other = await integrity.sealed(author, patient, panel());
    files = await integrity.sign(author, entry);
  });

  test('is of this record and version, owner, kind and length', async () => {
    const foreign = await integrity.sign(author, other);
    expect(await withTags({ sealed: foreign.argument.tags.sealed })).toMatchObject({
      code: 'TAG_DIFFERS',
      sentence: expect.stringContaining('another record or version'),
    });
    for (const record of [{ version: 2 }, { owner: newId() }, { channel: 'other' }])
      expect((await blindWith({ record })).code).toBe('TAG_DIFFERS');
    const { sealed, sanitized } = files.argument.tags;
    expect(await withTags({ sealed: sanitized, sanitized: sealed })).toMatchObject({
      code: 'TAG_DIFFERS',
      sentence: expect.stringContaining('another kind of file'),
    });
    expect(await blindWith({ sealedBytes: entry.sealed!.sealedBytes - 1 })).toMatchObject({
      code: 'TAG_DIFFERS',
      sentence: expect.stringContaining('another length'),
    });
  });

  test('is of this signer, in the current epoch of a key that is not revoked', async () => {
    const { signsAs: identity, key } = colleague;
    expect((await blindWith({ identity, key })).code).toBe('TAG_DIFFERS');
    const doctor = await integrity.signer(await integrity.doctor(CITY), [CITY, LAKESIDE]);
    const own = await integrity.sealed(doctor, patient, panel());
    const signed = await integrity.sign(doctor, own);
    const blind = (by: Signer, wanted = signed) => integrity.blind(by, own, wanted);
    const revoke = () => ledger.submit(clinic.admin(CITY), 'integrity:revokeIdentityKey', [doctor.subject]);
    await revoke();
    expect(await codeOf(blind(doctor))).toBe('IDENTITY_KEY_REVOKED');
    const renewed = await integrity.signer(doctor, [MINISTRY, LAKESIDE], 2);
    expect(await codeOf(blind(renewed))).toBe('TAG_DIFFERS');
    const blinded = await blind(renewed, await integrity.sign(renewed, own));
    expect(blinded.integrity!.blinded!.keyEpoch).toBe(2);
    // What was signed stays: revocation ends new tags, not those that are there.
    await revoke();
    await integrity.step(
      sanitizer,
      'sanitize',
      blinded,
      await integrity.sanitised(renewed, blinded, await signedAs(blinded, renewed)),
    );
  });

  /** The lengths are what a sanitiser's step is checked by; any package of the same document has them. */
  const signedAs = (of: RecordEntry, signer: Signer) => integrity.sign(signer, of);

  test('is whole, of the one suite and the one set of generators, and its signature holds', async () => {
    const [suite, kind, blocks, nonce, generators, filePart, point] = [11, 12, 18, 30, 155, 320, 420];
    expect((await altered((bytes) => bytes.slice(1))).code).toBe('TAG_INVALID');
    expect((await altered((bytes) => Buffer.concat([bytes.subarray(0, 554)]))).code).toBe('TAG_INVALID');
    expect((await altered(flip(suite!))).sentence).toContain('suite');
    expect((await altered(flip(kind!))).sentence).toContain('kind');
    expect((await altered(flip(blocks!))).code).toBe('TAG_INVALID');
    expect((await altered(flip(nonce!))).code).toBe('TAG_INVALID');
    expect((await altered(flip(generators!))).sentence).toContain('other generators');
    for (const at of [filePart!, point!]) expect((await altered(flip(at))).code).toBe('TAG_INVALID');
    // Fields have fixed lengths: a nonce of 28 bytes moves every one after it.
    const shifted = (bytes: Uint8Array) =>
      Buffer.concat([bytes.subarray(0, 55), bytes.subarray(59, 459), new Uint8Array(4), bytes.subarray(459)]);
    expect(['TAG_INVALID', 'TAG_DIFFERS']).toContain((await altered(shifted)).code);
    // A tag's signature on another tag's fields.
    const foreign = fromBase64((await integrity.sign(author, entry)).argument.tags.sealed);
    expect(
      await altered((bytes) => Buffer.concat([bytes.subarray(0, 411), foreign.subarray(411)])),
    ).toMatchObject({
      code: 'TAG_INVALID',
      sentence: expect.stringContaining('signature'),
    });
  });

  test('has the replaced set that is shown', async () => {
    const shown = (replacedSet: Uint8Array) =>
      codeOf(integrity.blind(author, entry, { ...files, replacedSet }));
    const another = await integrity.sign(author, entry, { personal: [{ block: 1, sector: 1 }] });
    expect(await shown(another.replacedSet)).toBe('REPLACED_SET_INVALID');
    const tag = decodeTag(fromBase64(files.argument.tags.sanitized));
    const positions = decodeReplacedSet(tag, files.replacedSet);
    expect(await shown(encodeReplacedSet(tag, positions.slice(1)))).toBe('REPLACED_SET_INVALID');
    expect(await shown(Buffer.concat([files.replacedSet, files.replacedSet.subarray(4)]))).toBe(
      'REPLACED_SET_INVALID',
    );
    const without = ledger.submit(author, 'integrity:blind', [
      newDigest(),
      { ...files.argument, round: 1, sanitizer: sanitizer.subject },
    ]);
    expect(await codeOf(without)).toBe('BAD_ARGUMENT');
  });

  test('has a nonce and a point R that served no other', async () => {
    // Both tags of one blinding from the same nonce.
    const nonce = Buffer.from(newDigest(), 'hex');
    expect((await blindWith({ nonce })).code).toBe('TAG_REUSED');
    const blinded = await integrity.blind(author, entry, files);
    expect(await codeOf(integrity.blind(author, blinded, files))).toBe('TAG_REUSED');
    const { sealed, sanitized } = (await get(entry)).integrity!.blinded!.tags;
    expect(new Set([sealed, sanitized].map((tag) => tagHash(fromBase64(tag)))).size).toBe(2);
  });

  test('is checked under the parameters of its key, whatever set came later', async () => {
    const service = clinic.service(MINISTRY);
    await integrity.put(service, await integrity.ceremony(service, 2, [CITY, MINISTRY]));
    for (const mspId of [CITY, MINISTRY]) await integrity.deposit(service, 2, mspId);
    const blinded = await integrity.blind(author, other, await integrity.sign(author, other));
    expect(blinded.integrity!.blinded).toMatchObject({ keyEpoch: 1, parametersVersion: 1 });
    const renewed = await integrity.signer(author, [CITY, MINISTRY], 2);
    expect(await codeOf(integrity.extract(renewed, LAKESIDE, 2))).toBe('NOT_AN_EXTRACTOR');
    const again = await integrity.blind(renewed, blinded, await integrity.sign(renewed, blinded));
    expect(again.integrity!.blinded).toMatchObject({ keyEpoch: 2, parametersVersion: 2 });
    const first = await ledger.evaluate<AuditParametersEntry>(author, 'integrity:getAuditParameters', ['1']);
    expect(first.version).toBe(1);
  });
});

/** A record of City's, audited by Lakeside: the ministry contributes. */
describe('an audit', () => {
  const KINDS: AuditedKind[] = ['sealed', 'sanitized'];
  const MINUTE = 60_000;
  let record: AuditedRecord;
  let auditor: Person;
  let prover: Person;

  const audited = (wish?: SigningWish) =>
    integrity.audited(record.signer, patient, { sanitizer, verifier: verifiers[0]!, ...(wish && { wish }) });
  const opened = async (by = auditor, of = record.entry, kind = 'sanitized') =>
    codeOf(integrity.openAudit(by, of, kind));
  const getLastProven = () =>
    ledger.evaluate<ProvenFile[]>(auditor, 'integrity:getLastProven', [record.entry.recordId]);
  const transientOf = ({ kind }: AuditEntry): Record<string, Uint8Array> =>
    kind === 'sealed' ? {} : integrity.replacedSetOf(record);
  /** What one endorser answers; nothing is sent to the others or committed. */
  const verdictOn = async (
    { auditId }: AuditEntry,
    proof: Uint8Array | string,
    transient: Record<string, Uint8Array>,
  ) => {
    const text = typeof proof === 'string' ? proof : toBase64(proof);
    const { status, reason } = await ledger.propose<AuditEntry>(prover, 'integrity:prove', [auditId, text], {
      at: LAKESIDE,
      transient,
    });
    return reason ?? status;
  };

  beforeAll(async () => {
    const signer = await integrity.signer(await integrity.doctor(CITY), [CITY, MINISTRY]);
    auditor = await clinic.staff(LAKESIDE, 'auditor');
    prover = clinic.service(CITY);
    record = await integrity.audited(signer, patient, { sanitizer, verifier: verifiers[0]! });
  }, 60_000);

  test('of an intact file ends with a proof that every endorser has verified, and anybody can', async () => {
    const { entry, signer } = record;
    expect(await getLastProven()).toEqual([]);
    for (const kind of KINDS) {
      const [nonceA, nonceB] = [newDigest(), newDigest()];
      const first = await integrity.openAudit(auditor, entry, kind, nonceA);
      const tag = fromBase64(entry.integrity!.blinded!.tags[kind]);
      const { blocks } = decodeTag(tag);
      expect(first).toMatchObject({
        recordId: entry.recordId,
        kind,
        hospital: CITY,
        contributor: MINISTRY,
        tagHash: tagHash(tag),
        blocks,
        size: blocks,
        status: 'opened',
        seed: null,
      });
      const { auditId } = first;
      await integrity.contribute(clinic.service(MINISTRY), auditId, nonceB);
      const revealed = await integrity.reveal(auditor, auditId, nonceA);
      const challenge = makeAuditChallenge({
        parameters: signer.parameters,
        tag,
        auditId,
        nonceA: fromHex(nonceA),
        nonceB: fromHex(nonceB),
      });
      expect(revealed).toMatchObject({ status: 'revealed', seed: challenge.seed, size: challenge.size });
      const proof = await integrity.proofOf(record, revealed);
      const closed = await integrity.prove(prover, revealed, proof, transientOf(revealed));
      expect(closed).toMatchObject({ status: 'intact', reason: null, proof: toBase64(proof) });
      expect(await ledger.evaluate(auditor, 'integrity:getAudit', [auditId])).toEqual(closed);
      const replacedSet = kind === 'sealed' ? EMPTY_REPLACED_SET : transientOf(closed).replacedSet!;
      expect(
        verifyProof(nobleEngine(), {
          parameters: signer.parameters,
          identity: signer.signsAs,
          tag,
          challenge,
          replacedSet,
          proof,
        }),
      ).toEqual({ verdict: 'intact' });
      // It is over: nothing is given, proven or expired twice.
      for (const again of [
        integrity.contribute(clinic.service(MINISTRY), auditId),
        integrity.reveal(auditor, auditId, nonceA),
        integrity.prove(prover, closed, proof, transientOf(closed)),
        integrity.expire(prover, auditId),
      ])
        expect(await codeOf(again)).toBe('AUDIT_STATUS');
    }
    expect((await getLastProven()).map(({ version, kind }) => [version, kind])).toEqual([
      [1, 'sealed'],
      [1, 'sanitized'],
    ]);
  });

  test('is opened from outside, of what is chained, and goes on by its own people in its order', async () => {
    const { entry } = record;
    const nonce = newDigest();
    expect(await opened(await clinic.staff(CITY, 'auditor'))).toBe('NOT_ALLOWED');
    for (const by of [prover, await clinic.staff(LAKESIDE, 'verifier')])
      expect(await opened(by)).toBe('NOT_ALLOWED');
    expect(await opened(auditor, entry, 'sanitised')).toBe('BAD_ARGUMENT');
    expect(await opened(auditor, { ...entry, version: 2 })).toBe('RECORD_NOT_FOUND');
    expect(await opened(auditor, await integrity.sealed(record.signer, patient, panel()))).toBe(
      'RECORD_STATUS',
    );
    // How many blocks are asked for is no argument.
    const { recordId, version } = entry;
    const wanted = [newDigest(), recordId, version, 'sealed', newDigest(), '1'];
    expect(await codeOf(ledger.submit(auditor, 'integrity:openAudit', wanted))).toBe('BAD_ARGUMENT');

    const audit = await integrity.openAudit(auditor, entry, 'sealed', nonce);
    const { auditId } = audit;
    expect(await codeOf(integrity.reveal(auditor, auditId, nonce))).toBe('AUDIT_STATUS');
    expect(await codeOf(integrity.prove(prover, audit, ''))).toBe('AUDIT_STATUS');
    for (const by of [prover, clinic.service(LAKESIDE), auditor])
      expect(await codeOf(integrity.contribute(by, auditId))).toBe('NOT_ALLOWED');
    expect(await codeOf(integrity.contribute(clinic.service(MINISTRY), auditId, 'ff'))).toBe('BAD_ARGUMENT');
    expect(await codeOf(integrity.contribute(clinic.service(MINISTRY), newDigest()))).toBe('AUDIT_NOT_FOUND');
    await integrity.contribute(clinic.service(MINISTRY), auditId);
    expect(await codeOf(integrity.reveal(await clinic.staff(LAKESIDE, 'auditor'), auditId, nonce))).toBe(
      'NOT_ALLOWED',
    );
    expect(await codeOf(integrity.reveal(auditor, auditId, newDigest()))).toBe('NONCE_DIFFERS');
    const revealed = await integrity.reveal(auditor, auditId, nonce);
    const proof = await integrity.proofOf(record, revealed);
    for (const by of [clinic.service(LAKESIDE), clinic.service(MINISTRY), auditor])
      expect(await codeOf(integrity.prove(by, revealed, proof))).toBe('NOT_ALLOWED');
    expect((await integrity.prove(prover, revealed, proof)).status).toBe('intact');
  });

  test('is opened and revealed by the service where no auditor asks, and revealed by it where they have left', async () => {
    const nonce = newDigest();
    const service = clinic.service(LAKESIDE);
    for (const [by, subject] of [
      [service, ''],
      [auditor, auditor.subject],
    ] as const) {
      const { auditId, ...opened_ } = await integrity.openAudit(by, record.entry, 'sealed', nonce);
      expect(opened_).toMatchObject({ auditor: subject, auditorMspId: LAKESIDE, contributor: MINISTRY });
      await integrity.contribute(clinic.service(MINISTRY), auditId);
      for (const other of [prover, clinic.service(MINISTRY), await clinic.staff(LAKESIDE, 'auditor')])
        expect(await codeOf(integrity.reveal(other, auditId, nonce))).toBe('NOT_ALLOWED');
      expect(await codeOf(integrity.reveal(service, auditId, newDigest()))).toBe('NONCE_DIFFERS');
      expect((await integrity.reveal(service, auditId, nonce)).status).toBe('revealed');
    }
  });

  test('asks for all blocks of a file of up to 512, else for the sample of the parameters', async () => {
    const long = await audited({ content: new Uint8Array(513 * 124).fill(0x62) });
    const audit = await integrity.revealed(auditor, long, 'sanitized');
    expect(audit).toMatchObject({ blocks: 513, size: 460 });
    const proof = await integrity.proofOf(long, audit);
    const transient = integrity.replacedSetOf(long);

    // Meanwhile the process that verifies answers others: they come and go while it is at it.
    let answered = 0;
    const verifying = Promise.all([1, 2, 3].map(() => verdictOn(audit, proof, transient))).then(
      (verdicts) => ({ verdicts, meanwhile: answered }),
    );
    let done: Awaited<typeof verifying> | undefined;
    while (done === undefined) {
      const asked = ledger.evaluate(auditor, 'integrity:getAudit', [audit.auditId]);
      done = await Promise.race([verifying, asked.then(() => undefined)]);
      answered++;
    }
    expect(done.verdicts).toEqual(['intact', 'intact', 'intact']);
    expect(done.meanwhile).toBeGreaterThan(6);
    expect((await integrity.prove(prover, audit, proof, transient)).status).toBe('intact');
  });

  /** Adversary: storage that has lost or changed something, and whoever submits for it (F.3, 1 to 6 and 10). */
  describe('fails with a proof that', () => {
    let audit: AuditEntry;
    let proof: Uint8Array;
    let own: Record<string, Uint8Array>;

    beforeAll(async () => {
      audit = await integrity.revealed(auditor, record, 'sanitized');
      proof = await integrity.proofOf(record, audit);
      own = transientOf(audit);
    });

    /** sigma^(48) || g(16) || lambda~(32) for each of 4 sectors || y~(32), behind a header. */
    const place = () => proof.length - 48 - 16 - 5 * 32;
    const withBytes = (at: number, bytes: Uint8Array) =>
      Buffer.concat([proof.subarray(0, at), bytes, proof.subarray(at + bytes.length)]);

    test('is none, by its form', async () => {
      const [sigma, g, lambda] = [place(), place() + 48, place() + 64];
      // The hospital's own word that it has lost the file.
      expect(await verdictOn(audit, '', {})).toBe('no proof');
      for (const bad of [
        'no proof!',
        'A'.repeat(9_000),
        proof.subarray(1),
        proof.subarray(0, -1),
        Buffer.concat([proof, new Uint8Array(1)]),
        Buffer.concat([proof.subarray(0, lambda), proof.subarray(lambda + 32)]),
        Buffer.concat([proof, new Uint8Array(32)]),
        withBytes(0, new Uint8Array([0xff])),
        withBytes(sigma, Buffer.concat([new Uint8Array([0xc0]), new Uint8Array(47)])),
        withBytes(sigma, Buffer.concat([new Uint8Array([0xc0]), new Uint8Array(46), new Uint8Array([1])])),
        withBytes(sigma, new Uint8Array(48).fill(0xff)),
        withBytes(g, new Uint8Array(16)),
        withBytes(lambda, new Uint8Array(32).fill(0xff)),
        withBytes(lambda + 4 * 32, new Uint8Array(32).fill(0xff)),
      ])
        expect(await verdictOn(audit, bad, own)).toBe('malformed');
    });

    test('comes with another replaced set than the tag was made for, or with none', async () => {
      const tag = decodeTag(fromBase64(record.entry.integrity!.blinded!.tags.sanitized));
      const positions = decodeReplacedSet(tag, own.replacedSet!);
      const others: Record<string, Uint8Array>[] = [
        {},
        { replacedSet: EMPTY_REPLACED_SET },
        { replacedSet: encodeReplacedSet(tag, positions.slice(1)) },
        { replacedSet: encodeReplacedSet(tag, [...positions, { block: 3, sector: 0 }]) },
        { replacedSet: Buffer.concat([own.replacedSet!, own.replacedSet!.subarray(4)]) },
      ];
      for (const transient of others) expect(await verdictOn(audit, proof, transient)).toBe('replaced set');
    });

    test('does not hold: of another audit, seed, file, record or content, or touched', async () => {
      const another = await integrity.revealed(auditor, record, 'sanitized');
      const sealed = await integrity.revealed(auditor, record, 'sealed');
      const elsewhere = await audited();
      const content = record.stored.sanitized.content.map((byte, i) => (i === 200 ? byte ^ 1 : byte));
      const changed = {
        signer: record.signer,
        stored: { ...record.stored, sanitized: { ...record.stored.sanitized, content } },
      };
      for (const bad of [
        await integrity.proofOf(record, another),
        await integrity.proofOf(record, { ...audit, seed: newDigest() }),
        await integrity.proofOf(record, { ...audit, auditId: another.auditId }),
        await integrity.proofOf(record, { ...sealed, auditId: audit.auditId, seed: audit.seed }),
        await integrity.proofOf(elsewhere, audit),
        await integrity.proofOf(changed, audit),
        withBytes(proof.length - 1, new Uint8Array([proof.at(-1)! ^ 1])),
        withBytes(place() + 63, new Uint8Array([proof[place() + 63]! ^ 1])),
      ])
        expect(await verdictOn(audit, bad, own)).toBe('does not hold');
      // None of it was committed, and the file is as it was.
      expect((await integrity.prove(prover, audit, proof, own)).status).toBe('intact');

      // What is committed stays, and a good proof comes too late.
      const failed = await integrity.prove(prover, another, proof, own);
      expect(failed).toMatchObject({ status: 'failed', reason: 'does not hold', proof: toBase64(proof) });
      const good = await integrity.proofOf(record, another);
      expect(await codeOf(integrity.prove(prover, another, good, own))).toBe('AUDIT_STATUS');
      expect(await integrity.prove(prover, sealed, 'no proof!')).toMatchObject({
        status: 'failed',
        reason: 'malformed',
        proof: null,
      });
      const proven = await getLastProven();
      expect(proven.find(({ kind }) => kind === 'sanitized')!.auditId).toBe(audit.auditId);
    });
  });

  test('that nobody goes on with is aborted, and failed where it is the proof that is missing', async () => {
    const [ministry, lakeside] = [clinic.service(MINISTRY), clinic.service(LAKESIDE)];
    const counts = () => ledger.evaluate<AuditCounts>(auditor, 'integrity:countAudits', [200, '']);
    const before = await counts();
    const nonce = newDigest();
    const left = await integrity.openAudit(auditor, record.entry, 'sealed');
    const unrevealed = await integrity.openAudit(auditor, record.entry, 'sealed', nonce);
    await integrity.contribute(ministry, unrevealed.auditId);
    const unproven = await integrity.revealed(auditor, record, 'sealed');
    const proof = await integrity.proofOf(record, unproven);
    for (const { auditId } of [left, unrevealed, unproven])
      expect(await codeOf(integrity.expire(lakeside, auditId))).toBe('AUDIT_NOT_OVERDUE');
    expect(await codeOf(integrity.expire(auditor, left.auditId))).toBe('NOT_ALLOWED');

    ledger.advanceTime(16 * MINUTE);
    expect(await codeOf(integrity.contribute(ministry, left.auditId))).toBe('AUDIT_OVERDUE');
    expect(await integrity.expire(lakeside, left.auditId)).toMatchObject({
      status: 'aborted',
      reason: 'no contribution',
    });
    expect(await codeOf(integrity.expire(lakeside, unrevealed.auditId))).toBe('AUDIT_NOT_OVERDUE');
    ledger.advanceTime(16 * MINUTE);
    expect(await codeOf(integrity.reveal(auditor, unrevealed.auditId, nonce))).toBe('AUDIT_OVERDUE');
    expect(await integrity.expire(prover, unrevealed.auditId)).toMatchObject({
      status: 'aborted',
      reason: 'no reveal',
    });
    ledger.advanceTime(60 * MINUTE);
    expect(await codeOf(integrity.prove(prover, unproven, proof))).toBe('AUDIT_OVERDUE');
    expect(await integrity.expire(ministry, unproven.auditId)).toMatchObject({
      status: 'failed',
      reason: 'no proof',
      proof: null,
    });
    const after = await counts();
    expect([after.failed - before.failed, after.aborted - before.aborted]).toEqual([1, 2]);
    for (const mspId of [MINISTRY, LAKESIDE])
      expect((after.abortedBy[mspId] ?? 0) - (before.abortedBy[mspId] ?? 0)).toBe(1);

    const { recordId } = record.entry;
    const list = (filter: object, limit = 200, at = '') =>
      ledger.evaluate<ListPage<AuditEntry>>(auditor, 'integrity:listAudits', [filter, limit, at]);
    const [newest] = (await list({ recordId })).items;
    expect(newest!.auditId).toBe(unproven.auditId);
    const page = await list({ recordId }, 2);
    const next = await list({ recordId }, 1, page.next!);
    const all = (await list({ recordId })).items.map(({ auditId }) => auditId);
    expect([...page.items, ...next.items].map(({ auditId }) => auditId)).toEqual(all.slice(0, 3));
    const aborted = await list({ organization: MINISTRY, status: 'aborted' });
    expect(aborted.items.map(({ auditId }) => auditId)).toEqual([unrevealed.auditId, left.auditId]);
    expect(await refusalOf(list({ recordId, organization: CITY }))).toMatchObject({ code: 'BAD_ARGUMENT' });
  });

  test('accuses nobody of what a patient has had erased', async () => {
    const asked = await clinic.registerPatient(CITY);
    const device = await clinic.activate(asked);
    const people = { sanitizer, verifier: verifiers[0]! };
    const scoped = await integrity.audited(record.signer, asked, {
      ...people,
      fields: { scopeId: asked.scopeIds[0]!, epoch: 1 },
    });
    const audit = await integrity.revealed(auditor, scoped, 'sealed');
    const unanswered = await integrity.revealed(auditor, scoped, 'sanitized');
    await ledger.submit(device, 'registry:requestErasure', [asked.ledgerId]);
    expect(await opened(auditor, scoped.entry, 'sealed')).toBe('PATIENT_ERASED');
    expect(await integrity.prove(prover, unanswered, '')).toMatchObject({
      status: 'aborted',
      reason: 'erased',
    });
    ledger.advanceTime(91 * MINUTE);
    expect(await integrity.expire(prover, audit.auditId)).toMatchObject({
      status: 'aborted',
      reason: 'erased',
    });
  });
});
