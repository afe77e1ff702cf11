import { common, ledger, msp, peer } from '@hyperledger/fabric-protos';
import { decode, MalformedBytesError, sha256 } from './block-bytes.js';

export interface SerializedIdentity {
  readonly mspId: string;
  readonly certificatePem: string;
  readonly bytes: Buffer;
}

export interface Endorsement {
  readonly endorser: SerializedIdentity;
  readonly signature: Buffer;
}

export interface KeyWrite {
  readonly key: string;
  readonly value: Buffer;
  readonly isDelete: boolean;
}

export interface HashedKeyWrite {
  readonly keyHash: Buffer;
  readonly valueHash: Buffer;
  readonly isDelete: boolean;
}

export interface CollectionWrites {
  readonly collection: string;
  readonly writes: readonly HashedKeyWrite[];
  readonly hasMetadataWrites: boolean;
}

export interface NamespaceWrites {
  readonly namespace: string;
  readonly writes: readonly KeyWrite[];
  readonly hasMetadataWrites: boolean;
  readonly collections: readonly CollectionWrites[];
}

/** The one action of an endorsed transaction. */
export interface TransactionAction {
  readonly chaincode: string;
  /** `contract:function`. */
  readonly functionName: string;
  /** Without the function's name. */
  readonly args: readonly Buffer[];
  /** Endorsers signed this and their identity. */
  readonly responsePayload: Buffer;
  readonly proposalHash: Buffer;
  readonly endorsements: readonly Endorsement[];
  readonly namespaces: readonly NamespaceWrites[];
  readonly result: Buffer;
}

/** An envelope taken apart. */
export interface LedgerTransaction {
  /** `common.HeaderType`. */
  readonly type: number;
  readonly channelId: string;
  readonly transactionId: string;
  /** RFC 3339 UTC, the client's proposal time. */
  readonly timestamp: string;
  readonly creator: SerializedIdentity;
  readonly nonce: Buffer;
  /** The creator signed this. */
  readonly payload: Buffer;
  readonly signature: Buffer;
  /** What `proposalHash` must be. */
  readonly expectedProposalHash: Buffer | undefined;
  readonly action: TransactionAction | undefined;
}

/** @throws MalformedBytesError */
export function parseTransaction(envelopeBytes: Uint8Array): LedgerTransaction {
  const envelope = decode(common.Envelope, envelopeBytes, 'envelope');
  const payload = decode(common.Payload, envelope.getPayload_asU8(), 'payload');
  const header = payload.getHeader();
  if (!header) throw new MalformedBytesError('transaction: no header');
  const channelHeader = decode(common.ChannelHeader, header.getChannelHeader_asU8(), 'channel header');
  const signatureHeader = decode(
    common.SignatureHeader,
    header.getSignatureHeader_asU8(),
    'signature header',
  );
  const time = channelHeader.getTimestamp();
  const endorsed = channelHeader.getType() === common.HeaderType.ENDORSER_TRANSACTION;
  const parsed = endorsed ? parseAction(payload.getData_asU8()) : undefined;
  return {
    type: channelHeader.getType(),
    channelId: channelHeader.getChannelId(),
    transactionId: channelHeader.getTxId(),
    timestamp: time ? instant(time.getSeconds(), time.getNanos()) : '',
    creator: parseIdentity(signatureHeader.getCreator_asU8()),
    nonce: Buffer.from(signatureHeader.getNonce_asU8()),
    payload: Buffer.from(envelope.getPayload_asU8()),
    signature: Buffer.from(envelope.getSignature_asU8()),
    expectedProposalHash:
      parsed &&
      sha256(header.getChannelHeader_asU8(), header.getSignatureHeader_asU8(), parsed.proposalPayload),
    action: parsed?.action,
  };
}

/** Fabric's rule for the id: SHA-256 of nonce and creator, hexadecimal. */
export const expectedTransactionId = (transaction: LedgerTransaction): string =>
  sha256(transaction.nonce, transaction.creator.bytes).toString('hex');

export function parseIdentity(bytes: Uint8Array): SerializedIdentity {
  if (bytes.length === 0) return { mspId: '', certificatePem: '', bytes: Buffer.alloc(0) };
  const identity = decode(msp.SerializedIdentity, bytes, 'identity');
  return {
    mspId: identity.getMspid(),
    certificatePem: Buffer.from(identity.getIdBytes_asU8()).toString('utf8'),
    bytes: Buffer.from(bytes),
  };
}

