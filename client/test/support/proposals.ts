import { common, msp, peer } from '@hyperledger/fabric-protos';

/** What a gateway may put into the bytes that it gives a device to sign. */
export interface Parts {
  channel: string;
  type: number;
  mspId: string;
  certificate: string;
  chaincode: string;
  args: string[];
  transient: Record<string, string>;
}

function headerOf(parts: Parts): common.Header {
  const channelHeader = new common.ChannelHeader();
  channelHeader.setChannelId(parts.channel);
  channelHeader.setType(parts.type);
  const creator = new msp.SerializedIdentity();
  creator.setMspid(parts.mspId);
  creator.setIdBytes(Buffer.from(parts.certificate));
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(creator.serializeBinary());
  signatureHeader.setNonce(Buffer.alloc(24, 7));
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(signatureHeader.serializeBinary());
  return header;
}

function proposalPayload(parts: Parts): Uint8Array {
  const input = new peer.ChaincodeInput();
  input.setArgsList(parts.args.map((arg) => Buffer.from(arg)));
  const id = new peer.ChaincodeID();
  id.setName(parts.chaincode);
  const spec = new peer.ChaincodeSpec();
  spec.setChaincodeId(id);
  spec.setInput(input);
  const invocation = new peer.ChaincodeInvocationSpec();
  invocation.setChaincodeSpec(spec);
  const payload = new peer.ChaincodeProposalPayload();
  payload.setInput(invocation.serializeBinary());
  for (const [name, value] of Object.entries(parts.transient))
    payload.getTransientmapMap().set(name, Buffer.from(value));
  return payload.serializeBinary();
}

/** Marshalled `protos.Proposal`. */
export function proposalOf(parts: Parts): Uint8Array {
  const proposal = new peer.Proposal();
  proposal.setHeader(headerOf(parts).serializeBinary());
  proposal.setPayload(proposalPayload(parts));
  return proposal.serializeBinary();
}

/** Marshalled `common.Payload`. */
export function transactionOf(parts: Parts, actions = 1): Uint8Array {
  const actionPayload = new peer.ChaincodeActionPayload();
  actionPayload.setChaincodeProposalPayload(proposalPayload(parts));
  const action = new peer.TransactionAction();
  action.setPayload(actionPayload.serializeBinary());
  const transaction = new peer.Transaction();
  transaction.setActionsList(Array.from({ length: actions }, () => action));
  const payload = new common.Payload();
  payload.setHeader(headerOf(parts));
  payload.setData(transaction.serializeBinary());
  return payload.serializeBinary();
}
