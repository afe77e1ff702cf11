import { sha256 } from '@noble/hashes/sha2.js';
import { fromBase64, signDigest, toBase64 } from '@medseal/crypto';
import type { ActAnswer, Signing } from '../api.js';
import { ProblemError } from '../http.js';
import type { MedsealClient } from '../medseal-client.js';
import { allBytesOf, bytesOf, numberOf, readMessage, textOf, WireError } from './wire-message.js';

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
  /** What the proposal alone carries besides, exactly; nothing if not given. `any` of a question, which changes nothing. */
  transient?: Record<string, Uint8Array> | 'any';
  /** Names of transient data that may be there too, whatever they hold: what the person's organisation alone has or seals. */
  unchecked?: readonly string[];
  /** `ehr` unless given. */
  chaincode?: string;
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
/** common.HeaderType.ENDORSER_TRANSACTION. */
const ENDORSER_TRANSACTION = 3;
const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);
const samePem = (a: string, b: string): boolean => a.replace(/\s/g, '') === b.replace(/\s/g, '');

function requireThat(condition: boolean, detail: string): asserts condition {
  if (!condition) throw new DeviceRefusal(detail);
}

/** Bytes that cannot be read are refused like any other that the device would not sign. */
function refusing<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError) throw new DeviceRefusal(error.message);
    throw error;
  }
}

// Field numbers: fabric-protos 0.3, common/common.proto, msp/identities.proto, peer/{proposal,chaincode,transaction}.proto.

function checkHeader(headerBytes: Uint8Array, intended: IntendedAct): void {
  const header = readMessage(headerBytes, 'Header', [1, 2]);
  const channelHeader = readMessage(bytesOf(header, 1), 'ChannelHeader', [1, 2, 3, 4, 5, 6, 7, 8]);
  const channel = textOf(bytesOf(channelHeader, 4));
  requireThat(channel === intended.channel, `it is for channel ${channel}`);
  requireThat(numberOf(channelHeader, 1) === ENDORSER_TRANSACTION, 'it is not an endorser transaction');
  const signatureHeader = readMessage(bytesOf(header, 2), 'SignatureHeader', [1, 2]);
  const creator = readMessage(bytesOf(signatureHeader, 1), 'SerializedIdentity', [1, 2]);
  const mspId = textOf(bytesOf(creator, 1));
  requireThat(mspId === intended.mspId, `its creator belongs to ${mspId}`);
  requireThat(
    intended.certificate === undefined || samePem(textOf(bytesOf(creator, 2)), intended.certificate),
    'its creator is another certificate',
  );
}

function checkTransient(
  entries: Uint8Array[],
  wanted: Record<string, Uint8Array>,
  unchecked: readonly string[],
): void {
  const names = new Set<string>();
  for (const bytes of entries) {
    const entry = readMessage(bytes, 'TransientMapEntry', [1, 2]);
    const name = textOf(bytesOf(entry, 1));
    if (unchecked.includes(name)) continue;
    const value = Object.hasOwn(wanted, name) ? wanted[name] : undefined;
    requireThat(value !== undefined && !names.has(name), `it carries transient data ${name}`);
    requireThat(
      sameBytes(bytesOf(entry, 2), value),
      `its transient data ${name} is not what this device made`,
    );
    names.add(name);
  }
  for (const name of Object.keys(wanted)) requireThat(names.has(name), `it lacks transient data ${name}`);
}

function checkInput(
  proposalPayload: Uint8Array,
  intended: IntendedAct,
  { transient = {}, unchecked = [] }: Pick<IntendedAct, 'transient' | 'unchecked'>,
): Uint8Array {
  const payload = readMessage(proposalPayload, 'ChaincodeProposalPayload', [1, 2]);
  if (transient !== 'any') checkTransient(allBytesOf(payload, 2), transient, unchecked);
  const input = bytesOf(payload, 1);
  const invocation = readMessage(input, 'ChaincodeInvocationSpec', [1]);
  const spec = readMessage(bytesOf(invocation, 1), 'ChaincodeSpec', [1, 2, 3, 4]);
  const chaincode = textOf(bytesOf(readMessage(bytesOf(spec, 2), 'ChaincodeID', [1, 2, 3]), 2));
  requireThat(chaincode === (intended.chaincode ?? CHAINCODE), `it is for chaincode ${chaincode}`);
  const chaincodeInput = readMessage(bytesOf(spec, 3), 'ChaincodeInput', [1, 2, 3]);
  const [name, ...args] = allBytesOf(chaincodeInput, 1).map(textOf);
  requireThat(name === intended.functionName, `it calls ${name}`);
  intended.checkArguments(args);
  return input;
}

