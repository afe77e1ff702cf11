import { Injectable } from '@nestjs/common';
import type { PatientEntry } from '@medseal/chaincode';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';
import { implicitCollection } from '../projection/ledger-namespace.js';
import { type Demographics, type Group, GROUPS, joinGroups, type SaltedGroup } from './demographics.js';
import { OpenedValues } from './opened-values.js';
import { patientKeys } from './patient-keys.js';
import { isRegistrationNumber } from './registration-number.js';

/** Private value `number/…`. */
export interface HeldNumber {
  number: string;
  ledgerId: string;
  /** Hex of the public commitment's salt. */
  salt: string;
  /** From the card, where this is another hospital's patient. */
  generalScopeId?: string;
}

/** Private value `scopes/…` at home; elsewhere only the general one is known, the sensitive one is then the other. */
export interface HeldScopes {
  general: string;
  sensitive: string | null;
}

/** Private value `visit/…`. */
export interface Visit {
  class: 'AMB' | 'IMP';
  doctorId: string;
  reason: string;
  period: { start: string; end: string | null };
}

export interface StoredVisit extends Visit {
  encounterId: string;
  /** The marker of the encounter is still there. */
  open: boolean;
  /** SHA-256 of the stored value, to be named when it is replaced. */
  valueHash: string;
}

export interface StoredGroup extends SaltedGroup {
  valueHash: string;
}

export interface HeldPatient {
  entry: PatientEntry;
  held: HeldNumber;
}

/** What the caller is to a patient: staff of the home hospital, of one with an open encounter, or the patient. */
export type Relation = 'home' | 'treating' | 'owner';

interface ValueRow {
  key: string;
  kind: string;
  ledger_id: string;
  value: Uint8Array;
  value_hash: string;
}

/** Nobody sees or treats the patient any more: deleted, or erased. */
export const isGone = ({ status }: Pick<PatientEntry, 'status'>): boolean =>
  status !== 'keyless' && status !== 'active';

/** Which staff see patients at all. */
const CARE_ROLES: ReadonlySet<string> = new Set(['hospital-admin', 'doctor']);

/** What this organisation holds of patients, out of the read model, opened with their erasure keys. */
@Injectable()
export class PatientDirectory {
  private readonly opened = new OpenedValues();

  /** By registration number; undefined when this organisation does not hold the number. */
  async find(organization: Organization, registrationNo: string): Promise<HeldPatient | undefined> {
    // The same look-up for a malformed number: the answer and its time tell nothing.
    const [row] = await this.rows(organization, 'v.key = $2', [
      patientKeys.number(organization, registrationNo),
    ]);
    if (row === undefined || !isRegistrationNumber(registrationNo)) return undefined;
    const held = await this.opened.open<HeldNumber>(organization, row);
    const entry = await this.entry(organization, row.ledger_id);
    if (held === undefined || entry === undefined || held.number !== registrationNo) return undefined;
    return { entry, held };
  }

  /** A patient whom the caller may see, and as what; undefined alike for everybody else and for nobody. */
  async findFor(
    user: SessionUser,
    registrationNo: string,
  ): Promise<(HeldPatient & { relation: Relation }) | undefined> {
    const patient = await this.find(user.organization, registrationNo);
    if (patient === undefined) return undefined;
    const relation = await this.relation(user, patient.entry);
    return relation === undefined ? undefined : { ...patient, relation };
  }

  async relation(user: SessionUser, entry: PatientEntry): Promise<Relation | undefined> {
    if (user.role === 'patient') return user.subject === entry.ledgerId ? 'owner' : undefined;
    if (!CARE_ROLES.has(user.role) || isGone(entry)) return undefined;
    if (entry.homeMsp === user.organization.mspId) return 'home';
    const encounter = await this.openEncounter(user.organization, entry.ledgerId);
    return encounter === undefined ? undefined : 'treating';
  }

  async entry(organization: Organization, ledgerId: string): Promise<PatientEntry | undefined> {
    const [row] = await organization.database.query<{ entry: PatientEntry }>(
      'SELECT entry FROM patients WHERE ledger_id = $1',
      [ledgerId],
    );
    return row?.entry;
  }

  /** By ledgerId. */
  async entriesOf(
    organization: Organization,
    ledgerIds: readonly string[],
  ): Promise<Map<string, PatientEntry>> {
    const rows = await organization.database.query<{ entry: PatientEntry }>(
      'SELECT entry FROM patients WHERE ledger_id = ANY($1)',
      [[...new Set(ledgerIds)]],
    );
    return new Map(rows.map(({ entry }) => [entry.ledgerId, entry]));
  }

  /** Entries of the patients whose home this organisation is, deleted and erased ones left out. */
  async homeEntries(organization: Organization): Promise<PatientEntry[]> {
    const rows = await organization.database.query<{ entry: PatientEntry }>(
      `SELECT entry FROM patients WHERE home_msp = $1 AND status IN ('keyless', 'active') ORDER BY ledger_id`,
      [organization.mspId],
    );
    return rows.map(({ entry }) => entry);
  }

  async numberOf(organization: Organization, ledgerId: string): Promise<HeldNumber | undefined> {
    return (await this.numbersOf(organization, [ledgerId])).get(ledgerId);
  }

