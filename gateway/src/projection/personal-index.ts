import type { Keystore } from '../keystore/keystore.js';
import { STAFF_COLLECTION } from './ledger-namespace.js';

/** A patient as this organisation knows them; null for what it does not hold. */
export interface NamedPatient {
  readonly ledgerId: string;
  readonly name: string | null;
  readonly registrationNo: string | null;
}

/** A member of any hospital's staff, as the hospitals tell each other. */
export interface NamedStaff {
  readonly staffId: string;
  readonly mspId: string;
  readonly name: string;
  readonly specialization: string | null;
  readonly contactNo: string | null;
  readonly email: string | null;
  readonly address: string | null;
}

/** Date and disease of a record, for lists. */
export interface TitleLine {
  readonly date: string;
  readonly disease: string;
}

/** A visit at this hospital as it is counted and listed: without its reason. */
export interface IndexedVisit {
  readonly encounterId: string;
  readonly ledgerId: string;
  readonly doctorId: string;
  readonly class: string;
  /** RFC 3339, or a day. */
  readonly start: string;
}

/** A private value as the read model holds it. */
export interface HeldValue {
  readonly collection: string;
  readonly key: string;
  readonly ledgerId: string | null;
  readonly value: Buffer;
}

/**
 * Names, numbers, title lines and visits in this process's memory, for searching, sorting and counting: decrypted at start and with
 * every block, never written anywhere.
 */
export class PersonalIndex {
  readonly #names = new Map<string, string>();
  readonly #numbers = new Map<string, string>();
  readonly #ledgerIds = new Map<string, string>();
  readonly #staff = new Map<string, NamedStaff>();
  readonly #titleLines = new Map<string, TitleLine>();

  readonly #visits = new Map<string, IndexedVisit>();
  /** Encounter ids by doctor. */
  readonly #visitsOfDoctor = new Map<string, Set<string>>();

  constructor(private readonly keystore: Pick<Keystore, 'openValue'>) {}

  patient(ledgerId: string): NamedPatient | undefined {
    const name = this.#names.get(ledgerId) ?? null;
    const registrationNo = this.#numbers.get(ledgerId) ?? null;
    return name === null && registrationNo === null ? undefined : { ledgerId, name, registrationNo };
  }

  patientByNumber(registrationNo: string): NamedPatient | undefined {
    const ledgerId = this.#ledgerIds.get(registrationNo);
    return ledgerId === undefined ? undefined : this.patient(ledgerId);
  }

  staff(staffId: string): NamedStaff | undefined {
    return this.#staff.get(staffId);
  }

