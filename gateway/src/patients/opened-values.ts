import type { Organization } from '../organizations/organization.js';

const ENTRIES_MAX = 50_000;

/**
 * Private values that were opened before, by the hash of their ciphertext. Lives in memory only; a patient whose
 * erasure key is gone is not answered from it.
 */
export class OpenedValues {
  private readonly values = new Map<string, object>();

  /** @returns undefined when the patient's erasure key is gone */
  async open<Value extends object>(
    organization: Organization,
    row: { key: string; ledger_id: string; value: Uint8Array; value_hash: string },
  ): Promise<Value | undefined> {
    if (organization.keystore.erasureKey(row.ledger_id) === undefined) return undefined;
    const name = `${organization.mspId}/${row.value_hash}`;
    const known = this.values.get(name);
    if (known !== undefined) return known as Value;
    const value = await organization.keystore.openValue<Value>(row.ledger_id, row.key, row.value);
    if (value === undefined) return undefined;
    // The oldest goes: a Map keeps the order of insertion.
    if (this.values.size >= ENTRIES_MAX) this.values.delete(this.values.keys().next().value ?? '');
    this.values.set(name, value);
    return value;
  }
}
