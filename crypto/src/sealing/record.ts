import { erase, randomBytes } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import type { ScopeKeyPair } from '../keys/scope.js';
import { encapsulate, KEK_BYTES, openCapsule } from './capsule.js';
import {
  isKeyless,
  KEYLESS_EPOCH,
  KEYLESS_SCOPE_ID,
  type RecordReference,
  type SealingContext,
  sealingContext,
} from './context.js';
import { commitDataKey, newDataKey } from './data-key.js';
import type { PairingEngine } from './engine/index.js';
import { sealContent, sealedDigest } from './envelope.js';
import {
  decodeHeader,
  type DirectRecipient,
  encodeHeader,
  type Header,
  headerDigest,
  type KeySlot,
  type RecipientKind,
  slotContext,
} from './header.js';
import { unwrapKek, wrapKek } from './hpke.js';
import { wrapDataKey } from './key-wrap.js';
import { checkedHeader, checkSealed, type LedgerFacts, openAndErase, openSlot } from './opening.js';

/** Someone whom the writer lets in beside the owner; the public key is the one registered on the ledger. */
export interface Recipient {
  kind: RecipientKind;
  id: string;
  /** X25519, 32 bytes. */
  publicKey: Uint8Array;
}

/** The owner's current key of the record's scope, from the ledger. */
export interface OwnerKey {
  scopeId: string;
  epoch: number;
  /** pk1, 48 bytes. */
  publicKey: Uint8Array;
}

/** Who can open a record beside its recipients: its owner, or while the patient is keyless the writing hospital's custodian. */
export type SealTo = { owner: OwnerKey } | { custodian: Omit<Recipient, 'kind'> };

export interface SealedKeys {
  /** Bytes of the header object. */
  header: Uint8Array;
  headerDigest: string;
  /** Commitment of the data key, for the ledger. */
  dekCommitment: string;
  /** For the ledger's check of the proof; null while the patient is keyless. */
  capsule: Uint8Array | null;
  /** Context of the slot that was made. */
  context: SealingContext;
}

export interface SealedRecord extends SealedKeys {
  /** Ciphertext chunks. */
  sealed: Uint8Array;
  sealedDigest: string;
}

export interface SealRecordInput {
  plaintext: Uint8Array;
  record: RecordReference;
  to: SealTo;
  /** At least the author, who reads through it later. */
  recipients: Recipient[];
}

/** Seals a record: content under a fresh data key, the data key under a fresh KEK, the KEK to owner or custodian and recipients. */
export const sealRecord = async (engine: PairingEngine, input: SealRecordInput): Promise<SealedRecord> => {
  const dataKey = newDataKey();
  try {
    // Content first: the context of the key slot holds the digest of the ciphertext.
    const sealed = await sealContent(input.plaintext, dataKey);
    const digest = sealedDigest(sealed);
    const { record, to, recipients } = input;
    const keys = await sealKeys(engine, { dataKey, sealedDigest: digest, record, to, recipients });
    return { sealed, sealedDigest: digest, ...keys };
  } finally {
    erase(dataKey);
  }
};

export interface SealKeysInput extends Omit<SealRecordInput, 'plaintext'> {
  /** The data key that sealed the content and nothing else. */
  dataKey: Uint8Array;
  sealedDigest: string;
}

/** The header for a content that was sealed piece by piece with a `ContentSealer`. */
export const sealKeys = async (engine: PairingEngine, input: SealKeysInput): Promise<SealedKeys> => {
  const { record, dataKey } = input;
  const header: Header = {
    record,
    sealedDigest: input.sealedDigest,
    dekCommitment: commitDataKey(dataKey, record.recordId, record.version),
    slots: [],
  };
  return addSlot(engine, header, dataKey, input.to, input.recipients);
};

/** A person's or organisation's key as a direct recipient. */
export interface RecipientKey {
  kind: RecipientKind;
  id: string;
  /** X25519, 32 bytes. */
  secretKey: Uint8Array;
}

type ScopeSecret = Pick<ScopeKeyPair, 'scopeId' | 'epoch' | 'secretKey'>;

/** Opens a record with the owner's scope keys. Errors as `openDataKeyAsOwner`, and those of `openContent`. */
export const openAsOwner = async (
  engine: PairingEngine,
  input: { sealed: Uint8Array; header: Uint8Array; facts: LedgerFacts; scopeKeys: ScopeSecret[] },
): Promise<Uint8Array<ArrayBuffer>> => {
  checkSealed(input.sealed, input.facts);
  return openAndErase(input.sealed, await openDataKeyAsOwner(engine, input));
};

/** Opens a record as author, custodian, verifier or sanitiser. Errors as `openDataKeyAsRecipient`, and those of `openContent`. */
export const openAsRecipient = async (input: {
  sealed: Uint8Array;
  header: Uint8Array;
  facts: LedgerFacts;
  recipient: RecipientKey;
}): Promise<Uint8Array<ArrayBuffer>> => {
  checkSealed(input.sealed, input.facts);
  return openAndErase(input.sealed, await openDataKeyAsRecipient(input));
};

/**
 * The data key, from the owner's scope keys; any slot of theirs that opens will do.
 *
 * @throws CryptoError `DIGEST_MISMATCH`, `WRONG_CONTEXT`, `NO_SLOT`, `OPEN_FAILED`, `KEY_COMMITMENT_MISMATCH`, or that
 *   the header is malformed
 */
