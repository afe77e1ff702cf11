import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CryptoError,
  decodeAuditChallenge,
  decodeSignedFile,
  decodeTag,
  fromHex,
  toBase64,
  toHex,
} from '@medseal/crypto';
import type { ProofPairing, TagPairing } from '../src/ledger/audit-pairings';
import { PairingQueue } from '../src/ledger/pairing-queue';

/** The recorded answers: another process, and another thread, must come to the same. */
const VECTORS = join(__dirname, '../../crypto/test/audit-vectors.json');
const recorded = JSON.parse(readFileSync(VECTORS, 'utf8')) as Record<string, string>;
const bytesOf = (name: string): Uint8Array => fromHex(recorded[name]!);
const tag = bytesOf('sanitisedTag');
const common = {
  parameters: toBase64(bytesOf('parameters')),
  identity: { channel: 'health', mspId: 'CityMSP', userId: 'doctor-1', keyEpoch: 1 },
  tag: toBase64(tag),
};
const tagCheck: TagPairing = {
  ...common,
  record: { channel: 'health', recordId: 'r-1', version: 1, owner: 'l-1' },
  kind: 'sanitised',
};
const proofCheck: ProofPairing = {
  ...common,
  challenge: decodeAuditChallenge(bytesOf('sanitisedChallenge')),
  replacedSet: decodeSignedFile(bytesOf('sanitisedFile')).replacedSet,
  proof: bytesOf('sanitisedProof'),
};
const another = { ...common.identity, userId: 'doctor-2' };
const INTACT = { verdict: 'intact' };

const queue = new PairingQueue();
const verdict = () => queue.run('proof', proofCheck);

afterAll(() => queue.endThread());

test('tags and proofs are judged in another thread as they are in this one', async () => {
  expect(await queue.run('tag', tagCheck)).toEqual(decodeTag(tag));
  expect(await verdict()).toEqual(INTACT);
  const challenge = { ...proofCheck.challenge, seed: toHex(new Uint8Array(32).fill(1)) };
  expect(await queue.run('proof', { ...proofCheck, challenge })).toEqual({
    verdict: 'failed',
    reason: 'does not hold',
  });
  const refused = queue.run('tag', { ...tagCheck, identity: another });
  await expect(refused).rejects.toBeInstanceOf(CryptoError);
  await expect(refused).rejects.toMatchObject({ code: 'WRONG_CONTEXT' });
});

test('this thread answers others meanwhile', async () => {
  const order: string[] = [];
  const judged = verdict().then(() => order.push('verdict'));
  await new Promise((resolve) => setImmediate(resolve));
  order.push('another answer');
  await judged;
  expect(order).toEqual(['another answer', 'verdict']);
});

test('a thread that ends is followed by another, which goes on with what waits', async () => {
  const verdicts = [verdict(), verdict()];
  await queue.endThread();
  expect(await Promise.all(verdicts)).toEqual([INTACT, INTACT]);
});

test('what two threads have ended at is given up, and the others are not', async () => {
  const [first, second] = [verdict(), verdict()];
  const given = expect(first).rejects.toThrow('ended');
  await queue.endThread();
  await queue.endThread();
  await given;
  expect(await second).toEqual(INTACT);
});

test('no more than 64 wait', async () => {
  const quick = () => queue.run('tag', { ...tagCheck, identity: another }).catch((error: Error) => error);
  const answers = await Promise.all(Array.from({ length: 66 }, quick));
  const codes = answers.map((answer) => (answer as CryptoError).code as string);
  expect(codes.slice(0, 65).every((code) => code === 'WRONG_CONTEXT')).toBe(true);
  expect(codes[65]).toBe('VERIFIER_BUSY');
});
