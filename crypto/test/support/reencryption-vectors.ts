import {
  acceptShare,
  answerEmergency,
  checkAnswer,
  checkEmergencyKey,
  checkGrant,
  checkReaderKey,
  combineForEmergency,
  decodeEmergencyKey,
  decodeGrant,
  emergencyReader,
  encapsulate,
  encodeEmergencyKey,
  encodeGrant,
  fromHex,
  makeEmergencyKey,
  makeGrant,
  openCapsule,
  openEmergency,
  openReencrypted,
  openShare,
  type PairingEngine,
  proveReaderKey,
  readerKeyPair,
  receivingKeyPair,
  reencrypt,
  CheckedCapsule,
  reencryptWithShare,
  scopeKeyPair,
  type SealingContext,
  sealingContext,
  shareCheckId,
  toHex,
  utf8,
  utf8Decode,
} from '../../src/index.js';
import { bytesFrom } from './compute-vectors.js';

/**
 * Known answers of re-encryption. `computed` are functions of the inputs below and must come out to the byte; `opened`
 * were sealed once with fresh randomness and must open. Nothing here needs Node: the same file runs in a browser.
 */
export interface ReencryptionVectors {
  computed: Record<string, string>;
  opened: {
    grant: string;
    sealedShares: string[];
    emergencyKey: string;
    custodianShares: string[];
    emergencyGrant: string;
    emergencySealedShares: string[];
    custodianAnswers: string[];
  };
}

const SEED = bytesFrom(0, 32);
const SCOPE_ID = toHex(bytesFrom(0xa0, 16));
const CONTEXT: SealingContext = {
  channel: 'health',
  recordId: 'r-1',
  version: 1,
  owner: 'l-1',
  scopeId: SCOPE_ID,
  epoch: 1,
  sealedDigest: toHex(bytesFrom(0x30, 32)),
};
const HOLDER = { mspId: 'CityMSP', certificateHash: toHex(bytesFrom(0x50, 32)) };
const CASE = 'case-1';
const readerSeed = bytesFrom(0x11, 32);
const agent = (i: number): { mspId: string; secretKey: Uint8Array; publicKey: Uint8Array } => ({
  mspId: `Agent${i}MSP`,
  ...receivingKeyPair(bytesFrom(i, 32)),
});
const custodian = (j: number): ReturnType<typeof agent> => ({
  ...receivingKeyPair(bytesFrom(0x40 + j, 32)),
  mspId: `Custodian${j}MSP`,
});
const NUMBERS = [1, 2, 3];
const doctor = receivingKeyPair(bytesFrom(0x77, 32));

const grantInput = (engine: PairingEngine): Parameters<typeof makeGrant>[1] => ({
  grantId: 'g-1',
  channel: CONTEXT.channel,
  owner: CONTEXT.owner,
  scopeKey: scopeKeyPair(engine, SEED, SCOPE_ID, 1),
  reader: proveReaderKey(engine, readerKeyPair(engine, readerSeed, 1).secretKey, HOLDER),
  agents: NUMBERS.map(agent),
  threshold: 2,
  random: bytesFrom(0x90, 32),
});

const capsuleOf = (
  engine: PairingEngine,
): { capsule: Uint8Array; context: SealingContext; kek: Uint8Array } => {
  const ownerPublicKey = scopeKeyPair(engine, SEED, SCOPE_ID, 1).publicKey;
  const random = bytesFrom(0x60, 32);
  return {
    context: CONTEXT,
    ...encapsulate(engine, { ownerPublicKey, context: sealingContext(CONTEXT), random }),
  };
};

/** Everything that is a function of its input alone. */
export const computeReencryptionVectors = async (engine: PairingEngine): Promise<Record<string, string>> => {
  const input = grantInput(engine);
  const { grant, sealedShares } = await makeGrant(engine, input);
  const { capsule, kek } = capsuleOf(engine);
  const values: Record<string, Uint8Array> = {
    readerSecretKey: readerKeyPair(engine, readerSeed, 1).secretKey,
    readerPublicKey: input.reader.publicKey,
    readerProof: input.reader.proof,
    ownerPublicKey: grant.ownerPublicKey,
    capsule,
    kek,
  };
  for (const i of NUMBERS) {
    const { mspId, secretKey: agentSecretKey } = agent(i);
    const sealedShare = sealedShares[i - 1]?.sealed ?? new Uint8Array(0);
    const share = await openShare({ grant, mspId, agentSecretKey, sealedShare });
    const checked = CheckedCapsule.of(engine, grant, { capsule, context: CONTEXT });
    values[`check${i}`] = grant.agents[i - 1]?.check ?? new Uint8Array(0);
    values[`checkId${i}`] = fromHex(shareCheckId(values[`check${i}`] ?? new Uint8Array(0)));
    values[`share${i}`] = share;
    values[`answer${i}`] = reencryptWithShare(engine, share, checked, { mspId, withProof: true });
  }
  const custodians = NUMBERS.map(custodian);
  const random = bytesFrom(0xb0, 32);
  const { key } = await makeEmergencyKey(engine, {
    channel: CONTEXT.channel,
    custodians,
    threshold: 2,
    random,
  });
  values.emergencyPublicKey = key.publicKey;
  for (const [j, one] of key.custodians.entries()) values[`custodianCheck${j + 1}`] = one.check;
  return Object.fromEntries(Object.entries(values).map(([name, bytes]) => [name, toHex(bytes)]));
};

