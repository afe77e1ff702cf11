import type { ChannelConfig } from '../types.js';
import {
  type ChaincodeAction,
  type ChaincodeId,
  type ChannelHeader,
  type Endorsement,
  type Envelope,
  type Header,
  HeaderType,
  type Payload,
  type SignatureHeader,
  type TransactionAction,
  decodeChaincodeAction,
  decodeChaincodeEvent,
  decodeChannelHeader,
  decodeEnvelope,
  decodeHeaderExtension,
  decodePayload,
  decodeProposalResponsePayload,
  decodeSignatureHeader,
  decodeTransaction,
  decodeTransactionAction,
  proposalHash,
  transactionId,
} from '../protos/envelopes.js';
import { type NamespaceRwSet, decodeTxRwSet } from '../rwset/messages.js';
import { TxCode } from './codes.js';

/** What the stages after the checks of form need from a transaction. */
export interface ParsedTransaction {
  readonly type: number;
  readonly txId: string;
  readonly timestamp: { readonly seconds: number; readonly nanos: number };
  /** Empty for a configuration transaction, whose payload is `data`. */
  readonly rwset: readonly NamespaceRwSet[];
  readonly data: Buffer;
  /** Marshalled `protos.ProposalResponsePayload`, the bytes the endorsers signed. */
  readonly responsePayload: Buffer;
  readonly endorsements: readonly Endorsement[];
  /** Name of the invoked chaincode. */
  readonly chaincode: string;
}

export type Outcome<T> =
  { readonly code: typeof TxCode.valid; readonly value: T } | { readonly code: number };

/** An envelope that passed the checks of form and of its creator. */
interface WellFormed {
  readonly channelHeader: ChannelHeader;
  readonly payload: Payload;
  /** Absent in a configuration transaction. */
  readonly action?: TransactionAction;
}

const ZERO_TIME = { seconds: 0, nanos: 0 };
const NOTHING: Buffer = Buffer.alloc(0);

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/**
 * Fabric's checks of one envelope, in its order: form, creator, transaction id, proposal hash
 * (core/common/validation/msgvalidation.go), channel, duplicate in the ledger (committer/txvalidator/v20), then
 * chaincode names and read-write set (plugindispatcher). Endorsements are not looked at yet.
 *
 * @param creatorVerified skips the creator's signature when the same bytes were verified on the way in
 */
export function checkTransaction(
  envelopeBytes: Buffer,
  config: ChannelConfig,
  isCommitted: (txId: string) => boolean,
  creatorVerified = false,
): Outcome<ParsedTransaction> {
  const envelope = attempt(() => decodeEnvelope(envelopeBytes));
  if (envelope === undefined) return { code: TxCode.invalidOtherReason };
  const formed = checkForm(envelope, config, creatorVerified);
  if (!('value' in formed)) return formed;
  const { channelHeader, payload, action } = formed.value;
  if (channelHeader.channelId !== config.channelId) return { code: TxCode.targetChainNotFound };
  const common = {
    type: channelHeader.type,
    txId: channelHeader.txId,
    timestamp: channelHeader.timestamp ?? ZERO_TIME,
    data: payload.data,
  };
  if (action === undefined) {
    return {
      code: TxCode.valid,
      value: { ...common, rwset: [], responsePayload: NOTHING, endorsements: [], chaincode: '' },
    };
  }
  if (isCommitted(channelHeader.txId)) return { code: TxCode.duplicateTxId };
  const contents = checkContents(channelHeader, action);
  if (!('value' in contents)) return contents;
  return {
    code: TxCode.valid,
    value: {
      ...common,
      rwset: contents.value.rwset,
      responsePayload: action.responsePayload,
      endorsements: action.endorsements,
      chaincode: contents.value.chaincode,
    },
  };
}

/** Reads a transaction that a block's flags call valid, without checking it again. @throws MalformedMessageError */
export function parseValidTransaction(envelopeBytes: Buffer): ParsedTransaction {
  const payload = decodePayload(decodeEnvelope(envelopeBytes).payload);
  const channelHeader = decodeChannelHeader((payload.header as Header).channelHeader);
  const common = {
    type: channelHeader.type,
    txId: channelHeader.txId,
    timestamp: channelHeader.timestamp ?? ZERO_TIME,
    data: payload.data,
  };
  if (channelHeader.type !== HeaderType.endorserTransaction) {
    return { ...common, rwset: [], responsePayload: NOTHING, endorsements: [], chaincode: '' };
  }
  const action = decodeTransactionAction(decodeTransaction(payload.data)[0] as Buffer);
  const chaincodeAction = decodeChaincodeAction(
    decodeProposalResponsePayload(action.responsePayload).extension,
  );
  return {
    ...common,
    rwset: decodeTxRwSet(chaincodeAction.results),
    responsePayload: action.responsePayload,
    endorsements: action.endorsements,
    chaincode: chaincodeAction.chaincodeId?.name ?? '',
  };
}

