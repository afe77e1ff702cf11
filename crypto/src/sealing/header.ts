import { toBase64, utf8, utf8Decode } from '../canonical/bytes.js';
import { sha256Hex } from '../canonical/commitment.js';
import { fieldReader } from '../canonical/fields.js';
import { canonicalJson, parseCanonicalJson } from '../canonical/json.js';
import { CryptoError } from '../errors.js';
import { CAPSULE_BYTES, KEK_BYTES } from './capsule.js';
import {
  isKeyless,
  KEYLESS_EPOCH,
  type RecordReference,
  type SealingContext,
  sealingContext,
} from './context.js';
import { HPKE_ENC_BYTES, HPKE_TAG_BYTES } from './hpke.js';
import { WRAPPED_DATA_KEY_BYTES } from './key-wrap.js';

/**
 * The header object beside a sealed content: canonical JSON, so that one header has one digest.
 *
 *   { format: "medseal/header/1", record: { channel, recordId, version, owner }, sealedDigest, dekCommitment,
 *     slots: [{ scopeId, epoch, capsule | null, recipients: [{ kind, id, enc, ct }], wrappedDataKey }] }
 *
 * Digests are lower-case hex, other bytes base64. A slot's context is the record, the slot's scope and epoch, and the
 * digest. Slots are only ever added, at the end; a slot without a capsule belongs to a keyless patient.
 */
export const HEADER_FORMAT = 'medseal/header/1';

const MAX_HEADER_BYTES = 262_144;
const MAX_SLOTS = 64;
const MAX_RECIPIENTS = 64;

const { base64, digest, list, members, number, refuse, text } = fieldReader('header');

export const RECIPIENT_KINDS = ['author', 'custodian', 'verifier', 'sanitizer'] as const;
export type RecipientKind = (typeof RECIPIENT_KINDS)[number];

/** A recipient's own way to the KEK of a slot, past the capsule. */
export interface DirectRecipient {
  kind: RecipientKind;
  /** Staff id, or MSP id of a custodian's organisation. */
  id: string;
  /** HPKE encapsulated key, 32 bytes. */
  enc: Uint8Array;
  /** HPKE ciphertext of the KEK. */
  ct: Uint8Array;
}

export interface KeySlot {
  scopeId: string;
  epoch: number;
  /** 144 bytes, or null in the slot of a keyless patient. */
  capsule: Uint8Array | null;
  recipients: DirectRecipient[];
  /** Data key under the slot's KEK, 48 bytes. */
  wrappedDataKey: Uint8Array;
}

export interface Header {
  record: RecordReference;
  sealedDigest: string;
  dekCommitment: string;
  slots: KeySlot[];
}

/** Context of a slot, which everything in the slot is bound to. */
export const slotContext = (
  header: Pick<Header, 'record' | 'sealedDigest'>,
  slot: Pick<KeySlot, 'scopeId' | 'epoch'>,
): SealingContext => ({
  ...header.record,
  scopeId: slot.scopeId,
  epoch: slot.epoch,
  sealedDigest: header.sealedDigest,
});

/** Digest of a header's bytes as the ledger keeps it, lower-case hex. */
export const headerDigest = (header: Uint8Array): string => sha256Hex(header);

export const encodeHeader = (header: Header): Uint8Array<ArrayBuffer> => {
  const { channel, recordId, version, owner } = header.record;
  return utf8(
    canonicalJson({
      format: HEADER_FORMAT,
      record: { channel, recordId, version, owner },
      sealedDigest: header.sealedDigest,
      dekCommitment: header.dekCommitment,
      slots: header.slots.map(({ scopeId, epoch, capsule, recipients, wrappedDataKey }) => ({
        scopeId,
        epoch,
        capsule: capsule === null ? null : toBase64(capsule),
        recipients: recipients.map(({ kind, id, enc, ct }) => ({
          kind,
          id,
          enc: toBase64(enc),
          ct: toBase64(ct),
        })),
        wrappedDataKey: toBase64(wrappedDataKey),
      })),
    }),
  );
};

/** @throws CryptoError `BAD_ENCODING` naming the field, `BAD_LENGTH`, `UNSUPPORTED_VERSION` */
export const decodeHeader = (bytes: Uint8Array): Header => {
  if (bytes.length > MAX_HEADER_BYTES)
    throw new CryptoError('BAD_LENGTH', `header is larger than ${MAX_HEADER_BYTES} bytes`);
  const value = parseCanonicalJson(utf8Decode(bytes));
  const format = (value as { format?: unknown } | null)?.format;
  if (format !== HEADER_FORMAT)
    throw new CryptoError('UNSUPPORTED_VERSION', `header is not of format ${HEADER_FORMAT}`);
  const fields = members(value, 'header', ['format', 'record', 'sealedDigest', 'dekCommitment', 'slots']);
  const record = members(fields.record, 'record', ['channel', 'recordId', 'version', 'owner']);
  const header: Header = {
    record: {
      channel: text(record.channel, 'record.channel'),
      recordId: text(record.recordId, 'record.recordId'),
      version: number(record.version, 'record.version'),
      owner: text(record.owner, 'record.owner'),
    },
    sealedDigest: digest(fields.sealedDigest, 'sealedDigest'),
    dekCommitment: digest(fields.dekCommitment, 'dekCommitment'),
    slots: list(fields.slots, 'slots', MAX_SLOTS).map(decodeSlot),
  };
  if (header.slots.length === 0) throw refuse('slots', 'is empty');
  // Every context must have its bytes: scopeId, lengths and ranges are checked there.
  for (const slot of header.slots) sealingContext(slotContext(header, slot));
  return header;
};

const decodeSlot = (value: unknown, i: number): KeySlot => {
  const at = `slots[${i}]`;
  const fields = members(value, at, ['scopeId', 'epoch', 'capsule', 'recipients', 'wrappedDataKey']);
  const slot: KeySlot = {
    scopeId: text(fields.scopeId, `${at}.scopeId`),
    epoch: number(fields.epoch, `${at}.epoch`),
    capsule: fields.capsule === null ? null : base64(fields.capsule, `${at}.capsule`, CAPSULE_BYTES),
    recipients: list(fields.recipients, `${at}.recipients`, MAX_RECIPIENTS).map((recipient, j) =>
      decodeRecipient(recipient, `${at}.recipients[${j}]`),
    ),
    wrappedDataKey: base64(fields.wrappedDataKey, `${at}.wrappedDataKey`, WRAPPED_DATA_KEY_BYTES),
  };
  const keyless = isKeyless(slot.scopeId);
  if (keyless !== (slot.capsule === null)) throw refuse(`${at}.capsule`, 'does not go with its scope');
  if (keyless && slot.epoch !== KEYLESS_EPOCH) throw refuse(`${at}.epoch`, 'must be 0 without a scope');
  return slot;
};

const decodeRecipient = (value: unknown, at: string): DirectRecipient => {
  const fields = members(value, at, ['kind', 'id', 'enc', 'ct']);
  const kind = RECIPIENT_KINDS.find((known) => known === fields.kind);
  if (kind === undefined) throw refuse(`${at}.kind`, `must be one of ${RECIPIENT_KINDS.join(', ')}`);
  return {
    kind,
    id: text(fields.id, `${at}.id`),
    enc: base64(fields.enc, `${at}.enc`, HPKE_ENC_BYTES),
    ct: base64(fields.ct, `${at}.ct`, KEK_BYTES + HPKE_TAG_BYTES),
  };
};
