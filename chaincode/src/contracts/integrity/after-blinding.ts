import { decodeTag, fromBase64, signedFileBytes } from '@medseal/crypto';
import type { Context } from 'fabric-contract-api';
import { ContractError } from '../../errors.js';
import { authorizeAct } from '../../ledger/authorization.js';
import type { RecordEntry } from '../../model/entries.js';
import {
  attestArgument,
  returnArgument,
  sanitizeArgument,
  uploadArgument,
} from '../../model/integrity-arguments.js';
import type { BlindedPart, ObjectReference } from '../../model/integrity-entries.js';
import { parseJson } from '../../model/validation.js';
import { requireResearchChoice } from './blinding.js';
import { partOf, requireRound, requireStepped, storeReturn, storeStep } from './record-round.js';

/** By the named sanitiser, who has checked every authenticator and made the bytes that the cloud is to hold. */
export const sanitize = async (ctx: Context, businessId: string, json: string): Promise<RecordEntry> => {
  const act = await authorizeAct(ctx, { roles: ['sanitizer'], organization: 'hospital' });
  await act.once(businessId);
  const wanted = parseJson(json, sanitizeArgument, 'sanitize');
  const entry = await requireStepped(act, wanted, ['blinded']);
  requireNamed(act.caller.subject, [entry.panel.sanitizer], 'sanitiser');
  const integrity = requireRound(entry, wanted);
  const lengths = lengthsOf(partOf(integrity.blinded));
  requireLength(wanted.object, lengths.object, 'object');
  requireLength(wanted.signedFile, lengths.signedFile, 'signedFile');
  return storeStep(act, entry, 'sanitized', {
    ...integrity,
    sanitized: { by: act.caller.subject, object: wanted.object, signedFile: wanted.signedFile },
  });
};

/** By the named sanitiser: the package is no good, and is blinded anew. */
export const returnPackage = async (ctx: Context, businessId: string, json: string): Promise<RecordEntry> => {
  const act = await authorizeAct(ctx, { roles: ['sanitizer'], organization: 'hospital' });
  await act.once(businessId);
  const wanted = parseJson(json, returnArgument, 'return');
  const entry = await requireStepped(act, wanted, ['blinded']);
  requireNamed(act.caller.subject, [entry.panel.sanitizer], 'sanitiser');
  const integrity = requireRound(entry, wanted);
  return storeReturn(act, entry, integrity, { step: 'sanitize', reasonCode: wanted.reasonCode });
};

/** By the author or the hospital's service: the objects are in the cloud, read back and compared. */
export const upload = async (ctx: Context, businessId: string, json: string): Promise<RecordEntry> => {
  const act = await authorizeAct(ctx, { roles: ['doctor', 'service'], organization: 'hospital' });
  await act.once(businessId);
  const wanted = parseJson(json, uploadArgument, 'upload');
  const entry = await requireStepped(act, wanted, ['sanitized']);
  const { role, subject } = act.caller;
  if (role !== 'service' && entry.author !== subject)
    throw new ContractError('NOT_ALLOWED', "only the author or the hospital's service uploads a record");
  const integrity = requireRound(entry, wanted);
  const [blinded, sanitized] = [partOf(integrity.blinded), partOf(integrity.sanitized)];
  await requireResearchChoice(act, entry.ledgerId, blinded.profile);
  requireSame(wanted.object, sanitized.object, 'object');
  requireSame(wanted.signedFile, sanitized.signedFile, 'signedFile');
  requireLength(wanted.sealedSignedFile, lengthsOf(blinded).sealedSignedFile, 'sealedSignedFile');
  return storeStep(act, entry, 'uploaded', {
    ...integrity,
    uploaded: {
      by: role === 'service' ? '' : subject,
      sealedSignedFile: wanted.sealedSignedFile,
    },
  });
};

/** By each named verifier, once a round: approves what was uploaded, or gives it back to be blinded anew. */
export const attest = async (ctx: Context, businessId: string, json: string): Promise<RecordEntry> => {
  const act = await authorizeAct(ctx, { roles: ['verifier'], organization: 'hospital' });
  await act.once(businessId);
  const wanted = parseJson(json, attestArgument, 'attest');
  const entry = await requireStepped(act, wanted, ['uploaded', 'attested']);
  const { panel } = entry;
  const verifier = act.caller.subject;
  requireNamed(verifier, panel.verifiers, 'verifier');
  const integrity = requireRound(entry, wanted);
  if (wanted.reasonCode !== null)
    return storeReturn(act, entry, integrity, { step: 'attest', reasonCode: wanted.reasonCode });
  if (integrity.attestations.some((known) => known.verifier === verifier))
    throw new ContractError('ALREADY_ATTESTED', 'this verifier has approved this round');
  const attestations = [
    ...integrity.attestations,
    { verifier, at: act.at, transactionId: act.transactionId },
  ];
  const isEnough = attestations.length >= panel.threshold;
  return storeStep(act, entry, isEnough ? 'attested' : 'uploaded', { ...integrity, attestations });
};

const requireNamed = (subject: string, named: readonly string[], what: string): void => {
  if (!named.includes(subject))
    throw new ContractError('NOT_ON_PANEL', `the caller is no ${what} that the record names`);
};

/** How long each object must be: tags and coverage fix it. */
const lengthsOf = ({
  tags,
  coverage,
}: BlindedPart): Record<'object' | 'signedFile' | 'sealedSignedFile', number> => {
  const sealed = decodeTag(fromBase64(tags.sealed));
  const sanitised = decodeTag(fromBase64(tags.sanitized));
  return {
    object: sanitised.byteLength,
    signedFile: signedFileBytes(sanitised.blocks, coverage.replacedSectors),
    sealedSignedFile: signedFileBytes(sealed.blocks, 0),
  };
};

const requireLength = ({ bytes }: ObjectReference, length: number, what: string): void => {
  if (bytes !== length)
    throw new ContractError('OBJECT_DIFFERS', `${what} must have the ${length} bytes that the tag says`);
};

const requireSame = (given: ObjectReference, made: ObjectReference, what: string): void => {
  if (given.digest !== made.digest || given.bytes !== made.bytes)
    throw new ContractError('OBJECT_DIFFERS', `${what} is not the one that the sanitiser made`);
};
