import {
  type AuditParameters,
  CryptoError,
  decodeSanitisingPackage,
  documentCoverage,
  type DocumentCoverage,
  equalBytes,
  layoutOf,
  leftToReplace,
  mclEngine,
  type Profile,
  type RecordReference,
  type ReplacedField,
  type ReplacedPlace,
  replacedPlaces,
  sanitise,
  sanitisedDocument,
  type SignerIdentity,
} from '@medseal/crypto';

/** By whom a file was signed: the ledger says so. */
export interface SignedBy {
  identity: SignerIdentity;
  parameters: AuditParameters;
}

/** The sanitiser's part of a record's document. */
export interface ToSanitise {
  signer: SignedBy;
  record: RecordReference;
  profile: Profile;
  /** As the ledger has it, 555 bytes. */
  tag: Uint8Array;
  /** Opened with the sanitiser's own key. */
  package: Uint8Array;
}

export interface SanitisedFiles {
  /** What is stored: the document with wildcards, and the signed file beside it. */
  content: Uint8Array;
  signedFile: Uint8Array;
  document: unknown;
  /** Where something is replaced, as the bytes tell. */
  places: ReplacedPlace[];
  coverage: DocumentCoverage;
  /** What the profile replaces and is there all the same. */
  left: ReplacedField[];
}

/** @throws CryptoError as `sanitise` and `sanitisedDocument`, `WRONG_CONTEXT` for a package under another tag */
export const sanitiseDocument = async (asked: ToSanitise): Promise<SanitisedFiles> => {
  const engine = await mclEngine();
  const { content, signedFile } = sanitise(engine, {
    ...asked.signer,
    record: asked.record,
    package: asked.package,
  });
  const { tag, sectors } = decodeSanitisingPackage(asked.package);
  if (!equalBytes(tag.bytes, asked.tag))
    throw new CryptoError('WRONG_CONTEXT', 'the package has another tag than the ledger');
  const document = sanitisedDocument(content);
  const layout = layoutOf(tag.byteLength, tag.sectorsPerBlock);
  return {
    content,
    signedFile,
    document,
    places: replacedPlaces(layout, sectors, content),
    coverage: documentCoverage(layout, sectors, content),
    left: leftToReplace(document, asked),
  };
};
