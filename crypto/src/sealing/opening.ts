import { erase } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import { type RecordReference, sealingContext } from './context.js';
import { opensDataKeyCommitment } from './data-key.js';
import { openContent, sealedDigest } from './envelope.js';
import { decodeHeader, type Header, headerDigest, type KeySlot, slotContext } from './header.js';
import { unwrapDataKey } from './key-wrap.js';

/** What the ledger says about a record; nothing that comes with the object is believed without it. */
export interface LedgerFacts {
  record: RecordReference;
  sealedDigest: string;
  dekCommitment: string;
  /** Left out where the header is known to be newer than the reader's view of the ledger. */
  headerDigest?: string;
}

/** Opens a whole content and lets go of its key. */
export const openAndErase = async (
  sealed: Uint8Array,
  dataKey: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> => {
  try {
    return await openContent(sealed, dataKey);
  } finally {
    erase(dataKey);
  }
};

/** Refuses stored bytes that are not the ledger's. */
export const checkSealed = (sealed: Uint8Array, facts: LedgerFacts): void => {
  if (sealedDigest(sealed) !== facts.sealedDigest) {
    throw new CryptoError('DIGEST_MISMATCH', 'sealed content is not the one on the ledger');
  }
};

/** A header's content, once it is the one that the ledger means. */
export const checkedHeader = (bytes: Uint8Array, facts: LedgerFacts): Header => {
  if (facts.headerDigest !== undefined && headerDigest(bytes) !== facts.headerDigest) {
    throw new CryptoError('DIGEST_MISMATCH', 'header is not the one on the ledger');
  }
  const header = decodeHeader(bytes);
  for (const field of ['channel', 'recordId', 'version', 'owner'] as const) {
    if (header.record[field] !== facts.record[field]) {
      throw new CryptoError('WRONG_CONTEXT', `header belongs to another ${field} than the ledger's entry`);
    }
  }
  if (header.sealedDigest !== facts.sealedDigest) {
    throw new CryptoError('WRONG_CONTEXT', 'header belongs to another sealed content');
  }
  if (header.dekCommitment !== facts.dekCommitment) {
    throw new CryptoError('KEY_COMMITMENT_MISMATCH', 'header names another data key than the ledger');
  }
  return header;
};

/** The data key of a slot, once it is the one committed to; `kek` is erased. */
export const openSlot = async (
  header: Header,
  slot: KeySlot,
  kek: Uint8Array,
  facts: LedgerFacts,
): Promise<Uint8Array<ArrayBuffer>> => {
  const dataKey = await unwrapDataKey(kek, slot.wrappedDataKey, sealingContext(slotContext(header, slot)));
  erase(kek);
  const { recordId, version } = facts.record;
  if (!opensDataKeyCommitment(facts.dekCommitment, dataKey, recordId, version)) {
    throw new CryptoError(
      'KEY_COMMITMENT_MISMATCH',
      'the slot holds another data key than the one on the ledger',
    );
  }
  return dataKey;
};
