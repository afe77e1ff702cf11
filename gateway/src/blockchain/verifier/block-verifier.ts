import { common } from '@hyperledger/fabric-protos';
import {
  dataHash,
  decodeCanonical,
  headerBytes,
  MalformedBytesError,
  METADATA_SLOTS,
  parseBlock,
  sha256,
  type BlockParts,
} from './block-bytes.js';
import { channelTrust, type ChannelTrust } from './channel-trust.js';
import { commitHash } from './commit-hash.js';
import { expectedTransactionId, parseTransaction, type LedgerTransaction } from './transaction-bytes.js';

const VALID = 0;
const SLOT_COUNT = 5;

/** What an earlier look at the chain fixes for this block. Undefined parts are not compared. */
export interface BlockContext {
  /** The number asked for. */
  readonly number: number;
  /** In force when the block was ordered; undefined only for a genesis block, which brings its own. */
  readonly trust: ChannelTrust | undefined;
  /** Header hash of the block before; undefined when that block cannot be read. */
  readonly previousHash?: Buffer;
  /** Commit hash of the block before. */
  readonly previousCommitHash?: Buffer;
  /** Fingerprint of the block when it was first seen. */
  readonly fingerprint?: Buffer;
}

export interface BlockExamination {
  readonly number: number;
  /** Why the block is invalid; undefined when it is valid. */
  readonly reason: string | undefined;
  /** Undefined when the bytes are not a block. */
  readonly parts: BlockParts | undefined;
  /** Recomputed from the bytes. */
  readonly headerHash: Buffer | undefined;
  readonly dataHash: Buffer | undefined;
  readonly commitHash: Buffer | undefined;
  /** One code a transaction. */
  readonly validationCodes: readonly number[];
  /** By position; undefined where the envelope cannot be read. */
  readonly transactions: readonly (LedgerTransaction | undefined)[];
  /** Of a configuration block: whom to trust from the next block on. */
  readonly trust: ChannelTrust | undefined;
}

/** Header hash and peer's metadata; what must never change once a block is committed. */
export function blockFingerprint(parts: BlockParts): Buffer {
  return sha256(
    headerBytes(parts),
    sha256(parts.metadata[METADATA_SLOTS.transactionsFilter] ?? Buffer.alloc(0)),
    sha256(parts.metadata[METADATA_SLOTS.commitHash] ?? Buffer.alloc(0)),
  );
}

/**
 * Checks one block from its bytes alone: format, number, link, data hash, orderer's signatures, each transaction's
 * id and signatures, validation codes against the commit hash. Never throws.
 */
export function examineBlock(bytes: Uint8Array, context: BlockContext): BlockExamination {
  const found: Found = { transactions: [], validationCodes: [] };
  let reason: string | undefined;
  try {
    reason = examine(bytes, context, found);
  } catch (error) {
    reason = error instanceof MalformedBytesError ? error.message : 'block: not readable';
  }
  return {
    number: context.number,
    reason,
    parts: found.parts,
    headerHash: found.parts && sha256(headerBytes(found.parts)),
    dataHash: found.parts && dataHash(found.parts.envelopes),
    commitHash: found.commitHash,
    validationCodes: found.validationCodes,
    transactions: found.transactions,
    trust: reason === undefined ? found.trust : undefined,
  };
}

interface Found {
  parts?: BlockParts;
  commitHash?: Buffer;
  validationCodes: readonly number[];
  transactions: readonly (LedgerTransaction | undefined)[];
  trust?: ChannelTrust;
}

function examine(bytes: Uint8Array, context: BlockContext, found: Found): string | undefined {
  const parts = parseBlock(bytes);
  found.parts = parts;
  if (parts.number !== context.number)
    return `header: number ${parts.number} stands where ${context.number} belongs`;
  const genesis = parts.number === 0;
  if (genesis && parts.previousHash.length > 0) return 'header: the first block has a previous hash';
  if (context.previousHash && !parts.previousHash.equals(context.previousHash)) {
    return 'header: previous hash is not the hash of the block before';
  }
  if (!parts.dataHash.equals(dataHash(parts.envelopes))) return 'data: hash differs from the header';
  if (parts.envelopes.length === 0) return 'data: no transaction';
  if (parts.metadata.length !== SLOT_COUNT) return 'metadata: five slots expected';
  found.trust = channelTrust(parts);
  const trust = genesis ? found.trust : context.trust;
  if (!trust) {
    return genesis
      ? 'data: the first block has no configuration'
      : 'block: no readable configuration says who may sign it';
  }
  const refusedSignatures = examineOrdererMetadata(parts, trust);
  if (refusedSignatures) return refusedSignatures;

  const filter = parts.metadata[METADATA_SLOTS.transactionsFilter]!;
  if (filter.length !== parts.envelopes.length) return 'metadata: one validation code a transaction expected';
  found.validationCodes = [...filter];
  const transactions = parts.envelopes.map((envelope) => {
    try {
      return parseTransaction(envelope);
    } catch {
      return undefined;
    }
  });
  found.transactions = transactions;
  for (const [position, transaction] of transactions.entries()) {
    const refused =
      filter[position] === VALID
        ? examineValidTransaction(transaction, trust, genesis)
        : filter[position] === 254
          ? 'not validated'
          : undefined;
    if (refused) return `transaction ${position}: ${refused}`;
  }
  if (genesis && filter[0] !== VALID) return 'metadata: the first block is not marked valid';
  const refusedCommitHash = examineCommitHash(parts, transactions, filter, context, found);
  if (refusedCommitHash) return refusedCommitHash;
  if (context.fingerprint && !blockFingerprint(parts).equals(context.fingerprint)) {
    return 'block: differs from what was committed when it was first seen';
  }
  return undefined;
}