  /** By ledgerId. */
  async numbersOf(
    organization: Organization,
    ledgerIds: readonly string[],
  ): Promise<Map<string, HeldNumber>> {
    const rows = await this.rows(organization, `v.kind = 'number' AND v.ledger_id = ANY($2)`, [
      [...ledgerIds],
    ]);
    const numbers = new Map<string, HeldNumber>();
    for (const row of rows) {
      const held = await this.opened.open<HeldNumber>(organization, row);
      if (held !== undefined) numbers.set(row.ledger_id, held);
    }
    return numbers;
  }

  /** The home hospital drew them; another one knows what the card told. */
  async scopes(organization: Organization, ledgerId: string): Promise<HeldScopes | undefined> {
    const drawn = await this.value<HeldScopes>(organization, ledgerId, patientKeys.scopes(ledgerId));
    if (drawn !== undefined) return drawn;
    const general = (await this.numberOf(organization, ledgerId))?.generalScopeId;
    return general === undefined ? undefined : { general, sensitive: null };
  }

  /** A private value of a patient by its key; undefined when it is not there or the erasure key is gone. */
  async value<Value extends object>(
    organization: Organization,
    ledgerId: string,
    key: string,
  ): Promise<Value | undefined> {
    const [row] = await this.rows(organization, 'v.key = $2', [key]);
    return row === undefined
      ? undefined
      : this.opened.open<Value>(organization, { ...row, ledger_id: ledgerId });
  }

  /** SHA-256 (hex) of a private value as it is stored, to be named as `replaces`. */
  async valueHash(organization: Organization, key: string): Promise<string | undefined> {
    return (await this.rows(organization, 'v.key = $2', [key]))[0]?.value_hash;
  }

  async groups(organization: Organization, ledgerId: string): Promise<Partial<Record<Group, StoredGroup>>> {
    return (await this.groupsOf(organization, [ledgerId])).get(ledgerId) ?? {};
  }

  async demographics(organization: Organization, ledgerId: string): Promise<Demographics> {
    return joinGroups(await this.groups(organization, ledgerId));
  }

  /** By ledgerId. */
  async groupsOf(
    organization: Organization,
    ledgerIds: readonly string[],
  ): Promise<Map<string, Partial<Record<Group, StoredGroup>>>> {
    const rows = await this.rows(organization, `v.kind = 'demographics' AND v.ledger_id = ANY($2)`, [
      [...ledgerIds],
    ]);
    const patients = new Map<string, Partial<Record<Group, StoredGroup>>>();
    for (const row of rows) {
      const group = row.key.split('/')[2] as Group;
      const value = await this.opened.open<SaltedGroup>(organization, row);
      if (value === undefined || !GROUPS.includes(group)) continue;
      const groups = patients.get(row.ledger_id) ?? {};
      groups[group] = { ...value, valueHash: row.value_hash };
      patients.set(row.ledger_id, groups);
    }
    return patients;
  }

  async visits(organization: Organization, ledgerId: string): Promise<StoredVisit[]> {
    return (await this.visitsOf(organization, [ledgerId])).get(ledgerId) ?? [];
  }

  /** By ledgerId, oldest first. */
  async visitsOf(
    organization: Organization,
    ledgerIds: readonly string[],
  ): Promise<Map<string, StoredVisit[]>> {
    const rows = await this.rows(organization, `v.kind IN ('visit', 'encounter') AND v.ledger_id = ANY($2)`, [
      [...ledgerIds],
    ]);
    const open = new Set(rows.filter(({ kind }) => kind === 'encounter').map(({ key }) => key.split('/')[2]));
    const patients = new Map<string, StoredVisit[]>();
    for (const row of rows.filter(({ kind }) => kind === 'visit')) {
      const encounterId = row.key.split('/')[2] ?? '';
      const visit = await this.opened.open<Visit>(organization, row);
      if (visit === undefined) continue;
      const visits = patients.get(row.ledger_id) ?? [];
      visits.push({ ...visit, encounterId, open: open.has(encounterId), valueHash: row.value_hash });
      patients.set(row.ledger_id, visits);
    }
    for (const visits of patients.values()) {
      visits.sort((a, b) => compare(a.period.start, b.period.start) || compare(a.encounterId, b.encounterId));
    }
    return patients;
  }

  /** Id of an open encounter of the patient at this organisation. */
  async openEncounter(organization: Organization, ledgerId: string): Promise<string | undefined> {
    const [row] = await organization.database.query<{ key: string }>(
      `SELECT key FROM private_values WHERE collection = $1 AND kind = 'encounter' AND ledger_id = $2 ORDER BY block_number DESC LIMIT 1`,
      [implicitCollection(organization.mspId), ledgerId],
    );
    return row?.key.split('/')[2];
  }

  /** Nothing that was opened of an erased patient stays in memory. */
  forget(organization: Organization, ledgerId: string): void {
    this.opened.forget(organization, ledgerId);
  }

  private async rows(
    organization: Organization,
    condition: string,
    parameters: (string | string[])[],
  ): Promise<ValueRow[]> {
    return organization.database.query<ValueRow>(
      `SELECT v.key, v.kind, v.ledger_id, v.value, v.value_hash FROM private_values v
       WHERE v.collection = $1 AND v.value IS NOT NULL AND ${condition} ORDER BY v.block_number, v.key`,
      [implicitCollection(organization.mspId), ...parameters],
    );
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
