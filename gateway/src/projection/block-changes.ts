import { createHash } from 'node:crypto';
import { common, ledger } from '@hyperledger/fabric-protos';
import { blockFingerprint } from '../blockchain/verifier/block-verifier.js';
import { headerHash, METADATA_SLOTS, parseBlock } from '../blockchain/verifier/block-bytes.js';
import {
  parseTransaction,
  shownText,
  type LedgerTransaction,
} from '../blockchain/verifier/transaction-bytes.js';
import { CHAINCODE, parseCompositeKey } from './ledger-namespace.js';

const VALID = 0;

/** Where a change stands on the ledger. */
export interface LedgerPosition {
  readonly blockNumber: number;
  readonly position: number;
  readonly transactionId: string;
  /** RFC 3339; null when the transaction has no time. */
  readonly committedAt: string | null;
}

/** A write to the world state by one of our contracts. */
export interface WorldChange extends LedgerPosition {
  readonly rawKey: string;
  readonly type: string;
  readonly parts: readonly string[];
  /** Undefined for a deletion. */
  readonly entry: Record<string, unknown> | undefined;
}

/** A write to a collection that this organisation holds. */
export interface PrivateChange extends LedgerPosition {
  readonly collection: string;
  /** Hex SHA-256 of the key. */
  readonly keyHash: string;
  /** Hex SHA-256 of the value; undefined for a deletion or purge. */
  readonly valueHash: string | undefined;
  /** Undefined when the peer no longer has it. */
  readonly key: string | undefined;
  readonly value: Buffer | undefined;
  /** The patient it belongs to, where the keys of the same transaction say so. */
  readonly ledgerId: string | undefined;
}

export interface TransactionSummary extends LedgerPosition {
  readonly validationCode: number;
  readonly type: number;
  readonly chaincode: string;
  readonly functionName: string;
  readonly creatorMsp: string;
  readonly endorsers: readonly string[];
}

/** What one block changes in the read model. */
export interface BlockChanges {
  readonly number: number;
  readonly previousHash: Buffer;
  readonly headerHash: Buffer;
  readonly commitHash: Buffer | undefined;
  readonly fingerprint: Buffer;
  readonly isConfig: boolean;
  readonly transactions: readonly TransactionSummary[];
  readonly world: readonly WorldChange[];
  readonly privateValues: readonly PrivateChange[];
}

/**
 * Reads a committed block; only VALID transactions change anything.
 *
 * @param privateData position → marshalled `rwset.TxPvtReadWriteSet`, as the own peer holds it
 * @param collections those that the organisation is a member of
 * @throws MalformedBytesError for bytes that are no block
 */
export function blockChanges(
  bytes: Uint8Array,
  privateData: ReadonlyMap<number, Uint8Array>,
  collections: ReadonlySet<string>,
): BlockChanges {
  const parts = parseBlock(bytes);
  const filter = parts.metadata[METADATA_SLOTS.transactionsFilter] ?? Buffer.alloc(0);
  const commitSlot = parts.metadata[METADATA_SLOTS.commitHash] ?? Buffer.alloc(0);
  const transactions: TransactionSummary[] = [];
  const world: WorldChange[] = [];
  const privateValues: PrivateChange[] = [];
  let isConfig = false;
  for (const [position, envelope] of parts.envelopes.entries()) {
    const validationCode = filter[position] ?? 254;
    let transaction: LedgerTransaction;
    try {
      transaction = parseTransaction(envelope);
    } catch (error) {
      if (validationCode === VALID) throw error;
      continue;
    }
    if (transaction.type === common.HeaderType.CONFIG && validationCode === VALID) isConfig = true;
    const at: LedgerPosition = {
      blockNumber: parts.number,
      position,
      transactionId: shownText(transaction.transactionId),
      committedAt: transaction.timestamp || null,
    };
    transactions.push({
      ...at,
      validationCode,
      type: TYPES.has(transaction.type) ? transaction.type : UNKNOWN_TYPE,
      chaincode: shownText(transaction.action?.chaincode ?? ''),
      functionName: shownText(transaction.action?.functionName ?? ''),
      creatorMsp: shownText(transaction.creator.mspId),
      endorsers: endorsersOf(transaction),
    });
    if (validationCode !== VALID) continue;
    world.push(...worldChanges(transaction, at));
    privateValues.push(...privateChanges(transaction, at, privateData.get(position), collections));
  }
  return {
    number: parts.number,
    previousHash: parts.previousHash,
    headerHash: headerHash(parts),
    commitHash:
      commitSlot.length > 0
        ? Buffer.from(common.Metadata.deserializeBinary(commitSlot).getValue_asU8())
        : undefined,
    fingerprint: blockFingerprint(parts),
    isConfig,
    transactions,
    world,
    privateValues,
  };
}

