import { CryptoError } from '../errors.js';
import { GROUP_ORDER } from '../scalar.js';
import type { PairingEngine } from '../sealing/engine/index.js';
import { type FilePoints, filePoints, holdsUnlessIdentity } from './authenticators.js';
import {
  type AuditChallenge,
  checkAuditChallenge,
  type ChallengedBlock,
  drawAuditChallenge,
} from './challenge.js';
import { blockPoint } from './generators.js';
import type { SignerIdentity } from './identity.js';
import type { AuditParameters } from './parameters.js';
import { decodeAuditProof, maskChallenge, type AuditProof } from './proof.js';
import { type SectorPosition, sectorsByBlock } from './replaced-set.js';
import { layoutOf, wildcardOf } from './sectors.js';
import { replacedOf } from './signed-file.js';
import { checkTagContext, decodeTag, type FileTag } from './tag.js';

export interface VerifyProofInput {
  parameters: AuditParameters;
  /** Who signed the file, from the ledger. */
  identity: SignerIdentity;
  /** From the ledger by record, version and kind; it was checked when it was registered. */
  tag: Uint8Array;
  challenge: AuditChallenge;
  /** From whoever proves. */
  replacedSet: Uint8Array;
  proof: Uint8Array;
}

/** `failed` with what was wrong with what the prover sent; there is no proof that throws. */
export type AuditVerdict =
  { verdict: 'intact' } | { verdict: 'failed'; reason: 'malformed' | 'replaced set' | 'does not hold' };

/**
 * The verdict on a proof. It needs no secret and draws nothing, so that every endorser comes to the same one. Blocks,
 * coefficients and the wildcards' share of the combination are computed here and taken from nobody.
 *
 * @throws CryptoError where the ledger's own values do not go together: `WRONG_CONTEXT` for parameters or a signer
 *   that the tag is not of, `BAD_ARGUMENT` for a challenge of another size than the rule's
 */
export const verifyProof = (engine: PairingEngine, input: VerifyProofInput): AuditVerdict => {
  const tag = decodeTag(input.tag);
  checkAuditChallenge(input.parameters, input.challenge, tag.blocks);
  return verifyDrawn(engine, tag, input);
};

/** `verifyProof` for a challenge of any size; for measurements. */
export const verifyDrawn = (
  engine: PairingEngine,
  tag: FileTag,
  input: Omit<VerifyProofInput, 'tag'>,
): AuditVerdict => {
  const generators = checkTagContext(engine, tag, input);
  const points = filePoints(engine, tag, input, generators);
  const drawn = drawAuditChallenge(input.challenge, tag.blocks);
  const replaced = orUndefined(() => replacedOf(tag, input.replacedSet));
  if (replaced === undefined) return { verdict: 'failed', reason: 'replaced set' };
  const proof = orUndefined(() => decodeAuditProof(input.proof, tag.sectorsPerBlock));
  const authenticator = orUndefined(() => engine.decodeG1(proof?.authenticator ?? new Uint8Array(0)));
  if (proof === undefined || authenticator === undefined) return { verdict: 'failed', reason: 'malformed' };
  const holds = holdsUnlessIdentity(() =>
    proofHolds(engine, { tag, points, drawn, replaced, proof, authenticator, challenge: input.challenge }),
  );
  return holds ? { verdict: 'intact' } : { verdict: 'failed', reason: 'does not hold' };
};

interface Verification {
  tag: FileTag;
  points: FilePoints;
  drawn: ChallengedBlock[];
  replaced: SectorPosition[];
  proof: AuditProof;
  authenticator: ReturnType<PairingEngine['decodeG1']>;
  challenge: AuditChallenge;
}

/**
 * A' = e(sum [lambda~_j]u_j + [g](sum [v_i]H_i + sum [lambda'_j]w_j), R) e([gV]g2, mpk) e([gV]W, sk'')
 *      e(-[g]sigma^ + [y~]h, G), and g must be the hash of it.
 */
const proofHolds = (
  engine: PairingEngine,
  { tag, points, drawn, replaced, proof, authenticator, challenge }: Verification,
): boolean => {
  const { generators, name, identity, masterKey, signerPart, filePart } = points;
  const { base, mask, u, w } = generators;
  const g = proof.challenge;
  const wildcards = wildcardSums(tag, drawn, replaced);
  const blockSum = engine.combineG1(
    drawn.map(({ block }) => blockPoint(engine, name, block)),
    drawn.map(({ coefficient }) => coefficient),
  );
  const asked =
    wildcards.length === 0
      ? blockSum
      : engine.addG1(
          blockSum,
          engine.combineG1(
            wildcards.map(({ j }) => w[j] ?? mask),
            wildcards.map(({ sum }) => sum),
          ),
        );
  const weight = (g * drawn.reduce((sum, { coefficient }) => sum + coefficient, 0n)) % GROUP_ORDER;
  const announcement = engine.pairAll(
    [
      engine.combineG1([...u, asked], [...proof.responses, g]),
      engine.multiplyG1(base, weight),
      engine.multiplyG1(identity, weight),
      engine.combineG1([authenticator, mask], [GROUP_ORDER - g, proof.maskResponse]),
    ],
    [filePart, masterKey, signerPart, engine.generatorG2],
  );
  return maskChallenge(engine, { tag, challenge, authenticator: proof.authenticator, announcement }) === g;
};

/** lambda'_j = sum of v_i * wildcard over the challenged sectors of the replaced set, column by column. */
const wildcardSums = (
  tag: FileTag,
  drawn: ChallengedBlock[],
  replaced: SectorPosition[],
): { j: number; sum: bigint }[] => {
  const layout = layoutOf(tag.byteLength, tag.sectorsPerBlock);
  const byBlock = sectorsByBlock(replaced);
  const sums = new Map<number, bigint>();
  for (const { block, coefficient } of drawn) {
    for (const j of byBlock.get(block) ?? [])
      sums.set(j, (sums.get(j) ?? 0n) + coefficient * wildcardOf(layout, block, j));
  }
  return [...sums].map(([j, sum]) => ({ j, sum: sum % GROUP_ORDER }));
};

/** What the prover sent, or undefined where it is malformed. */
const orUndefined = <T>(decode: () => T): T | undefined => {
  try {
    return decode();
  } catch (error) {
    if (error instanceof CryptoError) return undefined;
    throw error;
  }
};
