export {
  AUDIT_SUITE,
  DEFAULT_SECTORS_PER_BLOCK,
  MIN_SAMPLE_SIZE,
  SECTOR_BYTES,
  WHOLE_AUDIT_BLOCKS,
  WILDCARD_BYTE,
} from './suite.js';
export { WIRE_KINDS, WIRE_VERSION, type WireKind } from './wire.js';
export {
  type AuditParameters,
  auditParametersDigest,
  checkAuditParameters,
  decodeAuditParameters,
  encodeAuditParameters,
  type Extractor,
} from './parameters.js';
export * from './master-key.js';
export { type SignerIdentity, signerIdentityBytes, signerIdentityDigest } from './identity.js';
export {
  checkIdentityKey,
  checkIdentityShare,
  combineIdentityShares,
  type CombineSharesInput,
  decodeIdentityKey,
  encodeIdentityKey,
  type ExtractInput,
  extractIdentityShare,
  type IdentityKey,
  openIdentityKey,
  openIdentityShare,
  sealIdentityKey,
  sealIdentityShare,
} from './identity-key.js';
export { type BlockLayout, blockRange, layoutOf, sectorLength, sectorOffset } from './sectors.js';
export {
  checkReplacedSet,
  type ReplacedCoverage,
  coverageOf,
  decodeReplacedSet,
  EMPTY_REPLACED_SET,
  encodeReplacedSet,
  type SectorPosition,
  replacedSetDigest,
  withWildcards,
} from './replaced-set.js';
export {
  auditedObjectDigest,
  auditedRecordHash,
  checkTag,
  decodeTag,
  type ExpectedFile,
  type FileKind,
  type FileTag,
  TAG_BYTES,
  type TagFields,
  tagHash,
} from './tag.js';
export {
  type ByteRange,
  checkStoredObject,
  decodeSignedFile,
  encodeSignedFile,
  replacedOf,
  signedFileBytes,
  SIGNED_FILE_HEAD_BYTES,
  type SignedFile,
  type SignedFileLayout,
  signedFileLayout,
} from './signed-file.js';
export type { SignedSector, SigningRandomness, SignInput } from './signing.js';
export * from './sealed-file.js';
export {
  type Blinded,
  blindDocument,
  decodeSanitisingPackage,
  type SanitisingPackage,
} from './sanitising-package.js';
export { checkFile, type CheckFileInput, examineFile, type FileFault } from './file-check.js';
export { openSanitisingPackage, sanitise, type Sanitised, type SanitiseInput } from './sanitisation.js';
export {
  auditCommitment,
  type AuditChallenge,
  type ChallengedBlock,
  type AuditChallengeInput,
  auditChallengeSize,
  checkAuditChallenge,
  decodeAuditChallenge,
  detectionProbability,
  drawAuditChallenge,
  encodeAuditChallenge,
  makeAuditChallenge,
} from './challenge.js';
export {
  decodeAuditProof,
  type AuditProof,
  auditProofBytes,
  proveFile,
  type ProveInput,
  type StoredBlock,
} from './proof.js';
export { type AuditVerdict, verifyProof, type VerifyProofInput } from './verification.js';
