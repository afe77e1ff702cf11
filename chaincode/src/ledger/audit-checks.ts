import {
  type AuditParameters,
  type AuditVerdict,
  coverageOf,
  CryptoError,
  erase,
  extractIdentityShare,
  type FileTag,
  mclEngine,
  openMasterShare,
  type ReplacedCoverage,
  replacedOf,
  sealIdentityShare,
  type SignerIdentity,
} from '@medseal/crypto';
import { ContractError } from '../errors.js';
import { decodedParameters, type ProofPairing, type TagPairing } from './audit-pairings.js';
import { PairingQueue } from './pairing-queue.js';

/**
 * What the contracts ask of the audit scheme. Tags and proofs are checked in a worker, and nothing but public values
 * goes there: what uses a share of the master key stays here.
 */

const queue = new PairingQueue();

/** @throws ContractError AUDIT_PARAMETERS_INVALID */
export const readAuditParameters = async (encoding: string): Promise<AuditParameters> =>
  inScheme('AUDIT_PARAMETERS_INVALID', () => decodedParameters(encoding));

/** A tag and what the ledger says it must be about. */
export interface TagCheck extends TagPairing {
  /** Of the stored object, where the ledger has it. */
  byteLength?: number;
}

/** @throws ContractError TAG_INVALID, TAG_DIFFERS, VERIFIER_BUSY */
export const requireTag = async ({ byteLength, ...check }: TagCheck): Promise<FileTag> => {
  const checked = await inScheme(
    (error) => (error.code === 'WRONG_CONTEXT' ? 'TAG_DIFFERS' : 'TAG_INVALID'),
    () => queue.run('tag', check),
    `the ${check.kind} file`,
  );
  if (byteLength !== undefined && checked.byteLength !== byteLength) {
    throw new ContractError(
      'TAG_DIFFERS',
      `the ${check.kind} file: the tag is of an object of another length`,
    );
  }
  return checked;
};

/**
 * The verdict on a proof: whatever was sent has one, and all endorsers come to the same.
 *
 * @throws ContractError VERIFIER_BUSY; CryptoError where the ledger's own values do not go together
 */
export const verdictOn = (check: ProofPairing): Promise<AuditVerdict> =>
  queue.run('proof', {
    ...check,
    // What goes to a thread is a part's whole memory: bytes of a transaction may lie beside others of it.
    replacedSet: new Uint8Array(check.replacedSet),
    proof: new Uint8Array(check.proof),
  });

/** What stays of an object. @throws ContractError REPLACED_SET_INVALID for another set than the tag's, or a bad one */
export const requireReplacedSet = async (tag: FileTag, replacedSet: Uint8Array): Promise<ReplacedCoverage> =>
  inScheme('REPLACED_SET_INVALID', async () => coverageOf(tag, replacedOf(tag, replacedSet)));

export interface Extraction {
  /** Base64 of the encoded parameters. */
  parameters: string;
  /** The extractor. */
  mspId: string;
  /** X25519 agent key, and the share of the master key that is sealed to it. */
  agentKey: Uint8Array;
  sealedShare: Uint8Array;
  identity: SignerIdentity;
  /** X25519 receiving key of the person. */
  receivingKey: Uint8Array;
}

/**
 * One share of an identity key, sealed to the person. Its randomness is hedged with the share of the master key.
 *
 * @throws ContractError SHARE_INVALID where the share does not open or fit
 */
export const extractShare = async (extraction: Extraction): Promise<Uint8Array> => {
  const { mspId, agentKey, sealedShare, identity, receivingKey } = extraction;
  const parameters = await readAuditParameters(extraction.parameters);
  const engine = await mclEngine();
  const masterShare = await inScheme('SHARE_INVALID', () =>
    openMasterShare(engine, { parameters, mspId, extractorSecretKey: agentKey, sealed: sealedShare }),
  );
  let share: Uint8Array | undefined;
  try {
    share = extractIdentityShare(engine, { parameters, mspId, masterShare, identity });
    return await sealIdentityShare(receivingKey, share, identity);
  } finally {
    erase(masterShare);
    if (share !== undefined) erase(share);
  }
};

type Code = ContractError['code'];

/** The scheme's refusals in the ledger's codes, each with the scheme's own words. */
const inScheme = async <T>(
  code: Code | ((error: CryptoError) => Code),
  use: () => Promise<T>,
  what?: string,
): Promise<T> => {
  try {
    return await use();
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    const sentence = what === undefined ? error.message : `${what}: ${error.message}`;
    throw new ContractError(typeof code === 'string' ? code : code(error), sentence);
  }
};