export const openDataKeyAsOwner = async (
  engine: PairingEngine,
  { header: bytes, facts, scopeKeys }: { header: Uint8Array; facts: LedgerFacts; scopeKeys: ScopeSecret[] },
): Promise<Uint8Array<ArrayBuffer>> => {
  const header = checkedHeader(bytes, facts);
  const ways = header.slots.flatMap((slot) => {
    const { capsule } = slot;
    if (capsule === null) return [];
    const context = sealingContext(slotContext(header, slot));
    return scopeKeys
      .filter(({ scopeId, epoch }) => scopeId === slot.scopeId && epoch === slot.epoch)
      .map(
        ({ secretKey }) =>
          async () =>
            openSlot(header, slot, openCapsule(engine, secretKey, capsule, context), facts),
      );
  });
  return firstThatOpens(ways, 'no key slot is for these scope keys');
};

/** As `openDataKeyAsOwner`, from a direct recipient's key. */
export const openDataKeyAsRecipient = async ({
  header: bytes,
  facts,
  recipient,
}: {
  header: Uint8Array;
  facts: LedgerFacts;
  recipient: RecipientKey;
}): Promise<Uint8Array<ArrayBuffer>> => {
  const header = checkedHeader(bytes, facts);
  const ways = header.slots.flatMap((slot) =>
    slot.recipients
      .filter(({ kind, id }) => kind === recipient.kind && id === recipient.id)
      .map((wrapped) => async () => {
        const context = sealingContext(slotContext(header, slot));
        return openSlot(header, slot, await unwrapKek(recipient.secretKey, wrapped, context), facts);
      }),
  );
  return firstThatOpens(ways, `no key slot is for this ${recipient.kind}`);
};

export interface ReencapsulateInput {
  header: Uint8Array;
  facts: LedgerFacts;
  /** Who makes the new slot: a custodian for a patient who has activated, or an owner for their own next epoch. */
  opener: { recipient: RecipientKey } | { scopeKeys: ScopeSecret[] };
  /** Who gets it. */
  owner: OwnerKey;
  /** Direct recipients of the new slot; those of earlier slots keep theirs. */
  recipients?: Recipient[];
}

/**
 * Adds a key slot for the owner, without the content: whoever opens an earlier slot wraps the same data key again under
 * a new KEK. The data key's commitment stays, the header's digest changes.
 */
export const reencapsulate = async (
  engine: PairingEngine,
  input: ReencapsulateInput,
): Promise<SealedKeys> => {
  const { header: bytes, facts, opener } = input;
  const dataKey =
    'recipient' in opener
      ? await openDataKeyAsRecipient({ header: bytes, facts, recipient: opener.recipient })
      : await openDataKeyAsOwner(engine, { header: bytes, facts, scopeKeys: opener.scopeKeys });
  try {
    return await addSlot(
      engine,
      decodeHeader(bytes),
      dataKey,
      { owner: input.owner },
      input.recipients ?? [],
    );
  } finally {
    erase(dataKey);
  }
};

const addSlot = async (
  engine: PairingEngine,
  header: Header,
  dataKey: Uint8Array,
  to: SealTo,
  recipients: Recipient[],
): Promise<SealedKeys> => {
  const scope =
    'owner' in to
      ? { scopeId: to.owner.scopeId, epoch: to.owner.epoch }
      : { scopeId: KEYLESS_SCOPE_ID, epoch: KEYLESS_EPOCH };
  const context = slotContext(header, scope);
  const contextBytes = sealingContext(context);
  if ('owner' in to && isKeyless(scope.scopeId)) {
    throw new CryptoError('BAD_ARGUMENT', 'scopeId is zero, which means a keyless patient, not an owner');
  }
  const { capsule, kek } =
    'owner' in to
      ? encapsulate(engine, { ownerPublicKey: to.owner.publicKey, context: contextBytes })
      : { capsule: null, kek: randomBytes(KEK_BYTES) };
  const everyone: Recipient[] =
    'custodian' in to ? [...recipients, { kind: 'custodian', ...to.custodian }] : recipients;
  const slot: KeySlot = {
    ...scope,
    capsule,
    recipients: await Promise.all(everyone.map(async (recipient) => wrapTo(recipient, kek, contextBytes))),
    wrappedDataKey: await wrapDataKey(kek, dataKey, contextBytes),
  };
  erase(kek);
  const bytes = encodeHeader({ ...header, slots: [...header.slots, slot] });
  // What this package would not read again is refused when it is written.
  decodeHeader(bytes);
  return {
    header: bytes,
    headerDigest: headerDigest(bytes),
    dekCommitment: header.dekCommitment,
    capsule,
    context,
  };
};

const wrapTo = async (
  { kind, id, publicKey }: Recipient,
  kek: Uint8Array,
  context: Uint8Array,
): Promise<DirectRecipient> => ({ kind, id, ...(await wrapKek(publicKey, kek, context)) });

/** A bad slot does not close the good one beside it; the first refusal is told if none opens. */
const firstThatOpens = async <T>(ways: (() => Promise<T>)[], none: string): Promise<T> => {
  let refusal: CryptoError | undefined;
  for (const way of ways) {
    try {
      return await way();
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      refusal ??= error;
    }
  }
  throw refusal ?? new CryptoError('NO_SLOT', none);
};
