import {
  acceptCustodianShare,
  type AgentAnswer,
  answerEmergency,
  type CapsuleOnLedger,
  checkEmergencyKey,
  combineForEmergency,
  concat,
  CryptoError,
  type Culprit,
  CUSTODIAN_ANSWER_BYTES,
  type CustodianAnswer,
  decodeEmergencyKey,
  type EmergencyKey,
  emergencyReader,
  encodeEmergencyKey,
  GROUP_ORDER,
  type KeyPair,
  makeEmergencyKey,
  mclEngine,
  newReceivingKeyPair,
  nobleEngine,
  openEmergency,
  openWithSharedElement,
  type PairingEngine,
  randomBytes,
  sealingContext,
  utf8,
} from '../src/index.js';
import { openCustodianShare } from '../src/reencryption/emergency-key.js';
import { weightsAtZero } from '../src/reencryption/shamir.js';
import { type Agent, answersOf, type Consent, newAgents, newCapsule, newConsent } from './support/consent.js';
import { flipBit, refusal } from './support/refusal.js';

const NAMES = ['mcl', 'noble'] as const;
const CASE = 'case-1';
const noble = nobleEngine();
let mcl: PairingEngine;
const engineOf = (name: (typeof NAMES)[number]): PairingEngine => (name === 'mcl' ? mcl : noble);

let custodians: Agent[];
let key: EmergencyKey;
let sealedShares: { mspId: string; sealed: Uint8Array }[];
let consent: Consent;
let ordinary: Consent;
let record: CapsuleOnLedger & { kek: Uint8Array };
let answers: AgentAnswer[];
let element: Uint8Array;
let doctor: KeyPair;
let custodianAnswers: CustodianAnswer[];

const custodianInput = (index: number): Parameters<typeof acceptCustodianShare>[1] => {
  const one = custodians[index - 1];
  const sealedShare = sealedShares[index - 1]?.sealed;
  if (one === undefined || sealedShare === undefined) throw new Error(`no custodian ${index}`);
  return { key, mspId: one.mspId, custodianSecretKey: one.secretKey, sealedShare };
};

const custodianAnswer = async (
  engine: PairingEngine,
  index: number,
  change: Partial<Parameters<typeof answerEmergency>[1]> = {},
): Promise<CustodianAnswer> => {
  const { grant } = consent;
  const evidence = { ...record, grant, answers };
  const input = { ...custodianInput(index), ...evidence, caseId: CASE, readerPublicKey: doctor.publicKey };
  return { mspId: input.mspId, sealed: await answerEmergency(engine, { ...input, ...change }) };
};

const open = async (
  engine: PairingEngine,
  change: Partial<Parameters<typeof openEmergency>[1]> = {},
): Promise<{ kek: Uint8Array; culprits: Culprit[] }> => {
  const { grant } = consent;
  const input = {
    key,
    grant,
    caseId: CASE,
    element,
    answers: custodianAnswers.slice(0, 2),
    readerSecretKey: doctor.secretKey,
  };
  return openEmergency(engine, { ...record, ...input, ...change });
};

const blame = async (action: () => unknown): Promise<[string, ...Culprit[]] | undefined> => {
  try {
    await action();
  } catch (error) {
    if (error instanceof CryptoError) return [error.code, ...error.culprits];
    throw error;
  }
  return undefined;
};

beforeAll(async () => {
  mcl = await mclEngine();
  custodians = newAgents(3).map((one, i) => ({ ...one, mspId: `Custodian${i + 1}MSP` }));
  ({ key, sealedShares } = await makeEmergencyKey(mcl, { channel: 'health', custodians, threshold: 2 }));
  const reader = { secretKey: new Uint8Array(32), publicKey: key.publicKey, key: emergencyReader(key) };
  consent = await newConsent(mcl, { reader });
  ordinary = await newConsent(mcl);
  record = newCapsule(mcl, consent.scopeKey);
  answers = await answersOf(mcl, consent, record, [1, 3], true);
  ({ element } = combineForEmergency(mcl, { ...record, grant: consent.grant, answers }));
  doctor = newReceivingKeyPair();
  custodianAnswers = await Promise.all([1, 2, 3].map((index) => custodianAnswer(mcl, index)));
});

