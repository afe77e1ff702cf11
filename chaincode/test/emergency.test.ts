import {
  canonicalJson,
  combineForEmergency,
  fromHex,
  mclEngine,
  openCapsule,
  openWithSharedElement,
  scopeKeyPair,
  sealingContext,
  toHex,
} from '@medseal/crypto';
import { readdirSync, statSync } from 'node:fs';
import { privateKeys } from '../src/ledger/keys';
import { contextOf, grantOf } from '../src/ledger/reencryption-checks';
import type {
  EmergencyCaseEntry,
  EmergencyCounts,
  EmergencyState,
  ProvenAnswer,
} from '../src/model/emergency-entries';
import { Clinic } from './support/clinic';
import { Consents, type MadeConsent, MINUTE, type Owner, type SealedRecord } from './support/consents';
import { Emergencies, type EmergencyDoctor } from './support/emergencies';
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
} from './support/health-network';

const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Adversary: a doctor with a valid certificate and no need, who talks to every peer directly. A patient of City; the
 * reader is of Lakeside, so the ministry reviews.
 */
describe('break-glass', () => {
  let ledger: HealthNetwork;
  let clinic: Clinic;
  let consents: Consents;
  let emergencies: Emergencies;
  let author: Person;
  let doctor: EmergencyDoctor;
  let auditor: Person;
  let owner: Owner;
  let grant: MadeConsent;
  let record: SealedRecord;
  let other: SealedRecord;

  const consentOf = async (made: MadeConsent) =>
    (
      await ledger.evaluate<{ consent: Parameters<Emergencies['combine']>[2] }>(
        clinic.service(CITY),
        'consent:getConsent',
        [made.argument.consentId],
      )
    ).consent;

  const agentsOf = async (by: Person, receiptId: string, of: SealedRecord, agents = [MINISTRY, LAKESIDE]) =>
    Promise.all(agents.map((agent) => emergencies.askAgent(by, agent, receiptId, of)));

  /** The key-encrypting key as the owner's own scope key opens it. */
  const ownersKey = async ({ entry, capsule }: SealedRecord): Promise<string> => {
    const engine = await mclEngine();
    const { secretKey } = scopeKeyPair(engine, owner.patient.seed, entry.scopeId, 1);
    const scope = { scopeId: entry.scopeId, epoch: 1 };
    const context = sealingContext(contextOf(CHANNEL, entry, entry.sealed!.sealedDigest, scope));
    return toHex(openCapsule(engine, secretKey, capsule, context));
  };

  beforeAll(async () => {
    ledger = await HealthNetwork.start(MSP_IDS, true);
    clinic = new Clinic(ledger);
    await clinic.found();
    consents = new Consents(ledger, clinic);
    await consents.registerAgents();
    emergencies = new Emergencies(ledger, clinic, consents);
    author = await clinic.staff(CITY, 'doctor');
    doctor = await emergencies.doctor(LAKESIDE);
    auditor = await clinic.staff(MINISTRY, 'auditor');
    owner = await consents.owner(CITY);
    record = await consents.record(author, owner);
    other = await consents.record(author, owner, { scope: 1 });
  }, 120_000);

  afterAll(async () => ledger.stop());

  describe('the emergency key', () => {
    it('is not there before its ceremony, and no grant can be made to it', async () => {
      expect(await ledger.evaluate(doctor, 'registry:getEmergencyKey', [''])).toBeNull();
      await emergencies.registerCustodians(MSP_IDS);
      await emergencies.ceremony(MSP_IDS, clinic.service(MINISTRY));
      const made = await consents.make({
        owner,
        reader: emergencies.grantee(),
        agents: [CITY, LAKESIDE, MINISTRY],
      });
      expect(await refusalOf(consents.grant(owner, made))).toMatchObject({ code: 'KEY_NOT_REGISTERED' });
    });

    it('is a key of each custodian service that only its own process holds', async () => {
      const { publicKey, shares } = await emergencies.status(CITY);
      expect(await emergencies.status(CITY)).toEqual({ publicKey, shares: [] });
      expect(shares).toEqual([]);
      const { custodianFolder } = ledger.custodian(CITY);
      expect(readdirSync(custodianFolder)).toEqual(['custodian.key']);
      expect(statSync(`${custodianFolder}/custodian.key`).mode & 0o777).toBe(0o600);
      const at = (by: Person, mspId: string) =>
        refusalOf(ledger.evaluate(by, 'custodian:getStatus', [], { at: mspId, chaincode: 'custodian' }));
      expect(await at(clinic.service(LAKESIDE), CITY)).toMatchObject({ code: 'WRONG_PEER' });
      expect(await at(author, CITY)).toMatchObject({ code: 'NOT_ALLOWED' });
    });

    it('is put by the ministry alone, for custodians as they are on the ledger, with values that belong together', async () => {
      const service = clinic.service(MINISTRY);
      const argument = emergencies.argument(service);
      const refused = (changed: object) => refusalOf(emergencies.put(service, { ...argument, ...changed }));
      const city = clinic.service(CITY);
      expect(await refusalOf(emergencies.put(city, emergencies.argument(city)))).toMatchObject({
        code: 'NOT_ALLOWED',
      });
      const [first, second, third] = argument.custodians;
      expect(
        await refused({ custodians: [{ ...first!, publicKey: newDigest() }, second!, third!] }),
      ).toMatchObject({
        code: 'EMERGENCY_KEY_INVALID',
      });
      expect(
        await refused({ custodians: [{ ...first!, check: second!.check }, second!, third!] }),
      ).toMatchObject({ code: 'EMERGENCY_KEY_INVALID' });
      // The polynomial's values stay; the proof is bound to all of them.
      expect(await refused({ custodians: [first!, second!] })).toMatchObject({
        code: 'EMERGENCY_KEY_INVALID',
      });
      expect(await refused({ epoch: 2 })).toMatchObject({ code: 'BAD_ARGUMENT' });
      expect(await refused({ signature: emergencies.argument(city).signature })).toMatchObject({
        code: 'BAD_ARGUMENT',
      });
      expect(await refused({ certificate: city.certificate })).toMatchObject({ code: 'BAD_ARGUMENT' });
      const later = emergencies.argument(service, 2);
      expect(await refusalOf(emergencies.put(service, later))).toMatchObject({ code: 'VERSION_CONFLICT' });
      const entry = await emergencies.put(service, argument);
      expect(entry).toMatchObject({ digest: emergencies.digest, epoch: 1, mspId: MINISTRY, threshold: 2 });
      expect(await ledger.evaluate(doctor, 'registry:getEmergencyKey', [''])).toEqual(entry);
      expect(await ledger.evaluate(doctor, 'registry:getEmergencyKey', [entry.digest])).toEqual(entry);
    });

    it('gives each custodian service its share, which it keeps only if it fits', async () => {
      const service = clinic.service(MINISTRY);
      expect(await refusalOf(emergencies.deposit(clinic.service(CITY), CITY))).toMatchObject({
        code: 'NOT_ALLOWED',
      });
      expect(
        await refusalOf(emergencies.deposit(service, CITY, emergencies.shareOf(LAKESIDE))),
      ).toMatchObject({
        code: 'SHARE_INVALID',
      });
      for (const mspId of MSP_IDS) await emergencies.deposit(service, mspId);
      expect(await refusalOf(emergencies.deposit(service, CITY))).toMatchObject({
        code: 'PRIVATE_VALUE_EXISTS',
      });
      const held = await ledger.evaluate<Record<string, string>>(
        clinic.service(CITY),
        'registry:getPrivate',
        [[`custodianShare/${emergencies.digest}`]],
      );
      expect(Object.values(held)).toEqual([Buffer.from(emergencies.shareOf(CITY)).toString('base64')]);

      const city = clinic.service(CITY);
      expect(await refusalOf(emergencies.keep(city, CITY, emergencies.shareOf(LAKESIDE)))).toMatchObject({
        code: 'SHARE_INVALID',
      });
      expect(await refusalOf(emergencies.keep(clinic.service(LAKESIDE), CITY))).toMatchObject({
        code: 'WRONG_PEER',
      });
      for (const mspId of MSP_IDS) {
        expect(await emergencies.keep(clinic.service(mspId), mspId)).toEqual({ kept: emergencies.digest });
        expect((await emergencies.status(mspId)).shares).toEqual([emergencies.digest]);
      }
    });
  });

  describe('the emergency grant', () => {
    it('has no terms, and may have the reader’s organisation among its agents', async () => {
      const agents = [CITY, LAKESIDE, MINISTRY];
      const made = await consents.make({ owner, reader: emergencies.grantee(), agents });
      made.argument.termsCommitment = newDigest();
      expect(await refusalOf(consents.grant(owner, made))).toMatchObject({ code: 'BAD_ARGUMENT' });
      grant = await emergencies.grant(owner, agents);
      expect((await consentOf(grant)).grantee).toMatchObject({ kind: 'emergency', id: emergencies.digest });
    });

    it('opens nothing as a consent: nobody is its grantee', async () => {
      expect(
        await refusalOf(consents.receipt(doctor, grant.argument.consentId, [record.entry.recordId])),
      ).toMatchObject({ code: 'NOT_GRANTEE' });
    });
  });

  describe('a reason', () => {
    it('without a case gives way to later ones of the same doctor', async () => {
      const [hasty, other] = [await emergencies.doctor(LAKESIDE), await emergencies.doctor(LAKESIDE)];
      const reasons = async (ids: string[]) => {
        const keys = ids.map((id) => privateKeys.emergencyReason(id));
        const kept = await ledger.evaluate<Record<string, string | null>>(
          clinic.service(MINISTRY),
          'registry:getPrivate',
          [keys],
        );
        return keys.filter((key) => kept[key] !== null).length;
      };
      const opened = await emergencies.open(hasty, grant, owner);
      const [theirs] = [newId()];
      await emergencies.depositReason(other, theirs, MINISTRY);
      const left = [];
      for (let at = 0; at < 6; at++) {
        left.push(newId());
        await emergencies.depositReason(hasty, left.at(-1)!, MINISTRY);
      }
      expect(await reasons(left)).toBe(4);
      expect(await reasons(left.slice(2))).toBe(4);
      // Its own case, and the other doctor's.
      expect(await reasons([opened.emergencyId, theirs])).toBe(2);
      await emergencies.close(auditor, opened.emergencyId);
    });
  });

  describe('a case', () => {
    it('needs a doctor, an active emergency grant of that patient, and the reason at the reviewer', async () => {
      const stranger = await consents.owner(CITY);
      const person = await clinic.staff(LAKESIDE, 'doctor');
      const ordinary = await consents.activate({
        owner,
        reader: await consents.registerKey(person),
        agents: [CITY, MINISTRY],
      });
      const granted = await emergencies.grant(await consents.owner(CITY), [CITY, LAKESIDE, MINISTRY], [CITY]);
      const code = async (call: Promise<unknown>) => (await refusalOf(call)).code;
      expect(await code(emergencies.open(clinic.admin(LAKESIDE), grant, owner))).toBe('NOT_ALLOWED');
      const { emergencyId } = await emergencies.open(doctor, grant, owner);
      for (const anywhere of [CITY, LAKESIDE, MINISTRY])
        expect(await code(emergencies.depositReason(person, emergencyId, anywhere))).toBe('EMERGENCY_EXISTS');
      expect(await code(emergencies.open(doctor, grant, stranger))).toBe('NOT_EMERGENCY_GRANT');
      expect(await code(emergencies.open(doctor, ordinary, owner))).toBe('NOT_EMERGENCY_GRANT');
      expect(
        await code(
          emergencies.open(doctor, granted, {
            ...stranger,
            patient: { ...stranger.patient, ledgerId: (await consentOf(granted)).ledgerId },
          }),
        ),
      ).toBe('CONSENT_NOT_ACTIVE');
      // At another organisation than the one whose auditors review.
      expect(await code(emergencies.open(doctor, grant, owner, { reviewer: LAKESIDE }))).toBe(
        'PRIVATE_PART_MISSING',
      );
    });

    it('lasts three hours, or as long as asked for up to five days', async () => {
      const usual = await emergencies.open(doctor, grant, owner);
      expect(usual).toMatchObject({
        reader: doctor.subject,
        mspId: LAKESIDE,
        reviewer: MINISTRY,
        closedAt: null,
      });
      expect(Date.parse(usual.until) - Date.parse(usual.openedAt)).toBe(3 * HOUR);
      const until = consents.at(4 * DAY);
      expect((await emergencies.open(doctor, grant, owner, { until })).until).toBe(until);
      for (const wrong of [consents.at(5 * DAY + 10 * MINUTE), consents.at(-MINUTE)]) {
        expect(await refusalOf(emergencies.open(doctor, grant, owner, { until: wrong }))).toMatchObject({
          code: 'BAD_ARGUMENT',
        });
      }
    });

    it('at the patient’s own hospital is reviewed by the first other one', async () => {
      const home = await emergencies.doctor(CITY);
      expect((await emergencies.open(home, grant, owner, { reviewer: LAKESIDE })).reviewer).toBe(LAKESIDE);
    });
  });

  describe('a read', () => {
    let emergency: EmergencyCaseEntry;
    let receiptId: string;
    let answers: ProvenAnswer[];

    beforeAll(async () => {
      emergency = await emergencies.open(doctor, grant, owner);
      ({ receiptId } = await emergencies.receipt(doctor, emergency.emergencyId, [
        record.entry.recordId,
        other.entry.recordId,
      ]));
      answers = await agentsOf(doctor, receiptId, record);
    });

    const custodians = (mspIds: readonly string[], given = answers, by: Person = doctor, of = record) =>
      Promise.all(mspIds.map((mspId) => emergencies.askCustodian(by, mspId, receiptId, of, given)));

    it('opens every record of the grant, with t agents and the custodians’ threshold', async () => {
      const consent = await consentOf(grant);
      const opened = await emergencies.combine(
        doctor,
        emergency,
        consent,
        record,
        answers,
        await custodians([CITY, MINISTRY]),
      );
      expect(toHex(opened)).toBe(await ownersKey(record));
      const sensitive = await agentsOf(doctor, receiptId, other, [CITY, MINISTRY]);
      const also = await emergencies.combine(
        doctor,
        emergency,
        consent,
        other,
        sensitive,
        await custodians([LAKESIDE, MINISTRY], sensitive, doctor, other),
      );
      expect(toHex(also)).toBe(await ownersKey(other));
    });

    it('leaves a receipt that names the case and its grant', async () => {
      expect(await ledger.evaluate(doctor, 'access:getReceipt', [receiptId])).toMatchObject({
        basis: 'emergency',
        emergencyId: emergency.emergencyId,
        consentId: grant.argument.consentId,
        reader: doctor.subject,
      });
    });

    it('does not open without the custodians’ threshold', async () => {
      const consent = await consentOf(grant);
      for (const few of [[], await custodians([CITY])]) {
        await expect(
          emergencies.combine(doctor, emergency, consent, record, answers, few),
        ).rejects.toMatchObject({ code: 'TOO_FEW_ANSWERS' });
      }
      // What all agents together give is no key either, alone or combined.
      const engine = await mclEngine();
      const scope = consent.scopes.find(({ scopeId }) => scopeId === record.entry.scopeId)!;
      const context = contextOf(CHANNEL, record.entry, record.entry.sealed!.sealedDigest, scope);
      const all = (await agentsOf(doctor, receiptId, record, [CITY, LAKESIDE, MINISTRY])).map(
        ({ mspId, answer }) => ({ mspId, answer: Buffer.from(answer, 'base64') }),
      );
      const onLedger = { grant: grantOf(CHANNEL, consent, scope), capsule: record.capsule, context };
      const combined = combineForEmergency(engine, { ...onLedger, answers: all }).element;
      for (const bytes of [combined, ...all.map(({ answer }) => answer.subarray(0, 576))]) {
        const element = engine.decodeGT(bytes, 'element') as never;
        expect(() =>
          openWithSharedElement(
            engine,
            element,
            record.capsule,
            fromHex(scope.publicKey),
            sealingContext(context),
          ),
        ).toThrow();
      }
    });

    it('is the case’s reader’s alone', async () => {
      const colleague = await emergencies.doctor(LAKESIDE);
      const code = async (call: Promise<unknown>) => (await refusalOf(call)).code;
      const { emergencyId } = emergency;
      expect(await code(emergencies.receipt(colleague, emergencyId, [record.entry.recordId]))).toBe(
        'NOT_ALLOWED',
      );
      expect(await code(emergencies.askAgent(colleague, CITY, receiptId, record))).toBe('RECEIPT_DIFFERS');
      expect(await code(emergencies.askCustodian(colleague, CITY, receiptId, record, answers))).toBe(
        'RECEIPT_DIFFERS',
      );
      expect(await code(emergencies.askCustodian(owner.person, CITY, receiptId, record, answers))).toBe(
        'NOT_ALLOWED',
      );
      expect(
        await code(emergencies.askCustodian(clinic.service(CITY), CITY, receiptId, record, answers)),
      ).toBe('NOT_ALLOWED');
    });

    it('is for the records that its receipt names, of the case’s patient, and no older than 15 minutes', async () => {
      const third = await consents.record(author, owner);
      const strangers = await consents.record(author, await consents.owner(CITY));
      const code = async (call: Promise<unknown>) => (await refusalOf(call)).code;
      const { emergencyId } = emergency;
      expect(await code(emergencies.receipt(doctor, emergencyId, [strangers.entry.recordId]))).toBe(
        'NOT_ALLOWED',
      );
      expect(await code(emergencies.askAgent(doctor, CITY, receiptId, third))).toBe('RECEIPT_DIFFERS');
      expect(await code(emergencies.askCustodian(doctor, CITY, receiptId, third, answers))).toBe(
        'RECEIPT_DIFFERS',
      );
      expect(await code(emergencies.askAgent(doctor, CITY, newDigest(), record))).toBe('RECEIPT_NOT_FOUND');
      expect(await code(emergencies.askCustodian(doctor, CITY, newDigest(), record, answers))).toBe(
        'RECEIPT_NOT_FOUND',
      );
      const mauled = Uint8Array.from(record.capsule);
      mauled[100]! ^= 1;
      expect(
        await code(emergencies.askCustodian(doctor, CITY, receiptId, record, answers, { capsule: mauled })),
      ).toBe('CAPSULE_INVALID');
      expect(
        await code(
          emergencies.askCustodian(doctor, CITY, receiptId, record, answers, { capsule: other.capsule }),
        ),
      ).toBe('CAPSULE_INVALID');
      expect(
        await code(emergencies.askCustodian(doctor, CITY, receiptId, record, answers, { age: 6 * MINUTE })),
      ).toBe('PROPOSAL_STALE');
      expect(ledger.custodian(CITY).refusals.at(-1)).toContain('"refused":"custodian:answer"');
    });

    it('takes nothing of the reader’s for an agent’s answer', async () => {
      const code = async (given: ProvenAnswer[]) =>
        (await refusalOf(emergencies.askCustodian(doctor, CITY, receiptId, record, given))).code;
      const [first, second] = answers as [ProvenAnswer, ProvenAnswer];
      const bytes = Buffer.from(second.answer, 'base64');
      const changed = Buffer.from(bytes);
      changed[600]! ^= 1;
      expect(await code([first])).toBe('ANSWERS_NOT_PROVEN');
      expect(await code([first, { ...second, answer: bytes.subarray(0, 576).toString('base64') }])).toBe(
        'ANSWERS_NOT_PROVEN',
      );
      expect(await code([first, { ...second, answer: changed.toString('base64') }])).toBe(
        'ANSWERS_NOT_PROVEN',
      );
      expect(await code([first, { ...first, mspId: second.mspId }])).toBe('ANSWERS_NOT_PROVEN');
      expect(await code([first, first])).toBe('BAD_ARGUMENT');
      const ofOther = await agentsOf(doctor, receiptId, other);
      expect(await code(ofOther)).toBe('ANSWERS_NOT_PROVEN');
    });

    it('works while the patient’s own hospital is down', async () => {
      await ledger.network.stopPeer(CITY);
      try {
        const opened = await emergencies.combine(
          doctor,
          emergency,
          await consentOfAt(LAKESIDE),
          record,
          answers,
          await custodians([LAKESIDE, MINISTRY]),
        );
        expect(toHex(opened)).toBe(await ownersKey(record));
      } finally {
        await ledger.network.startPeer(CITY);
      }
    });

    const consentOfAt = async (mspId: string) =>
      (
        await ledger.evaluate<{ consent: Parameters<Emergencies['combine']>[2] }>(
          clinic.service(mspId),
          'consent:getConsent',
          [grant.argument.consentId],
        )
      ).consent;

    it('ends with the case’s closing, which only the reviewer’s auditor does', async () => {
      const { emergencyId } = emergency;
      const code = async (call: Promise<unknown>) => (await refusalOf(call)).code;
      const lakesides = await clinic.staff(LAKESIDE, 'auditor');
      const citys = await clinic.staff(CITY, 'auditor');
      expect(await code(emergencies.close(lakesides, emergencyId))).toBe('NOT_ALLOWED');
      expect(await code(emergencies.close(citys, emergencyId))).toBe('NOT_ALLOWED');
      expect(await code(emergencies.close(doctor, emergencyId))).toBe('NOT_ALLOWED');
      expect(await code(emergencies.close(auditor, emergencyId, 'fine'))).toBe('BAD_ARGUMENT');
      expect(await code(emergencies.close(auditor, newId()))).toBe('EMERGENCY_NOT_FOUND');
      const closed = await emergencies.close(auditor, emergencyId, 'justified');
      expect(closed).toMatchObject({ verdict: 'justified', closedBy: auditor.subject });
      expect(await code(emergencies.close(auditor, emergencyId))).toBe('EMERGENCY_CLOSED');
      expect(await code(emergencies.receipt(doctor, emergencyId, [record.entry.recordId]))).toBe(
        'EMERGENCY_CLOSED',
      );
      expect(await code(emergencies.askAgent(doctor, CITY, receiptId, record))).toBe('EMERGENCY_CLOSED');
      expect(await code(emergencies.askCustodian(doctor, CITY, receiptId, record, answers))).toBe(
        'EMERGENCY_CLOSED',
      );
    });

    it('ends with the owner’s revocation', async () => {
      const someone = await consents.owner(CITY);
      const theirs = await consents.record(author, someone);
      const made = await emergencies.grant(someone, [CITY, LAKESIDE, MINISTRY]);
      const theirCase = await emergencies.open(doctor, made, someone);
      const receipt = await emergencies.receipt(doctor, theirCase.emergencyId, [theirs.entry.recordId]);
      const given = await agentsOf(doctor, receipt.receiptId, theirs);
      await ledger.submit(someone.person, 'consent:revoke', [made.argument.consentId]);
      const code = async (call: Promise<unknown>) => (await refusalOf(call)).code;
      expect(await code(emergencies.askAgent(doctor, CITY, receipt.receiptId, theirs))).toBe(
        'CONSENT_REVOKED',
      );
      expect(await code(emergencies.askCustodian(doctor, CITY, receipt.receiptId, theirs, given))).toBe(
        'CONSENT_REVOKED',
      );
      expect(await code(emergencies.open(doctor, made, someone))).toBe('CONSENT_REVOKED');
    });

    it('found unjustified, ends its reader’s other ones until the own administrator has acted', async () => {
      const code = async (call: Promise<unknown>) => (await refusalOf(call)).code;
      const careless = await emergencies.doctor(LAKESIDE);
      const [one, other] = [
        await emergencies.open(careless, grant, owner),
        await emergencies.open(careless, grant, owner),
      ];
      await emergencies.receipt(careless, other.emergencyId, [record.entry.recordId]);
      await emergencies.close(auditor, one.emergencyId, 'unjustified');
      const read = () => emergencies.receipt(careless, other.emergencyId, [record.entry.recordId]);
      expect(await code(read())).toBe('EMERGENCY_SUSPENDED');
      expect(await code(emergencies.open(careless, grant, owner))).toBe('EMERGENCY_SUSPENDED');
      // Colleagues go on.
      const colleague = await emergencies.open(doctor, grant, owner);
      await emergencies.close(auditor, colleague.emergencyId);
      const set = (by: Person, status: string) =>
        ledger.submit(by, 'registry:setStaffStatus', [careless.subject, status]);
      // Nothing happened to them.
      await set(clinic.admin(LAKESIDE), 'active');
      expect(await code(read())).toBe('EMERGENCY_SUSPENDED');
      expect(await code(set(clinic.manager, 'suspended'))).toBe('NOT_ALLOWED');
      await set(clinic.admin(LAKESIDE), 'suspended');
      await set(clinic.admin(LAKESIDE), 'active');
      await read();
      await emergencies.close(auditor, other.emergencyId, 'unjustified');
      expect(await code(emergencies.open(careless, grant, owner))).toBe('EMERGENCY_SUSPENDED');
    });

    it('leaves no reason behind when its patient is erased, and opens nothing any more', async () => {
      const someone = await consents.owner(CITY);
      const theirs = await consents.record(author, someone);
      const made = await emergencies.grant(someone, [CITY, LAKESIDE, MINISTRY]);
      const { emergencyId } = await emergencies.open(doctor, made, someone);
      const receipt = await emergencies.receipt(doctor, emergencyId, [theirs.entry.recordId]);
      const { ledgerId } = someone.patient;
      const service = clinic.service(MINISTRY);
      const reason = privateKeys.emergencyReason(emergencyId);
      const purge = (keys: string[], of = ledgerId) =>
        ledger.submitPrivately(service, 'registry:purgePatient', [of], { keys: canonicalJson(keys) });
      const code = async (call: Promise<unknown>) => (await refusalOf(call)).code;
      await ledger.submit(someone.person, 'registry:requestErasure', [ledgerId]);
      expect(await code(emergencies.askAgent(doctor, CITY, receipt.receiptId, theirs))).toMatch(/^PATIENT_/);
      expect(await code(emergencies.receipt(doctor, emergencyId, [theirs.entry.recordId]))).toMatch(
        /^PATIENT_/,
      );
      await purge([privateKeys.share(made.argument.consentId)]);
      expect(await code(ledger.submit(service, 'registry:attestErasure', [ledgerId]))).toBe(
        'ERASURE_INCOMPLETE',
      );
      expect(await code(purge([privateKeys.custodianShare(emergencies.digest)]))).toBe('NOT_THIS_PATIENT');
      const ofOther = (await emergencies.open(doctor, grant, owner)).emergencyId;
      expect(await code(purge([privateKeys.emergencyReason(ofOther)]))).toBe('NOT_THIS_PATIENT');
      await purge([reason]);
      await ledger.submit(service, 'registry:attestErasure', [ledgerId]);
    });

    it('ends with the window, whatever the receipt says', async () => {
      const short = await emergencies.open(doctor, grant, owner, { until: consents.at(12 * MINUTE) });
      const receipt = await emergencies.receipt(doctor, short.emergencyId, [record.entry.recordId]);
      const given = await agentsOf(doctor, receipt.receiptId, record);
      ledger.advanceTime(13 * MINUTE);
      const code = async (call: Promise<unknown>) => (await refusalOf(call)).code;
      expect(await code(emergencies.askAgent(doctor, CITY, receipt.receiptId, record))).toBe(
        'EMERGENCY_ENDED',
      );
      expect(await code(emergencies.askCustodian(doctor, CITY, receipt.receiptId, record, given))).toBe(
        'EMERGENCY_ENDED',
      );
      expect(await code(emergencies.receipt(doctor, short.emergencyId, [record.entry.recordId]))).toBe(
        'EMERGENCY_ENDED',
      );
    });
  });

  describe('lists and counts', () => {
    const listed = async (by: Person, limit = 200) =>
      (await ledger.list<EmergencyState>(by, 'access:listEmergencies', [], limit)).map(
        ({ emergency }) => emergency,
      );
    const counted = async (limit = 200): Promise<EmergencyCounts> => {
      const sum = { open: 0, overdue: 0 };
      for (let after: string | null = ''; after !== null;) {
        const page: EmergencyCounts & { next: string | null } = await ledger.evaluate(
          author,
          'access:countEmergencies',
          [limit, after],
        );
        sum.open += page.open;
        sum.overdue += page.overdue;
        after = page.next;
      }
      return sum;
    };

    it('come page by page, each case once', async () => {
      for (const by of [doctor, owner.person, auditor]) expect(await listed(by, 1)).toEqual(await listed(by));
      expect(await counted(2)).toEqual(await counted());
      const pages = (limit: unknown, after: string) =>
        ledger.evaluate(doctor, 'access:listEmergencies', [limit, after]);
      expect(await pages(1, '')).toMatchObject({ next: expect.stringMatching(/^[0-9a-f]{32}$/) as string });
      for (const [limit, after] of [
        [0, ''],
        [201, ''],
        ['', ''],
        [1, '\u0000patient'],
        [1, 'a/b/c/d'],
      ] as const)
        expect(await refusalOf(pages(limit, after))).toMatchObject({ code: 'BAD_ARGUMENT' });
      // A place of another list shows nothing of it.
      expect(await pages(200, 'f'.repeat(32))).toEqual({ items: [], next: null });
    });

    it('show a case to its reader, its owner and its reviewer', async () => {
      const mine = await listed(doctor);
      expect(mine.length).toBeGreaterThan(3);
      expect(new Set(mine.map(({ reader }) => reader))).toEqual(new Set([doctor.subject]));
      expect(await listed(author)).toEqual([]);
      expect(new Set((await listed(owner.person)).map(({ ledgerId }) => ledgerId))).toEqual(
        new Set([owner.patient.ledgerId]),
      );
      expect(new Set((await listed(auditor)).map(({ reviewer }) => reviewer))).toEqual(new Set([MINISTRY]));
      const [one] = mine;
      const get = (by: Person) => ledger.evaluate(by, 'access:getEmergency', [one!.emergencyId]);
      expect(await get(auditor)).toMatchObject({ emergency: { emergencyId: one!.emergencyId } });
      expect(await refusalOf(get(author))).toMatchObject({ code: 'NOT_ALLOWED' });
      expect(await refusalOf(get(await clinic.staff(LAKESIDE, 'auditor')))).toMatchObject({
        code: 'NOT_ALLOWED',
      });
    });

    it('count what is not closed, and what should have been for seven days', async () => {
      const before = await counted();
      expect(before).toMatchObject({ overdue: 0 });
      const last = await emergencies.open(doctor, grant, owner, { until: consents.at(HOUR) });
      const statusAfter = async (milliseconds: number) => {
        ledger.advanceTime(milliseconds);
        const state = await ledger.evaluate<EmergencyState>(doctor, 'access:getEmergency', [
          last.emergencyId,
        ]);
        return state.status;
      };
      expect(await statusAfter(0)).toBe('open');
      expect(await statusAfter(2 * HOUR)).toBe('ended');
      expect(await statusAfter(12 * DAY)).toBe('overdue');
      const after = await counted();
      expect(after).toEqual({ open: before.open + 1, overdue: before.open + 1 });
      await emergencies.close(auditor, last.emergencyId);
      expect(await counted()).toEqual({
        open: before.open,
        overdue: before.open,
      });
      expect(await statusAfter(0)).toBe('closed');
    });
  });
});
