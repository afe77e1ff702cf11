import {
  type AuditParameters,
  type AuditVerdict,
  checkTag,
  decodeAuditParameters,
  type ExpectedFile,
  type FileTag,
  fromBase64,
  mclEngine,
  sha256Hex,
  verifyProof,
  type VerifyProofInput,
} from '@medseal/crypto';

/** The pairings of audits: functions of public values, the same in the contracts' thread and in their worker. */

/** Parameters that were decoded, by the digest of their bytes: the verdict on them is a function of those. */
const decoded = new Map<string, AuditParameters>();
const DECODED_MAX = 64;

/** @throws CryptoError as `decodeAuditParameters` */
export const decodedParameters = async (encoding: string): Promise<AuditParameters> => {
  const bytes = fromBase64(encoding);
  const digest = sha256Hex(bytes);
  const known = decoded.get(digest);
  if (known !== undefined) return known;
  const parameters = decodeAuditParameters(await mclEngine(), bytes);
  const [oldest] = decoded.keys();
  if (decoded.size >= DECODED_MAX && oldest !== undefined) decoded.delete(oldest);
  decoded.set(digest, parameters);
  return parameters;
};

interface Encoded {
  /** Base64 of the encoded parameters. */
  parameters: string;
  /** Base64. */
  tag: string;
}

/** A tag, and what the ledger says it must be about. */
export type TagPairing = Omit<ExpectedFile, 'parameters'> & Encoded;

/** A proof, and what the ledger says it must be a proof of. */
export type ProofPairing = Omit<VerifyProofInput, 'parameters' | 'tag'> & Encoded;

/** What is asked, and what the answer is. */
export interface Pairings {
  tag: { asked: TagPairing; answer: FileTag };
  proof: { asked: ProofPairing; answer: AuditVerdict };
}

/** @throws CryptoError as `checkTag` and `verifyProof` */
export const pairings: {
  [Kind in keyof Pairings]: (asked: Pairings[Kind]['asked']) => Promise<Pairings[Kind]['answer']>;
} = {
  tag: async ({ parameters, tag, ...expected }) =>
    checkTag(await mclEngine(), fromBase64(tag), {
      ...expected,
      parameters: await decodedParameters(parameters),
    }),
  proof: async ({ parameters, tag, ...input }) =>
    verifyProof(await mclEngine(), {
      ...input,
      tag: fromBase64(tag),
      parameters: await decodedParameters(parameters),
    }),
};
