import {
  combineForEmergency,
  emergencyKeyDigest,
  fromHex,
  hpkeSeal,
  encodeHpke,
  type EmergencyKey,
  emergencyReader,
  makeEmergencyKey,
  mclEngine,
  newReceivingKeyPair,
  openEmergency,
  type KeyPair,
  toBase64,
  toHex,
  utf8,
} from '@medseal/crypto';
import { organizationKeyStatement } from '../../src/ledger/certificates';
import { grantOf, contextOf } from '../../src/ledger/reencryption-checks';
import type { ConsentEntry, ReencryptedElement } from '../../src/model/consent-entries';
import type { EmergencyKeyArgument } from '../../src/model/emergency-arguments';
import type {
  CustodianAnswerEntry,
  CustodianStatus,
  EmergencyCaseEntry,
  EmergencyKeyEntry,
  ProvenAnswer,
} from '../../src/model/emergency-entries';
import type { ReceiptEntry } from '../../src/model/entries';
import type { Clinic } from './clinic';
import type { Consents, MadeConsent, Owner, Reader, SealedRecord } from './consents';
import { CHANNEL, type HealthNetwork, newDigest, newId, type Person, signatureOf } from './health-network';

/** A doctor with a receiving key, which custodians seal their answers to. */
export interface EmergencyDoctor extends Person {
  receiving: KeyPair;
}

export interface OpenCase {
  emergencyId: string;
  consent: ConsentEntry;
  entry: EmergencyCaseEntry;
}

/** Emergencies as gateways, custodian services and doctors make them, each step a real transaction. */
export class Emergencies {
  key!: EmergencyKey;
  digest!: string;
  sealedShares!: { mspId: string; sealed: Uint8Array }[];

  constructor(
    readonly ledger: HealthNetwork,
    readonly clinic: Clinic,
    readonly consents: Consents,
  ) {}

  status(mspId: string): Promise<CustodianStatus> {
    return this.ledger.evaluate<CustodianStatus>(this.clinic.service(mspId), 'custodian:getStatus', [], {
      chaincode: 'custodian',
    });
  }

  async registerCustodians(mspIds: readonly string[]): Promise<void> {
    for (const mspId of mspIds) {
      const { publicKey } = await this.status(mspId);
      await this.ledger.putOrganizationKey(
        this.clinic.service(mspId),
        'custodianService',
        fromHex(publicKey),
      );
    }
  }

  /** The argument of `putEmergencyKey`, from the keys that the custodian services have. */
  async ceremony(mspIds: readonly string[], service: Person, epoch = 1): Promise<EmergencyKeyArgument> {
    const engine = await mclEngine();
    const custodians = [];
    for (const mspId of mspIds) {
      custodians.push({ mspId, publicKey: fromHex((await this.status(mspId)).publicKey) });
    }
    const made = await makeEmergencyKey(engine, { channel: CHANNEL, custodians, threshold: 2 });
    this.key = made.key;
    this.sealedShares = made.sealedShares;
    this.digest = emergencyKeyDigest(made.key);
    return this.argument(service, epoch);
  }

  argument(service: Person, epoch = 1): EmergencyKeyArgument {
    const { key, digest } = this;
    const statement = organizationKeyStatement({
      mspId: service.mspId,
      kind: 'emergency',
      epoch,
      publicKey: digest,
    });
    return {
      epoch,
      publicKey: toHex(key.publicKey),
      proof: toHex(key.proof),
      threshold: key.threshold,
      custodians: key.custodians.map((custodian) => ({
        mspId: custodian.mspId,
        publicKey: toHex(custodian.publicKey),
        check: toHex(custodian.check),
        shareDigest: custodian.shareDigest,
      })),
      certificate: service.certificate,
      signature: signatureOf(service, statement),
    };
  }

  put(service: Person, argument: EmergencyKeyArgument): Promise<EmergencyKeyEntry> {
    return this.ledger.submit<EmergencyKeyEntry>(service, 'registry:putEmergencyKey', [argument]);
  }

  async deposit(service: Person, mspId: string, share = this.shareOf(mspId)): Promise<void> {
    await this.ledger.submit(service, 'registry:depositCustodianShare', [this.digest], {
      transient: { share },
      endorsers: [mspId],
    });
  }

  keep(by: Person, mspId: string, share = this.shareOf(mspId)): Promise<{ kept: string }> {
    return this.ledger.evaluate(by, 'custodian:keepShare', [this.digest], {
      at: mspId,
      transient: { share },
      chaincode: 'custodian',
    });
  }

  shareOf(mspId: string): Uint8Array {
    return this.sealedShares.find((share) => share.mspId === mspId)!.sealed;
  }

