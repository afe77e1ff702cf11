import type { Context } from 'fabric-contract-api';
import type { ChaincodeStub } from 'fabric-shim-api';
import { ContractError } from '../errors.js';
import type { OrganizationEntry, Role, StaffEntry } from '../model/entries.js';
import { instantOf } from '../model/instants.js';
import { digest, id, subject } from '../model/validation.js';
import { singleCertificate } from './certificates.js';
import { refuseStaleProposal } from './freshness.js';
import { worldKeys } from './keys.js';
import { refuseErased } from './patient-status.js';
import { OwnPrivateValues, PrivateHashes, Transient } from './private-values.js';
import { WorldReader, WorldState } from './store.js';
import { subjectKeyDigest } from './subject-key.js';

/** Who signed the proposal, from the certificate alone. */
export interface Caller {
  mspId: string;
  role: Role;
  /** Staff id or ledgerId; '' for a service without one. */
  subject: string;
  /** PEM. */
  certificate: string;
}

/** Who may call a function. What is not named is refused. */
export interface Rule {
  roles: readonly Role[];
  /** The kind the caller's organisation must have. */
  organization?: OrganizationEntry['kind'];
  /** Also before the organisation is admitted, as at the start of a network. */
  beforeAdmission?: boolean;
  /** Also while the ministry has suspended the organisation: it must be able to erase. */
  whileSuspended?: boolean;
  /** Also for a patient who was deleted. */
  whileDeleted?: boolean;
}

/** What an authorised query may touch. */
export interface Query {
  caller: Caller;
  organization: OrganizationEntry | undefined;
  channel: string;
  /** The proposal's own timestamp, RFC 3339 in UTC with milliseconds. */
  at: string;
  world: WorldReader;
  hashes: PrivateHashes;
}

/** A query whose answer depends on the time, or on what only the endorser is told. */
export interface FreshQuery extends Query {
  transient: Transient;
}

/** What an authorised act may touch besides. */
export interface Act extends Query {
  world: WorldState;
  transactionId: string;
  transient: Transient;
  /** Marks the act as done; refuses a second one with that business id. */
  once(businessId: string): Promise<void>;
  /** The same refusal, without marking: for private steps. */
  refuseDone(businessId: string): Promise<void>;
}

/** An act or query that touches the caller's own private values, on the caller's own organisation's peer. */
export type WithPrivateValues<T> = T & { own: OwnPrivateValues };

export const EVERYONE: readonly Role[] = [
  'system-manager',
  'hospital-admin',
  'doctor',
  'verifier',
  'sanitizer',
  'auditor',
  'researcher',
  'patient',
  'service',
];

export const STAFF: readonly Role[] = EVERYONE.filter((role) => role !== 'patient' && role !== 'service');

/** A hospital has no system manager, the ministry no treating staff and no patients. */
export const ROLES_BY_KIND: Readonly<Record<OrganizationEntry['kind'], readonly Role[]>> = {
  ministry: ['system-manager', 'auditor', 'researcher', 'service'],
  hospital: EVERYONE.filter((role) => role !== 'system-manager'),
};

/** May act before they have a staff entry: somebody must make the first. A suspended entry refuses them all the same. */
const BOOTSTRAP: readonly Role[] = ['system-manager', 'hospital-admin'];

/** Begins every function that only reads. */
export const authorizeQuery = async (ctx: Context, rule: Rule): Promise<Query> => {
  const world = new WorldReader(ctx.stub);
  return { ...(await authorize(ctx, world, rule, 'query')), world };
};

/** Begins an evaluate function that a proposal kept for later must not reach. */
export const authorizeFreshQuery = async (ctx: Context, rule: Rule): Promise<FreshQuery> => {
  refuseStaleProposal(timestampMs(ctx.stub));
  return { ...(await authorizeQuery(ctx, rule)), transient: new Transient(ctx.stub) };
};

/** Begins every function that writes. */
export const authorizeAct = async (ctx: Context, rule: Rule): Promise<Act> => {
  refuseStaleProposal(timestampMs(ctx.stub));
  const world = new WorldState(ctx.stub);
  const authorized = await authorize(ctx, world, rule, 'act');
  const { caller } = authorized;
  const refuseDone = async (businessId: string): Promise<void> => {
    const done = await world.get(worldKeys.business(caller.mspId, digest(businessId, 'businessId')));
    if (done !== undefined)
      throw new ContractError('ALREADY_DONE', `done by transaction ${done.transactionId}`);
  };
  return {
    ...authorized,
    world,
    transactionId: ctx.stub.getTxID(),
    transient: new Transient(ctx.stub),
    refuseDone,
    once: async (businessId) => {
      await refuseDone(businessId);
      await world.put(worldKeys.business(caller.mspId, businessId), { transactionId: ctx.stub.getTxID() });
    },
  };
};

/**
 * Adds the caller's own private values. An implicit collection stops neither reads nor purges by a foreign client, so
 * the peer asked must be of the caller's organisation.
 */
export const onOwnPeer = <T extends Query>(ctx: Context, authorized: T): WithPrivateValues<T> => {
  const { mspId } = authorized.caller;
  if (ctx.stub.getMspID() !== mspId) {
    throw new ContractError('WRONG_PEER', `private values of ${mspId} are only touched on its own peer`);
  }
  return { ...authorized, own: new OwnPrivateValues(ctx.stub, mspId) };
};

