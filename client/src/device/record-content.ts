import {
  canonicalJson,
  commit,
  commitBytes,
  fromBase64,
  fromHex,
  mclEngine,
  newSalt,
  openAsOwner as openSealedAsOwner,
  openAsRecipient,
  openBytesCommitment,
  openCommitment,
  type ScopeKeyPair,
  sealRecord,
  toBase64,
  toHex,
  utf8,
  utf8Decode,
} from '@medseal/crypto';
import type { OpenedRecord, PreparedRecord } from '../api.js';
import { DeviceRefusal } from './signed-act.js';

export interface Selector {
  date: string;
  recordType: string;
  scope: 'general' | 'sensitive';
}

export interface TitleLine {
  date: string;
  disease: string;
}

/** What is sealed: the document and the two values whose commitments the ledger keeps, each with its salt. */
export interface RecordContent {
  document: unknown;
  selector: Selector & { salt: string };
  titleLine: TitleLine & { salt: string };
  documentSalt: string;
}

export interface RecordToSeal {
  /** A FHIR R4 document Bundle. */
  document: unknown;
  selector: Selector;
  titleLine: TitleLine;
}

/** The document's commitment is over its canonical JSON with decimals, as FHIR has them. */
const documentBytes = (document: unknown): Uint8Array => utf8(canonicalJson(document, { decimals: true }));

const withoutSalt = <T extends { salt: string }>({ salt: _salt, ...value }: T): Omit<T, 'salt'> => value;

/**
 * The author's part on the author's own device: seals, commits, and gives the hospital the selector (which policy needs)
 * and the title line unless `giveTitleLine` is false.
 *
 * @returns the body of `POST /records`
 */
export async function sealOnDevice(
  prepared: PreparedRecord,
  record: RecordToSeal,
  options: { giveTitleLine?: boolean } = {},
): Promise<Record<string, unknown>> {
  const [selectorSalt, titleSalt, documentSalt] = [newSalt(), newSalt(), newSalt()];
  const content: RecordContent = {
    document: record.document,
    selector: { ...record.selector, salt: toHex(selectorSalt) },
    titleLine: { ...record.titleLine, salt: toHex(titleSalt) },
    documentSalt: toHex(documentSalt),
  };
  const sealed = await sealRecord(await mclEngine(), {
    plaintext: utf8(canonicalJson(content, { decimals: true })),
    record: {
      channel: prepared.channel,
      recordId: prepared.recordId,
      version: prepared.version,
      owner: prepared.ledgerId,
    },
    to: prepared.ownerKey
      ? { owner: { scopeId: prepared.scopeId, epoch: prepared.epoch, publicKey: fromHex(prepared.ownerKey) } }
      : { custodian: { id: custodianOf(prepared), publicKey: fromHex(prepared.custodianKey ?? '') } },
    recipients: prepared.recipients.map(({ kind, subject, publicKey }) => ({
      kind,
      id: subject,
      publicKey: fromHex(publicKey),
    })),
  });
  return {
    recordId: prepared.recordId,
    sealed: toBase64(sealed.sealed),
    header: toBase64(sealed.header),
    commitments: {
      selector: commit(record.selector, selectorSalt),
      titleLine: commit(record.titleLine, titleSalt),
      document: commitBytes(documentBytes(record.document), documentSalt),
    },
    selector: content.selector,
    ...(options.giveTitleLine === false ? {} : { titleLine: content.titleLine }),
  };
}

function custodianOf(prepared: PreparedRecord): string {
  if (prepared.custodian === undefined)
    throw new DeviceRefusal('neither the owner nor a custodian has a key for this record');
  return prepared.custodian;
}

/** Opens the answer of `POST /records/{id}/open` with the owner's scope keys and checks all three commitments. */
export async function openRecordAsOwner(
  opened: OpenedRecord,
  ledgerId: string,
  scopeKeys: Pick<ScopeKeyPair, 'scopeId' | 'epoch' | 'secretKey'>[],
): Promise<RecordContent> {
  if (opened.ledgerId !== ledgerId) throw new DeviceRefusal('the record belongs to another patient');
  const plaintext = await openSealedAsOwner(await mclEngine(), { ...sealedPartsOf(opened), scopeKeys });
  return checkedContent(plaintext, opened);
}

/**
 * Opens the answer of `POST /records/{id}/open` on its author's device.
 *
 * @param author staff id
 * @param receivingSecretKey X25519, 32 bytes
 * @throws CryptoError `OPEN_FAILED` and others naming what does not fit; DeviceRefusal as `checkedContent`
 */
export async function openRecordAsAuthor(
  opened: OpenedRecord,
  author: string,
  receivingSecretKey: Uint8Array,
): Promise<RecordContent> {
  const plaintext = await openAsRecipient({
    ...sealedPartsOf(opened),
    recipient: { kind: 'author', id: author, secretKey: receivingSecretKey },
  });
  return checkedContent(plaintext, opened);
}

/** Stored bytes and what the ledger says of them. */
export const sealedPartsOf = (opened: Omit<OpenedRecord, 'elements'>) => ({
  sealed: fromBase64(opened.sealed, 'sealed'),
  header: fromBase64(opened.header, 'header'),
  facts: {
    record: {
      channel: opened.channel,
      recordId: opened.recordId,
      version: opened.version,
      owner: opened.ledgerId,
    },
    sealedDigest: opened.sealedDigest,
    dekCommitment: opened.dekCommitment,
    headerDigest: opened.headerDigest,
  },
});

/** @throws DeviceRefusal for content that is not what the ledger committed to */
export function checkedContent(
  plaintext: Uint8Array,
  { commitments }: Pick<OpenedRecord, 'commitments'>,
): RecordContent {
  const content = JSON.parse(utf8Decode(plaintext)) as RecordContent;
  const holds =
    openCommitment(commitments.selector, withoutSalt(content.selector), fromHex(content.selector.salt)) &&
    openCommitment(commitments.titleLine, withoutSalt(content.titleLine), fromHex(content.titleLine.salt)) &&
    openBytesCommitment(commitments.document, documentBytes(content.document), fromHex(content.documentSalt));
  if (!holds) throw new DeviceRefusal("the content does not match the ledger's commitments");
  return content;
}
