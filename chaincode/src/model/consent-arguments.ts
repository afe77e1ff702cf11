import { MAX_AGENTS, MIN_THRESHOLD, SEALED_SHARE_BYTES } from '@medseal/crypto';
import {
  type CareTeamKind,
  type ConsentAgent,
  type ConsentScope,
  type ConsentTerms,
  type DepositedShares,
  type Grantee,
  PURPOSES,
  type SelectorOpening,
} from './consent-entries.js';
import {
  base64,
  type Check,
  day,
  digest,
  hex,
  id,
  instant,
  integer,
  listOf,
  mspId,
  nullable,
  object,
  oneOf,
  optional,
  refuseArgument,
  subject,
  text,
  version,
} from './validation.js';

/** The JSON arguments and transient fields of consents, each with exactly its fields. */

const MAX_SCOPES = 16;
const MAX_MEMBERS = 64;
const MAX_RECORD_TYPES = 32;
const MAX_PURGED = 200;

/** Compressed points; whether they are in their group is checked by the contract. */
export const g1Point = hex(96);
export const g2Point = hex(192);
export const keyProof = hex(128);

export interface CareTeamArgument {
  teamId: string;
  kind: CareTeamKind;
  publicKey: string;
  proof: string;
  epoch: number;
  members: string[];
}

const careTeamFields = object({
  teamId: id,
  kind: oneOf('treating', 'duty', 'named'),
  publicKey: g2Point,
  proof: keyProof,
  epoch: version,
  members: listOf(subject, 0, MAX_MEMBERS, (member) => member),
});

export const careTeamArgument: Check<CareTeamArgument> = (value, path) => {
  const team = careTeamFields(value, path);
  if ((team.kind === 'named') === team.members.length > 0) return team;
  return refuseArgument(`${path}.members`, 'must name the members of a named team, and of no other');
};

export interface GrantArgument {
  consentId: string;
  /** The request that this answers. */
  requestId: string | null;
  grantee: Grantee;
  scopes: ConsentScope[];
  agents: ConsentAgent[];
  threshold: number;
  expiresAt: string;
  termsCommitment: string;
  termsId?: string;
}

const grantFields: Check<GrantArgument> = object({
  consentId: id,
  requestId: nullable(id),
  grantee: object({
    kind: oneOf('person', 'guardian', 'careTeam', 'emergency'),
    id: subject,
    mspId,
    publicKey: g2Point,
    certificateHash: digest,
    epoch: version,
  }),
  scopes: listOf(
    object({
      scopeId: id,
      epoch: version,
      publicKey: g1Point,
      points: listOf(g1Point, MIN_THRESHOLD, MAX_AGENTS, (point) => point),
      shareDigests: listOf(digest, MIN_THRESHOLD, MAX_AGENTS, (shareDigest) => shareDigest),
    }),
    1,
    MAX_SCOPES,
    (scope) => scope.scopeId,
  ),
  agents: listOf(object({ mspId, publicKey: digest }), MIN_THRESHOLD, MAX_AGENTS, (agent) => agent.mspId),
  threshold: integer(MIN_THRESHOLD, MAX_AGENTS),
  expiresAt: instant,
  termsCommitment: digest,
  termsId: optional(id),
});

export const grantArgument: Check<GrantArgument> = (value, path) => {
  const grant = grantFields(value, path);
  const { agents, scopes, threshold } = grant;
  // An MSP id is ASCII: the order of UTF-16 units is that of bytes.
  if (agents.some((agent, at) => agent.mspId <= (agents[at - 1]?.mspId ?? ''))) {
    return refuseArgument(`${path}.agents`, 'must be in ascending order');
  }
  if (threshold > agents.length)
    return refuseArgument(`${path}.threshold`, 'must not exceed the number of agents');
  for (const [at, { points, shareDigests }] of scopes.entries()) {
    if (points.length !== agents.length || shareDigests.length !== agents.length) {
      return refuseArgument(`${path}.scopes[${at}]`, 'must have a point and a shareDigest for each agent');
    }
  }
  return grant;
};

export const depositedSharesArgument: Check<DepositedShares> = object({
  scopes: listOf(
    object({ scopeId: id, epoch: version, sealedShare: base64(SEALED_SHARE_BYTES) }),
    1,
    MAX_SCOPES,
    (scope) => scope.scopeId,
  ),
});

export const shareAnswer = oneOf('accepted', 'complained');
export const shareComplaint = oneOf('doesNotOpen', 'doesNotFit');

const salt = digest;

export const termsArgument: Check<ConsentTerms> = object({
  purpose: oneOf(...PURPOSES),
  recordTypes: listOf(text(64), 1, MAX_RECORD_TYPES, (type) => type),
  dateRange: object({ from: day, to: day }),
  dataEraseAt: instant,
  salt,
});

export const selectorArgument: Check<SelectorOpening> = object({
  date: day,
  recordType: text(64),
  scope: text(64),
  salt,
});

export const idsArgument: Check<string[]> = listOf(id, 1, MAX_PURGED, (one) => one);

export const granteeArgument: Check<{ kind: Grantee['kind']; id: string }> = object({
  kind: oneOf('person', 'careTeam'),
  id: subject,
});
