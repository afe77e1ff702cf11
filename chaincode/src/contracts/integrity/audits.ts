import {
  auditChallengeSize,
  auditCommitment,
  auditProofBytes,
  type AuditVerdict,
  decodeTag,
  EMPTY_REPLACED_SET,
  fromBase64,
  fromHex,
  makeAuditChallenge,
  tagHash,
} from '@medseal/crypto';
import type { Context } from 'fabric-contract-api';
import { ContractError } from '../../errors.js';
import { readAuditParameters, verdictOn } from '../../ledger/audit-checks.js';
import { type Act, authorizeAct } from '../../ledger/authorization.js';
import { worldKeys } from '../../ledger/keys.js';
import { refuseErasedOwner, requirePatient } from '../../ledger/patient-status.js';
import type { WorldReader } from '../../ledger/store.js';
import { organizationBesides } from '../../ledger/third-organization.js';
import type { RecordEntry } from '../../model/entries.js';
import { laterBy, newestFirst } from '../../model/instants.js';
import {
  AUDIT_DEADLINES,
  AUDITED_KINDS,
  type AuditedKind,
  type AuditEntry,
  type AuditReason,
  type AuditStatus,
  type BlindedPart,
} from '../../model/integrity-entries.js';
import { base64, digest, id, oneOf, parseInteger, version as versionCheck } from '../../model/validation.js';
import { signerOf } from './identity-keys.js';
import { requireParameters } from './parameters.js';

/** Audits of stored files (cryptography.md T5, T9): tag, size and seed are the ledger's, the verdict every endorser's. */

/**
 * By an auditor of another organisation than the record's hospital, or by its service where nobody asked but the
 * schedule; who opens commits to a nonce: SHA-256 of its 32 bytes.
 */
export const openAudit = async (
  ctx: Context,
  businessId: string,
  recordId: string,
  version: string,
  kind: string,
  commitment: string,
): Promise<AuditEntry> => {
  const act = await authorizeAct(ctx, { roles: ['auditor', 'service'] });
  await act.once(businessId);
  const { world, caller, at, transactionId: auditId } = act;
  const entry = await requireChained(world, recordId, version);
  if (entry.hospital === caller.mspId)
    throw new ContractError('NOT_ALLOWED', "another organisation than the record's hospital audits it");
  await refuseErasedOwner(act, entry.ledgerId);
  const file = await auditedFile(world, entry, oneOf(...AUDITED_KINDS)(kind, 'kind'));
  const contributor = await organizationBesides(world, [caller.mspId, entry.hospital]);
  if (contributor === undefined)
    throw new ContractError('CONTRIBUTOR_MISSING', 'no third organisation could contribute to the challenge');
  const { blocks } = decodeTag(file.tag);
  const place = newestFirst(at);
  await world.put(worldKeys.auditOf(entry.recordId, place, auditId), {});
  for (const mspId of [caller.mspId, entry.hospital, contributor])
    await world.put(worldKeys.auditFor(mspId, place, auditId), {});
  return world.put(worldKeys.audit(auditId), {
    auditId,
    recordId: entry.recordId,
    version: entry.version,
    kind: file.kind,
    hospital: entry.hospital,
    tagHash: tagHash(file.tag),
    blocks,
    size: auditChallengeSize(await readAuditParameters(file.parameters), blocks),
    auditor: caller.subject,
    auditorMspId: caller.mspId,
    commitment: digest(commitment, 'hA'),
    contributor,
    openedAt: at,
    contributeBy: laterBy(at, AUDIT_DEADLINES.contribute),
    revealBy: laterBy(at, AUDIT_DEADLINES.reveal),
    proveBy: laterBy(at, AUDIT_DEADLINES.prove),
    contribution: null,
    revealed: null,
    seed: null,
    proof: null,
    status: 'opened',
    reason: null,
    closedAt: null,
  });
};

/** By the service of the organisation that the audit names: a nonce that the auditor cannot have foreseen. */
export const contribute = async (ctx: Context, auditId: string, nonce: string): Promise<AuditEntry> => {
  const act = await authorizeAct(ctx, { roles: ['service'] });
  const audit = await requireAudit(act.world, auditId);
  if (audit.contributor !== act.caller.mspId)
    throw new ContractError('NOT_ALLOWED', 'only the organisation that the audit names contributes to it');
  requireNow(act, audit, 'opened', audit.contributeBy);
  return store(act, { ...audit, contribution: digest(nonce, 'nB'), status: 'contributed' });
};

