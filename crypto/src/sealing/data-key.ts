import { sha256Hex } from '../canonical/commitment.js';
import {
  concat,
  equalBytes,
  exactly,
  fromHex,
  isHex,
  lp,
  randomBytes,
  u32,
  utf8,
} from '../canonical/bytes.js';

export const DATA_KEY_BYTES = 32;

/** A fresh data key (DEK), for one content only. */
export const newDataKey = (): Uint8Array<ArrayBuffer> => randomBytes(DATA_KEY_BYTES);

/**
 * Commitment of the data key that the ledger keeps: SHA-256("MS-DEKC" || DEK || lp(recordId) || u32 version), lower-case hex.
 * AES-GCM alone lets one ciphertext open under two keys; this is what forbids it, and no re-encapsulation changes it.
 */
export const commitDataKey = (dataKey: Uint8Array, recordId: string, version: number): string =>
  sha256Hex(
    concat(
      utf8('MS-DEKC'),
      exactly(dataKey, DATA_KEY_BYTES, 'dataKey'),
      lp(recordId),
      u32(version, 'version'),
    ),
  );

export const opensDataKeyCommitment = (
  commitment: string,
  dataKey: Uint8Array,
  recordId: string,
  version: number,
): boolean =>
  isHex(commitment, 32) &&
  equalBytes(fromHex(commitment, 32), fromHex(commitDataKey(dataKey, recordId, version), 32));
