import {
  type AuditedKind,
  type AuditParametersEntry,
  type BlindedPart,
  isSignedByOwnCertificate,
  organizationKeyStatement,
  type RecordEntry,
} from '@medseal/chaincode';
import {
  type AuditParameters,
  CryptoError,
  decodeAuditParameters,
  fromBase64,
  type PairingEngine,
  sha256Hex,
  type SignerIdentity,
} from '@medseal/crypto';
import type { ExportedLedger } from './exported-ledger.js';

/** The blocks do not say what a verdict needs; the sentence names what is missing, and the remedy where there is one. */
export class CannotTell extends Error {}

/** What the ledger says about one file of a chained version. */
export interface FileFacts {
  readonly entry: RecordEntry;
  readonly blinded: BlindedPart;
  /** 555 bytes. */
  readonly tag: Uint8Array;
  /** Who signed the file, in the key epoch then. */
  readonly identity: SignerIdentity;
  readonly parameters: AuditParameters;
  readonly transactionId: string;
  readonly blockNumber: number;
}

/** @throws CannotTell */
export async function fileFacts(
  ledger: ExportedLedger,
  engine: PairingEngine,
  { recordId, version, kind }: { recordId: string; version: number; kind: AuditedKind },
): Promise<FileFacts> {
  const fact = await ledger.recordVersion(recordId, version);
  if (fact === undefined) throw new CannotTell('The ledger has no such version of a record.');
  const { entry, transactionId, blockNumber } = fact;
  if (entry.chain === null)
    throw new CannotTell('The record is not chained yet: its files may still be replaced.');
  const blinded = entry.integrity?.blinded ?? null;
  if (blinded === null)
    throw new CannotTell(
      'The record was made without the integrity steps: the ledger has no tag of its files.',
    );
  const { hospital: mspId, author: userId } = entry;
  return {
    entry,
    blinded,
    tag: fromBase64(blinded.tags[kind]),
    identity: { channel: ledger.channel, mspId, userId, keyEpoch: blinded.keyEpoch },
    parameters: await vouchedParameters(ledger, engine, blinded.parametersVersion),
    transactionId,
    blockNumber,
  };
}

/**
 * The audit parameters of that version, and with them the master public key: those that the ministry's service signed, with
 * a certificate that chains to the ministry's roots in the channel's own configuration.
 *
 * @throws CannotTell
 */
async function vouchedParameters(
  ledger: ExportedLedger,
  engine: PairingEngine,
  version: number,
): Promise<AuditParameters> {
  const fact = await ledger.auditParameters(version);
  if (fact === undefined) throw new CannotTell(`The ledger has no audit parameters of version ${version}.`);
  const distrust = await whyNotVouched(ledger, fact.entry, version);
  if (distrust !== undefined)
    throw new CannotTell(`The master public key of version ${version} is not the ministry's: ${distrust}.`);
  try {
    return decodeAuditParameters(engine, fromBase64(fact.entry.parameters));
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    throw new CannotTell(`The audit parameters of version ${version} do not hold: ${error.message}.`);
  }
}

async function whyNotVouched(
  ledger: ExportedLedger,
  { parameters, digest, mspId, certificate, signature, ...entry }: AuditParametersEntry,
  version: number,
): Promise<string | undefined> {
  if ((await ledger.organization(mspId))?.entry.kind !== 'ministry')
    return `${mspId} put it, which is not the ministry`;
  if (!ledger.isMember(mspId, certificate))
    return "the certificate does not chain to the ministry's roots in the channel's configuration";
  const publicKey = sha256Hex(fromBase64(parameters));
  if (digest !== publicKey || entry.version !== version) return 'digest or version are of another set';
  const statement = organizationKeyStatement({ mspId, kind: 'audit', epoch: version, publicKey });
  return isSignedByOwnCertificate({ certificate, signature }, statement)
    ? undefined
    : "the signature of the ministry's service does not hold";
}
