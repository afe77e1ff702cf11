import { concat, equalBytes, exactly, lp, u32, utf8 } from '../canonical/bytes.js';
import { type Culprit, CryptoError } from '../errors.js';
import { Hr } from '../functions.js';
import {
  decodeNonZeroScalar,
  decodeScalar,
  encodeScalar,
  GROUP_ORDER,
  invertScalar,
  SCALAR_BYTES,
} from '../scalar.js';
import { recoverCapsule } from '../sealing/capsule.js';
import { sealingContext } from '../sealing/context.js';
import { GT_BYTES } from '../sealing/decoding.js';
import { CLEARING_EXPONENT, type GTElement, type PairingEngine } from '../sealing/engine/index.js';
import {
  decodeHpke,
  encodeHpke,
  HPKE_ENC_BYTES,
  HPKE_TAG_BYTES,
  hpkeOpen,
  hpkeSeal,
} from '../sealing/hpke.js';
import { checkSealed, openAndErase } from '../sealing/opening.js';
import { assertContextOfGrant, type CapsuleOnLedger, checkAnswer } from './answer.js';
import { type AgentAnswer, decodeAnswers, type OpenedCapsule, tooFew } from './combination.js';
import { decodeMember, negated } from './element.js';
import {
  type CustodianAnswer,
  custodianOf,
  type CustodianShareInput,
  type EmergencyKey,
  openCustodianShare,
} from './emergency-key.js';
import { agentIndex, type GrantValues } from './grant.js';
import { openGrantedSlot, type ReadDataKey, type StoredRecord } from './reading.js';
import { interpolationAtZero, weightsAtZero } from './shamir.js';

const LABEL = 'MS-EMERGENCY';
const ANSWER_LABEL = 'MS-CUSTODIAN-ANSWER';
const PLAIN_ANSWER_BYTES = GT_BYTES + 2 * SCALAR_BYTES;
/** HPKE of Y(576) || e(32) || z(32). */
export const CUSTODIAN_ANSWER_BYTES = HPKE_ENC_BYTES + PLAIN_ANSWER_BYTES + HPKE_TAG_BYTES;

/**
 * First half of an emergency (cryptography.md T4): t agents' proven answers to the emergency grant become
 * X = prod cf_i^l_i = Z^e, which opens nothing by itself.
 *
 * @returns X, 576 bytes, and the agents whose answers were not used because they are wrong or unproven
 * @throws CryptoError `TOO_FEW_ANSWERS` with those agents, `WRONG_CONTEXT`
 */
export const combineForEmergency = (
  engine: PairingEngine,
  input: CapsuleOnLedger & { grant: GrantValues; answers: AgentAnswer[] },
): { element: Uint8Array; culprits: Culprit[] } => {
  const { grant, answers } = input;
  assertContextOfGrant(grant, input.context);
  const decoded = decodeAnswers(engine, grant, answers);
  const good = decoded.answers.filter(({ bytes, mspId }) => checkAnswer(engine, bytes, { ...input, mspId }));
  const culprits: Culprit[] = answers
    .filter(({ mspId }) => !good.some((answer) => answer.mspId === mspId))
    .map(({ mspId }) => ({ role: 'agent', id: mspId }));
  if (good.length < grant.threshold) throw tooFew(grant, good.length, culprits);
  const used = good.slice(0, grant.threshold);
  const { numerators, denominator } = interpolationAtZero(used.map(({ mspId }) => agentIndex(grant, mspId)));
  const combined = engine.clearProduct(
    used.map(({ element }) => element),
    numerators,
  );
  const root = invertScalar((denominator * CLEARING_EXPONENT) % GROUP_ORDER);
  return { element: engine.encodeGT(engine.powerGT(combined, root)), culprits };
};

export interface AnswerEmergencyInput extends CustodianShareInput, CapsuleOnLedger {
  /** The owner's emergency grant, as the ledger holds it. */
  grant: GrantValues;
  /** The agents' proven answers for the record of the case. */
  answers: AgentAnswer[];
  /** The open case on the ledger. */
  caseId: string;
  /** X25519 key of the reader, as registered; 32 bytes. */
  readerPublicKey: Uint8Array;
}

