import { Injectable } from '@nestjs/common';
import type { AuditParametersEntry, ExtractedShare, IdentityKeyEntry } from '@medseal/chaincode';
import {
  type AuditParameters,
  checkIdentityShare,
  combineIdentityShares,
  CryptoError,
  decodeAuditParameters,
  fromBase64,
  fromHex,
  type IdentityKey,
  mclEngine,
  openIdentityKey,
  openIdentityShare,
  type PairingEngine,
  sealIdentityKey,
  type SignerIdentity,
} from '@medseal/crypto';
import { evaluateJson } from '../fabric/evaluate-json.js';
import { LedgerError, type LedgerIdentity } from '../fabric/ledger-client.js';
import { x25519PublicKey } from '../keystore/x25519.js';
import type { Organization } from '../organizations/organization.js';
import { answersOf } from '../records/asking.js';
import { readAuditParameters } from './audit-parameters.js';

const ATTEMPTS_MAX = 3;
const REPEATED: readonly LedgerError['code'][] = ['COMMIT_UNKNOWN', 'VERSION_CONFLICT'];
/** Of an extractor whose peer has not seen the enrolment, or the receiving key, yet. */
const BEHIND: readonly LedgerError['code'][] = [
  'IDENTITY_KEY_MISSING',
  'IDENTITY_KEY_REVOKED',
  'VERSION_CONFLICT',
  'KEY_NOT_REGISTERED',
];

/** A doctor's identity key with what it signs under. */
export interface HeldIdentityKey {
  identity: SignerIdentity;
  key: IdentityKey;
  parameters: AuditParameters;
}

/** A doctor whose keys are at hand, because they are signed in. */
export interface SigningDoctor {
  identity: LedgerIdentity;
  /** X25519, 32 bytes; its public key is registered. */
  receivingSecretKey: Uint8Array;
}

/**
 * Identity keys of this organisation's doctors, kept only as copies sealed to their holders' receiving keys. One is
 * enrolled and extracted when it is first needed, and anew after a revocation, under other parameters, or with other keys.
 */
@Injectable()
export class IdentityKeys {
  private readonly running = new Map<string, Promise<HeldIdentityKey>>();

  /**
   * @throws LedgerError of a refusal, `AUDIT_PARAMETERS_MISSING` before the ministry's ceremony; ProblemException 503
   *   `EXTRACTORS_UNAVAILABLE`
   */
  keyOf(organization: Organization, doctor: SigningDoctor): Promise<HeldIdentityKey> {
    const { subject } = doctor.identity;
    const running =
      this.running.get(subject) ??
      this.settle(organization, doctor).finally(() => this.running.delete(subject));
    this.running.set(subject, running);
    return running;
  }

  private async settle(organization: Organization, doctor: SigningDoctor): Promise<HeldIdentityKey> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.find(organization, doctor);
      } catch (error) {
        // After an unseen commit, or beside another gateway, the ledger itself tells which epoch it is.
        const again = error instanceof LedgerError && REPEATED.includes(error.code);
        if (!again || attempt >= ATTEMPTS_MAX) throw error;
      }
    }
  }

  private async find(organization: Organization, doctor: SigningDoctor): Promise<HeldIdentityKey> {
    const parameters = await readAuditParameters(organization);
    if (parameters === null)
      throw new LedgerError('AUDIT_PARAMETERS_MISSING', 'the ministry has put no audit parameters yet');
    const { identity } = doctor;
    const known = await enrolled(organization, identity.subject);
    if (known?.status === 'active' && known.parametersVersion === parameters.version) {
      const found = await this.foundOrExtracted(organization, doctor, known, parameters);
      if (found !== undefined) return found;
    }
    const next = String((known?.keyEpoch ?? 0) + 1);
    await organization.ledger.submit(identity, 'integrity:enrollIdentityKey', [next]);
    const entry = await enrolled(organization, identity.subject);
    return extract(organization, doctor, entry!, parameters);
  }

  /** Undefined where the doctor has other keys since the enrolment. */
  private async foundOrExtracted(
    organization: Organization,
    doctor: SigningDoctor,
    entry: IdentityKeyEntry,
    parameters: AuditParametersEntry,
  ): Promise<HeldIdentityKey | undefined> {
    const held = await opened(organization, doctor, entry, parameters);
    if (held !== undefined) return held;
    try {
      return await extract(organization, doctor, entry, parameters);
    } catch (error) {
      if (error instanceof LedgerError && error.code === 'IDENTITY_KEY_DIFFERS') return undefined;
      throw error;
    }
  }
}

