import { sha256 } from '@noble/hashes/sha2.js';
import {
  canonicalJson,
  fromBase64,
  type PairingEngine,
  proveReaderKey,
  readerKeyPair,
  signDigest,
  toBase64,
  toHex,
} from '@medseal/crypto';
import type { ActAnswer, GuardianKeyAnswer, GuardianQuestion } from '../api.js';
import type { Signer } from './consent-grant.js';
import { certificateFingerprint } from './organization-trust.js';
import { actOfQuestion } from './reading-acts.js';
import { checkProposal, DeviceRefusal, type IntendedAct } from './signed-act.js';

/** The next key of the seed with which a patient reads as a guardian, and the transaction that registers it. */
export const nextReaderKey = (
  engine: PairingEngine,
  seed: Uint8Array,
  { mspId, certificate, key }: GuardianKeyAnswer,
): {
  key: { publicKey: string; proof: string; epoch: number };
  actFor: (signer: Signer) => IntendedAct;
} => {
  const epoch = (key?.epoch ?? 0) + 1;
  const { secretKey } = readerKeyPair(engine, seed, epoch);
  const certificateHash = certificateFingerprint(certificate);
  const proven = proveReaderKey(engine, secretKey, { mspId, certificateHash });
  const made = { publicKey: toHex(proven.publicKey), proof: toHex(proven.proof), epoch };
  return {
    key: made,
    actFor: (signer) => actOfReaderKey(made, epoch, signer),
  };
};

/**
 * Registers a reader key with its proof of possession.
 *
 * @param epoch any without it: the ledger refuses every one but the next
 */
export const actOfReaderKey = (
  { publicKey, proof }: { publicKey: string; proof: string },
  epoch: number | undefined,
  signer: Signer,
): IntendedAct => ({
  ...signer,
  functionName: 'consent:registerKey',
  checkArguments: (args) => {
    const wanted = [publicKey, proof, epoch === undefined ? (args[2] ?? '') : String(epoch)];
    if (canonicalJson(args) !== canonicalJson(wanted))
      throw new DeviceRefusal('another key is to be registered than this device made');
  },
});

/** Signs a question to each agent, for the receipt and record of the read and no other. @throws DeviceRefusal */
export const signQuestions = (
  answer: ActAnswer,
  recordId: string,
  signer: Signer,
  secretKey: Uint8Array,
): {
  receiptId: string;
  version: number;
  questions: { mspId: string; proposal: string; signature: string }[];
} => {
  const { receiptId, version, questions } = answer as unknown as {
    receiptId: string;
    version: number;
    questions: GuardianQuestion[];
  };
  if (answer.ledger?.transactionId !== receiptId)
    throw new DeviceRefusal('the questions are for another receipt than was signed');
  const intended = actOfQuestion({ receiptId, recordId, version }, signer);
  return {
    receiptId,
    version,
    questions: questions.map(({ mspId, proposal, bytes }) => {
      const raw = fromBase64(bytes, 'questions.bytes');
      checkProposal(raw, intended);
      return { mspId, proposal, signature: toBase64(signDigest(secretKey, sha256(raw))) };
    }),
  };
};
