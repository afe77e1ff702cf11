import { canonicalJson, utf8, utf8Decode } from '@medseal/crypto';
import type { Context } from 'fabric-contract-api';
import { ContractError } from '../errors.js';
import {
  type Act,
  authorizeAct,
  authorizeQuery,
  EVERYONE,
  onOwnPeer,
  ROLES_BY_KIND,
  STAFF,
} from '../ledger/authorization.js';
import { liftEmergencySuspension } from '../ledger/emergency-suspensions.js';
import { requireNextEpoch } from '../ledger/epochs.js';
import { privateKeys, STAFF_COLLECTION, worldKeys } from '../ledger/keys.js';
import { staffArgument, staffDetailsArgument, staffStatus } from '../model/arguments.js';
import type { ReceivingKeyEntry, Role, StaffDetails, StaffEntry, StaffPublic } from '../model/entries.js';
import {
  digest,
  mspId as mspIdArgument,
  parseInteger,
  parseJson,
  refuseArgument,
  subject as subjectArgument,
  version,
} from '../model/validation.js';

const ADMINISTRATORS: readonly Role[] = ['hospital-admin', 'system-manager'];

/** Private step: details for the hospitals, and the announcement of the public entry. */
export const putStaffPrivate = async (ctx: Context, businessId: string): Promise<{ announced: string }> => {
  const act = onOwnPeer(ctx, await authorizeAct(ctx, { roles: ADMINISTRATORS }));
  await act.refuseDone(businessId);
  const { value: entry, json } = act.transient.json('entry', staffArgument);
  await checkStaffEntry(act, entry);
  if (await act.own.announce(businessId, json)) await writeDetails(ctx, act, entry);
  return { announced: businessId };
};

/** The ministry's peer holds no staff details, so its own staff have none. */
const writeDetails = async (ctx: Context, act: Act, entry: StaffPublic): Promise<void> => {
  if (act.transient.bytes('details') === undefined) return;
  if (act.organization?.kind !== 'hospital') {
    return refuseArgument('transient details', 'are kept by hospitals only: leave them out');
  }
  const { value: details } = act.transient.json('details', staffDetailsArgument);
  const key = privateKeys.staffDetails(entry.mspId, entry.staffId);
  await ctx.stub.putPrivateData(STAFF_COLLECTION, key, utf8(canonicalJson(details)));
};

export const putStaff = async (ctx: Context, businessId: string, json: string): Promise<StaffEntry> => {
  const act = await authorizeAct(ctx, { roles: [...ADMINISTRATORS, 'service'] });
  await act.once(businessId);
  const entry = parseJson(json, staffArgument, 'staff');
  await checkStaffEntry(act, entry);
  await act.hashes.requirePending(entry.mspId, businessId, json);
  return act.world.put(worldKeys.staff(entry.staffId), entry);
};

const checkStaffEntry = async (act: Act, entry: StaffPublic): Promise<void> => {
  if (entry.mspId !== act.caller.mspId) {
    throw new ContractError('NOT_ALLOWED', 'an organisation registers its own staff only');
  }
  const kind = act.organization?.kind ?? 'hospital';
  if (!ROLES_BY_KIND[kind].includes(entry.role)) refuseArgument('staff.role', `cannot be given by a ${kind}`);
  const current = await act.world.get(worldKeys.staff(entry.staffId));
  if (current !== undefined && (current.mspId !== entry.mspId || current.role !== entry.role)) {
    refuseArgument('staff', 'must keep the organisation and role of its staff id: register another id');
  }
  requireNextVersion(current, entry.version);
  if (current?.status === 'revoked' && entry.status !== 'revoked') {
    throw new ContractError('STAFF_REVOKED', 'revocation is for good: register another staff id');
  }
};

const requireNextVersion = (current: StaffEntry | undefined, offered: number): void => {
  const next = (current?.version ?? 0) + 1;
  if (offered !== next) {
    throw new ContractError(
      'VERSION_CONFLICT',
      `the next version of this staff entry is ${next}: read it again`,
    );
  }
};

/** Access of the person begins or ends with this commit. */
export const setStaffStatus = async (ctx: Context, staffId: string, status: string): Promise<StaffEntry> => {
  const act = await authorizeAct(ctx, { roles: ADMINISTRATORS });
  const { world, caller } = act;
  const key = worldKeys.staff(subjectArgument(staffId, 'staffId'));
  const checked = staffStatus(status, 'status');
  const entry = await world.require(key, 'STAFF_NOT_FOUND', 'no staff entry of that id');
  if (entry.mspId !== caller.mspId) {
    throw new ContractError('NOT_ALLOWED', 'an organisation decides about its own staff only');
  }
  if (entry.status === 'revoked' && checked !== 'revoked') {
    throw new ContractError('STAFF_REVOKED', 'revocation is for good: register another staff id');
  }
  if (entry.status === 'suspended' && checked === 'active') await liftEmergencySuspension(act, staffId);
  return world.put(key, { ...entry, status: checked, version: entry.version + 1 });
};

/** The signature of the certificate's holder on this transaction is the proof of possession (cryptography.md T10). */
export const registerReceivingKey = async (
  ctx: Context,
  publicKey: string,
  epoch: string,
): Promise<ReceivingKeyEntry> => {
  const { world, caller } = await authorizeAct(ctx, { roles: STAFF });
  const key = worldKeys.receivingKey(caller.subject);
  const entry = {
    subject: caller.subject,
    mspId: caller.mspId,
    publicKey: usableKey(digest(publicKey, 'publicKey')),
    epoch: parseInteger(epoch, version, 'epoch'),
  };
  const current = await world.get(key);
  if (current !== undefined && current.mspId !== caller.mspId) {
    throw new ContractError('NOT_ALLOWED', 'this subject is registered by another organisation');
  }
  if ((await world.get(worldKeys.patient(caller.subject))) !== undefined) {
    throw new ContractError('NOT_ALLOWED', "a patient's receiving key is registered by the patient");
  }
  requireNextEpoch(current?.epoch, entry.epoch);
  return world.put(key, entry);
};

/** X25519 with the zero key gives the same secret to everybody. */
export const usableKey = (publicKey: string): string =>
  /^0+$/.test(publicKey) ? refuseArgument('publicKey', 'must not be zero') : publicKey;

export const getStaff = async (ctx: Context, staffId: string): Promise<StaffEntry | null> => {
  const { world } = await authorizeQuery(ctx, { roles: EVERYONE, beforeAdmission: true });
  return (await world.get(worldKeys.staff(subjectArgument(staffId, 'staffId')))) ?? null;
};

export const getReceivingKey = async (ctx: Context, subject: string): Promise<ReceivingKeyEntry | null> => {
  const { world } = await authorizeQuery(ctx, { roles: EVERYONE });
  return (await world.get(worldKeys.receivingKey(subjectArgument(subject, 'subject')))) ?? null;
};

/** Name, specialization and contact, on the peer of the caller's own hospital. */
export const getStaffDetails = async (
  ctx: Context,
  mspId: string,
  staffId: string,
): Promise<StaffDetails | null> => {
  onOwnPeer(ctx, await authorizeQuery(ctx, { roles: [...STAFF, 'service'], organization: 'hospital' }));
  const key = privateKeys.staffDetails(mspIdArgument(mspId, 'mspId'), subjectArgument(staffId, 'staffId'));
  const bytes = await ctx.stub.getPrivateData(STAFF_COLLECTION, key);
  return bytes.length === 0 ? null : (JSON.parse(utf8Decode(bytes)) as StaffDetails);
};