/** Made with fresh randomness, to be opened ever after. */
export const makeOpenedVectors = async (engine: PairingEngine): Promise<ReencryptionVectors['opened']> => {
  const input = grantInput(engine);
  const { grant, sealedShares } = await makeGrant(engine, input);
  const emergency = await makeEmergencyKey(engine, {
    channel: CONTEXT.channel,
    custodians: NUMBERS.map(custodian),
    threshold: 2,
  });
  const toEmergency = await makeGrant(engine, {
    ...input,
    grantId: 'g-e',
    reader: emergencyReader(emergency.key),
  });
  const { capsule } = capsuleOf(engine);
  const answers = await Promise.all(
    [1, 2].map(async (i) => {
      const { mspId, secretKey: agentSecretKey } = agent(i);
      const sealedShare = toEmergency.sealedShares[i - 1]?.sealed ?? new Uint8Array(0);
      const one = { grant: toEmergency.grant, mspId, agentSecretKey, sealedShare, capsule, context: CONTEXT };
      return { mspId, answer: await reencrypt(engine, { ...one, withProof: true }) };
    }),
  );
  const custodianAnswers = await Promise.all(
    [1, 3].map(async (j) => {
      const { mspId, secretKey: custodianSecretKey } = custodian(j);
      const sealedShare = emergency.sealedShares[j - 1]?.sealed ?? new Uint8Array(0);
      const share = { key: emergency.key, mspId, custodianSecretKey, sealedShare };
      return answerEmergency(engine, {
        ...share,
        grant: toEmergency.grant,
        capsule,
        context: CONTEXT,
        answers,
        caseId: CASE,
        readerPublicKey: doctor.publicKey,
      });
    }),
  );
  return {
    grant: utf8Decode(encodeGrant(grant)),
    sealedShares: sealedShares.map(({ sealed }) => toHex(sealed)),
    emergencyKey: utf8Decode(encodeEmergencyKey(emergency.key)),
    custodianShares: emergency.sealedShares.map(({ sealed }) => toHex(sealed)),
    emergencyGrant: utf8Decode(encodeGrant(toEmergency.grant)),
    emergencySealedShares: toEmergency.sealedShares.map(({ sealed }) => toHex(sealed)),
    custodianAnswers: custodianAnswers.map(toHex),
  };
};

/**
 * Goes the whole way from the recorded values alone: checks, shares, answers, combination, emergency.
 *
 * @returns the key-encrypting keys found, all of which must be `computed.kek`
 */
export const openReencryptionVectors = async (
  engine: PairingEngine,
  { computed, opened }: ReencryptionVectors,
): Promise<string[]> => {
  const given = (name: string): Uint8Array => fromHex(computed[name] ?? '', undefined, name);
  const capsule = given('capsule');
  const record = { capsule, context: CONTEXT };
  const reader = { ...HOLDER, publicKey: given('readerPublicKey'), proof: given('readerProof') };
  if (!checkReaderKey(engine, reader)) throw new Error('the recorded reader key has no proof');

  const answersTo = async (
    text: string,
    shares: string[],
  ): Promise<{ mspId: string; answer: Uint8Array }[]> => {
    const grant = decodeGrant(utf8(text));
    checkGrant(engine, grant);
    return Promise.all(
      shares.map(async (share, i) => {
        const { mspId, secretKey: agentSecretKey } = agent(i + 1);
        const input = { grant, mspId, agentSecretKey, sealedShare: fromHex(share) };
        await acceptShare(engine, input);
        const answer = await reencrypt(engine, { ...input, ...record, withProof: true });
        if (!checkAnswer(engine, answer, { ...record, grant, mspId }))
          throw new Error('an answer’s proof fails');
        return { mspId, answer };
      }),
    );
  };

  const answers = await answersTo(opened.grant, opened.sealedShares);
  const readerSecretKey = given('readerSecretKey');
  const grant = decodeGrant(utf8(opened.grant));
  const recorded = NUMBERS.map((i) => ({ mspId: `Agent${i}MSP`, answer: given(`answer${i}`) }));
  const found = [
    openCapsule(engine, scopeKeyPair(engine, SEED, SCOPE_ID, 1).secretKey, capsule, sealingContext(CONTEXT)),
    openReencrypted(engine, { ...record, grant, readerSecretKey, answers: recorded }).kek,
    openReencrypted(engine, { ...record, grant, readerSecretKey, answers: answers.slice(1) }).kek,
  ];

  const key = decodeEmergencyKey(utf8(opened.emergencyKey));
  checkEmergencyKey(engine, key);
  const toEmergency = decodeGrant(utf8(opened.emergencyGrant));
  const emergencyAnswers = await answersTo(opened.emergencyGrant, opened.emergencySealedShares);
  const { element } = combineForEmergency(engine, {
    ...record,
    grant: toEmergency,
    answers: emergencyAnswers,
  });
  const custodianAnswers = opened.custodianAnswers.map((sealed, n) => ({
    mspId: custodian([1, 3][n] ?? 0).mspId,
    sealed: fromHex(sealed),
  }));
  const emergency = {
    ...record,
    key,
    grant: toEmergency,
    caseId: CASE,
    element,
    readerSecretKey: doctor.secretKey,
  };
  found.push((await openEmergency(engine, { ...emergency, answers: custodianAnswers })).kek);
  return found.map(toHex);
};