export function serializedIdentity(mspId: string, certificatePem: string): Uint8Array {
  const identity = new msp.SerializedIdentity();
  identity.setMspid(mspId);
  identity.setIdBytes(Buffer.from(certificatePem));
  return identity.serializeBinary();
}

function parseAction(data: Uint8Array): { action: TransactionAction; proposalPayload: Uint8Array } {
  const actions = decode(peer.Transaction, data, 'transaction').getActionsList();
  if (actions.length !== 1) throw new MalformedBytesError('transaction: exactly one action expected');
  const actionPayload = decode(peer.ChaincodeActionPayload, actions[0]!.getPayload_asU8(), 'action');
  const endorsed = actionPayload.getAction();
  if (!endorsed) throw new MalformedBytesError('transaction: no endorsed action');
  const response = decode(
    peer.ProposalResponsePayload,
    endorsed.getProposalResponsePayload_asU8(),
    'response payload',
  );
  const chaincodeAction = decode(peer.ChaincodeAction, response.getExtension_asU8(), 'chaincode action');
  const proposal = decode(
    peer.ChaincodeProposalPayload,
    actionPayload.getChaincodeProposalPayload_asU8(),
    'proposal payload',
  );
  const spec = decode(
    peer.ChaincodeInvocationSpec,
    proposal.getInput_asU8(),
    'invocation',
  ).getChaincodeSpec();
  const input = spec?.getInput()?.getArgsList_asU8() ?? [];
  return {
    proposalPayload: actionPayload.getChaincodeProposalPayload_asU8(),
    action: {
      chaincode: spec?.getChaincodeId()?.getName() ?? '',
      functionName: Buffer.from(input[0] ?? []).toString('utf8'),
      args: input.slice(1).map((arg) => Buffer.from(arg)),
      responsePayload: Buffer.from(endorsed.getProposalResponsePayload_asU8()),
      proposalHash: Buffer.from(response.getProposalHash_asU8()),
      endorsements: endorsed.getEndorsementsList().map((endorsement) => ({
        endorser: parseIdentity(endorsement.getEndorser_asU8()),
        signature: Buffer.from(endorsement.getSignature_asU8()),
      })),
      namespaces: parseWrites(chaincodeAction.getResults_asU8()),
      result: Buffer.from(chaincodeAction.getResponse()?.getPayload_asU8() ?? []),
    },
  };
}

function parseWrites(results: Uint8Array): NamespaceWrites[] {
  return decode(ledger.rwset.TxReadWriteSet, results, 'read-write set')
    .getNsRwsetList()
    .map((namespace) => {
      const set = decode(ledger.rwset.kvrwset.KVRWSet, namespace.getRwset_asU8(), 'read-write set');
      return {
        namespace: namespace.getNamespace(),
        writes: set.getWritesList().map((write) => {
          const value = Buffer.from(write.getValue_asU8());
          return { key: write.getKey(), value, isDelete: write.getIsDelete() || value.length === 0 };
        }),
        hasMetadataWrites: set.getMetadataWritesList().length > 0,
        collections: namespace.getCollectionHashedRwsetList().map((collection) => {
          const hashed = decode(
            ledger.rwset.kvrwset.HashedRWSet,
            collection.getHashedRwset_asU8(),
            'hashed read-write set',
          );
          return {
            collection: collection.getCollectionName(),
            writes: hashed.getHashedWritesList().map((write) => ({
              keyHash: Buffer.from(write.getKeyHash_asU8()),
              valueHash: Buffer.from(write.getValueHash_asU8()),
              isDelete: write.getIsDelete() || write.getIsPurge(),
            })),
            hasMetadataWrites: hashed.getMetadataWritesList().length > 0,
          };
        }),
      };
    });
}

/** Protobuf timestamp to RFC 3339 with milliseconds; '' for a time that has no year of four digits. */
export function instant(seconds: number, nanos: number): string {
  const time = new Date(seconds * 1000 + Math.floor(nanos / 1e6));
  const year = time.getUTCFullYear();
  return year >= 1 && year <= 9999 ? time.toISOString() : '';
}

const SHOWN_CHARACTERS = 200;

/**
 * Text of an envelope as it may be kept and shown. Any member can have an envelope ordered without an endorsement; it
 * is not valid, but stands in a block for ever, and what it names may be of any length and hold any character.
 */
export const shownText = (text: string): string =>
  text.slice(0, SHOWN_CHARACTERS).replace(/[\p{Cc}\p{Cs}]/gu, '\uFFFD');
