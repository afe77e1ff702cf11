import {
  checkFile,
  compareSanitised,
  CryptoError,
  decodeSignedFile,
  type Difference,
  documentCoverage,
  type DocumentCoverage,
  equalBytes,
  type ExpectedFile,
  layoutOf,
  type LayOutOptions,
  mclEngine,
  type PairingEngine,
  type RecordReference,
  sanitisedDocument,
} from '@medseal/crypto';
import type { SignedBy } from './sanitising-work.js';

/** The verifiers' part: what is stored, and the original that it is to be of. */
export interface ToCompare {
  signer: SignedBy;
  record: RecordReference;
  /** As the ledger has them. */
  tags: { sealed: Uint8Array; sanitized: Uint8Array };
  stored: { sealed: Uint8Array; sealedSignedFile: Uint8Array; object: Uint8Array; signedFile: Uint8Array };
  /** In plain JSON. */
  original: unknown;
  layOut: Omit<LayOutOptions, 'sectorsPerBlock'>;
}

export interface ComparedFiles {
  /** The sanitised one. */
  document: unknown;
  coverage: DocumentCoverage;
  /** Of the authenticators, in words. */
  faults: string[];
  differences: Difference[];
}

/** @throws CryptoError where the sanitised file cannot be read at all, or the original is no document */
export const compareFiles = async ({
  signer,
  record,
  tags,
  stored,
  original,
  layOut,
}: ToCompare): Promise<ComparedFiles> => {
  const engine = await mclEngine();
  const faults = [
    checkStored(engine, { ...signer, record, kind: 'sealed' }, tags.sealed, {
      stored: stored.sealed,
      signedFile: stored.sealedSignedFile,
    }),
    checkStored(engine, { ...signer, record, kind: 'sanitised' }, tags.sanitized, {
      stored: stored.object,
      signedFile: stored.signedFile,
    }),
  ].filter((fault) => fault !== undefined);
  const { tag, replaced } = decodeSignedFile(stored.signedFile);
  const { sectorsPerBlock } = signer.parameters;
  return {
    document: sanitisedDocument(stored.object),
    coverage: documentCoverage(layoutOf(tag.byteLength, tag.sectorsPerBlock), replaced, stored.object),
    faults,
    differences: compareSanitised(original, stored.object, { ...layOut, sectorsPerBlock }),
  };
};

const checkStored = (
  engine: PairingEngine,
  expected: ExpectedFile,
  tag: Uint8Array,
  file: { stored: Uint8Array; signedFile: Uint8Array },
): string | undefined => {
  try {
    const found = checkFile(engine, { ...expected, ...file });
    if (equalBytes(found.tag.bytes, tag)) return undefined;
    return `the ${expected.kind} file has another tag than the ledger`;
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    return `the ${expected.kind} file does not hold: ${error.message}`;
  }
};