/** Type and transaction id as far as an envelope can be read; used for transactions that are not valid. */
export function readChannelHeader(envelopeBytes: Buffer): ChannelHeader | undefined {
  return attempt(() => {
    const { header } = decodePayload(decodeEnvelope(envelopeBytes).payload);
    return header === undefined ? undefined : decodeChannelHeader(header.channelHeader);
  });
}

function checkForm(envelope: Envelope, config: ChannelConfig, creatorVerified: boolean): Outcome<WellFormed> {
  const payload = attempt(() => decodePayload(envelope.payload));
  if (payload === undefined) return { code: TxCode.badPayload };
  const headers =
    payload.header === undefined ? undefined : attempt(() => checkHeaders(payload.header as Header));
  if (headers === undefined) return { code: TxCode.badCommonHeader };
  const { channelHeader, signatureHeader } = headers;
  if (!creatorVerified && !creatorSigned(signatureHeader.creator, envelope, config)) {
    return { code: TxCode.badCreatorSignature };
  }
  if (channelHeader.type === HeaderType.config)
    return { code: TxCode.valid, value: { channelHeader, payload } };
  if (channelHeader.type !== HeaderType.endorserTransaction) return { code: TxCode.unsupportedTxPayload };
  if (channelHeader.txId !== transactionId(signatureHeader)) return { code: TxCode.badProposalTxId };
  const action = attempt(() => checkAction(payload.data, payload.header as Header));
  if (action === undefined) return { code: TxCode.invalidEndorserTransaction };
  return { code: TxCode.valid, value: { channelHeader, payload, action } };
}

function checkHeaders(
  header: Header,
): { channelHeader: ChannelHeader; signatureHeader: SignatureHeader } | undefined {
  const channelHeader = decodeChannelHeader(header.channelHeader);
  const signatureHeader = decodeSignatureHeader(header.signatureHeader);
  const types: number[] = Object.values(HeaderType);
  if (!types.includes(channelHeader.type) || channelHeader.epoch !== 0) return undefined;
  if (signatureHeader.nonce.length === 0 || signatureHeader.creator.length === 0) return undefined;
  return { channelHeader, signatureHeader };
}

function creatorSigned(creator: Buffer, envelope: Envelope, config: ChannelConfig): boolean {
  if (envelope.signature.length === 0 || envelope.payload.length === 0) return false;
  return (
    attempt(() => config.deserializeIdentity(creator).verify(envelope.payload, envelope.signature)) ?? false
  );
}

function checkAction(data: Buffer, header: Header): TransactionAction | undefined {
  const actions = decodeTransaction(data);
  if (actions.length !== 1) return undefined;
  const action = decodeTransactionAction(actions[0] as Buffer);
  const signatureHeader = decodeSignatureHeader(action.header);
  if (signatureHeader.nonce.length === 0 || signatureHeader.creator.length === 0) return undefined;
  const endorsed = decodeProposalResponsePayload(action.responsePayload);
  const expected = proposalHash(
    { channelHeader: header.channelHeader, signatureHeader: action.header },
    action.chaincodeProposalPayload,
  );
  return expected.equals(endorsed.proposalHash) ? action : undefined;
}

function checkContents(
  channelHeader: ChannelHeader,
  action: TransactionAction,
): Outcome<{ chaincode: string; rwset: NamespaceRwSet[] }> {
  let proposed: ChaincodeId | undefined;
  try {
    proposed = decodeHeaderExtension(channelHeader.extension);
  } catch {
    return { code: TxCode.badHeaderExtension };
  }
  const response = attempt((): ChaincodeAction | undefined => {
    const { extension } = decodeProposalResponsePayload(action.responsePayload);
    return extension.length === 0 ? undefined : decodeChaincodeAction(extension);
  });
  if (response === undefined) return { code: TxCode.badResponsePayload };
  const rwset = attempt(() => decodeTxRwSet(response.results));
  if (rwset === undefined) return { code: TxCode.badRwSet };
  if (proposed === undefined || response.chaincodeId === undefined)
    return { code: TxCode.invalidOtherReason };
  const { name, version } = response.chaincodeId;
  if (proposed.name === '' || proposed.name !== name || version === '')
    return { code: TxCode.invalidChaincode };
  if (response.events.length > 0) {
    const event = attempt(() => decodeChaincodeEvent(response.events));
    if (event === undefined || event.chaincodeId !== name) return { code: TxCode.invalidOtherReason };
  }
  const namespaces = new Set(rwset.map(({ namespace }) => namespace));
  if (namespaces.size !== rwset.length) return { code: TxCode.illegalWriteSet };
  return { code: TxCode.valid, value: { chaincode: name, rwset } };
}
