import { concat, equalBytes, erase, exactly, u32, utf8 } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import { Hr } from '../functions.js';
import { decodeNonZeroScalar, encodeScalar, SCALAR_BYTES } from '../scalar.js';
import { capsulePoint, checkCapsule } from '../sealing/capsule.js';
import { type SealingContext, sealingContext } from '../sealing/context.js';
import { G2_BYTES, GT_BYTES } from '../sealing/decoding.js';
import type { GTElement, PairingEngine } from '../sealing/engine/index.js';
import { decodeMember, negated } from './element.js';
import { agentAt, agentIndex, type GrantValues } from './grant.js';
import { type AgentShareInput, openShare } from './share.js';

/** cf_i, an element of GT. */
export const ANSWER_BYTES = GT_BYTES;
/** cf_i || e(32) || S(96). */
export const PROVEN_ANSWER_BYTES = GT_BYTES + SCALAR_BYTES + G2_BYTES;

const LABEL = 'MS-ANSWER';

/** A record's key as the ledger holds it: the capsule, and the context rebuilt from the entry. */
export interface CapsuleOnLedger {
  /** 144 bytes. */
  capsule: Uint8Array;
  context: SealingContext;
}

/** A capsule that is known to be made for its record and for the grant's key and epoch; the check costs half an answer. */
export class CheckedCapsule implements CapsuleOnLedger {
  /** Nothing but this class makes one. */
  protected readonly isChecked = true;

  private constructor(
    readonly grant: GrantValues,
    readonly capsule: Uint8Array,
    readonly context: SealingContext,
  ) {}

  /**
   * @throws CryptoError `WRONG_CONTEXT` for a record of another owner, scope or epoch than the grant's, `BAD_CAPSULE`
   *   naming the writer
   */
  static of(
    engine: PairingEngine,
    grant: GrantValues,
    { capsule, context }: CapsuleOnLedger,
  ): CheckedCapsule {
    assertContextOfGrant(grant, context);
    if (checkCapsule(engine, capsule, grant.ownerPublicKey, sealingContext(context)))
      return new CheckedCapsule(grant, Uint8Array.from(capsule), { ...context });
    throw new CryptoError('BAD_CAPSULE', 'capsule was not made for this record, scope and epoch', {
      culprits: [{ role: 'writer', id: context.recordId }],
    });
  }
}

export interface ReencryptInput extends AgentShareInput, CapsuleOnLedger {
  /** Adds the proof, which the reader asks for when the answers do not open: costs twice as much as the answer. */
  withProof?: boolean;
}

/**
 * The agent's answer cf_i = e(C1, rk_i) (cryptography.md C.4). It is a function of its input: a repetition gives the
 * same bytes. Whether consent and receipt allow it is decided before; that the capsule was made for this record, key and
 * epoch is checked here, before the share is opened.
 *
 * @returns 576 bytes, with proof 704
 * @throws CryptoError `WRONG_CONTEXT` for a record of another owner, scope or epoch than the grant's, `BAD_CAPSULE`
 *   naming the writer, or as `openShare`
 */
export const reencrypt = async (engine: PairingEngine, input: ReencryptInput): Promise<Uint8Array> => {
  const checked = CheckedCapsule.of(engine, input.grant, input);
  const share = await openShare(input);
  try {
    return reencryptWithShare(engine, share, checked, input);
  } finally {
    erase(share);
  }
};

/** As `reencrypt`, for who holds the opened share and has checked the capsule. */
export const reencryptWithShare = (
  engine: PairingEngine,
  share: Uint8Array,
  { grant, capsule, context }: CheckedCapsule,
  { mspId, withProof }: { mspId: string; withProof?: boolean },
): Uint8Array =>
  answerWith(engine, share, {
    ...{ grant, mspId, capsule, context },
    ...(withProof === undefined ? {} : { withProof }),
  });

/**
 * The verdict on a proven answer: that cf_i = e(C1, rk_i) for the very rk_i of the grant's V_i. Needs no secret, so that
 * a wrong answer names its agent even where nothing opens. Whatever is malformed or unproven is false.
 */
