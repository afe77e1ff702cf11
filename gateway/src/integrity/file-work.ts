import {
  type AuditChallenge,
  type AuditParameters,
  blindDocument,
  decodeAuditParameters,
  decodeSanitisingPackage,
  fromBase64,
  type IdentityKey,
  layOutDocument,
  type LayOutOptions,
  mclEngine,
  type RecordReference,
  type SignerIdentity,
  signSealedFile,
} from '@medseal/crypto';
import { compareFiles, type ComparedFiles, type ToCompare } from './comparing-work.js';
import { sanitiseDocument, type SanitisedFiles, type ToSanitise } from './sanitising-work.js';
import { type ChallengedFile, proveChallenged } from '../storage/prover.js';

/** Work on whole files, which keeps a core busy for as long as they are large: done in threads of their own. */

/** The author's part of a record's two files. */
export interface ToBlind {
  signer: { identity: SignerIdentity; key: IdentityKey; parameters: AuditParameters };
  record: RecordReference;
  /** A FHIR R4 document Bundle in plain JSON. */
  document: unknown;
  layOut: Omit<LayOutOptions, 'sectorsPerBlock'>;
  /** The sealed object as it is stored. */
  sealed: Uint8Array;
}

export interface BlindedFiles {
  /** 555 bytes each. */
  tags: { sealed: Uint8Array; sanitized: Uint8Array };
  /** For the sanitiser: not sealed yet. */
  package: Uint8Array;
  replacedSet: Uint8Array;
  /** What is stored beside the sealed object. */
  sealedSignedFile: Uint8Array;
}

/** What a stored file answers a challenge with: a sample of it, read already. */
export interface ToProve extends ChallengedFile {
  /** Base64 of their encoding, as the ledger has them. */
  parameters: string;
  tag: Uint8Array;
  challenge: AuditChallenge;
}

/** What is asked, and what the answer is; both are copied from thread to thread. */
export interface FileWork {
  blind: { asked: ToBlind; answer: BlindedFiles };
  sanitise: { asked: ToSanitise; answer: SanitisedFiles };
  compare: { asked: ToCompare; answer: ComparedFiles };
  prove: { asked: ToProve; answer: Uint8Array };
}

/** @throws CryptoError as `layOutDocument`, `blindDocument` and `signSealedFile` */
const blind = async ({ signer, record, document, layOut, sealed }: ToBlind): Promise<BlindedFiles> => {
  const engine = await mclEngine();
  const { sectorsPerBlock } = signer.parameters;
  const laidOut = layOutDocument(document, { ...layOut, sectorsPerBlock });
  const { personal, organisation } = laidOut;
  const blinded = blindDocument(engine, {
    ...signer,
    record,
    content: laidOut.bytes,
    personal,
    organisation,
  });
  const sealedFile = signSealedFile(engine, { ...signer, record, content: sealed });
  return {
    tags: { sealed: sealedFile.tag, sanitized: blinded.tag },
    package: blinded.package,
    replacedSet: decodeSanitisingPackage(blinded.package).replacedSet,
    sealedSignedFile: sealedFile.signedFile,
  };
};

const decoded = new Map<string, AuditParameters>();

/** @throws CryptoError as `proveChallenged` */
const prove = async ({ parameters: encoded, ...asked }: ToProve): Promise<Uint8Array> => {
  const engine = await mclEngine();
  const parameters = decoded.get(encoded) ?? decodeAuditParameters(engine, fromBase64(encoded));
  decoded.set(encoded, parameters);
  return proveChallenged(engine, { ...asked, parameters }, asked);
};

export const fileWork: {
  [Kind in keyof FileWork]: (asked: FileWork[Kind]['asked']) => Promise<FileWork[Kind]['answer']>;
} = { blind, sanitise: sanitiseDocument, compare: compareFiles, prove };
