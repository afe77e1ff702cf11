import { CryptoError } from '@medseal/crypto';
import type { Organization } from '../organizations/organization.js';

const ENTRIES_MAX = 50_000;

/**
 * Private values that were opened before, by the hash of their ciphertext. Lives in memory only; a patient whose
 * erasure key is gone is not answered from it.
 */
export class OpenedValues {
  private readonly values = new Map<string, { ledgerId: string; value: object }>();

  /** @returns undefined when the patient's erasure key is gone, or the value is not what this gateway sealed there */
  async open<Value extends object>(
    organization: Organization,
    row: { key: string; ledger_id: string; value: Uint8Array; value_hash: string },
  ): Promise<Value | undefined> {
    if (organization.keystore.erasureKey(row.ledger_id) === undefined) return undefined;
    const name = `${organization.mspId}/${row.key}/${row.value_hash}`;
    const known = this.values.get(name);
    if (known !== undefined) return known.value as Value;
    const value = await opened<Value>(organization, row);
    if (value === undefined) return undefined;
    // The oldest goes: a Map keeps the order of insertion.
    if (this.values.size >= ENTRIES_MAX) this.values.delete(this.values.keys().next().value ?? '');
    this.values.set(name, { ledgerId: row.ledger_id, value });
    return value;
  }

  /** Of an erased patient. */
  forget({ mspId }: Pick<Organization, 'mspId'>, ledgerId: string): void {
    for (const [name, known] of this.values) {
      if (known.ledgerId === ledgerId && name.startsWith(`${mspId}/`)) this.values.delete(name);
    }
  }
}

/** Staff can write bytes of their own choice past the gateway; nobody else's values may become unreadable by that. */
const opened = async <Value extends object>(
  organization: Organization,
  row: { key: string; ledger_id: string; value: Uint8Array },
): Promise<Value | undefined> => {
  try {
    return await organization.keystore.openValue<Value>(row.ledger_id, row.key, row.value);
  } catch (error) {
    if (error instanceof CryptoError) return undefined;
    throw error;
  }
};