export const checkAnswer = (
  engine: PairingEngine,
  answer: Uint8Array,
  input: CapsuleOnLedger & { grant: GrantValues; mspId: string },
): boolean => {
  try {
    const bytes = exactly(answer, PROVEN_ANSWER_BYTES, 'answer');
    const { grant, capsule } = input;
    const cf = decodeMember(engine, bytes.subarray(0, GT_BYTES), 'answer');
    const e = decodeNonZeroScalar(bytes.subarray(GT_BYTES, GT_BYTES + SCALAR_BYTES), 'answer e');
    const response = engine.decodeG2(bytes.subarray(GT_BYTES + SCALAR_BYTES), 'answer S');
    const check = engine.decodeG1(agentAt(grant, agentIndex(grant, input.mspId)).check, 'check');
    const readerKey = engine.decodeG2(grant.reader.publicKey, 'reader.publicKey');
    const first = engine.multiplyGT(
      engine.pair(engine.decodeG1(grant.ownerPublicKey, 'ownerPublicKey'), response),
      engine.pair(engine.multiplyG1(check, negated(e)), readerKey),
    );
    const second = engine.multiplyGT(
      engine.pair(engine.decodeG1(capsulePoint(capsule), 'capsule C1'), response),
      engine.powerGT(cf, negated(e)),
    );
    return challenge(engine, input, bytes.subarray(0, GT_BYTES), first, second) === e;
  } catch (error) {
    if (error instanceof CryptoError) return false;
    throw error;
  }
};

/** That the record is of the grant's owner, scope and epoch; the ledger's fields are compared, no secret is touched. */
export const assertContextOfGrant = (grant: GrantValues, context: SealingContext): void => {
  for (const field of ['channel', 'owner', 'scopeId', 'epoch'] as const) {
    if (context[field] !== grant[field])
      throw new CryptoError('WRONG_CONTEXT', `the record is of another ${field} than the grant`);
  }
};

interface AnswerInput extends CapsuleOnLedger {
  grant: GrantValues;
  mspId: string;
  withProof?: boolean;
}

const answerWith = (engine: PairingEngine, share: Uint8Array, input: AnswerInput): Uint8Array => {
  const rk = engine.decodeG2(share, 'share');
  const c1 = engine.decodeG1(capsulePoint(input.capsule), 'capsule C1');
  const cf = engine.encodeGT(engine.pair(c1, rk));
  if (input.withProof !== true) return cf;
  // Announcement and response are points: the agent knows [f(i)]pkB2 but not f(i). The nonce is a function of the share
  // and of all that the challenge depends on, so that no two challenges ever meet one nonce.
  const w = Hr(`${LABEL}-W`, [share, ...statement(input)]);
  const announced = engine.multiplyG2(engine.generatorG2, w);
  const owner = engine.decodeG1(input.grant.ownerPublicKey, 'ownerPublicKey');
  const e = challenge(engine, input, cf, engine.pair(owner, announced), engine.pair(c1, announced));
  const response = engine.combineG2([engine.generatorG2, rk], [w, e]);
  return concat(cf, encodeScalar(e), engine.encodeG2(response));
};

const challenge = (
  engine: PairingEngine,
  input: AnswerInput,
  cf: Uint8Array,
  first: GTElement,
  second: GTElement,
): bigint => Hr(LABEL, [...statement(input), cf, engine.encodeGT(first), engine.encodeGT(second)]);

const statement = ({ grant, mspId, capsule, context }: AnswerInput): Uint8Array[] => {
  const index = agentIndex(grant, mspId);
  return [
    utf8(grant.grantId),
    u32(index),
    grant.ownerPublicKey,
    agentAt(grant, index).check,
    grant.reader.publicKey,
    capsule,
    sealingContext(context),
  ];
};

/** Compares an answer with the element that it should be; both are canonical. */
export const isAnswer = (answer: Uint8Array, expected: Uint8Array): boolean =>
  equalBytes(answer.subarray(0, GT_BYTES), expected);