const authorize = async (
  ctx: Context,
  world: WorldReader,
  rule: Rule,
  kind: 'query' | 'act',
): Promise<Omit<Query, 'world'>> => {
  const caller = callerOf(ctx);
  if (!rule.roles.includes(caller.role)) {
    throw new ContractError('NOT_ALLOWED', `role ${caller.role} may not call this function`);
  }
  const organization = await world.get(worldKeys.organization(caller.mspId));
  checkOrganization(organization, caller, rule);
  if (caller.role === 'patient') await checkPatient(world, caller, rule, kind);
  else if (caller.role !== 'service') await checkStaff(world, caller);
  return {
    caller,
    organization,
    channel: ctx.stub.getChannelID(),
    at: instantOf(timestampMs(ctx.stub)),
    hashes: new PrivateHashes(ctx.stub),
  };
};

/** @throws ContractError NOT_ALLOWED for a certificate without role or subject */
export const callerOf = ({ clientIdentity }: Context): Caller => {
  const certificate = singleCertificate(clientIdentity.getIDBytes());
  const role = EVERYONE.find((known) => known === clientIdentity.getAttributeValue('medseal.role'));
  if (role === undefined) {
    throw new ContractError('NOT_ALLOWED', 'the certificate has no known medseal.role: enrol with one');
  }
  const mspId = clientIdentity.getMSPID();
  const named = clientIdentity.getAttributeValue('medseal.subject');
  if (role === 'service') return { mspId, role, subject: named ?? '', certificate };
  const wellFormed = role === 'patient' ? id : subject;
  try {
    return { mspId, role, subject: wellFormed(named, 'medseal.subject'), certificate };
  } catch {
    throw new ContractError('NOT_ALLOWED', 'the certificate has no usable medseal.subject: enrol with one');
  }
};

/** A suspended organisation keeps none of its patients from their own records. */
const checkOrganization = (organization: OrganizationEntry | undefined, caller: Caller, rule: Rule): void => {
  if (organization === undefined) {
    if (rule.beforeAdmission === true) return;
    throw new ContractError(
      'ORGANIZATION_NOT_FOUND',
      `${caller.mspId} is not admitted: the ministry admits it`,
    );
  }
  if (organization.status !== 'active' && caller.role !== 'patient' && rule.whileSuspended !== true) {
    throw new ContractError('ORGANIZATION_SUSPENDED', `${caller.mspId} is suspended by the ministry`);
  }
  if (!ROLES_BY_KIND[organization.kind].includes(caller.role)) {
    throw new ContractError('NOT_ALLOWED', `a ${organization.kind} has no ${caller.role}`);
  }
  if (rule.organization !== undefined && organization.kind !== rule.organization) {
    throw new ContractError('NOT_ALLOWED', `only a ${rule.organization}'s staff may call this function`);
  }
};

const checkStaff = async (world: WorldReader, caller: Caller): Promise<void> => {
  const entry = await world.get<StaffEntry>(worldKeys.staff(caller.subject));
  if (entry === undefined) {
    if (BOOTSTRAP.includes(caller.role)) return;
    throw new ContractError(
      'STAFF_NOT_FOUND',
      'the caller is not on the staff of an organisation: register the staff id',
    );
  }
  // An organisation's certification authority could name any subject; the ledger says whose staff it is.
  if (entry.mspId !== caller.mspId || entry.role !== caller.role) {
    throw new ContractError(
      'NOT_ALLOWED',
      "the certificate's organisation and role are not those of the staff entry",
    );
  }
  if (entry.status === 'suspended') throw new ContractError('STAFF_SUSPENDED', 'the caller is suspended');
  if (entry.status === 'revoked') throw new ContractError('STAFF_REVOKED', 'the caller is revoked');
};

const checkPatient = async (
  world: WorldReader,
  caller: Caller,
  rule: Rule,
  kind: 'query' | 'act',
): Promise<void> => {
  const entry = await world.require(
    worldKeys.patient(caller.subject),
    'PATIENT_NOT_FOUND',
    'the caller is not registered as a patient',
  );
  if (entry.homeMsp !== caller.mspId) {
    throw new ContractError('NOT_ALLOWED', "the certificate is not of the patient's home hospital");
  }
  // The home hospital's authority could issue more certificates for the subject: since the activation the key counts.
  if (entry.deviceKey !== null && entry.deviceKey !== subjectKeyDigest(caller.certificate)) {
    throw new ContractError(
      'DEVICE_KEY_DIFFERS',
      "the certificate is not for the key that the patient was activated with: sign on the patient's device",
    );
  }
  if (kind === 'act' && entry.status === 'deleted' && rule.whileDeleted !== true) {
    throw new ContractError('PATIENT_DELETED', 'the patient was deleted');
  }
  if (kind === 'act') refuseErased(entry);
};

/** Of the proposal, in milliseconds since the epoch. */
export const timestampMs = (stub: ChaincodeStub): number => {
  const { seconds, nanos } = stub.getTxTimestamp();
  return Number(seconds) * 1000 + Math.floor(nanos / 1_000_000);
};
