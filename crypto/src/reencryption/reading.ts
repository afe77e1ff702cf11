import { equalBytes } from '../canonical/bytes.js';
import { CryptoError, type Culprit } from '../errors.js';
import type { SealingContext } from '../sealing/context.js';
import type { PairingEngine } from '../sealing/engine/index.js';
import { type Header, type KeySlot, slotContext } from '../sealing/header.js';
import { checkedHeader, checkSealed, type LedgerFacts, openAndErase, openSlot } from '../sealing/opening.js';
import type { CapsuleOnLedger } from './answer.js';
import { type AgentAnswer, type OpenedCapsule, openedWith, openReencrypted } from './combination.js';
import type { GrantValues } from './grant.js';

export interface StoredRecord {
  /** Bytes of the header object. */
  header: Uint8Array;
  facts: LedgerFacts;
}

/**
 * The capsules of a record that a grant covers, for the receipt and the agents; a record re-encapsulated for another
 * epoch has one that an old grant covers and one that it does not.
 *
 * @throws CryptoError `NO_SLOT` if none is of the grant's scope and epoch, or as opening does for a wrong header
 */
export const grantedCapsules = (
  { header, facts }: StoredRecord,
  grant: Pick<GrantValues, 'scopeId' | 'epoch'>,
): CapsuleOnLedger[] =>
  grantedSlots(checkedHeader(header, facts), grant).map(({ capsule, context }) => ({ capsule, context }));

export interface ReadInput extends StoredRecord {
  grant: GrantValues;
  /** b, 32 bytes. */
  readerSecretKey: Uint8Array;
  /** One of `grantedCapsules`: the one that the agents answered for. */
  capsule: Uint8Array;
  answers: AgentAnswer[];
}

export interface ReadDataKey {
  /** 32 bytes, equal to what the ledger commits to. */
  dataKey: Uint8Array<ArrayBuffer>;
  /** Compared when first looked at. */
  readonly culprits: Culprit[];
}

/** The data key of a record from the agents' answers. Errors as `openReencrypted`, and those of opening a key slot. */
export const openDataKeyAsReader = async (
  engine: PairingEngine,
  { grant, readerSecretKey, answers, ...record }: ReadInput,
): Promise<ReadDataKey> =>
  openGrantedSlot(record, grant, ({ capsule, context }) =>
    openReencrypted(engine, { grant, readerSecretKey, capsule, context, answers }),
  );

/** The data key of the slot with `capsule`, once `open` has found the capsule's key-encrypting key. */
export const openGrantedSlot = async (
  { header: bytes, facts, capsule }: StoredRecord & { capsule: Uint8Array },
  scope: Pick<GrantValues, 'scopeId' | 'epoch'>,
  open: (capsule: CapsuleOnLedger) => OpenedCapsule | Promise<OpenedCapsule>,
): Promise<ReadDataKey> => {
  const header = checkedHeader(bytes, facts);
  const found = grantedSlots(header, scope).find((slot) => equalBytes(slot.capsule, capsule));
  if (found === undefined) throw new CryptoError('NO_SLOT', 'the header holds no slot with this capsule');
  const opened = await open({ capsule: found.capsule, context: found.context });
  const dataKey = await openSlot(header, found.slot, opened.kek, facts);
  return openedWith({ dataKey }, () => opened.culprits);
};

/** Opens a whole record as a reader; for a large one take `openDataKeyAsReader` and open its content as a stream. */
export const openAsReader = async (
  engine: PairingEngine,
  input: ReadInput & { sealed: Uint8Array },
): Promise<{ content: Uint8Array<ArrayBuffer>; readonly culprits: Culprit[] }> => {
  checkSealed(input.sealed, input.facts);
  const opened = await openDataKeyAsReader(engine, input);
  const content = await openAndErase(input.sealed, opened.dataKey);
  return openedWith({ content }, () => opened.culprits);
};

const grantedSlots = (
  header: Header,
  { scopeId, epoch }: Pick<GrantValues, 'scopeId' | 'epoch'>,
): { slot: KeySlot; capsule: Uint8Array; context: SealingContext }[] => {
  const found = header.slots.flatMap((slot) =>
    slot.capsule !== null && slot.scopeId === scopeId && slot.epoch === epoch
      ? [{ slot, capsule: slot.capsule, context: slotContext(header, slot) }]
      : [],
  );
  if (found.length === 0) throw new CryptoError('NO_SLOT', 'no key slot is of the grant’s scope and epoch');
  return found;
};
