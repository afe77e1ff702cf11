import {
  canonicalJson,
  commit,
  commitBytes,
  openBytesCommitment,
  openCommitment,
  utf8,
  utf8Decode,
} from '@medseal/crypto';
import type { RecordCommitments } from '@medseal/chaincode';

export const SCOPES = ['general', 'sensitive'] as const;
export type ScopeLabel = (typeof SCOPES)[number];

/** ABDM's `hiTypes`. */
export const RECORD_TYPES = [
  'OPConsultation',
  'Prescription',
  'DischargeSummary',
  'DiagnosticReport',
  'ImmunizationRecord',
  'HealthDocumentRecord',
  'WellnessRecord',
] as const;
export type RecordType = (typeof RECORD_TYPES)[number];

export interface Selector {
  date: string;
  recordType: RecordType;
  scope: ScopeLabel;
}

export interface TitleLine {
  date: string;
  disease: string;
}

/** Salts in hex, 32 bytes each. */
export interface RecordContent {
  /** A FHIR R4 document Bundle in plain JSON numbers. */
  document: unknown;
  documentSalt: string;
  selector: Selector & { salt: string };
  titleLine: TitleLine & { salt: string };
}

/** The sealed plaintext: canonical JSON, so that a document has one text and one commitment. */
export const encodeContent = (content: RecordContent): Uint8Array =>
  utf8(canonicalJson(content, { decimals: true }));

/** Undefined for bytes that are not a record's content, from whatever device they came. */
export function decodeContent(plaintext: Uint8Array): RecordContent | undefined {
  try {
    const content = JSON.parse(utf8Decode(plaintext)) as Partial<RecordContent> | null;
    const complete = content !== null && typeof content === 'object' && 'document' in content;
    return complete ? (content as RecordContent) : undefined;
  } catch {
    return undefined;
  }
}

/** The document's commitment is over its canonical JSON with decimals, as FHIR has them. */
const documentBytes = (document: unknown): Uint8Array => utf8(canonicalJson(document, { decimals: true }));

const saltOf = (hex: string): Uint8Array => Buffer.from(hex, 'hex');

export const selectorCommitment = ({ date, recordType, scope, salt }: RecordContent['selector']): string =>
  commit({ date, recordType, scope }, saltOf(salt));

export const titleLineCommitment = ({ date, disease, salt }: RecordContent['titleLine']): string =>
  commit({ date, disease }, saltOf(salt));

export const contentCommitments = (content: RecordContent): RecordCommitments => ({
  selector: selectorCommitment(content.selector),
  titleLine: titleLineCommitment(content.titleLine),
  document: commitBytes(documentBytes(content.document), saltOf(content.documentSalt)),
});

/** Which parts of an opened content are those that the ledger committed to; a part that cannot be checked is not. */
export function checkContent(
  content: RecordContent,
  commitments: RecordCommitments,
): { selector: boolean; titleLine: boolean; document: boolean } {
  const holds = (check: () => boolean): boolean => {
    try {
      return check();
    } catch {
      return false;
    }
  };
  return {
    selector: holds(() => {
      const { date, recordType, scope, salt } = content.selector;
      return openCommitment(commitments.selector, { date, recordType, scope }, saltOf(salt));
    }),
    titleLine: holds(() => {
      const { date, disease, salt } = content.titleLine;
      return openCommitment(commitments.titleLine, { date, disease }, saltOf(salt));
    }),
    document: holds(() =>
      openBytesCommitment(
        commitments.document,
        documentBytes(content.document),
        saltOf(content.documentSalt),
      ),
    ),
  };
}
