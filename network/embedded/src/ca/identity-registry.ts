import type { Attribute } from './attributes.js';
import type { HashedSecret } from './enrollment-secret.js';
import { Journal } from './journal.js';

export interface IdentityRecord {
  readonly id: string;
  readonly type: string;
  /** Dotted path; empty for the root. */
  readonly affiliation: string;
  readonly attributes: readonly Attribute[];
  /** −1 is unlimited. */
  readonly maxEnrollments: number;
  readonly secret: HashedSecret;
  readonly enrollments: number;
  readonly failedAttempts: number;
  readonly revoked: boolean;
}

export interface CertificateRecord {
  /** Lower-case hexadecimal without leading zeros, as Fabric CA compares them. */
  readonly serial: string;
  readonly aki: string;
  readonly id: string;
  readonly pem: string;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
  readonly revokedAt?: number;
  /** RFC 5280 5.3.1 */
  readonly reason?: number;
}

export type RegistryEntry =
  | { readonly kind: 'identity'; readonly identity: IdentityRecord }
  | { readonly kind: 'certificate'; readonly certificate: CertificateRecord }
  | { readonly kind: 'removed'; readonly id: string }
  | { readonly kind: 'affiliations'; readonly names: readonly string[] };

const keyOf = ({ serial, aki }: { serial: string; aki: string }): string => `${serial}/${aki}`;

/** Hexadecimal as Fabric CA normalises serial numbers and key identifiers: lower case, no colons or leading zeros. */
export const normalizeHex = (text: string): string =>
  text.toLowerCase().replaceAll(':', '').replace(/^0+/, '');

/** What a CA remembers, kept in memory and in one journal. Changes are visible at once and durable when awaited. */
export class IdentityRegistry {
  private readonly identities = new Map<string, IdentityRecord>();
  private readonly certificates = new Map<string, CertificateRecord>();
  private readonly serialsOf = new Map<string, Set<string>>();
  private affiliationNames: ReadonlySet<string> = new Set();
  private readonly journal: Journal<RegistryEntry[]>;

  constructor(path: string) {
    this.journal = Journal.open<RegistryEntry[]>(path, (entries) =>
      entries.forEach((entry) => this.apply(entry)),
    );
  }

  identity(id: string): IdentityRecord | undefined {
    return this.identities.get(id);
  }

  allIdentities(): IdentityRecord[] {
    return [...this.identities.values()];
  }

  certificate(serial: string, aki: string): CertificateRecord | undefined {
    return this.certificates.get(keyOf({ serial, aki }));
  }

  allCertificates(): CertificateRecord[] {
    return [...this.certificates.values()];
  }

  certificatesOf(id: string): CertificateRecord[] {
    return [...(this.serialsOf.get(id) ?? [])].flatMap((key) => this.certificates.get(key) ?? []);
  }

  affiliations(): ReadonlySet<string> {
    return this.affiliationNames;
  }

  /** Applies all entries or, when they cannot be stored, none. @throws Error naming the file */
  async record(...entries: RegistryEntry[]): Promise<void> {
    const undo = entries.map((entry) => this.apply(entry)).reverse();
    try {
      await this.journal.append(entries);
    } catch (error) {
      for (const step of undo) step();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.journal.close();
  }

  private apply(entry: RegistryEntry): () => void {
    switch (entry.kind) {
      case 'identity':
        return this.put(this.identities, entry.identity.id, entry.identity);
      case 'removed':
        return this.put(this.identities, entry.id, undefined);
      case 'certificate': {
        const { certificate } = entry;
        const key = keyOf(certificate);
        const keys = this.serialsOf.get(certificate.id) ?? new Set();
        keys.add(key);
        this.serialsOf.set(certificate.id, keys);
        return this.put(this.certificates, key, certificate);
      }
      case 'affiliations': {
        const before = this.affiliationNames;
        this.affiliationNames = new Set(entry.names);
        return () => {
          this.affiliationNames = before;
        };
      }
    }
  }

  private put<Value>(map: Map<string, Value>, key: string, value: Value | undefined): () => void {
    const set = (entry: Value | undefined): void => {
      if (entry === undefined) map.delete(key);
      else map.set(key, entry);
    };
    const before = map.get(key);
    set(value);
    return () => set(before);
  }
}