/**
 * By the auditor, or by the service of their organisation once the auditor has signed out: it can give no other nonce
 * than the auditor's. From now on everybody knows which blocks are asked for.
 */
export const reveal = async (ctx: Context, auditId: string, nonce: string): Promise<AuditEntry> => {
  const act = await authorizeAct(ctx, { roles: ['auditor', 'service'] });
  const audit = await requireAudit(act.world, auditId);
  const { role, subject, mspId } = act.caller;
  const isOpener = role === 'auditor' ? audit.auditor === subject : audit.auditorMspId === mspId;
  if (!isOpener)
    throw new ContractError(
      'NOT_ALLOWED',
      'only the auditor who opened the audit, or the service of their organisation, reveals its nonce',
    );
  requireNow(act, audit, 'contributed', audit.revealBy);
  const nonceA = fromHex(digest(nonce, 'nA'));
  if (auditCommitment(nonceA) !== audit.commitment)
    throw new ContractError('NONCE_DIFFERS', 'nA is not the nonce that the audit was opened with');
  const file = await fileOf(act.world, audit);
  const { seed } = makeAuditChallenge({
    parameters: await readAuditParameters(file.parameters),
    tag: file.tag,
    auditId: audit.auditId,
    nonceA,
    nonceB: fromHex(present(audit.contribution)),
  });
  return store(act, { ...audit, revealed: nonce, seed, status: 'revealed' });
};

/**
 * By the service of the record's hospital. Whatever comes as the one proof has a verdict, which every endorser computes;
 * of a sanitised file the replaced set comes along, and must be the tag's. An empty one says that the hospital has none.
 */
export const prove = async (ctx: Context, auditId: string, proof: string): Promise<AuditEntry> => {
  const act = await authorizeAct(ctx, { roles: ['service'], organization: 'hospital' });
  const { world, caller, transient, channel } = act;
  const audit = await requireAudit(world, auditId);
  if (audit.hospital !== caller.mspId)
    throw new ContractError('NOT_ALLOWED', "only the record's own hospital proves");
  requireNow(act, audit, 'revealed', audit.proveBy);
  if (proof === '') return closeUnproven(act, audit, 'failed', 'no proof');
  const file = await fileOf(world, audit);
  const read = readProof(proof, decodeTag(file.tag).sectorsPerBlock);
  const verdict = await verdictOn({
    parameters: file.parameters,
    identity: signerOf(channel, file.entry, file.blinded.keyEpoch),
    tag: file.blinded.tags[audit.kind],
    challenge: { auditId: audit.auditId, seed: present(audit.seed), size: audit.size },
    replacedSet:
      audit.kind === 'sealed' ? EMPTY_REPLACED_SET : (transient.bytes('replacedSet') ?? new Uint8Array()),
    proof: read ?? new Uint8Array(),
  });
  if (verdict.verdict === 'intact') {
    const place = newestFirst(act.at);
    await world.put(
      worldKeys.auditProven(audit.recordId, audit.version, audit.kind, place, audit.auditId),
      {},
    );
  }
  return close(
    act,
    { ...audit, proof: read === undefined ? null : proof },
    verdict.verdict,
    reasonOf(verdict),
  );
};

/** By any service, once somebody has let their time go by: closes the audit. */
export const expire = async (ctx: Context, auditId: string): Promise<AuditEntry> => {
  const act = await authorizeAct(ctx, { roles: ['service'] });
  const audit = await requireAudit(act.world, auditId);
  const { by, status, reason } = awaited(audit);
  if (act.at <= by) throw new ContractError('AUDIT_NOT_OVERDUE', `there is time until ${by}`);
  return closeUnproven(act, audit, status, reason);
};

/** Whoever erases what a patient had stored is not to be found without it. */
const closeUnproven = async (
  act: Act,
  audit: AuditEntry,
  status: AuditStatus,
  reason: AuditReason,
): Promise<AuditEntry> => {
  const { ledgerId } = await requireEntry(act.world, audit.recordId, audit.version);
  const owner = await requirePatient(act.world, ledgerId);
  const isErased = owner.status === 'erasing' || owner.status === 'erased';
  return isErased ? close(act, audit, 'aborted', 'erased') : close(act, audit, status, reason);
};

