import { Injectable } from '@nestjs/common';
import { type HandedOver, privateKeys } from '@medseal/chaincode';
import { canonicalJson, fromBase64, toBase64, utf8, utf8Decode } from '@medseal/crypto';
import type { Organization } from '../organizations/organization.js';
import type { BlockChanges } from '../projection/block-changes.js';
import { implicitCollection } from '../projection/ledger-namespace.js';
import { Projections } from '../projection/projections.js';
import type { Delivery } from './delivery-formats.js';

/** Who handed it over, as the ledger saw it. */
export type Sender = Pick<HandedOver, 'mspId' | 'role' | 'subject' | 'at'>;

/** What was taken over, opened. */
export interface HeldValue<Kind extends Delivery['kind'] = Delivery['kind']> {
  deliveryId: string;
  ledgerId: string;
  from: Sender;
  delivery: Extract<Delivery, { kind: Kind }>;
}

/** Private value `held/<deliveryId>`: whose it is in clear, the rest under that patient's erasure key. */
interface StoredValue {
  ledgerId: string;
  kind: Delivery['kind'];
  consentId: string | null;
  recordId: string | null;
  version: number | null;
  /** Base64. */
  sealed: string;
}

interface ValueRow {
  key: string;
  value: Uint8Array;
}

/** What other organisations and owners' devices handed over to this organisation, kept on its own peer. */
@Injectable()
export class HeldValues {
  /** By MSP id: the table as far as blocks have touched it; undefined where they have since. */
  private readonly indexed = new Map<string, Promise<void> | undefined>();

  constructor(private readonly projections: Projections) {}

  /** Transient `private` that keeps a delivery under the patient's erasure key of this organisation. */
  async keep(
    organization: Organization,
    { deliveryId, ledgerId, from, delivery }: HeldValue,
  ): Promise<Uint8Array> {
    const key = privateKeys.held(deliveryId);
    const isRequest = delivery.kind === 'request';
    const stored: StoredValue = {
      ledgerId,
      kind: delivery.kind,
      consentId: isRequest ? null : delivery.consentId,
      recordId: delivery.kind === 'selector' ? delivery.recordId : null,
      version: delivery.kind === 'selector' ? delivery.version : null,
      sealed: await organization.keystore.sealValue(ledgerId, key, { from, delivery }),
    };
    return utf8(canonicalJson([{ key, value: toBase64(utf8(canonicalJson(stored))) }]));
  }

  /** Brings the table of held values to what the read model has of them; nothing to do until a block changes one. */
  async index(organization: Organization): Promise<void> {
    const { mspId } = organization;
    if (!this.indexed.has(mspId)) {
      this.projections.of(organization).onBlocks((blocks) => {
        if (blocks.some(changesHeld)) this.indexed.set(mspId, undefined);
      });
    }
    const indexing = this.indexed.get(mspId) ?? this.bringUp(organization);
    this.indexed.set(mspId, indexing);
    try {
      await indexing;
    } catch (error) {
      if (this.indexed.get(mspId) === indexing) this.indexed.set(mspId, undefined);
      throw error;
    }
  }

  private async bringUp(organization: Organization): Promise<void> {
    const { database } = organization;
    const collection = implicitCollection(organization.mspId);
    await database.query(
      `DELETE FROM held_values h WHERE NOT EXISTS (
         SELECT 1 FROM private_values v WHERE v.collection = $1 AND v.key = 'held/' || h.delivery_id)`,
      [collection],
    );
    const found = await database.query<ValueRow>(
      `SELECT v.key, v.value FROM private_values v
        WHERE v.collection = $1 AND v.kind = 'held' AND v.value IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM held_values h WHERE v.key = 'held/' || h.delivery_id)`,
      [collection],
    );
    for (const { key, value } of found) {
      const { ledgerId, kind, consentId, recordId, version } = storedOf(value);
      await database.query(
        `INSERT INTO held_values (delivery_id, kind, ledger_id, consent_id, record_id, version)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (delivery_id) DO NOTHING`,
        [key.slice('held/'.length), kind, ledgerId, consentId, recordId, version],
      );
    }
  }

  /** Newest last; of several values where a list is given. */
  async find<Kind extends Delivery['kind']>(
    organization: Organization,
    kind: Kind,
    where: Partial<
      Record<'delivery_id' | 'ledger_id' | 'consent_id' | 'record_id', string | readonly string[]>
    > & { version?: number },
  ): Promise<HeldValue<Kind>[]> {
    await this.index(organization);
    const columns = Object.entries(where);
    const rows = await organization.database.query<ValueRow>(
      `SELECT v.key, v.value FROM private_values v JOIN held_values h ON v.key = 'held/' || h.delivery_id
        WHERE v.collection = $1 AND v.value IS NOT NULL AND h.kind = $2
          ${columns.map(([column], at) => `AND h.${column} = ANY($${at + 3})`).join(' ')}
        ORDER BY v.block_number, v.key`,
      [implicitCollection(organization.mspId), kind, ...columns.map(([, value]) => listOf(value))],
    );
    const values: HeldValue<Kind>[] = [];
    for (const { key, value } of rows) {
      const opened = await openHeld<Kind>(organization, key, value);
      if (opened !== undefined) values.push(opened);
    }
    return values;
  }
}

const listOf = (value: string | readonly string[] | number): string[] | number[] =>
  typeof value === 'number' ? [value] : [value].flat();

/** A purge may come without the name of what it takes away. */
const changesHeld = ({ privateValues }: BlockChanges): boolean =>
  privateValues.some(({ key }) => key?.startsWith('held/') !== false);

/** A private value `held/…`; undefined when the patient's erasure key is gone. */
export const openHeld = async <Kind extends Delivery['kind']>(
  { keystore }: Pick<Organization, 'keystore'>,
  key: string,
  value: Uint8Array,
): Promise<HeldValue<Kind> | undefined> => {
  const { ledgerId, sealed } = storedOf(value);
  const opened = await keystore.openValue<Pick<HeldValue<Kind>, 'from' | 'delivery'>>(
    ledgerId,
    key,
    fromBase64(sealed),
  );
  return opened && { deliveryId: key.slice('held/'.length), ledgerId, ...opened };
};

/** Whose a held value is, and what kind, without opening it. */
export const heldKind = (value: Uint8Array): Pick<StoredValue, 'ledgerId' | 'kind'> => storedOf(value);

const storedOf = (value: Uint8Array): StoredValue => JSON.parse(utf8Decode(value)) as StoredValue;