function examineOrdererMetadata(parts: BlockParts, trust: ChannelTrust): string | undefined {
  const metadata = decodeCanonical(
    common.Metadata,
    parts.metadata[METADATA_SLOTS.signatures]!,
    'metadata: signatures',
  );
  const value = metadata.getValue_asU8();
  const orderers = decodeCanonical(common.OrdererBlockMetadata, value, 'metadata: orderer');
  const lastConfig = orderers.getLastConfig()?.getIndex();
  if (lastConfig === undefined || lastConfig > parts.number)
    return 'metadata: last configuration is not an earlier block';
  const copy = parts.metadata[METADATA_SLOTS.lastConfig]!;
  if (copy.length > 0) {
    const copied = decodeCanonical(common.Metadata, copy, 'metadata: last configuration');
    const index = decodeCanonical(
      common.LastConfig,
      copied.getValue_asU8(),
      'metadata: last configuration',
    ).getIndex();
    if (index !== lastConfig) return 'metadata: last configuration differs from what the orderer signed';
    if (copied.getSignaturesList().length > 0)
      return 'metadata: last configuration has a signature of its own';
  }
  if (parts.metadata[METADATA_SLOTS.orderer]!.length > 0) return 'metadata: the orderer slot is not empty';

  const signatures = metadata.getSignaturesList();
  if (parts.number === 0)
    return signatures.length > 0 ? 'metadata: the first block has signatures' : undefined;
  const header = headerBytes(parts);
  const signers = new Set<string>();
  for (const signature of signatures) {
    const identifier = Buffer.from(signature.getIdentifierHeader_asU8());
    const ownHeader = Buffer.from(signature.getSignatureHeader_asU8());
    let signer: string;
    let member;
    if (identifier.length > 0) {
      const id = decodeCanonical(common.IdentifierHeader, identifier, 'metadata: signature').getIdentifier();
      signer = `consenter ${id}`;
      member = trust.consenter(id);
    } else {
      const creator = decodeCanonical(
        common.SignatureHeader,
        ownHeader,
        'metadata: signature',
      ).getCreator_asU8();
      signer = Buffer.from(creator).toString('latin1');
      member = trust.ordererMember(creator);
    }
    if (!member || (member.role !== undefined && member.role !== 'orderer')) {
      return 'orderer signature: the signer is not an orderer of this channel';
    }
    const signed = Buffer.concat([value, identifier.length > 0 ? identifier : ownHeader, header]);
    if (!member.verify(signed, signature.getSignature_asU8()))
      return 'orderer signature: not valid for this header';
    signers.add(signer);
  }
  return signers.size < trust.ordererQuorum ? 'orderer signature: too few orderers signed' : undefined;
}

function examineValidTransaction(
  transaction: LedgerTransaction | undefined,
  trust: ChannelTrust,
  genesis: boolean,
): string | undefined {
  if (!transaction) return 'marked valid, but not readable';
  if (transaction.channelId !== trust.channelId) return 'belongs to another channel';
  if (
    transaction.type !== common.HeaderType.ENDORSER_TRANSACTION &&
    transaction.type !== common.HeaderType.CONFIG
  ) {
    return 'marked valid, but of an unknown kind';
  }
  // A genesis block is signed by nobody; what fixes it is its hash.
  if (genesis) return undefined;
  const creator = trust.member(transaction.creator.bytes);
  if (!creator) return `creator's certificate does not chain to a member of the channel`;
  if (!creator.verify(transaction.payload, transaction.signature)) return `creator's signature is not valid`;
  if (transaction.type === common.HeaderType.CONFIG) return undefined;
  if (transaction.transactionId !== expectedTransactionId(transaction))
    return 'id is not the hash of nonce and creator';
  const { action } = transaction;
  if (!action) return 'marked valid, but without an action';
  if (!transaction.expectedProposalHash || !action.proposalHash.equals(transaction.expectedProposalHash)) {
    return 'endorsers signed another proposal';
  }
  if (action.endorsements.length === 0) return 'not endorsed';
  for (const { endorser, signature } of action.endorsements) {
    const member = trust.member(endorser.bytes);
    if (!member) return `an endorser's certificate does not chain to a member of the channel`;
    if (!member.verify(Buffer.concat([action.responsePayload, endorser.bytes]), signature)) {
      return `the endorsement of ${endorser.mspId} is not valid`;
    }
  }
  return undefined;
}

function examineCommitHash(
  parts: BlockParts,
  transactions: readonly (LedgerTransaction | undefined)[],
  filter: Buffer,
  context: BlockContext,
  found: Found,
): string | undefined {
  const slot = parts.metadata[METADATA_SLOTS.commitHash]!;
  if (slot.length === 0) {
    // A peer without commit hashes has none anywhere.
    return context.previousCommitHash && context.previousCommitHash.length > 0
      ? 'metadata: the commit hash is missing'
      : undefined;
  }
  const metadata = decodeCanonical(common.Metadata, slot, 'metadata: commit hash');
  if (metadata.getSignaturesList().length > 0) return 'metadata: the commit hash has a signature';
  found.commitHash = Buffer.from(metadata.getValue_asU8());
  if (found.commitHash.length !== 32) return 'metadata: the commit hash is not 32 bytes';
  if (parts.number === 0) return 'metadata: the first block has a commit hash';
  const previous = parts.number === 1 ? Buffer.alloc(0) : context.previousCommitHash;
  if (!previous) return undefined;
  const expected = commitHash(parts.number, transactions, filter, previous);
  if (expected && !expected.equals(found.commitHash)) {
    return 'metadata: validation codes and writes do not give the commit hash';
  }
  return undefined;
}
