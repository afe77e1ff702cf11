import type {
  CareTeamEntry,
  ConsentAnswerEntry,
  ConsentEntry,
  ConsentKeyEntry,
  OpeningComplaintEntry,
  ResearchChoiceEntry,
  ShareAnswerEntry,
} from '../model/consent-entries.js';
import type {
  EmergencyCaseEntry,
  EmergencyKeyEntry,
  EmergencySuspensionEntry,
} from '../model/emergency-entries.js';
import type {
  AuditEntry,
  AuditedKind,
  AuditParametersEntry,
  IdentityKeyEntry,
} from '../model/integrity-entries.js';
import type {
  BusinessEntry,
  ChainHead,
  IndexEntry,
  MinistryEntry,
  OrganizationCodeEntry,
  OrganizationEntry,
  OrganizationAuthoritiesEntry,
  OrganizationKeyEntry,
  OrganizationKeyKind,
  ParametersEntry,
  PatientEntry,
  ReceiptEntry,
  ReceivingKeyEntry,
  RecordEntry,
  RecordHead,
  StaffEntry,
} from '../model/entries.js';
import type { DataErasureEntry, ErasureAttestationEntry, ErasureEntry } from '../model/erasure-entries.js';

const SEPARATOR = '\u0000';

/** A composite key of the world state, typed by the entry it holds. `raw` is Fabric's form: NUL type NUL part NUL … */
export interface WorldKey<Entry> {
  readonly type: WorldKeyType;
  readonly parts: readonly string[];
  readonly raw: string;
  /** Only carries the type. */
  readonly entry?: Entry;
}

export const WORLD_KEY_TYPES = [
  'ministry',
  'organization',
  'organizationCode',
  'organizationKey',
  'organizationAuthorities',
  'parameters',
  'staff',
  'receivingKey',
  'patient',
  'record',
  'recordVersion',
  'patientRecord',
  'chain',
  'receipt',
  'receiptOf',
  'business',
  'consentKey',
  'careTeam',
  'consent',
  'consentOf',
  'consentTo',
  'consentAnswer',
  'shareAnswer',
  'sharePoint',
  'openingComplaint',
  'researchChoice',
  'erasure',
  'erasureAttestation',
  'dataErasure',
  'emergencyKey',
  'emergencyCase',
  'emergencyOf',
  'emergencySuspension',
  'auditParameters',
  'identityKey',
  'tagUse',
  'audit',
  'auditOf',
  'auditFor',
  'auditProven',
] as const;

export type WorldKeyType = (typeof WORLD_KEY_TYPES)[number];

/** Fabric's composite key, byte for byte what `stub.createCompositeKey` makes. */
const worldKey = <Entry>(type: WorldKeyType, ...parts: string[]): WorldKey<Entry> => ({
  type,
  parts,
  raw: SEPARATOR + [type, ...parts].map((part) => part + SEPARATOR).join(''),
});

/** Where a scan goes on behind the key of these parts. */
export const keyAfter = (type: WorldKeyType, parts: readonly string[]): string =>
  `${worldKey(type, ...parts).raw}${SEPARATOR}`;

