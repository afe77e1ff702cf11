import {
  type AuditParameters,
  checkTag,
  coverageOf,
  CryptoError,
  decodeAuditParameters,
  erase,
  extractIdentityShare,
  type ExpectedFile,
  type FileTag,
  fromBase64,
  mclEngine,
  openMasterShare,
  type ReplacedCoverage,
  replacedOf,
  sealIdentityShare,
  sha256Hex,
  type SignerIdentity,
} from '@medseal/crypto';
import { ContractError } from '../errors.js';

/**
 * What the contracts ask of the audit scheme. All pairings of audits are behind these functions, which take and give
 * plain values and nothing of a transaction, so that a worker can do them.
 */

/** Parameters that were decoded, by the digest of their bytes: the verdict on them is a function of those. */
const decoded = new Map<string, AuditParameters>();
const DECODED_MAX = 64;

/** @throws ContractError AUDIT_PARAMETERS_INVALID */
export const readAuditParameters = async (encoding: string): Promise<AuditParameters> => {
  const bytes = fromBase64(encoding);
  const digest = sha256Hex(bytes);
  const known = decoded.get(digest);
  if (known !== undefined) return known;
  const parameters = await inScheme('AUDIT_PARAMETERS_INVALID', async () =>
    decodeAuditParameters(await mclEngine(), bytes),
  );
  const [oldest] = decoded.keys();
  if (decoded.size >= DECODED_MAX && oldest !== undefined) decoded.delete(oldest);
  decoded.set(digest, parameters);
  return parameters;
};

/** A tag and what the ledger says it must be about. */
export interface TagCheck extends Omit<ExpectedFile, 'parameters'> {
  /** Base64 of the encoded parameters. */
  parameters: string;
  /** Base64. */
  tag: string;
  /** Of the stored object, where the ledger has it. */
  byteLength?: number;
}

/** @throws ContractError TAG_INVALID, TAG_DIFFERS */
export const requireTag = async ({ tag, byteLength, ...check }: TagCheck): Promise<FileTag> => {
  const parameters = await readAuditParameters(check.parameters);
  const engine = await mclEngine();
  const checked = await inScheme(
    (error) => (error.code === 'WRONG_CONTEXT' ? 'TAG_DIFFERS' : 'TAG_INVALID'),
    async () => checkTag(engine, fromBase64(tag), { ...check, parameters }),
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