/** @throws ContractError AUDIT_NOT_FOUND */
export const requireAudit = async (world: WorldReader, auditId: string): Promise<AuditEntry> =>
  world.require(worldKeys.audit(digest(auditId, 'auditId')), 'AUDIT_NOT_FOUND', 'no audit of that auditId');

interface Awaited {
  by: string;
  status: 'aborted' | 'failed';
  reason: AuditReason;
}

/** What an open audit waits for, and what it is when that does not come. */
const awaited = (audit: AuditEntry): Awaited => {
  switch (audit.status) {
    case 'opened':
      return { by: audit.contributeBy, status: 'aborted', reason: 'no contribution' };
    case 'contributed':
      return { by: audit.revealBy, status: 'aborted', reason: 'no reveal' };
    case 'revealed':
      return { by: audit.proveBy, status: 'failed', reason: 'no proof' };
    default:
      return refuseStatus(audit);
  }
};

const requireNow = ({ at }: Act, audit: AuditEntry, status: AuditStatus, by: string): void => {
  if (audit.status !== status) refuseStatus(audit);
  if (at > by) throw new ContractError('AUDIT_OVERDUE', `the time for this was until ${by}`);
};

const refuseStatus = ({ status }: AuditEntry): never => {
  throw new ContractError('AUDIT_STATUS', `the audit is ${status}`);
};

const store = ({ world }: Act, audit: AuditEntry): Promise<AuditEntry> =>
  world.put(worldKeys.audit(audit.auditId), audit);

const close = (
  act: Act,
  audit: AuditEntry,
  status: AuditStatus,
  reason: AuditReason | null,
): Promise<AuditEntry> => store(act, { ...audit, status, reason, closedAt: act.at });

const reasonOf = (verdict: AuditVerdict): AuditReason | null =>
  verdict.verdict === 'intact' ? null : verdict.reason;

/** A proof's bytes; undefined for what is not base64, or longer than a proof. */
const readProof = (proof: string, sectorsPerBlock: number): Uint8Array | undefined => {
  try {
    const bytes = fromBase64(base64(auditProofBytes(sectorsPerBlock))(proof, 'proof'));
    return bytes.length === auditProofBytes(sectorsPerBlock) ? bytes : undefined;
  } catch {
    return undefined;
  }
};

const requireEntry = (world: WorldReader, recordId: string, version: number): Promise<RecordEntry> =>
  world.require(
    worldKeys.recordVersion(recordId, version),
    'RECORD_NOT_FOUND',
    'no entry of that recordId and version',
  );

/** Only what is chained stays as it is. */
const requireChained = async (
  world: WorldReader,
  recordId: string,
  version: string,
): Promise<RecordEntry> => {
  const wanted = parseInteger(version, versionCheck, 'version');
  const entry = await requireEntry(world, id(recordId, 'recordId'), wanted);
  if (entry.status !== 'chained')
    throw new ContractError(
      'RECORD_STATUS',
      `the entry is ${entry.status}: it is audited once it is chained`,
    );
  return entry;
};

interface AuditedFile {
  entry: RecordEntry;
  kind: AuditedKind;
  blinded: BlindedPart;
  tag: Uint8Array;
  /** Base64 of the encoded parameters that the file was signed under. */
  parameters: string;
}

const auditedFile = async (
  world: WorldReader,
  entry: RecordEntry,
  kind: AuditedKind,
): Promise<AuditedFile> => {
  const blinded = entry.integrity?.blinded ?? null;
  if (blinded === null)
    throw new ContractError(
      'RECORD_STATUS',
      'the entry was made without the integrity steps: it has no tags',
    );
  const { parameters } = await requireParameters(world, blinded.parametersVersion);
  return { entry, kind, blinded, tag: fromBase64(blinded.tags[kind]), parameters };
};

const fileOf = async (world: WorldReader, { recordId, version, kind }: AuditEntry): Promise<AuditedFile> =>
  auditedFile(world, await requireEntry(world, recordId, version), kind);

/** A part that the audit's status says is there. */
const present = (part: string | null): string => {
  if (part === null)
    throw new ContractError('INTERNAL', 'the audit lacks a part that its status says it has');
  return part;
};
