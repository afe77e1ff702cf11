export {
  checkReaderKey,
  type KeyHolder,
  newReaderKeyPair,
  openTeamKey,
  proveReaderKey,
  type ReaderKey,
  readerKeyPair,
  readerKeyPairFrom,
  sealTeamKey,
  type TeamKey,
} from './reader-key.js';
export { KEY_PROOF_BYTES } from './key-proof.js';
export {
  agentIndex,
  checkGrant,
  decodeGrant,
  encodeGrant,
  type Grant,
  type GrantAgent,
  type GrantValues,
  grantDigest,
  GRANT_FORMAT,
  MAX_AGENTS,
  MIN_THRESHOLD,
  shareCheckId,
} from './grant.js';
export * from './grant-making.js';
export * from './ledger-values.js';
export {
  acceptShare,
  type AgentShareInput,
  openShare,
  SEALED_SHARE_BYTES,
  SHARE_BYTES,
  shareFits,
} from './share.js';
export {
  ANSWER_BYTES,
  type CapsuleOnLedger,
  checkAnswer,
  CheckedCapsule,
  PROVEN_ANSWER_BYTES,
  reencrypt,
  type ReencryptInput,
  reencryptWithShare,
} from './answer.js';
export {
  type AgentAnswer,
  type OpenedCapsule,
  openReencrypted,
  type OpenReencryptedInput,
} from './combination.js';
export {
  grantedCapsules,
  openAsReader,
  openDataKeyAsReader,
  type ReadDataKey,
  type ReadInput,
  type StoredRecord,
} from './reading.js';
export {
  acceptCustodianShare,
  checkEmergencyKey,
  type CustodianAnswer,
  type CustodianShareInput,
  decodeEmergencyKey,
  type EmergencyKey,
  EMERGENCY_KEY_FORMAT,
  EMERGENCY_READER,
  emergencyKeyDigest,
  emergencyReader,
  encodeEmergencyKey,
  makeEmergencyKey,
} from './emergency-key.js';
export {
  answerEmergency,
  combineForEmergency,
  CUSTODIAN_ANSWER_BYTES,
  openDataKeyInEmergency,
  openEmergency,
  openInEmergency,
  type ReadInEmergencyInput,
} from './emergency.js';
