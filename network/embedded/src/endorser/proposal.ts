import {
  type ChannelHeader,
  decodeChannelHeader,
  decodeHeader,
  decodeHeaderExtension,
  decodeSignatureHeader,
  type Header,
  HeaderType,
  proposalHash,
  transactionId,
  withoutTransient,
} from '../protos/envelopes.js';
import { Reader } from '../protos/wire.js';
import { decodeSpec } from '../chaincode/protocol.js';
import type { ChannelConfig, Identity } from '../types.js';

const NOTHING: Buffer = Buffer.alloc(0);

/** A decoded `protos.SignedProposal`. */
export interface SignedProposal {
  /** The message itself, marshalled. */
  readonly bytes: Buffer;
  readonly proposalBytes: Buffer;
  readonly signature: Buffer;
}

/** @throws MalformedMessageError, like all decoders here. */
export function decodeSignedProposal(bytes: Buffer): SignedProposal {
  const [proposalBytes, signature] = twoFields(bytes, 'protos.SignedProposal', 1, 2);
  return { bytes, proposalBytes, signature };
}

/** Header and payload of a marshalled `protos.Proposal`. */
export function decodeProposal(bytes: Buffer): { header: Buffer; payload: Buffer } {
  const [header, payload] = twoFields(bytes, 'protos.Proposal', 1, 2);
  return { header, payload };
}

/** A marshalled `protos.ChaincodeProposalPayload`: its `ChaincodeSpec`, and whether it carries transient data. */
export function decodeProposalPayload(bytes: Buffer): { spec?: Buffer; hasTransient: boolean } {
  const [input, transient] = twoFields(bytes, 'protos.ChaincodeProposalPayload', 1, 2);
  let spec: Buffer | undefined;
  const reader = new Reader(input, 'protos.ChaincodeInvocationSpec');
  while (reader.next()) if (reader.field === 1) spec = reader.slice();
  return { spec, hasTransient: transient.length > 0 };
}

function twoFields(bytes: Buffer, message: string, first: number, second: number): [Buffer, Buffer] {
  const found: [Buffer, Buffer] = [NOTHING, NOTHING];
  const reader = new Reader(bytes, message);
  while (reader.next()) {
    if (reader.field === first) found[0] = reader.slice();
    else if (reader.field === second) found[1] = reader.slice();
  }
  return found;
}

/** A proposal taken apart; byte fields are exactly what the client signed. */
export interface UnpackedProposal {
  readonly signed: SignedProposal;
  readonly header: Header;
  readonly channelHeader: ChannelHeader;
  readonly channelId: string;
  readonly txId: string;
  /** Marshalled `msp.SerializedIdentity`. */
  readonly creator: Buffer;
  readonly nonce: Buffer;
  readonly chaincodeName: string;
  /** Marshalled `protos.ChaincodeInput`. */
  readonly input: Buffer;
  readonly proposalHash: Buffer;
}

/** Every endorser of the process is handed the same object; unpacking is a pure function of it. */
const unpackedProposals = new WeakMap<SignedProposal, UnpackedProposal>();

/** @throws Error with Fabric's text (core/endorser/msgvalidation.go UnpackProposal). */
export function unpackProposal(signed: SignedProposal): UnpackedProposal {
  let unpacked = unpackedProposals.get(signed);
  if (!unpacked) {
    unpacked = takeApart(signed);
    unpackedProposals.set(signed, unpacked);
  }
  return unpacked;
}

function takeApart(signed: SignedProposal): UnpackedProposal {
  const proposal = decodeProposal(signed.proposalBytes);
  const header = decodeHeader(proposal.header);
  const channelHeader = decodeChannelHeader(header.channelHeader);
  const { creator, nonce } = decodeSignatureHeader(header.signatureHeader);
  const chaincodeId = decodeHeaderExtension(channelHeader.extension);
  if (!chaincodeId) throw new Error('ChaincodeHeaderExtension.ChaincodeId is nil');
  if (!chaincodeId.name) throw new Error('ChaincodeHeaderExtension.ChaincodeId.Name is empty');
  const { spec } = decodeProposalPayload(proposal.payload);
  if (!spec) throw new Error('chaincode invocation spec did not contain chaincode spec');
  const { input } = decodeSpec(spec);
  if (!input) throw new Error('chaincode input did not contain any input');
  return {
    signed,
    header,
    channelHeader,
    channelId: channelHeader.channelId,
    txId: channelHeader.txId,
    creator,
    nonce,
    chaincodeName: chaincodeId.name,
    input,
    proposalHash: proposalHash(header, withoutTransient(proposal.payload)),
  };
}

/** What a channel configuration says of a proposal: valid for every endorser that holds the same configuration. */
const verdicts = new WeakMap<UnpackedProposal, { config: ChannelConfig; creator: Promise<Identity> }>();

/**
 * Header, transaction id, creator and signature, in Fabric's order; done once for all endorsers of the process.
 * @returns the creator. @throws Error with Fabric's text.
 */
export function validateProposal(proposal: UnpackedProposal, config: ChannelConfig): Promise<Identity> {
  const known = verdicts.get(proposal);
  if (known?.config === config) return known.creator;
  const creator = validate(proposal, config);
  verdicts.set(proposal, { config, creator });
  return creator;
}

async function validate(proposal: UnpackedProposal, config: ChannelConfig): Promise<Identity> {
  const { channelHeader, channelId, creator, nonce, signed, txId } = proposal;
  if (channelHeader.type !== HeaderType.endorserTransaction && channelHeader.type !== HeaderType.config) {
    throw new Error(`invalid header type ${channelHeader.type}`);
  }
  if (channelHeader.epoch !== 0) throw new Error('epoch is non-zero');
  if (nonce.length === 0) throw new Error('nonce is empty');
  if (creator.length === 0) throw new Error('creator is empty');
  const expected = transactionId({ creator, nonce });
  if (txId !== expected) throw new Error(`incorrectly computed txid '${txId}' -- expected '${expected}'`);
  if (signed.proposalBytes.length === 0) throw new Error('empty proposal bytes');
  if (signed.signature.length === 0) throw new Error('empty signature bytes');

  let identity: Identity;
  try {
    identity = config.deserializeIdentity(creator);
  } catch {
    throw new Error(`access denied: channel [${channelId}] creator org unknown, creator is malformed`);
  }
  const valid =
    identity.invalidity() === undefined &&
    (await identity.verifyAsync(signed.proposalBytes, signed.signature));
  if (!valid) throw new Error(`access denied: channel [${channelId}] creator org [${identity.mspId}]`);
  return identity;
}