describe('an emergency key', () => {
  it('is made of the same bytes by both engines for the same randomness', async () => {
    const random = randomBytes(32);
    const input = { channel: 'health', custodians, threshold: 2, random };
    const [left, right] = await Promise.all([mcl, noble].map((engine) => makeEmergencyKey(engine, input)));
    const values = (made: typeof left): unknown => [
      made?.key.publicKey,
      made?.key.custodians.map(({ check }) => check),
    ];
    expect(values(left)).toEqual(values(right));
  });

  it('has one encoding', async () => {
    const bytes = encodeEmergencyKey(key);
    expect(decodeEmergencyKey(bytes)).toEqual(key);
    expect(await refusal(() => decodeEmergencyKey(concat(bytes, utf8(' '))))).toBe('BAD_ENCODING');
    expect(await refusal(() => decodeEmergencyKey(utf8('{"format":"x"}')))).toBe('UNSUPPORTED_VERSION');
    expect(await refusal(() => decodeEmergencyKey(new Uint8Array(20_000)))).toBe('BAD_LENGTH');
  });

  it('needs two custodians or more, of different organisations', async () => {
    for (const threshold of [0, 1, 4, Number.NaN])
      expect(await refusal(() => makeEmergencyKey(mcl, { channel: 'health', custodians, threshold }))).toBe(
        'BAD_ARGUMENT',
      );
    const twice = [...custodians, ...custodians.slice(0, 1)];
    expect(
      await refusal(() => makeEmergencyKey(mcl, { channel: 'health', custodians: twice, threshold: 2 })),
    ).toBe('BAD_ARGUMENT');
  });
});