/**
 * A custodian's answer Y = X^g(j), sealed to the reader, with a proof that it used its share. Whether the ledger shows
 * the open case, and for this record, is decided before. X is computed here from the agents' proven answers and never
 * taken as it comes: a custodian that raised any element to its share would open other records within the case, and give
 * the share away to elements of small order.
 *
 * @returns 688 bytes
 * @throws CryptoError as `combineForEmergency` and `acceptCustodianShare`
 */
export const answerEmergency = async (
  engine: PairingEngine,
  input: AnswerEmergencyInput,
): Promise<Uint8Array<ArrayBuffer>> => {
  const { key, mspId, caseId, grant } = input;
  assertGrantToKey(grant, key);
  const { element } = combineForEmergency(engine, input);
  const x = decodeMember(engine, element, 'element');
  const { share, index, check } = await openCustodianShare(input);
  const y = engine.encodeGT(engine.powerGT(x, share));
  const statement = statementOf({ key, caseId, index, check, element });
  const w = Hr(`${LABEL}-W`, [encodeScalar(share), ...statement]);
  const emergencyKey = engine.decodeG2(key.publicKey, 'publicKey');
  const e = Hr(LABEL, [
    ...statement,
    y,
    engine.encodeG2(engine.multiplyG2(emergencyKey, w)),
    engine.encodeGT(engine.powerGT(x, w)),
  ]);
  const plain = concat(y, encodeScalar(e), encodeScalar((w + e * share) % GROUP_ORDER));
  return encodeHpke(await hpkeSeal(input.readerPublicKey, plain, answerInfo(caseId, mspId)));
};

export interface OpenEmergencyInput extends CapsuleOnLedger {
  key: EmergencyKey;
  grant: GrantValues;
  caseId: string;
  /** X of `combineForEmergency`. */
  element: Uint8Array;
  answers: CustodianAnswer[];
  /** X25519 of the reader, 32 bytes. */
  readerSecretKey: Uint8Array;
}

/**
 * Second half: Z = prod Y_j^l_j over t' custodians opens the capsule.
 *
 * @throws CryptoError with its culprits: `TOO_FEW_ANSWERS` (custodians whose answers are wrong), `BAD_CAPSULE` (writer),
 *   `WRONG_CONTEXT` for a grant that is not to this emergency key or a record that is not the grant's
 */
export const openEmergency = async (
  engine: PairingEngine,
  input: OpenEmergencyInput,
): Promise<OpenedCapsule> => {
  const { key, grant, answers, capsule, context } = input;
  assertGrantToKey(grant, key);
  assertContextOfGrant(grant, context);
  if (new Set(answers.map(({ mspId }) => mspId)).size !== answers.length)
    throw new CryptoError('BAD_ARGUMENT', 'answers hold two of one custodian');
  const x = decodeMember(engine, input.element, 'element');
  const good: { index: number; y: GTElement }[] = [];
  const culprits: Culprit[] = [];
  for (const answer of answers) {
    const { index } = custodianOf(key, answer.mspId);
    const y = await openAnswer(engine, input, x, answer);
    if (y === undefined) culprits.push({ role: 'custodian', id: answer.mspId });
    else good.push({ index, y });
  }
  if (good.length < key.threshold) {
    throw new CryptoError(
      'TOO_FEW_ANSWERS',
      `${good.length} usable answers of the ${key.threshold} custodians that open`,
      { culprits },
    );
  }
  const used = good.slice(0, key.threshold);
  const weights = weightsAtZero(used.map(({ index }) => index));
  const shared = used
    .map(({ y }, i) => engine.powerGT(y, weights[i] ?? 0n))
    .reduce((left, right) => engine.multiplyGT(left, right));
  try {
    const { kek } = recoverCapsule(engine, shared, capsule, grant.ownerPublicKey, sealingContext(context));
    return { kek, culprits };
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    throw new CryptoError('BAD_CAPSULE', 'capsule opens to nothing for this record, scope and epoch', {
      cause: error,
      culprits: [{ role: 'writer', id: context.recordId }],
    });
  }
};

