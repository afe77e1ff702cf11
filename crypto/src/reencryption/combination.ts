import { equalBytes, toHex } from '../canonical/bytes.js';
import { type Culprit, CryptoError } from '../errors.js';
import { decodeNonZeroScalar, GROUP_ORDER, invertScalar } from '../scalar.js';
import { checkCapsule, recoverCapsule, type RecoveredCapsule } from '../sealing/capsule.js';
import { sealingContext } from '../sealing/context.js';
import { GT_BYTES } from '../sealing/decoding.js';
import {
  CLEARING_EXPONENT,
  type GTElement,
  type PairingEngine,
  type UncheckedGT,
} from '../sealing/engine/index.js';
import {
  ANSWER_BYTES,
  assertContextOfGrant,
  type CapsuleOnLedger,
  checkAnswer,
  isAnswer,
  PROVEN_ANSWER_BYTES,
} from './answer.js';
import { agentAt, agentIndex, checkGrant, type GrantValues } from './grant.js';
import { publicKeyOf } from './key-proof.js';
import { interpolationAtZero, subsets } from './shamir.js';

/** Combinations that are tried before the agents are asked to prove what they said. */
const MOST_TRIES = 500;

export interface AgentAnswer {
  mspId: string;
  /** 576 bytes, or 704 with its proof. */
  answer: Uint8Array;
}

export interface OpenReencryptedInput extends CapsuleOnLedger {
  grant: GrantValues;
  /** b, 32 bytes. */
  readerSecretKey: Uint8Array;
  /** At most one of each agent; t are enough, more of them survive wrong ones. */
  answers: AgentAnswer[];
}

export interface OpenedCapsule {
  /** 32 bytes. */
  kek: Uint8Array;
  /** Agents whose answers were wrong although the capsule opened; compared when first looked at, as the key does not wait for it. */
  readonly culprits: Culprit[];
}

/** What was opened, with culprits that are found out when somebody wants to know. */
export const openedWith = <Opened extends object>(
  opened: Opened,
  findCulprits: () => Culprit[],
): Opened & { readonly culprits: Culprit[] } => {
  let found: Culprit[] | undefined;
  return {
    ...opened,
    get culprits() {
      return (found ??= findCulprits());
    },
  };
};

/**
 * The reader's combination (cryptography.md C.4, T3, T7): Z = (prod cf_i^l_i)^(1/b) over t answers, after the final
 * exponentiation that kills whatever small-order part an agent multiplied in. Once open, every answer is compared with
 * e([k]V_i, pkB2), which names wrong ones exactly.
 *
 * @throws CryptoError with its culprits: `TOO_FEW_ANSWERS`, `BAD_GRANT` (owner), `BAD_CAPSULE` (writer), `BAD_ANSWER`
 *   (agents; nobody where answers carry no proof: ask for proofs then), `WRONG_CONTEXT` for another reader or record
 */
export const openReencrypted = (engine: PairingEngine, input: OpenReencryptedInput): OpenedCapsule => {
  const { grant } = input;
  const b = decodeNonZeroScalar(input.readerSecretKey, 'readerSecretKey');
  if (!equalBytes(publicKeyOf(engine, b), grant.reader.publicKey))
    throw new CryptoError('WRONG_CONTEXT', 'the grant was made to another reader’s key');
  assertContextOfGrant(grant, input.context);
  const { answers, malformed } = decodeAnswers(engine, grant, input.answers);
  if (answers.length < grant.threshold) throw tooFew(grant, answers.length, malformed);

  const opened =
    firstThatOpens(engine, input, b, answers) ?? withoutLiars(engine, input, b, answers, malformed);
  return openedWith({ kek: opened.kek }, () => [
    ...malformed,
    ...wrongAnswers(engine, grant, opened.k, answers),
  ]);
};

interface DecodedAnswer {
  index: number;
  mspId: string;
  bytes: Uint8Array;
  element: UncheckedGT;
}

/** Answers by their agents' indices; an answer that is no element at all names its agent. */
export const decodeAnswers = (
  engine: PairingEngine,
  grant: GrantValues,
  answers: AgentAnswer[],
): { answers: DecodedAnswer[]; malformed: Culprit[] } => {
  if (new Set(answers.map(({ mspId }) => mspId)).size !== answers.length)
    throw new CryptoError('BAD_ARGUMENT', 'answers hold two of one agent');
  const decoded: DecodedAnswer[] = [];
  const malformed: Culprit[] = [];
  for (const { mspId, answer } of answers) {
    const index = agentIndex(grant, mspId);
    try {
      if (answer.length !== ANSWER_BYTES && answer.length !== PROVEN_ANSWER_BYTES)
        throw new CryptoError('BAD_LENGTH', 'answer is of another length');
      const element = engine.decodeGT(answer.subarray(0, GT_BYTES), 'answer');
      decoded.push({ index, mspId, bytes: answer, element });
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      malformed.push({ role: 'agent', id: mspId });
    }
  }
  return { answers: decoded, malformed };
};