  /** The emergency key as a grantee. */
  grantee(epoch = 1): Reader {
    const { certificateHash, mspId, publicKey, proof } = emergencyReader(this.key);
    return {
      grantee: {
        kind: 'emergency',
        id: certificateHash,
        mspId,
        publicKey: toHex(publicKey),
        certificateHash,
        epoch,
      },
      proof: toHex(proof),
      // Nobody has its secret.
      keys: { secretKey: new Uint8Array(32), publicKey },
    };
  }

  grant(owner: Owner, agents: readonly string[], accepting?: readonly string[]): Promise<MadeConsent> {
    return this.consents.activate({ owner, reader: this.grantee(), agents, scopes: [0, 1] }, accepting);
  }

  async doctor(mspId: string): Promise<EmergencyDoctor> {
    const person = await this.clinic.staff(mspId, 'doctor');
    const receiving = newReceivingKeyPair();
    await this.ledger.submit(person, 'registry:registerReceivingKey', [toHex(receiving.publicKey), 1]);
    return { ...person, receiving };
  }

  async depositReason(by: Person, emergencyId: string, reviewer: string): Promise<void> {
    const { publicKey } = newReceivingKeyPair();
    const reason = encodeHpke(await hpkeSeal(publicKey, utf8('found on the street'), utf8('reason')));
    await this.ledger.submit(by, 'access:depositReason', [emergencyId], {
      transient: { reason },
      endorsers: [reviewer],
    });
  }

  async open(
    by: Person,
    { argument }: MadeConsent,
    { patient }: Owner,
    { reviewer = 'MinistryMSP', until = null as string | null } = {},
  ): Promise<EmergencyCaseEntry> {
    const emergencyId = newId();
    await this.depositReason(by, emergencyId, reviewer);
    return this.ledger.submit<EmergencyCaseEntry>(by, 'access:openEmergency', [
      newDigest(),
      {
        emergencyId,
        ledgerId: patient.ledgerId,
        consentId: argument.consentId,
        reasonCode: 'UNRESPONSIVE',
        until,
      },
    ]);
  }

  close(by: Person, emergencyId: string, verdict = 'justified'): Promise<EmergencyCaseEntry> {
    return this.ledger.submit<EmergencyCaseEntry>(by, 'access:closeEmergency', [emergencyId, verdict]);
  }

  receipt(by: Person, emergencyId: string, recordIds: string[]): Promise<ReceiptEntry> {
    return this.ledger.submit<ReceiptEntry>(by, 'access:receipt', [
      newDigest(),
      { basis: 'emergency', emergencyId, recordIds },
    ]);
  }

  /** One agent's proven answer. */
  async askAgent(by: Person, agent: string, receiptId: string, record: SealedRecord, age = 0) {
    const { element } = await this.ledger.evaluate<ReencryptedElement>(
      by,
      'consent:reencrypt',
      [receiptId, record.entry.recordId, record.entry.version],
      { at: agent, transient: { capsule: record.capsule }, age },
    );
    return { mspId: agent, answer: element };
  }

  askCustodian(
    by: Person,
    custodian: string,
    receiptId: string,
    record: SealedRecord,
    answers: ProvenAnswer[],
    { capsule = record.capsule, age = 0 } = {},
  ): Promise<CustodianAnswerEntry> {
    return this.ledger.evaluate<CustodianAnswerEntry>(
      by,
      'custodian:answer',
      [receiptId, record.entry.recordId, record.entry.version],
      {
        at: custodian,
        transient: {
          capsule,
          answers: JSON.stringify(answers.map(({ answer, mspId }) => ({ answer, mspId }))),
        },
        age,
        chaincode: 'custodian',
      },
    );
  }

  /** What the doctor's side makes of the answers: the record's key-encrypting key. */
  async combine(
    doctor: EmergencyDoctor,
    emergency: EmergencyCaseEntry,
    consent: ConsentEntry,
    record: SealedRecord,
    agents: ProvenAnswer[],
    custodians: CustodianAnswerEntry[],
  ): Promise<Uint8Array> {
    const engine = await mclEngine();
    const { entry, capsule } = record;
    const scope = consent.scopes.find(({ scopeId }) => scopeId === entry.scopeId)!;
    const onLedger = {
      grant: grantOf(CHANNEL, consent, scope),
      capsule,
      context: contextOf(CHANNEL, entry, entry.sealed!.sealedDigest, scope),
    };
    const answers = agents.map(({ mspId, answer }) => ({ mspId, answer: Buffer.from(answer, 'base64') }));
    const { element } = combineForEmergency(engine, { ...onLedger, answers });
    const opened = await openEmergency(engine, {
      ...onLedger,
      key: this.key,
      caseId: emergency.emergencyId,
      element,
      answers: custodians.map(({ mspId, sealed }) => ({ mspId, sealed: Buffer.from(sealed, 'base64') })),
      readerSecretKey: doctor.receiving.secretKey,
    });
    return opened.kek;
  }
}

export const asProven = (mspId: string, answer: Uint8Array): ProvenAnswer => ({
  mspId,
  answer: toBase64(answer),
});
