import type { AuditedKind, AuditEntry, AuditReason, AuditStatus } from '@medseal/chaincode';
import { detectionProbability, fromBase64, sha256Hex } from '@medseal/crypto';
import type { LedgerAnswer } from '../http/ledger-answer.js';
import type { Restored } from '../storage/object-store.js';

/** One audit, as the ledger has it. Instants are RFC 3339 in UTC; numbers of 32 bytes are hex. */
export interface AuditView {
  auditId: string;
  recordId: string;
  version: number;
  kind: AuditedKind;
  /** MSP id: whose storage is audited. */
  hospital: string;
  /** Staff id; null where the schedule opened it. */
  auditor: string | null;
  auditorMspId: string;
  contributor: string;
  status: AuditStatus;
  reason: AuditReason | null;
  /** The verdict, or what is awaited, in words. */
  statement: string;
  openedAt: string;
  closedAt: string | null;
  deadlines: { contributeBy: string; revealBy: string; proveBy: string };
  challenge: {
    tagHash: string;
    /** n, and how many of them are challenged. */
    blocks: number;
    size: number;
    /** hA = SHA-256(nA). */
    commitment: string;
    /** nB, nA and what follows from both; null until they are there. */
    contribution: string | null;
    revealed: string | null;
    seed: string | null;
  };
  detection: Detection;
  /** SHA-256 of the proof's bytes; null where there is none. */
  proofDigest: string | null;
  /** What the hospital has done since, for its own people alone. */
  repair: { outcome: Restored; at: string } | null;
  ledger?: LedgerAnswer;
}

/** Probability that the audit meets an alteration. */
export interface Detection {
  everyBlock: boolean;
  /** Of a single block, and of one block in a hundred. */
  oneBlock: number;
  onePercent: number;
}

export const viewOf = (audit: AuditEntry, repair: AuditView['repair']): AuditView => {
  const { auditId, recordId, version, kind, hospital, auditorMspId, contributor } = audit;
  const { status, reason, openedAt, closedAt, contributeBy, revealBy, proveBy } = audit;
  const { tagHash, blocks, size, commitment, contribution, revealed, seed } = audit;
  return {
    ...{ auditId, recordId, version, kind, hospital },
    auditor: audit.auditor === '' ? null : audit.auditor,
    ...{ auditorMspId, contributor, status, reason },
    statement: statementOf(audit),
    ...{ openedAt, closedAt },
    deadlines: { contributeBy, revealBy, proveBy },
    challenge: { tagHash, blocks, size, commitment, contribution, revealed, seed },
    detection: detectionOf(blocks, size),
    proofDigest: audit.proof === null ? null : sha256Hex(fromBase64(audit.proof)),
    repair,
  };
};

const detectionOf = (blocks: number, size: number): Detection => ({
  everyBlock: size >= blocks,
  oneBlock: detectionProbability(blocks, size, 1),
  onePercent: detectionProbability(blocks, size, Math.ceil(blocks / 100)),
});

const statementOf = (audit: AuditEntry): string => {
  const { status, reason, blocks, size, hospital, contributor, auditorMspId } = audit;
  switch (status) {
    case 'opened':
      return `Waits for the contribution of ${contributor}.`;
    case 'contributed':
      return `Waits for ${auditorMspId} to reveal its nonce.`;
    case 'revealed':
      return `Waits for the proof of ${hospital}.`;
    case 'intact':
      return size >= blocks
        ? 'Every block is there, unchanged.'
        : `The sample of ${size} of ${blocks} blocks is there, unchanged; an alteration of one block in a hundred ` +
            `is met with a probability of ${percent(detectionOf(blocks, size).onePercent)}.`;
    case 'failed':
      return FAILED[reason ?? ''] ?? 'The proof was refused.';
    case 'aborted':
      return ABORTED[reason ?? ''] ?? 'It came to no verdict.';
  }
};

/** Never rounded up to certainty. */
const percent = (probability: number): string => `${Math.floor(probability * 10_000) / 100} %`;

const FAILED: Record<string, string> = {
  malformed: 'What the hospital sent is no proof.',
  'replaced set': 'The replaced set that came with the proof is not the one that was signed.',
  'does not hold': 'The proof does not hold: the stored bytes are not those that were signed.',
  'no proof': 'There was no proof: the hospital’s storage has lost or altered the file, or nobody answered.',
};

const ABORTED: Record<string, string> = {
  'no contribution': 'The second organisation did not contribute in time: no verdict on the file.',
  'no reveal': 'The auditor’s organisation did not reveal its nonce in time: no verdict on the file.',
  erased: 'The patient’s data were erased: there is nothing left to prove, and nobody is at fault.',
};
