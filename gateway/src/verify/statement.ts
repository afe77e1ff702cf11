import { isHex } from '@medseal/crypto';
import { ERASURE_FORMAT } from '../erasure/certificate.js';
import { foldDecimals } from '../records/document/decimals.js';
import { WrittenNumber } from '../records/document/lossless-json.js';

export const RECEIPT_FORMAT = 'medseal/receipt/1';
export const DOCUMENT_FORMAT = 'medseal/document/1';

/** What somebody holds of a read and shows to others: it says what the access log says. Ids are lower-case hex. */
export interface ReceiptStatement {
  readonly format: typeof RECEIPT_FORMAT;
  readonly channel: string;
  /** Transaction id, 64 characters. */
  readonly receiptId: string;
  /** Staff id. */
  readonly reader: string;
  /** MSP id of the reader's organisation. */
  readonly organization: string;
  readonly basis: string;
  readonly consentId: string | null;
  /** Some or all of the records that were read: a patient is shown their own only. */
  readonly recordIds: readonly string[];
}

/** A record's document with the salt of its commitment: what its reader can show to others. */
export interface DocumentStatement {
  readonly format: typeof DOCUMENT_FORMAT;
  readonly channel: string;
  /** 32 characters. */
  readonly recordId: string;
  readonly version: number;
  /** 64 characters. */
  readonly salt: string;
  /** The FHIR R4 document Bundle; its decimals as they were written or in Medseal's folded form. */
  readonly document: unknown;
}

/** A certificate of erasure as it was given out; what else is in it is not looked at. */
export interface ErasureStatement {
  readonly format: typeof ERASURE_FORMAT;
  readonly channel: string;
  readonly status: string;
  /** 32 characters. */
  readonly ledgerId: string;
  /** MSP id. */
  readonly home: string;
  readonly requestedAt: string;
  readonly requestedBy: string;
  readonly transactionId: string;
  readonly erasedAt: string | null;
  readonly attestations: readonly {
    readonly organization: string;
    readonly at: string;
    readonly transactionId: string;
  }[];
  /** MSP ids; empty where the certificate names none. */
  readonly unattested: readonly string[];
  readonly limit: string;
}

export type Statement = ReceiptStatement | DocumentStatement | ErasureStatement;

/** What is wrong with a statement, by field; its form alone, nothing is looked up. */
export class StatementError extends Error {
  override readonly name = 'StatementError';

  constructor(
    readonly field: string,
    /** Continues the field's name. */
    readonly what: string,
  ) {
    super(`${field} ${what}`);
  }
}

const RECORDS_MAX = 200;
const ATTESTATIONS_MAX = 1_000;
const TEXT_MAX = 200;

/**
 * @param value parsed JSON; numbers in the document may be WrittenNumbers
 * @throws StatementError
 */
export function parseStatement(value: unknown): Statement {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new StatementError('statement', 'must be a JSON object');
  const fields = value as Record<string, unknown>;
  const { format } = fields;
  if (format === RECEIPT_FORMAT) return parseReceipt(fields);
  if (format === DOCUMENT_FORMAT) return parseDocument(fields);
  if (format === ERASURE_FORMAT) return parseErasure(fields);
  throw new StatementError('format', `must be ${RECEIPT_FORMAT}, ${DOCUMENT_FORMAT} or ${ERASURE_FORMAT}`);
}

function parseReceipt(fields: Record<string, unknown>): ReceiptStatement {
  const { recordIds, consentId } = fields;
  if (!Array.isArray(recordIds) || recordIds.length === 0 || recordIds.length > RECORDS_MAX)
    throw new StatementError('recordIds', `must be a list of 1 to ${RECORDS_MAX} record ids`);
  return {
    format: RECEIPT_FORMAT,
    channel: text(fields, 'channel'),
    receiptId: hexOf(fields['receiptId'], 'receiptId', 32),
    reader: text(fields, 'reader'),
    organization: text(fields, 'organization'),
    basis: text(fields, 'basis'),
    consentId: consentId === null || consentId === undefined ? null : text(fields, 'consentId'),
    recordIds: recordIds.map((recordId, at) => hexOf(recordId, `recordIds[${at}]`, 16)),
  };
}

function parseDocument(fields: Record<string, unknown>): DocumentStatement {
  const version = fields['version'] instanceof WrittenNumber ? undefined : fields['version'];
  if (!Number.isSafeInteger(version) || (version as number) < 1)
    throw new StatementError('version', 'must be a whole number from 1');
  const { document } = fields;
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new StatementError('document', 'must be the document as a JSON object');
  return {
    format: DOCUMENT_FORMAT,
    channel: text(fields, 'channel'),
    recordId: hexOf(fields['recordId'], 'recordId', 16),
    version: version as number,
    salt: hexOf(fields['salt'], 'salt', 32),
    document: foldDecimals(document),
  };
}

function parseErasure(fields: Record<string, unknown>): ErasureStatement {
  const { attestations, erasedAt, unattested = [] } = fields;
  if (!Array.isArray(attestations) || attestations.length > ATTESTATIONS_MAX)
    throw new StatementError('attestations', `must be a list of at most ${ATTESTATIONS_MAX}`);
  if (!Array.isArray(unattested) || unattested.length > ATTESTATIONS_MAX)
    throw new StatementError('unattested', `must be a list of at most ${ATTESTATIONS_MAX}`);
  return {
    format: ERASURE_FORMAT,
    channel: text(fields, 'channel'),
    status: text(fields, 'status'),
    ledgerId: hexOf(fields['ledgerId'], 'ledgerId', 16),
    home: text(fields, 'home'),
    requestedAt: text(fields, 'requestedAt'),
    requestedBy: text(fields, 'requestedBy'),
    transactionId: hexOf(fields['transactionId'], 'transactionId', 32),
    erasedAt: erasedAt === null ? null : text(fields, 'erasedAt'),
    attestations: attestations.map((one: unknown, at) => {
      const path = `attestations[${at}]`;
      if (typeof one !== 'object' || one === null) throw new StatementError(path, 'must be an object');
      const attestation = one as Record<string, unknown>;
      return {
        organization: text(attestation, 'organization', path),
        at: text(attestation, 'at', path),
        transactionId: hexOf(attestation['transactionId'], `${path}.transactionId`, 32),
      };
    }),
    unattested: unattested.map((mspId: unknown, at) =>
      text({ [`unattested[${at}]`]: mspId }, `unattested[${at}]`),
    ),
    limit: text(fields, 'limit'),
  };
}

function text(fields: Record<string, unknown>, field: string, within?: string): string {
  const value = fields[field];
  if (typeof value !== 'string' || value === '' || value.length > TEXT_MAX)
    throw new StatementError(
      within === undefined ? field : `${within}.${field}`,
      `must be text of 1 to ${TEXT_MAX} characters`,
    );
  return value;
}

function hexOf(value: unknown, field: string, bytes: number): string {
  if (typeof value !== 'string' || !isHex(value, bytes))
    throw new StatementError(field, `must be ${bytes * 2} lower-case hex characters`);
  return value;
}
