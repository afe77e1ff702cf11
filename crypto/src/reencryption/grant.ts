import { isHex, toBase64, toHex, utf8, utf8Decode } from '../canonical/bytes.js';
import { sha256Bytes, sha256Hex } from '../canonical/commitment.js';
import { fieldReader } from '../canonical/fields.js';
import { canonicalJson, parseCanonicalJson } from '../canonical/json.js';
import { CryptoError } from '../errors.js';
import { isKeyless, SCOPE_ID_BYTES } from '../sealing/context.js';
import { G1_BYTES, G2_BYTES } from '../sealing/decoding.js';
import type { PairingEngine } from '../sealing/engine/index.js';
import { RECEIVING_KEY_BYTES } from '../sealing/hpke.js';
import { decodeGrantKey } from './key-proof.js';
import type { KeyHolder } from './reader-key.js';
import { offPolynomial } from './shamir.js';

/**
 * Public part of a grant of one scope and epoch to one reader (cryptography.md T3), signed by the owner and kept on the
 * ledger. Canonical JSON, so that one grant has one digest:
 *
 *   { format: "medseal/grant/1", grantId, channel, owner, scopeId, epoch, ownerPublicKey,
 *     reader: { mspId, certificateHash, publicKey }, threshold, agents: [{ mspId, publicKey, check, shareDigest }] }
 *
 * Agent i of the scheme is entry i - 1 of `agents`.
 */
export const GRANT_FORMAT = 'medseal/grant/1';
export const MAX_AGENTS = 16;
/** One agent alone with the reader would hold the whole key. */
export const MIN_THRESHOLD = 2;

const MAX_GRANT_BYTES = 16_384;

export interface GrantAgent {
  mspId: string;
  /** X25519 key that the share is sealed to, 32 bytes; the ledger knows whether it is this agent's. */
  publicKey: Uint8Array;
  /** V_i = [f(i)]pk1, 48 bytes. */
  check: Uint8Array;
  /** SHA-256 of the sealed share, lower-case hex. */
  shareDigest: string;
}

/** What the scheme needs of a grant; the ledger's own entry of a consent gives it, scope by scope. */
export interface GrantValues {
  /** Id of the consent; consents of several scopes have one grant a scope. */
  grantId: string;
  channel: string;
  /** ledgerId of the patient. */
  owner: string;
  scopeId: string;
  epoch: number;
  /** pk1 of scope and epoch, 48 bytes. */
  ownerPublicKey: Uint8Array;
  /** Who reads; publicKey is pkB2, 96 bytes. */
  reader: { mspId: string; publicKey: Uint8Array };
  threshold: number;
  agents: GrantAgent[];
}

export interface Grant extends GrantValues {
  reader: KeyHolder & { publicKey: Uint8Array };
}

/**
 * One file format of a grant with `decodeGrant` and `grantDigest`: the ledger carries consents as entries of its own, so that
 * known-answer vectors and whoever checks a grant outside the ledger are who needs it.
 */
export const encodeGrant = (grant: Grant): Uint8Array<ArrayBuffer> => {
  const { grantId, channel, owner, scopeId, epoch, reader, threshold } = grant;
  return utf8(
    canonicalJson({
      format: GRANT_FORMAT,
      grantId,
      channel,
      owner,
      scopeId,
      epoch,
      ownerPublicKey: toBase64(grant.ownerPublicKey),
      reader: {
        mspId: reader.mspId,
        certificateHash: reader.certificateHash,
        publicKey: toBase64(reader.publicKey),
      },
      threshold,
      agents: grant.agents.map(({ mspId, publicKey, check, shareDigest }) => ({
        mspId,
        publicKey: toBase64(publicKey),
        check: toBase64(check),
        shareDigest,
      })),
    }),
  );
};

/**
 * Reads a grant as it is written, not as it is meant: `checkGrant` says whether its values belong together.
 *
 * @throws CryptoError `BAD_ENCODING` naming the field, `BAD_LENGTH`, `UNSUPPORTED_VERSION`
 */
export const decodeGrant = (bytes: Uint8Array): Grant => {
  if (bytes.length > MAX_GRANT_BYTES)
    throw new CryptoError('BAD_LENGTH', `grant is larger than ${MAX_GRANT_BYTES} bytes`);
  const value = parseCanonicalJson(utf8Decode(bytes));
  if ((value as { format?: unknown } | null)?.format !== GRANT_FORMAT)
    throw new CryptoError('UNSUPPORTED_VERSION', `grant is not of format ${GRANT_FORMAT}`);
  const fields = members(value, 'grant', FIELDS);
  const reader = members(fields.reader, 'reader', ['mspId', 'certificateHash', 'publicKey']);
  const grant: Grant = {
    grantId: text(fields.grantId, 'grantId'),
    channel: text(fields.channel, 'channel'),
    owner: text(fields.owner, 'owner'),
    scopeId: text(fields.scopeId, 'scopeId'),
    epoch: number(fields.epoch, 'epoch'),
    ownerPublicKey: base64(fields.ownerPublicKey, 'ownerPublicKey', G1_BYTES),
    reader: {
      mspId: text(reader.mspId, 'reader.mspId'),
      certificateHash: digest(reader.certificateHash, 'reader.certificateHash'),
      publicKey: base64(reader.publicKey, 'reader.publicKey', G2_BYTES),
    },
    threshold: number(fields.threshold, 'threshold'),
    agents: list(fields.agents, 'agents', MAX_AGENTS).map((agent, i) => {
      const at = `agents[${i}]`;
      const { mspId, publicKey, check, shareDigest } = members(agent, at, [
        'mspId',
        'publicKey',
        'check',
        'shareDigest',
      ]);
      return {
        mspId: text(mspId, `${at}.mspId`),
        publicKey: base64(publicKey, `${at}.publicKey`, RECEIVING_KEY_BYTES),
        check: base64(check, `${at}.check`, G1_BYTES),
        shareDigest: digest(shareDigest, `${at}.shareDigest`),
      };
    }),
  };
  const problem = problemOfShape(grant);
  if (problem !== undefined) throw refuse(problem[0], problem[1]);
  return grant;
};

