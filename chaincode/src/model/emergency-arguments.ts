import { MAX_AGENTS, MIN_THRESHOLD, PROVEN_ANSWER_BYTES } from '@medseal/crypto';
import { g2Point, keyProof } from './consent-arguments.js';
import {
  EMERGENCY_REASONS,
  EMERGENCY_VERDICTS,
  type EmergencyKeyEntry,
  type EmergencyReason,
  type ProvenAnswer,
} from './emergency-entries.js';
import {
  base64,
  type Check,
  digest,
  id,
  instant,
  integer,
  listOf,
  mspId,
  nullable,
  object,
  oneOf,
  pem,
  version,
} from './validation.js';

export type EmergencyKeyArgument = Omit<EmergencyKeyEntry, 'schema' | 'digest' | 'mspId'>;

export const emergencyKeyArgument: Check<EmergencyKeyArgument> = object({
  epoch: version,
  publicKey: g2Point,
  proof: keyProof,
  threshold: integer(MIN_THRESHOLD, MAX_AGENTS),
  custodians: listOf(
    object({ mspId, publicKey: digest, check: g2Point, shareDigest: digest }),
    MIN_THRESHOLD,
    MAX_AGENTS,
    (custodian) => custodian.mspId,
  ),
  certificate: pem,
  signature: base64(80),
});

export interface EmergencyArgument {
  emergencyId: string;
  ledgerId: string;
  consentId: string;
  reasonCode: EmergencyReason;
  /** Null for the usual window. */
  until: string | null;
}

export const emergencyArgument: Check<EmergencyArgument> = object({
  emergencyId: id,
  ledgerId: id,
  consentId: id,
  reasonCode: oneOf(...EMERGENCY_REASONS),
  until: nullable(instant),
});

export const emergencyVerdict = oneOf(...EMERGENCY_VERDICTS);

export const provenAnswersArgument: Check<ProvenAnswer[]> = listOf(
  object({ mspId, answer: base64(PROVEN_ANSWER_BYTES) }),
  1,
  MAX_AGENTS,
  ({ mspId: agent }) => agent,
);