describe.each(NAMES)('emergencies in %s', (name) => {
  it('check key and custodians’ shares', async () => {
    const engine = engineOf(name);
    checkEmergencyKey(engine, key);
    for (const index of [1, 2, 3]) await acceptCustodianShare(engine, custodianInput(index));
    const [first, ...rest] = key.custodians;
    if (first === undefined) throw new Error('no custodian');
    const G = engine.encodeG2(engine.generatorG2);
    const cases: [Partial<EmergencyKey>, string][] = [
      [{ custodians: [{ ...first, check: G }, ...rest] }, 'BAD_GRANT'],
      [{ custodians: [{ ...first, check: key.publicKey }, ...rest] }, 'BAD_GRANT'],
      [{ custodians: [...rest, first] }, 'BAD_GRANT'],
      [{ threshold: 3 }, 'BAD_GRANT'],
      [{ threshold: 1 }, 'BAD_GRANT'],
      [{ publicKey: G }, 'BAD_GRANT'],
      [{ proof: new Uint8Array(64) }, 'BAD_KEY_PROOF'],
      [{ channel: 'other' }, 'BAD_KEY_PROOF'],
    ];
    for (const [changed, code] of cases) {
      expect(await refusal(() => checkEmergencyKey(engine, { ...key, ...changed }))).toBe(code);
    }
  });

  it('refuse a custodian share that is another’s or does not fit', async () => {
    const engine = engineOf(name);
    const [first, second] = [custodianInput(1), custodianInput(2)];
    const accept = (change: Partial<typeof first>): Promise<void> =>
      acceptCustodianShare(engine, { ...first, ...change });
    expect(await refusal(() => accept({ sealedShare: second.sealedShare }))).toBe('DIGEST_MISMATCH');
    expect(await refusal(() => accept({ custodianSecretKey: second.custodianSecretKey }))).toBe(
      'OPEN_FAILED',
    );
    expect(await refusal(() => accept({ mspId: 'StrangerMSP' }))).toBe('WRONG_CONTEXT');
    const swapped = key.custodians.map((one, i) => ({
      ...one,
      check: key.custodians[(i + 1) % 3]?.check ?? one.check,
    }));
    expect(await refusal(() => accept({ key: { ...key, custodians: swapped } }))).toBe('BAD_SHARE');
  });

  it('open with t agents and the custodians’ threshold', async () => {
    const engine = engineOf(name);
    const combined = combineForEmergency(engine, { ...record, grant: consent.grant, answers });
    expect(combined).toEqual({ element, culprits: [] });
    const made = await custodianAnswer(engine, 3);
    expect(made.sealed.length).toBe(CUSTODIAN_ANSWER_BYTES);
    for (const pair of [
      custodianAnswers.slice(0, 2),
      [made, ...custodianAnswers.slice(0, 1)],
      custodianAnswers,
    ])
      expect(await open(engine, { answers: pair })).toEqual({ kek: record.kek, culprits: [] });
  });

  it('stay shut without the custodians, whatever t agents pool', async () => {
    const engine = engineOf(name);
    // t agents hold [e/a]G and X = Z^e; neither opens.
    const shared = engine.clearCofactor(engine.decodeGT(element));
    const attempt = (): Uint8Array =>
      openWithSharedElement(
        engine,
        shared,
        record.capsule,
        consent.scopeKey.publicKey,
        sealingContext(record.context),
      );
    expect(await refusal(attempt)).toBe('OPEN_FAILED');
    expect(await blame(() => open(engine, { answers: [] }))).toEqual(['TOO_FEW_ANSWERS']);
    expect(await blame(() => open(engine, { answers: custodianAnswers.slice(0, 1) }))).toEqual([
      'TOO_FEW_ANSWERS',
    ]);
  });

  it('stay shut without t agents: all custodians together hold 1/e and nothing of a', async () => {
    const engine = engineOf(name);
    const [first] = answers;
    if (first === undefined) throw new Error('no answer');
    const { grant } = consent;
    expect(await refusal(() => combineForEmergency(engine, { ...record, grant, answers: [first] }))).toBe(
      'TOO_FEW_ANSWERS',
    );
    const opened = await Promise.all([1, 2].map((index) => openCustodianShare(custodianInput(index))));
    const [one, two] = opened.map(({ share }) => share);
    const [left, right] = weightsAtZero([1, 2]);
    const inverse = ((one ?? 0n) * (left ?? 0n) + (two ?? 0n) * (right ?? 0n)) % GROUP_ORDER;
    const ofOne = engine.clearCofactor(engine.decodeGT(first.answer.subarray(0, 576)));
    const attempt = (): Uint8Array =>
      openWithSharedElement(
        engine,
        engine.powerGT(ofOne, inverse),
        record.capsule,
        consent.scopeKey.publicKey,
        sealingContext(record.context),
      );
    expect(await refusal(attempt)).toBe('OPEN_FAILED');
  });

  it('name agents whose answers are wrong or unproven', async () => {
    const engine = engineOf(name);
    const { grant } = consent;
    const three = [...answers, ...(await answersOf(mcl, consent, record, [2], true))];
    for (const bytes of [
      three[0]?.answer.subarray(0, 576),
      flipBit(three[0]?.answer ?? element, 600),
      element,
    ]) {
      const [, ...rest] = three;
      const wrong = [{ mspId: 'Agent1MSP', answer: bytes ?? element }, ...rest];
      const culprit: Culprit = { role: 'agent', id: 'Agent1MSP' };
      const { element: x, culprits } = combineForEmergency(engine, { ...record, grant, answers: wrong });
      expect(culprits).toEqual([culprit]);
      expect(x).toEqual(element);
      expect(
        await blame(() => combineForEmergency(engine, { ...record, grant, answers: wrong.slice(0, 2) })),
      ).toEqual(['TOO_FEW_ANSWERS', culprit]);
    }
  });

  it('name custodians whose answers are of another case, record or share', async () => {
    const engine = engineOf(name);
    const other = newCapsule(mcl, consent.scopeKey);
    const foreign = await answersOf(mcl, consent, other, [1, 3], true);
    const culprit: Culprit = { role: 'custodian', id: 'Custodian1MSP' };
    const [, second, third] = custodianAnswers;
    if (second === undefined || third === undefined) throw new Error('no answers');
    const wrong: Uint8Array[] = [
      (await custodianAnswer(mcl, 1, { caseId: 'case-2' })).sealed,
      (await custodianAnswer(mcl, 1, { ...other, answers: foreign })).sealed,
      second.sealed,
      new Uint8Array(CUSTODIAN_ANSWER_BYTES),
      new Uint8Array(0),
    ];
    for (const sealed of wrong) {
      const bad = { mspId: 'Custodian1MSP', sealed };
      expect(await open(engine, { answers: [bad, second, third] })).toEqual({
        kek: record.kek,
        culprits: [culprit],
      });
      expect(await blame(() => open(engine, { answers: [bad, second] }))).toEqual([
        'TOO_FEW_ANSWERS',
        culprit,
      ]);
    }
    expect(await refusal(() => open(engine, { answers: [second, second] }))).toBe('BAD_ARGUMENT');
    expect(await refusal(() => open(engine, { answers: [{ ...second, mspId: 'X' }] }))).toBe('WRONG_CONTEXT');
  });

  it('are answered by a custodian only for the record that t agents answered for', async () => {
    const engine = engineOf(name);
    const answer = (change: Partial<Parameters<typeof answerEmergency>[1]>): Promise<CustodianAnswer> =>
      custodianAnswer(engine, 1, change);
    const other = newCapsule(mcl, consent.scopeKey, { recordId: 'r-2' });
    const culprits = answers.map(({ mspId }) => ({ role: 'agent', id: mspId }));
    // Another record than the agents' proofs are for, and the other way round.
    expect(await blame(() => answer(other))).toEqual(['TOO_FEW_ANSWERS', ...culprits]);
    const foreign = await answersOf(mcl, consent, other, [1, 3], true);
    expect(await blame(() => answer({ answers: foreign }))).toEqual(['TOO_FEW_ANSWERS', ...culprits]);
    expect(await refusal(() => answer({ answers: answers.slice(1) }))).toBe('TOO_FEW_ANSWERS');
    const plain = answers.map(({ mspId, answer: one }) => ({ mspId, answer: one.subarray(0, 576) }));
    expect(await refusal(() => answer({ answers: plain }))).toBe('TOO_FEW_ANSWERS');
    expect(await refusal(() => answer({ grant: ordinary.grant }))).toBe('WRONG_CONTEXT');
    expect(await refusal(() => answer({ context: { ...record.context, epoch: 2 } }))).toBe('WRONG_CONTEXT');
  });

  it('take no element outside the subgroup from anybody', async () => {
    const engine = engineOf(name);
    const outside = new Uint8Array(576).map((_, i) => (i % 48 === 47 ? 7 : 0));
    const one = concat(new Uint8Array(47), Uint8Array.of(1), new Uint8Array(528));
    for (const [bytes, code] of [
      [outside, 'NOT_IN_SUBGROUP'],
      [new Uint8Array(576), 'BAD_ENCODING'],
      [new Uint8Array(575), 'BAD_LENGTH'],
      [one, 'IDENTITY_ELEMENT'],
    ] as const) {
      expect(await refusal(() => open(engine, { element: bytes }))).toBe(code);
    }
  });

  it('open for the grant, record and reader they are for', async () => {
    const engine = engineOf(name);
    expect(await refusal(() => open(engine, { grant: ordinary.grant }))).toBe('WRONG_CONTEXT');
    expect(await refusal(() => open(engine, { context: { ...record.context, epoch: 2 } }))).toBe(
      'WRONG_CONTEXT',
    );
    const other = newCapsule(mcl, consent.scopeKey);
    expect(await blame(() => open(engine, other))).toEqual(['BAD_CAPSULE', { role: 'writer', id: 'r-1' }]);
    const thief = newReceivingKeyPair();
    expect(await refusal(() => open(engine, { readerSecretKey: thief.secretKey }))).toBe('TOO_FEW_ANSWERS');
  });
});