const enrolled = (organization: Organization, subject: string): Promise<IdentityKeyEntry | null> =>
  evaluateJson<IdentityKeyEntry | null>(organization, 'integrity:getIdentityKey', [subject]);

/** The copy of that epoch for the doctor's present receiving key. */
const opened = async (
  organization: Organization,
  { identity, receivingSecretKey }: SigningDoctor,
  entry: IdentityKeyEntry,
  { parameters }: AuditParametersEntry,
): Promise<HeldIdentityKey | undefined> => {
  const [row] = await organization.database.query<{ sealed: Uint8Array }>(
    'SELECT sealed FROM identity_keys WHERE subject = $1 AND key_epoch = $2 AND receiving_key = $3',
    [identity.subject, entry.keyEpoch, x25519PublicKey(receivingSecretKey)],
  );
  if (row === undefined) return undefined;
  const signer = signerOf(organization, entry);
  return {
    identity: signer,
    key: await openIdentityKey(receivingSecretKey, row.sealed, signer),
    parameters: decodeAuditParameters(await mclEngine(), fromBase64(parameters)),
  };
};

/** Asks all extractors and combines the first shares that fit; the key is kept before it is used. */
const extract = async (
  organization: Organization,
  { identity, receivingSecretKey }: SigningDoctor,
  entry: IdentityKeyEntry,
  { parameters: encoded }: AuditParametersEntry,
): Promise<HeldIdentityKey> => {
  const engine = await mclEngine();
  const parameters = decodeAuditParameters(engine, fromBase64(encoded));
  const signer = signerOf(organization, entry);
  const shares = await answersOf({
    organizations: parameters.extractors.map(({ mspId }) => mspId),
    threshold: parameters.threshold,
    as: 'extractors',
    behind: BEHIND,
    ask: async (mspId) => {
      const answer = await organization.ledger.evaluate(
        identity,
        'integrity:extract',
        [String(entry.keyEpoch)],
        { endorsingOrganizations: [mspId] },
      );
      const { sealed } = JSON.parse(answer.toString()) as ExtractedShare;
      const share = await openIdentityShare(receivingSecretKey, fromBase64(sealed), {
        parameters,
        mspId,
        identity: signer,
      });
      return fitting(engine, { parameters, mspId, identity: signer, share });
    },
  });
  const key = combineIdentityShares(engine, { parameters, identity: signer, shares });
  const receivingKey = x25519PublicKey(receivingSecretKey);
  await organization.database.query(
    `INSERT INTO identity_keys (subject, key_epoch, receiving_key, sealed) VALUES ($1, $2, $3, $4)
     ON CONFLICT (subject) DO UPDATE SET key_epoch = $2, receiving_key = $3, sealed = $4`,
    [
      identity.subject,
      entry.keyEpoch,
      receivingKey,
      await sealIdentityKey(fromHex(receivingKey), signer, key),
    ],
  );
  return { identity: signer, key, parameters };
};

/** A share that does not fit counts as no answer: another extractor's may do. */
const fitting = (
  engine: PairingEngine,
  {
    share,
    ...from
  }: { parameters: AuditParameters; mspId: string; identity: SignerIdentity; share: Uint8Array },
): { mspId: string; share: Uint8Array } => {
  if (checkIdentityShare(engine, from, share)) return { mspId: from.mspId, share };
  throw new CryptoError('BAD_SHARE', `${from.mspId} extracted a share that does not fit`, {
    culprits: [{ role: 'extractor', id: from.mspId }],
  });
};

const signerOf = (
  { ledger }: Organization,
  { mspId, subject, keyEpoch }: IdentityKeyEntry,
): SignerIdentity => ({ channel: ledger.channel, mspId, userId: subject, keyEpoch });
