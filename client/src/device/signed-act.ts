import { common, msp, peer } from '@hyperledger/fabric-protos';
import { sha256 } from '@noble/hashes/sha2.js';
import { fromBase64, signDigest, toBase64 } from '@medseal/crypto';
import type { ActAnswer, Signing } from '../api.js';
import { ProblemError } from '../http.js';
import type { MedsealClient } from '../medseal-client.js';

/** What the device means to sign; anything else in the bytes is refused. */
export interface IntendedAct {
  channel: string;
  /** `contract:function`. */
  functionName: string;
  /** Checks the decoded arguments. @throws DeviceRefusal */
  checkArguments(args: string[]): void;
  mspId: string;
  /** PEM; the creator the transaction must name. Undefined until the act's first answer told it. */
  certificate?: string;
}

/** The gateway asked the device to sign something other than what its user decided. */
export class DeviceRefusal extends Error {
  readonly code = 'DEVICE_REFUSED';

  constructor(detail: string) {
    super(`not signed: ${detail}`);
    this.name = 'DeviceRefusal';
  }
}

const CHAINCODE = 'ehr';
const utf8 = new TextDecoder('utf-8', { fatal: true });
const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);
const samePem = (a: string, b: string): boolean => a.replace(/\s/g, '') === b.replace(/\s/g, '');

function requireThat(condition: boolean, detail: string): asserts condition {
  if (!condition) throw new DeviceRefusal(detail);
}

function checkHeader(headerBytes: Uint8Array, intended: IntendedAct): void {
  const header = common.Header.deserializeBinary(headerBytes);
  const channelHeader = common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8());
  requireThat(
    channelHeader.getChannelId() === intended.channel,
    `it is for channel ${channelHeader.getChannelId()}`,
  );
  requireThat(
    channelHeader.getType() === common.HeaderType.ENDORSER_TRANSACTION,
    'it is not an endorser transaction',
  );
  const signatureHeader = common.SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8());
  const creator = msp.SerializedIdentity.deserializeBinary(signatureHeader.getCreator_asU8());
  requireThat(creator.getMspid() === intended.mspId, `its creator belongs to ${creator.getMspid()}`);
  const certificate = utf8.decode(creator.getIdBytes_asU8());
  requireThat(
    intended.certificate === undefined || samePem(certificate, intended.certificate),
    'its creator is another certificate',
  );
}

function checkInput(proposalPayload: Uint8Array, intended: IntendedAct): Uint8Array {
  const payload = peer.ChaincodeProposalPayload.deserializeBinary(proposalPayload);
  const input = payload.getInput_asU8();
  const spec = peer.ChaincodeInvocationSpec.deserializeBinary(input).getChaincodeSpec();
  requireThat(
    spec?.getChaincodeId()?.getName() === CHAINCODE,
    `it is for chaincode ${spec?.getChaincodeId()?.getName()}`,
  );
  const [name, ...args] = (spec.getInput()?.getArgsList_asU8() ?? []).map((arg) => utf8.decode(arg));
  requireThat(name === intended.functionName, `it calls ${name}`);
  intended.checkArguments(args);
  return input;
}

/** Decodes a marshalled `protos.Proposal` and compares it with what was intended. @throws DeviceRefusal */
export function checkProposal(
  bytes: Uint8Array,
  intended: IntendedAct,
): { header: Uint8Array; input: Uint8Array } {
  const proposal = peer.Proposal.deserializeBinary(bytes);
  checkHeader(proposal.getHeader_asU8(), intended);
  const payload = peer.ChaincodeProposalPayload.deserializeBinary(proposal.getPayload_asU8());
  requireThat(payload.getTransientmapMap().getLength() === 0, 'it carries transient data');
  return { header: proposal.getHeader_asU8(), input: checkInput(proposal.getPayload_asU8(), intended) };
}

/** Decodes a marshalled `common.Payload` of the endorsed transaction: the signed proposal and nothing else. @throws DeviceRefusal */
export function checkTransaction(
  bytes: Uint8Array,
  proposal: { header: Uint8Array; input: Uint8Array },
  intended: IntendedAct,
): void {
  const payload = common.Payload.deserializeBinary(bytes);
  const header = payload.getHeader();
  requireThat(header !== undefined, 'the transaction has no header');
  requireThat(sameBytes(header.serializeBinary(), proposal.header), 'the transaction is of another proposal');
  const actions = peer.Transaction.deserializeBinary(payload.getData_asU8()).getActionsList();
  requireThat(actions.length === 1, `the transaction has ${actions.length} actions`);
  const action = peer.ChaincodeActionPayload.deserializeBinary(
    actions[0]?.getPayload_asU8() ?? new Uint8Array(),
  );
  const input = checkInput(action.getChaincodeProposalPayload_asU8(), intended);
  requireThat(sameBytes(input, proposal.input), 'the transaction has other arguments than the proposal');
}

const SIGN_AGAIN = new Set(['SIGN_AGAIN', 'PROPOSAL_STALE']);
const ATTEMPTS_MAX = 10;

/**
 * Signs an act stage by stage until the gateway has committed it. Each proposal is checked against `intended`, each
 * transaction against the proposal that this device signed before it.
 *
 * @returns the last answer, with `ledger`
 */
export async function signAct(
  client: MedsealClient,
  first: ActAnswer,
  intended: IntendedAct,
  secretKey: Uint8Array,
): Promise<ActAnswer> {
  let answer = first;
  let proposal: { header: Uint8Array; input: Uint8Array } | undefined;
  for (let attempt = 0; answer.signing !== undefined; attempt++) {
    if (attempt === ATTEMPTS_MAX) throw new DeviceRefusal('the act did not complete; try again later');
    const { id, stage, bytes }: Signing = answer.signing;
    const raw = fromBase64(bytes, 'signing.bytes');
    if (stage === 'proposal') {
      proposal = checkProposal(raw, intended);
    } else {
      if (proposal === undefined) throw new DeviceRefusal('a transaction came before its proposal');
      checkTransaction(raw, proposal, intended);
    }
    try {
      answer = await client.sign(id, toBase64(signDigest(secretKey, sha256(raw))));
    } catch (error) {
      if (!(error instanceof ProblemError) || !SIGN_AGAIN.has(error.code) || !error.body?.['signing'])
        throw error;
      answer = error.body as ActAnswer;
    }
  }
  return answer;
}