/** SHA-256 of the grant's bytes, lower-case hex. */
export const grantDigest = (grant: Grant): string => sha256Hex(encodeGrant(grant));

/**
 * What the ledger keeps of a check value to refuse it a second time: two grants with one V_i share their polynomial, and
 * agents of the one could complete the other (cryptography.md finding 16). Lower-case hex.
 */
export const shareCheckId = (check: Uint8Array): string => sha256Hex(check);

/**
 * Whether the public values of a grant belong together, without any secret: every t of the check values interpolate to
 * P, no fewer do, and the keys are genuine. Deterministic, for chaincode. A grant may still name shares that do not fit;
 * each agent sees that in its own.
 *
 * @throws CryptoError `BAD_GRANT`, naming the owner and the field
 */
export const checkGrant = (engine: PairingEngine, grant: GrantValues): void => {
  const problem = problemOfGrant(engine, grant);
  if (problem === undefined) return;
  throw new CryptoError('BAD_GRANT', `grant: ${problem}`, {
    culprits: [{ role: 'owner', id: grant.owner }],
  });
};

/** Index of an agent in a grant, from 1. */
export const agentIndex = (grant: GrantValues, mspId: string): number => {
  const place = grant.agents.findIndex((agent) => agent.mspId === mspId);
  if (place < 0) throw new CryptoError('WRONG_CONTEXT', 'the grant does not name this organisation as agent');
  return place + 1;
};

/** The agent of an index that was drawn from the grant itself. */
export const agentAt = (grant: GrantValues, index: number): GrantAgent => {
  const agent = grant.agents[index - 1];
  if (agent === undefined)
    throw new CryptoError('BAD_ARGUMENT', `index must be from 1 to ${grant.agents.length}`);
  return agent;
};

const FIELDS = [
  'format',
  'grantId',
  'channel',
  'owner',
  'scopeId',
  'epoch',
  'ownerPublicKey',
  'reader',
  'threshold',
  'agents',
] as const;

const { base64, digest, list, members, number, refuse, text } = fieldReader('grant');

const problemOfGrant = (engine: PairingEngine, grant: GrantValues): string | undefined => {
  const shape = problemOfShape(grant);
  if (shape !== undefined) return shape.join(' ');
  try {
    engine.decodeG1(grant.ownerPublicKey, 'ownerPublicKey');
    decodeGrantKey(engine, grant.reader.publicKey, 'reader.publicKey');
    return problemOfChecks(engine, grant);
  } catch (error) {
    if (error instanceof CryptoError) return error.message;
    throw error;
  }
};

const problemOfChecks = (engine: PairingEngine, { agents, threshold }: GrantValues): string | undefined => {
  const checks = agents.map(({ check }, i) => engine.decodeG1(check, `agents[${i}].check`));
  const place = offPolynomial(engine.encodeG1(engine.generatorG1), checks, threshold, (points, weights) =>
    engine.encodeG1(engine.combineG1(points, weights)),
  );
  if (place === undefined) return undefined;
  return place === 'fewer'
    ? `fewer agents than the threshold of ${threshold} could open`
    : `agents[${place}].check does not lie on the polynomial`;
};

/** Field and fault of values that no arithmetic is needed to see. */
const problemOfShape = (grant: GrantValues): [string, string] | undefined => {
  const { agents, epoch, scopeId } = grant;
  if (!isHex(scopeId, SCOPE_ID_BYTES) || isKeyless(scopeId))
    return ['scopeId', `must be ${SCOPE_ID_BYTES} bytes of lower-case hex, not all zero`];
  if (!Number.isInteger(epoch) || epoch < 0 || epoch > 0xffff_ffff)
    return ['epoch', 'must be a whole number below 2^32'];
  const problem = problemOfAgents(grant);
  if (problem !== undefined) return problem;
  if (new Set(agents.map(({ check }) => toHex(sha256Bytes(check)))).size !== agents.length)
    return ['agents', 'have a check value twice'];
  return undefined;
};

/** The same for who the agents are and how many of them open. */
export const problemOfAgents = ({
  agents,
  threshold,
  reader,
}: {
  agents: { mspId: string }[];
  threshold: number;
  reader: { mspId: string };
}): [string, string] | undefined => {
  if (agents.length > MAX_AGENTS) return ['agents', `must be at most ${MAX_AGENTS}`];
  if (!Number.isInteger(threshold) || threshold < MIN_THRESHOLD || threshold > agents.length)
    return ['threshold', `must be from ${MIN_THRESHOLD} to the number of agents, ${agents.length}`];
  if (new Set(agents.map(({ mspId }) => mspId)).size !== agents.length)
    return ['agents', 'name an organisation twice'];
  if (agents.some(({ mspId }) => mspId === reader.mspId))
    return ['agents', 'must not be of the reader’s organisation, which would count as one of the threshold'];
  return undefined;
};
