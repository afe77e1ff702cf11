import { common, msp, peer } from '@hyperledger/fabric-protos';
import { checkProposal, checkTransaction, DeviceRefusal, type IntendedAct } from '../src/device/signed-act';

/**
 * Adversary: a gateway that relays a patient's act and may give the device any bytes to sign. The device decodes them and
 * signs only what its user decided.
 */

interface Parts {
  channel: string;
  type: number;
  mspId: string;
  certificate: string;
  chaincode: string;
  args: string[];
  transient: boolean;
}

const honest: Parts = {
  channel: 'health',
  type: common.HeaderType.ENDORSER_TRANSACTION,
  mspId: 'CityMSP',
  certificate: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  chaincode: 'ehr',
  args: ['registry:activatePatient', '{"ledgerId":"aa"}'],
  transient: false,
};

const intended: IntendedAct = {
  channel: 'health',
  functionName: 'registry:activatePatient',
  mspId: 'CityMSP',
  certificate: honest.certificate,
  checkArguments: (args) => {
    if (args.length !== 1 || args[0] !== '{"ledgerId":"aa"}') throw new DeviceRefusal('other arguments');
  },
};

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
  if (parts.transient) payload.getTransientmapMap().set('x', Buffer.from('y'));
  return payload.serializeBinary();
}

function proposalOf(parts: Parts): Uint8Array {
  const proposal = new peer.Proposal();
  proposal.setHeader(headerOf(parts).serializeBinary());
  proposal.setPayload(proposalPayload(parts));
  return proposal.serializeBinary();
}

function transactionOf(parts: Parts, actions = 1): Uint8Array {
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

const changes: [string, Partial<Parts>][] = [
  ['another channel', { channel: 'other' }],
  ['a configuration transaction', { type: common.HeaderType.CONFIG }],
  ['another creator', { mspId: 'LakesideMSP' }],
  ['another certificate', { certificate: honest.certificate.replace('AAAA', 'AAAB') }],
  ['another chaincode', { chaincode: '_lifecycle' }],
  ['another function', { args: ['registry:updatePatient', '{"ledgerId":"aa"}'] }],
  ['another argument', { args: ['registry:activatePatient', '{"ledgerId":"ab"}'] }],
  ['one argument more', { args: ['registry:activatePatient', '{"ledgerId":"aa"}', 'x'] }],
  ['no argument', { args: [] }],
];

describe('what a device signs', () => {
  test('the act as it was meant, stage by stage', () => {
    const proposal = checkProposal(proposalOf(honest), intended);
    expect(() => checkTransaction(transactionOf(honest), proposal, intended)).not.toThrow();
  });

  test.each(changes)('refused: a proposal with %s', (_title, change) => {
    expect(() => checkProposal(proposalOf({ ...honest, ...change }), intended)).toThrow(DeviceRefusal);
  });

  test('refused: a proposal with transient data', () => {
    expect(() => checkProposal(proposalOf({ ...honest, transient: true }), intended)).toThrow(/transient/);
  });

  test.each(changes)('refused: a transaction with %s', (_title, change) => {
    const proposal = checkProposal(proposalOf(honest), intended);
    expect(() => checkTransaction(transactionOf({ ...honest, ...change }), proposal, intended)).toThrow(
      DeviceRefusal,
    );
  });

  test('refused: a transaction with a second action, or none', () => {
    const proposal = checkProposal(proposalOf(honest), intended);
    expect(() => checkTransaction(transactionOf(honest, 2), proposal, intended)).toThrow(/2 actions/);
    expect(() => checkTransaction(transactionOf(honest, 0), proposal, intended)).toThrow(/0 actions/);
  });

  test.each([
    ['its header twice, which readers may take either way', [0x0a, 0x00]],
    ['a field that the device does not know', [0x22, 0x00]],
    ['bytes that end too early', [0x12, 0x05, 0x00]],
  ])('refused: a proposal with %s', (_title, added) => {
    const bytes = Buffer.concat([proposalOf(honest), Buffer.from(added)]);
    expect(() => checkProposal(bytes, intended)).toThrow(DeviceRefusal);
  });
});