export const tooFew = (grant: GrantValues, count: number, culprits: Culprit[]): CryptoError =>
  new CryptoError('TOO_FEW_ANSWERS', `${count} usable answers of the ${grant.threshold} that open`, {
    culprits,
  });

const firstThatOpens = (
  engine: PairingEngine,
  input: OpenReencryptedInput,
  b: bigint,
  answers: DecodedAnswer[],
): RecoveredCapsule | undefined => {
  let tries = 0;
  for (const chosen of subsets(answers, input.grant.threshold)) {
    const opened = combine(engine, input, b, chosen);
    if (opened !== undefined) return opened;
    // What no combination can open is not worth trying further ones.
    if (tries === 0) assertPublicValues(engine, input);
    if (++tries === MOST_TRIES) break;
  }
  return undefined;
};

const combine = (
  engine: PairingEngine,
  { grant, capsule, context }: OpenReencryptedInput,
  b: bigint,
  chosen: DecodedAnswer[],
): RecoveredCapsule | undefined => {
  const { numerators, denominator } = interpolationAtZero(chosen.map(({ index }) => index));
  try {
    const combined = engine.clearProduct(
      chosen.map(({ element }) => element),
      numerators,
    );
    const root = invertScalar((((denominator * b) % GROUP_ORDER) * CLEARING_EXPONENT) % GROUP_ORDER);
    const shared = engine.powerGT(combined, root);
    return recoverCapsule(engine, shared, capsule, grant.ownerPublicKey, sealingContext(context));
  } catch (error) {
    if (error instanceof CryptoError && (error.code === 'OPEN_FAILED' || error.code === 'IDENTITY_ELEMENT'))
      return undefined;
    throw error;
  }
};

const assertPublicValues = (
  engine: PairingEngine,
  { grant, capsule, context }: CapsuleOnLedger & { grant: GrantValues },
): void => {
  checkGrant(engine, grant);
  if (!checkCapsule(engine, capsule, grant.ownerPublicKey, sealingContext(context)))
    throw badCapsule(context.recordId, 'capsule was not made for this record, scope and epoch');
};

/** Nothing opened: whoever cannot prove their answer is out, and if that leaves t, the capsule holds nothing. */
const withoutLiars = (
  engine: PairingEngine,
  input: OpenReencryptedInput,
  b: bigint,
  answers: DecodedAnswer[],
  malformed: Culprit[],
): RecoveredCapsule => {
  const { grant, context } = input;
  const proven = answers.filter(({ bytes }) => bytes.length === PROVEN_ANSWER_BYTES);
  const honest = proven.filter(({ bytes, mspId }) => checkAnswer(engine, bytes, { ...input, mspId }));
  const liars = proven
    .filter((answer) => !honest.includes(answer))
    .map(({ mspId }): Culprit => ({ role: 'agent', id: mspId }));
  if (honest.length >= grant.threshold) {
    const opened = combine(engine, input, b, honest.slice(0, grant.threshold));
    if (opened !== undefined) return opened;
    throw badCapsule(context.recordId, 'capsule opens to nothing: its second part is not what was proven');
  }
  const named = [...malformed, ...liars];
  const remedy = named.length > 0 ? 'those of the named agents are wrong' : 'ask the agents for proofs';
  throw new CryptoError('BAD_ANSWER', `no ${grant.threshold} answers open the capsule: ${remedy}`, {
    culprits: named,
  });
};

const wrongAnswers = (
  engine: PairingEngine,
  grant: GrantValues,
  k: bigint,
  answers: DecodedAnswer[],
): Culprit[] => {
  return answers
    .filter(({ index, bytes }) => {
      const base = answerBase(engine, agentAt(grant, index).check, grant.reader.publicKey);
      return !isAnswer(bytes, engine.encodeGT(engine.powerGT(base, k)));
    })
    .map(({ mspId }) => ({ role: 'agent', id: mspId }));
};

/** Public values of grants that are read under, by engine, V_i and reader key; the oldest go first. */
const answerBases = new Map<string, GTElement>();
const ANSWER_BASES_MAX = 1_000;

/** e(V_i, pkB2), of which every answer of an agent under a grant is a power. */
const answerBase = (engine: PairingEngine, check: Uint8Array, readerKey: Uint8Array): GTElement => {
  const name = `${engine.name}/${toHex(check)}/${toHex(readerKey)}`;
  let base = answerBases.get(name);
  if (base === undefined) {
    base = engine.pair(engine.decodeG1(check, 'check'), engine.decodeG2(readerKey, 'reader.publicKey'));
    const [oldest] = answerBases.keys();
    if (answerBases.size >= ANSWER_BASES_MAX && oldest !== undefined) answerBases.delete(oldest);
    answerBases.set(name, base);
  }
  return base;
};

const badCapsule = (recordId: string, message: string): CryptoError =>
  new CryptoError('BAD_CAPSULE', message, { culprits: [{ role: 'writer', id: recordId }] });