  /** By name; of one hospital where `mspId` is given. */
  allStaff(mspId?: string): NamedStaff[] {
    return [...this.#staff.values()]
      .filter((member) => mspId === undefined || member.mspId === mspId)
      .sort(byName);
  }

  /** Staff with every word of `text` at the start of a word of name or specialisation. */
  searchStaff(text: string, mspId?: string): NamedStaff[] {
    return this.allStaff(mspId).filter(({ name, specialization }) =>
      matchesText(text, `${name} ${specialization ?? ''}`),
    );
  }

  titleLine(recordId: string, version: number): TitleLine | undefined {
    return this.#titleLines.get(`${recordId}/${version}`);
  }

  /** Of all patients, those that are over too. */
  visits(): Iterable<IndexedVisit> {
    return this.#visits.values();
  }

  /** Those that this doctor was arranged for, in no order. */
  visitsOfDoctor(doctorId: string): IndexedVisit[] {
    return [...(this.#visitsOfDoctor.get(doctorId) ?? [])].flatMap((id) => this.#visits.get(id) ?? []);
  }

  /** Takes a value in. @returns false for one that does not open, e.g. because the patient's erasure key is gone */
  async add(held: HeldValue): Promise<boolean> {
    try {
      await this.#add(held);
      return true;
    } catch {
      return false;
    }
  }

  /** Forgets the value of a deleted key. */
  remove(key: string): void {
    const [kind, subject = '', part = ''] = key.split('/');
    if (kind === 'demographics' && part === 'identity') this.#names.delete(subject);
    if (kind === 'titleLine') this.#titleLines.delete(`${subject}/${part}`);
    if (kind === 'visit') this.#forgetVisit(part);
    if (kind === 'staff') this.#staff.delete(part);
  }

  /** Forgets what is known of a patient and of the records. */
  forget(ledgerId: string, recordIds: readonly string[]): void {
    const number = this.#numbers.get(ledgerId);
    if (number !== undefined) this.#ledgerIds.delete(number);
    this.#numbers.delete(ledgerId);
    this.#names.delete(ledgerId);
    for (const [id, visit] of this.#visits) if (visit.ledgerId === ledgerId) this.#forgetVisit(id);
    const gone = new Set(recordIds);
    for (const key of this.#titleLines.keys()) {
      if (gone.has(key.split('/')[0] ?? '')) this.#titleLines.delete(key);
    }
  }

  clear(): void {
    for (const map of [
      this.#names,
      this.#numbers,
      this.#ledgerIds,
      this.#staff,
      this.#titleLines,
      this.#visits,
      this.#visitsOfDoctor,
    ])
      map.clear();
  }

  #forgetVisit(encounterId: string): void {
    const visit = this.#visits.get(encounterId);
    if (visit === undefined) return;
    this.#visits.delete(encounterId);
    this.#visitsOfDoctor.get(visit.doctorId)?.delete(encounterId);
  }

  async #add({ collection, key, ledgerId, value }: HeldValue): Promise<void> {
    const [kind, subject = '', part = ''] = key.split('/');
    if (collection === STAFF_COLLECTION) {
      if (kind !== 'staff') return;
      const details = JSON.parse(value.toString('utf8')) as Partial<Omit<NamedStaff, 'staffId' | 'mspId'>>;
      this.#staff.set(part, {
        staffId: part,
        mspId: subject,
        name: details.name ?? '',
        specialization: details.specialization ?? null,
        contactNo: details.contactNo ?? null,
        email: details.email ?? null,
        address: details.address ?? null,
      });
      return;
    }
    if (!isIndexed(key)) return;
    if (ledgerId === null) throw new Error('the patient of this value is not known');
    const opened = await this.keystore.openValue<Record<string, unknown>>(ledgerId, key, value);
    if (!opened) throw new Error('no erasure key');
    // A group is sealed as {fields, salt}, a number and a title line flat.
    const fields = (opened['fields'] ?? opened) as Record<string, unknown>;
    if (kind === 'demographics') this.#names.set(ledgerId, text(fields['name']));
    if (kind === 'number') {
      const number = text(fields['number']);
      this.#numbers.set(ledgerId, number);
      this.#ledgerIds.set(number, ledgerId);
    }
    if (kind === 'visit') {
      const { start } = (fields['period'] ?? {}) as { start?: unknown };
      const doctorId = text(fields['doctorId']);
      this.#forgetVisit(part);
      this.#visits.set(part, {
        encounterId: part,
        ledgerId,
        doctorId,
        class: text(fields['class']),
        start: text(start),
      });
      const ofDoctor = this.#visitsOfDoctor.get(doctorId) ?? new Set();
      this.#visitsOfDoctor.set(doctorId, ofDoctor.add(part));
    }
    if (kind === 'titleLine') {
      this.#titleLines.set(`${subject}/${part}`, {
        date: text(fields['date']),
        disease: text(fields['disease']),
      });
    }
  }
}

/** First parts of the names of what it reads. */
export const INDEXED_KINDS = ['demographics', 'number', 'titleLine', 'visit', 'staff'];

/** Whether the index reads this private key of the organisation's own collection. */
export const isIndexed = (key: string): boolean =>
  /^(?:number\/|titleLine\/|visit\/|demographics\/[0-9a-f]+\/identity$)/.test(key);

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Comparable form: no accents, no case. */
const fold = (value: string): string => value.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

const wordsOf = (value: string): string[] =>
  fold(value)
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);

/** Every word of `wanted` begins a word of `value`; accents and case do not count. */
export const matchesText = (wanted: string, value: string): boolean => {
  const words = wordsOf(wanted);
  const candidates = wordsOf(value);
  return (
    words.length > 0 && words.every((word) => candidates.some((candidate) => candidate.startsWith(word)))
  );
};

const byName = (a: { name: string }, b: { name: string }): number => {
  const [left, right] = [fold(a.name), fold(b.name)];
  return left < right ? -1 : left > right ? 1 : 0;
};