/** Decodes a marshalled `protos.Proposal` and compares it with what was intended. @throws DeviceRefusal */
export function checkProposal(
  bytes: Uint8Array,
  intended: IntendedAct,
): { header: Uint8Array; input: Uint8Array } {
  return refusing(() => {
    const proposal = readMessage(bytes, 'Proposal', [1, 2, 3]);
    const header = bytesOf(proposal, 1);
    checkHeader(header, intended);
    return { header, input: checkInput(bytesOf(proposal, 2), intended, intended) };
  });
}

/** Decodes a marshalled `common.Payload` of the endorsed transaction: the signed proposal and nothing else. @throws DeviceRefusal */
export function checkTransaction(
  bytes: Uint8Array,
  proposal: { header: Uint8Array; input: Uint8Array },
  intended: IntendedAct,
): void {
  refusing(() => {
    const payload = readMessage(bytes, 'Payload', [1, 2]);
    requireThat(payload.has(1), 'the transaction has no header');
    requireThat(sameBytes(bytesOf(payload, 1), proposal.header), 'the transaction is of another proposal');
    const actions = allBytesOf(readMessage(bytesOf(payload, 2), 'Transaction', [1]), 1);
    requireThat(actions.length === 1, `the transaction has ${actions.length} actions`);
    const action = readMessage(actions[0] ?? new Uint8Array(), 'TransactionAction', [1, 2]);
    const actionPayload = readMessage(bytesOf(action, 2), 'ChaincodeActionPayload', [1, 2]);
    // Transient data is never in a transaction: what is private would be on the block.
    const input = checkInput(bytesOf(actionPayload, 1), intended, {});
    requireThat(sameBytes(input, proposal.input), 'the transaction has other arguments than the proposal');
  });
}

const SIGN_AGAIN = new Set(['SIGN_AGAIN', 'PROPOSAL_STALE']);
const ATTEMPTS_MAX = 10;

/** The act that a proposal asks for, and its decoded parts. */
export interface Proposed {
  intended: IntendedAct;
  proposal: { header: Uint8Array; input: Uint8Array };
}

/** Which of the acts a proposal asks for. @throws DeviceRefusal of the only act left, or of the one that calls the same function */
export function proposedOf(bytes: Uint8Array, acts: readonly IntendedAct[]): Proposed {
  const refusals: DeviceRefusal[] = [];
  for (const intended of acts) {
    try {
      return { intended, proposal: checkProposal(bytes, intended) };
    } catch (error) {
      if (!(error instanceof DeviceRefusal)) throw error;
      refusals.push(error);
    }
  }
  throw (
    refusals.find(({ message }) => !message.includes('it calls ')) ??
    refusals[0] ??
    new DeviceRefusal('nothing more was to be signed')
  );
}

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
  return signActs(client, first, [intended], secretKey);
}

/** Transactions of an act that are committed, of all that it has. */
export interface ActProgress {
  done: number;
  of: number;
}

/**
 * As `signAct`, for an act of several transactions: each must be one of those intended, in the gateway's order, and is
 * committed once. A resumed act may leave out those that are on the ledger already.
 *
 * @param until `first`: only the first one is signed, and the answer has the `signing` of the next
 */
export async function signActs(
  client: MedsealClient,
  first: ActAnswer,
  acts: readonly IntendedAct[],
  secretKey: Uint8Array,
  until: 'end' | 'first' = 'end',
  onProgress: (progress: ActProgress) => void = () => undefined,
): Promise<ActAnswer> {
  let answer = first;
  let left = [...acts];
  let current: (Proposed & { id: string }) | undefined;
  const attemptsMax = ATTEMPTS_MAX * acts.length;
  for (let attempt = 0; answer.signing !== undefined; attempt++) {
    if (attempt === attemptsMax) throw new DeviceRefusal('the act did not complete; try again later');
    const { id, stage, bytes }: Signing = answer.signing;
    const raw = fromBase64(bytes, 'signing.bytes');
    if (stage === 'proposal') {
      if (current !== undefined && current.id !== id) {
        if (until === 'first') return answer;
        const { intended } = current;
        left = left.filter((act) => act !== intended);
        current = undefined;
      }
      onProgress({ done: acts.length - left.length, of: acts.length });
      current = { id, ...proposedOf(raw, current === undefined ? left : [current.intended]) };
    } else {
      if (current?.id !== id) throw new DeviceRefusal('a transaction came before its proposal');
      checkTransaction(raw, current.proposal, current.intended);
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