/** Every key of the world state; no other key is ever written. */
export const worldKeys = {
  ministry: () => worldKey<MinistryEntry>('ministry'),
  organization: (mspId: string) => worldKey<OrganizationEntry>('organization', mspId),
  organizationCode: (code: string) => worldKey<OrganizationCodeEntry>('organizationCode', code),
  organizationKey: (mspId: string, kind: OrganizationKeyKind) =>
    worldKey<OrganizationKeyEntry>('organizationKey', mspId, kind),
  organizationAuthorities: (mspId: string) =>
    worldKey<OrganizationAuthoritiesEntry>('organizationAuthorities', mspId),
  parameters: () => worldKey<ParametersEntry>('parameters'),
  parametersOf: (policyVersion: number) => worldKey<ParametersEntry>('parameters', String(policyVersion)),
  staff: (staffId: string) => worldKey<StaffEntry>('staff', staffId),
  receivingKey: (subject: string) => worldKey<ReceivingKeyEntry>('receivingKey', subject),
  patient: (ledgerId: string) => worldKey<PatientEntry>('patient', ledgerId),
  record: (recordId: string) => worldKey<RecordHead>('record', recordId),
  recordVersion: (recordId: string, version: number) =>
    worldKey<RecordEntry>('recordVersion', recordId, String(version)),
  patientRecord: (ledgerId: string, recordId: string) =>
    worldKey<IndexEntry>('patientRecord', ledgerId, recordId),
  chain: (ledgerId: string) => worldKey<ChainHead>('chain', ledgerId),
  receipt: (receiptId: string) => worldKey<ReceiptEntry>('receipt', receiptId),
  receiptOf: (ledgerId: string, receiptId: string, recordId: string) =>
    worldKey<IndexEntry>('receiptOf', ledgerId, receiptId, recordId),
  /** An organisation's own ids: nobody else can use one up that they read in a block. */
  business: (mspId: string, businessId: string) => worldKey<BusinessEntry>('business', mspId, businessId),
  consentKey: (subject: string) => worldKey<ConsentKeyEntry>('consentKey', subject),
  careTeam: (teamId: string) => worldKey<CareTeamEntry>('careTeam', teamId),
  consent: (consentId: string) => worldKey<ConsentEntry>('consent', consentId),
  consentOf: (ledgerId: string, consentId: string) => worldKey<IndexEntry>('consentOf', ledgerId, consentId),
  consentTo: (granteeId: string, consentId: string) =>
    worldKey<IndexEntry>('consentTo', granteeId, consentId),
  consentAnswer: (requestId: string, ledgerId: string) =>
    worldKey<ConsentAnswerEntry>('consentAnswer', requestId, ledgerId),
  /** A key an agent, so that agents who answer at once never conflict. */
  shareAnswer: (consentId: string, mspId: string) =>
    worldKey<ShareAnswerEntry>('shareAnswer', consentId, mspId),
  sharePoint: (pointDigest: string) => worldKey<IndexEntry>('sharePoint', pointDigest),
  researchChoice: (ledgerId: string) => worldKey<ResearchChoiceEntry>('researchChoice', ledgerId),
  openingComplaint: (consentId: string, recordId: string, version: number) =>
    worldKey<OpeningComplaintEntry>('openingComplaint', consentId, recordId, String(version)),
  erasure: (ledgerId: string) => worldKey<ErasureEntry>('erasure', ledgerId),
  /** A key an organisation, so that those who attest at once conflict in the last one only. */
  erasureAttestation: (ledgerId: string, mspId: string) =>
    worldKey<ErasureAttestationEntry>('erasureAttestation', ledgerId, mspId),
  dataErasure: (consentId: string) => worldKey<DataErasureEntry>('dataErasure', consentId),
  emergencyKey: () => worldKey<EmergencyKeyEntry>('emergencyKey'),
  emergencyKeyOf: (keyDigest: string) => worldKey<EmergencyKeyEntry>('emergencyKey', keyDigest),
  emergencyCase: (emergencyId: string) => worldKey<EmergencyCaseEntry>('emergencyCase', emergencyId),
  emergencyOf: (ledgerId: string, emergencyId: string) =>
    worldKey<IndexEntry>('emergencyOf', ledgerId, emergencyId),
  emergencySuspension: (staffId: string) =>
    worldKey<EmergencySuspensionEntry>('emergencySuspension', staffId),
  auditParameters: () => worldKey<AuditParametersEntry>('auditParameters'),
  auditParametersOf: (version: number) => worldKey<AuditParametersEntry>('auditParameters', String(version)),
  identityKey: (subject: string) => worldKey<IdentityKeyEntry>('identityKey', subject),
  tagUse: (valueDigest: string) => worldKey<IndexEntry>('tagUse', valueDigest),
  audit: (auditId: string) => worldKey<AuditEntry>('audit', auditId),
  /** `place` is `newestFirst` of the opening: scans meet the latest audit first. */
  auditOf: (recordId: string, place: string, auditId: string) =>
    worldKey<IndexEntry>('auditOf', recordId, place, auditId),
  /** By each organisation that has a part in it. */
  auditFor: (mspId: string, place: string, auditId: string) =>
    worldKey<IndexEntry>('auditFor', mspId, place, auditId),
  /** A key an audit, so that those of one file never conflict; `place` is `newestFirst` of the proof. */
  auditProven: (recordId: string, version: number, kind: AuditedKind, place: string, auditId: string) =>
    worldKey<IndexEntry>('auditProven', recordId, String(version), kind, place, auditId),
} as const;

