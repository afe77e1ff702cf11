import { commit, newSalt, toHex } from '@medseal/crypto';
import type { PatientCommitments } from '@medseal/chaincode';

export interface Guardian {
  name: string;
  relationship: string;
  contactNo: string | null;
}

/** A patient's personal data; `null` is "not given". */
export interface Demographics {
  name: string;
  birthDate: string | null;
  gender: string | null;
  contactNo: string | null;
  email: string | null;
  address: string | null;
  guardian: Guardian | null;
  doctorId: string | null;
}

export const GROUPS = ['identity', 'contact', 'guardian', 'care'] as const;
export type Group = (typeof GROUPS)[number];

/** A group as it is sealed: its fields and the salt of its public commitment. */
export interface SaltedGroup {
  fields: Record<string, unknown>;
  /** Hex of 32 bytes. */
  salt: string;
}

const FIELDS: Record<Group, readonly (keyof Demographics)[]> = {
  identity: ['name', 'birthDate', 'gender'],
  contact: ['contactNo', 'email', 'address'],
  guardian: ['guardian'],
  care: ['doctorId'],
};

/** The fields of one group; a consent hands groups over whole, so each has a commitment of its own. */
export const groupFields = (demographics: Demographics, group: Group): Record<string, unknown> =>
  Object.fromEntries(FIELDS[group].map((field) => [field, demographics[field] ?? null]));

/** Every group with a fresh salt. */
export const saltGroups = (demographics: Demographics): Record<Group, SaltedGroup> =>
  Object.fromEntries(
    GROUPS.map((group) => [group, { fields: groupFields(demographics, group), salt: toHex(newSalt()) }]),
  ) as Record<Group, SaltedGroup>;

export const groupCommitment = ({ fields, salt }: SaltedGroup): string =>
  commit(fields, Buffer.from(salt, 'hex'));

/** The public commitments of the four groups. */
export const groupCommitments = (groups: Record<Group, SaltedGroup>): Omit<PatientCommitments, 'number'> => ({
  identity: groupCommitment(groups.identity),
  contact: groupCommitment(groups.contact),
  guardian: groupCommitment(groups.guardian),
  care: groupCommitment(groups.care),
});

/** Puts opened groups together again; a group that is not held leaves its fields `null`. */
export function joinGroups(groups: Partial<Record<Group, SaltedGroup>>): Demographics {
  const demographics = Object.assign(
    {},
    ...GROUPS.map((group) => groups[group]?.fields ?? {}),
  ) as Partial<Demographics>;
  return {
    name: demographics.name ?? '',
    birthDate: demographics.birthDate ?? null,
    gender: demographics.gender ?? null,
    contactNo: demographics.contactNo ?? null,
    email: demographics.email ?? null,
    address: demographics.address ?? null,
    guardian: demographics.guardian ?? null,
    doctorId: demographics.doctorId ?? null,
  };
}
