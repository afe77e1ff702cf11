import { ContractError } from '../errors.js';
import type { ConsentEntry, ShareAnswerEntry } from '../model/consent-entries.js';
import type {
  EmergencyCaseEntry,
  EmergencyFacts,
  EmergencyKeyEntry,
  EmergencyStatus,
} from '../model/emergency-entries.js';
import type { PatientEntry } from '../model/entries.js';
import { instantOf, millisecondsOf } from '../model/instants.js';
import { id } from '../model/validation.js';
import type { Caller } from './authorization.js';
import { requireActiveBy, requireConsent, shareAnswers } from './consent-state.js';
import { worldKeys } from './keys.js';
import { requireOwnReceipt } from './receipts.js';
import type { WorldReader } from './store.js';
import { organizationBesides } from './third-organization.js';

const REVIEW_MS = 7 * 24 * 60 * 60_000;

export const requireEmergency = async (
  world: WorldReader,
  emergencyId: string,
): Promise<EmergencyCaseEntry> =>
  world.require(
    worldKeys.emergencyCase(id(emergencyId, 'emergencyId')),
    'EMERGENCY_NOT_FOUND',
    'no emergency case of that emergencyId',
  );

/** Computed at an instant, like the status of a consent. */
export const emergencyStatus = ({ closedAt, until }: EmergencyCaseEntry, at: string): EmergencyStatus => {
  if (closedAt !== null) return 'closed';
  if (at < until) return 'open';
  return at < instantOf(millisecondsOf(until) + REVIEW_MS) ? 'ended' : 'overdue';
};

/** Refuses a case that is another reader's, closed, or past its window at `at`. */
export const requireOpenCase = (
  emergency: EmergencyCaseEntry,
  caller: Pick<Caller, 'subject' | 'mspId'>,
  at: string,
): void => {
  if (emergency.reader !== caller.subject || emergency.mspId !== caller.mspId) {
    throw new ContractError('NOT_ALLOWED', 'only who opened an emergency case reads under it');
  }
  if (emergency.closedAt !== null) {
    throw new ContractError('EMERGENCY_CLOSED', 'the emergency case was closed by its reviewer');
  }
  if (at >= emergency.until) {
    throw new ContractError('EMERGENCY_ENDED', `the emergency case ended at ${emergency.until}`);
  }
};

/** What the ledger has about an emergency grant. */
export interface EmergencyGrant {
  consent: ConsentEntry;
  answers: readonly ShareAnswerEntry[];
  owner: PatientEntry;
  emergencyKey: EmergencyKeyEntry;
}

/** Refuses a consent that is no emergency grant of that owner, or not active at `at`. */
export const requireEmergencyGrant = (
  { consent, answers, owner, emergencyKey }: EmergencyGrant,
  ledgerId: string,
  at: string,
): void => {
  const { grantee } = consent;
  const isToKey =
    grantee.kind === 'emergency' &&
    grantee.id === emergencyKey.digest &&
    grantee.publicKey === emergencyKey.publicKey;
  if (!isToKey || consent.ledgerId !== ledgerId) {
    throw new ContractError('NOT_EMERGENCY_GRANT', 'the consent is no emergency grant of this patient');
  }
  requireActiveBy(consent, answers, owner, at);
};

/** @throws ContractError NOT_EMERGENCY_GRANT for a consent to somebody */
export const readEmergencyGrant = async (world: WorldReader, consentId: string): Promise<EmergencyGrant> => {
  const consent = await requireConsent(world, consentId);
  const emergencyKey = await world.require(
    worldKeys.emergencyKeyOf(consent.grantee.id),
    'NOT_EMERGENCY_GRANT',
    'the consent is no emergency grant of this patient',
  );
  const owner = await world.require(
    worldKeys.patient(consent.ledgerId),
    'PATIENT_NOT_FOUND',
    'the owner of the consent is not registered',
  );
  return { consent, answers: await shareAnswers(world, consent), owner, emergencyKey };
};

/** Whose auditors review: the first active organisation that is neither the reader's nor the patient's home. */
export const reviewerOf = async (
  world: WorldReader,
  readerMspId: string,
  homeMspId: string,
): Promise<string> => {
  const reviewer = await organizationBesides(world, [readerMspId, homeMspId]);
  if (reviewer === undefined) {
    throw new ContractError('REVIEWER_MISSING', 'no third organisation could review an emergency case');
  }
  return reviewer;
};

/** Reads what decides about one record under a receipt of basis `emergency`. */
export const readEmergencyFacts = async (
  world: WorldReader,
  receiptId: string,
  recordId: string,
  version: number,
): Promise<EmergencyFacts> => {
  const receipt = await world.require(
    worldKeys.receipt(receiptId),
    'RECEIPT_NOT_FOUND',
    'no receipt of that receiptId',
  );
  if (receipt.basis !== 'emergency' || receipt.emergencyId === undefined) {
    throw new ContractError('RECEIPT_DIFFERS', 'the receipt is not of an emergency');
  }
  const emergency = await requireEmergency(world, receipt.emergencyId);
  const { consent, answers, owner, emergencyKey } = await readEmergencyGrant(world, emergency.consentId);
  const entry = await world.require(
    worldKeys.recordVersion(recordId, version),
    'RECORD_NOT_FOUND',
    'no entry of that recordId and version',
  );
  const receivingKey = await world.require(
    worldKeys.receivingKey(receipt.reader),
    'KEY_NOT_REGISTERED',
    'the reader has registered no receiving key: sign in again',
  );
  return {
    receipt,
    emergency,
    consent,
    answers: [...answers],
    owner,
    entry,
    emergencyKey,
    receivingKey: receivingKey.publicKey,
  };
};

/** What agents and custodians hold against it before they use a secret, see `docs/flows.md`. */
export const requireEmergencyRead = (
  { receipt, emergency, entry, ...grant }: EmergencyFacts,
  caller: Pick<Caller, 'subject' | 'mspId'>,
  at: string,
): void => {
  requireOwnReceipt(receipt, caller, entry.recordId, at);
  if (receipt.emergencyId !== emergency.emergencyId || receipt.consentId !== emergency.consentId) {
    throw new ContractError('RECEIPT_DIFFERS', 'the receipt is of another emergency');
  }
  requireOpenCase(emergency, caller, at);
  requireEmergencyGrant(grant, emergency.ledgerId, at);
  if (entry.ledgerId !== emergency.ledgerId) {
    throw new ContractError('NOT_ALLOWED', "the case is another patient's than the record");
  }
};