const TYPES: ReadonlySet<number> = new Set(Object.values(common.HeaderType));
const UNKNOWN_TYPE = -1;

/** More than any channel has; an envelope that is not valid may claim any number. */
const ENDORSERS_MAX = 100;

const endorsersOf = ({ action }: LedgerTransaction): string[] => [
  ...new Set(action?.endorsements.slice(0, ENDORSERS_MAX).map(({ endorser }) => shownText(endorser.mspId))),
];

/** World-state writes of our chaincode; keys of other forms are not ours. */
export function worldChanges(transaction: LedgerTransaction, at: LedgerPosition): WorldChange[] {
  return (transaction.action?.namespaces ?? [])
    .filter(({ namespace }) => namespace === CHAINCODE)
    .flatMap(({ writes }) => writes)
    .flatMap(({ key, value, isDelete }) => {
      const parsed = parseCompositeKey(key);
      if (!parsed) return [];
      const entry = isDelete ? undefined : jsonObject(value);
      // A value that is no JSON object was not written by these contracts.
      return !isDelete && !entry ? [] : [{ ...at, rawKey: key, ...parsed, entry }];
    });
}

function privateChanges(
  transaction: LedgerTransaction,
  at: LedgerPosition,
  privateBytes: Uint8Array | undefined,
  collections: ReadonlySet<string>,
): PrivateChange[] {
  const namespace = transaction.action?.namespaces.find((each) => each.namespace === CHAINCODE);
  const hashed = namespace?.collections.filter(({ collection }) => collections.has(collection)) ?? [];
  if (hashed.length === 0) return [];
  const plain = plainWrites(privateBytes);
  const ledgerId = [...plain.values()].flatMap(({ key }) => ledgerIdOf(key) ?? [])[0];
  return hashed.flatMap(({ collection, writes }) =>
    writes.map(({ keyHash, valueHash, isDelete }) => {
      const held = plain.get(`${collection} ${keyHash.toString('hex')}`);
      const intact = held !== undefined && sha256(held.value).equals(valueHash);
      return {
        ...at,
        collection,
        keyHash: keyHash.toString('hex'),
        valueHash: isDelete ? undefined : valueHash.toString('hex'),
        key: held?.key,
        value: !isDelete && intact ? held.value : undefined,
        ledgerId,
      };
    }),
  );
}

/** Private writes by collection and hash of their key. */
function plainWrites(bytes: Uint8Array | undefined): Map<string, { key: string; value: Buffer }> {
  const writes = new Map<string, { key: string; value: Buffer }>();
  if (!bytes) return writes;
  for (const namespace of ledger.rwset.TxPvtReadWriteSet.deserializeBinary(bytes).getNsPvtRwsetList()) {
    if (namespace.getNamespace() !== CHAINCODE) continue;
    for (const collection of namespace.getCollectionPvtRwsetList()) {
      const set = ledger.rwset.kvrwset.KVRWSet.deserializeBinary(collection.getRwset_asU8());
      for (const write of set.getWritesList()) {
        const key = write.getKey();
        writes.set(`${collection.getCollectionName()} ${sha256(Buffer.from(key)).toString('hex')}`, {
          key,
          value: Buffer.from(write.getValue_asU8()),
        });
      }
    }
  }
  return writes;
}

const PATIENT_KEY = /^(?:demographics|scopes|encounter|visit)\/([0-9a-f]{32})(?:\/|$)/;

const ledgerIdOf = (key: string): string | undefined => PATIENT_KEY.exec(key)?.[1];

function jsonObject(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