/** The data key of a record from an emergency's answers. Errors as `openEmergency`, and those of opening a key slot. */
export const openDataKeyInEmergency = async (
  engine: PairingEngine,
  input: StoredRecord & Omit<OpenEmergencyInput, 'context'>,
): Promise<ReadDataKey> =>
  openGrantedSlot(input, input.grant, async (slot) => openEmergency(engine, { ...input, ...slot }));

export interface ReadInEmergencyInput
  extends StoredRecord, Omit<OpenEmergencyInput, 'context' | 'element' | 'answers'> {
  sealed: Uint8Array;
  /** The agents' proven answers. */
  agentAnswers: AgentAnswer[];
  custodianAnswers: CustodianAnswer[];
}

/**
 * Opens a whole record from an emergency's answers. Errors as `combineForEmergency` and `openEmergency`, and those of
 * opening a key slot.
 */
export const openInEmergency = async (
  engine: PairingEngine,
  { sealed, agentAnswers, custodianAnswers, ...input }: ReadInEmergencyInput,
): Promise<{ content: Uint8Array<ArrayBuffer>; culprits: Culprit[] }> => {
  checkSealed(sealed, input.facts);
  const { grant } = input;
  const { dataKey, culprits } = await openGrantedSlot(input, grant, async (slot) => {
    const combined = combineForEmergency(engine, { ...slot, grant, answers: agentAnswers });
    const { element } = combined;
    const opened = await openEmergency(engine, { ...input, ...slot, element, answers: custodianAnswers });
    return { kek: opened.kek, culprits: [...combined.culprits, ...opened.culprits] };
  });
  return { content: await openAndErase(sealed, dataKey), culprits };
};

/** Y of a custodian, if its proof holds: log of Y to X is that of the check to pkE. */
const openAnswer = async (
  engine: PairingEngine,
  { key, caseId, element, readerSecretKey }: OpenEmergencyInput,
  x: GTElement,
  { mspId, sealed }: CustodianAnswer,
): Promise<GTElement | undefined> => {
  const { index, check } = custodianOf(key, mspId);
  try {
    const opened = await hpkeOpen(readerSecretKey, decodeHpke(sealed), answerInfo(caseId, mspId));
    const bytes = exactly(opened, PLAIN_ANSWER_BYTES, 'answer');
    const y = decodeMember(engine, bytes.subarray(0, GT_BYTES), 'answer');
    const e = decodeNonZeroScalar(bytes.subarray(GT_BYTES, GT_BYTES + SCALAR_BYTES), 'answer e');
    const z = decodeScalar(bytes.subarray(GT_BYTES + SCALAR_BYTES), 'answer z');
    const points = [engine.decodeG2(key.publicKey, 'publicKey'), engine.decodeG2(check, 'check')];
    const expected = Hr(LABEL, [
      ...statementOf({ key, caseId, index, check, element }),
      bytes.subarray(0, GT_BYTES),
      engine.encodeG2(engine.combineG2(points, [z, negated(e)])),
      engine.encodeGT(engine.multiplyGT(engine.powerGT(x, z), engine.powerGT(y, negated(e)))),
    ]);
    return expected === e ? y : undefined;
  } catch (error) {
    if (error instanceof CryptoError) return undefined;
    throw error;
  }
};

const statementOf = (input: {
  key: EmergencyKey;
  caseId: string;
  index: number;
  check: Uint8Array;
  element: Uint8Array;
}): Uint8Array[] => [
  utf8(input.key.channel),
  utf8(input.caseId),
  u32(input.index),
  input.key.publicKey,
  input.check,
  input.element,
];

const assertGrantToKey = (grant: GrantValues, key: EmergencyKey): void => {
  if (!equalBytes(grant.reader.publicKey, key.publicKey))
    throw new CryptoError('WRONG_CONTEXT', 'the grant was not made to this emergency key');
};

const answerInfo = (caseId: string, mspId: string): Uint8Array =>
  concat(lp(ANSWER_LABEL), lp(caseId), lp(mspId));