/** Type and parts of a raw key as blocks carry it; undefined when it is none of ours. */
export const parseWorldKey = (raw: string): { type: WorldKeyType; parts: string[] } | undefined => {
  if (!raw.startsWith(SEPARATOR) || !raw.endsWith(SEPARATOR) || raw.length < 3) return undefined;
  const [type, ...parts] = raw.slice(1, -1).split(SEPARATOR);
  const known = WORLD_KEY_TYPES.find((candidate) => candidate === type);
  return known === undefined || parts.includes('') ? undefined : { type: known, parts };
};

/** Private keys, in implicit collections unless said otherwise; plain text, no composite keys. */
export const privateKeys = {
  number: (hmac: string) => `number/${hmac}`,
  demographics: (ledgerId: string, group: DemographicGroup) => `demographics/${ledgerId}/${group}`,
  scopes: (ledgerId: string) => `scopes/${ledgerId}`,
  encounter: (ledgerId: string, encounterId: string) => `encounter/${ledgerId}/${encounterId}`,
  visit: (ledgerId: string, encounterId: string) => `visit/${ledgerId}/${encounterId}`,
  selector: (recordId: string, version: number) => `selector/${recordId}/${version}`,
  titleLine: (recordId: string, version: number) => `titleLine/${recordId}/${version}`,
  pending: (businessId: string) => `pending/${businessId}`,
  consentRequest: (requestId: string) => `consentRequest/${requestId}`,
  share: (consentId: string) => `share/${consentId}`,
  /** The ids are random: a name made of a consent and a record would tell members what is in range. */
  delivery: (deliveryId: string) => `delivery/${deliveryId}`,
  held: (deliveryId: string) => `held/${deliveryId}`,
  custodianShare: (keyDigest: string) => `custodianShare/${keyDigest}`,
  /** Of the master key, by the version of its audit parameters. */
  masterShare: (version: number) => `masterShare/${version}`,
  emergencyReason: (emergencyId: string) => `emergencyReason/${emergencyId}`,
  /** Hash of sender, kind and place. */
  depositSlot: (place: string) => `depositSlot/${place}`,
  /** In the collection `hospitals`. */
  staffDetails: (mspId: string, staffId: string) => `staff/${mspId}/${staffId}`,
} as const;

export const DEMOGRAPHIC_GROUPS = ['identity', 'contact', 'guardian', 'care'] as const;
export type DemographicGroup = (typeof DEMOGRAPHIC_GROUPS)[number];

export const STAFF_COLLECTION = 'hospitals';

/** The collection that only `mspId`'s peers hold. */
export const implicitCollection = (mspId: string): string => `_implicit_org_${mspId}`;

const PRIVATE_KEY =
  /^(?:number\/[0-9a-f]{64}|demographics\/[0-9a-f]{32}\/(?:identity|contact|guardian|care)|scopes\/[0-9a-f]{32}|(?:encounter|visit)\/[0-9a-f]{32}\/[0-9a-f]{32}|(?:selector|titleLine)\/[0-9a-f]{32}\/[1-9]\d{0,9}|masterShare\/[1-9]\d{0,9}|(?:pending|custodianShare|depositSlot)\/[0-9a-f]{64}|(?:consentRequest|share|delivery|held|emergencyReason)\/[0-9a-f]{32})$/;

/** First part of a private key in an implicit collection and what follows it; undefined when it is none of ours. */
export const parsePrivateKey = (key: string): { type: string; parts: string[] } | undefined => {
  if (!PRIVATE_KEY.test(key)) return undefined;
  const [type = '', ...parts] = key.split('/');
  return { type, parts };
};
