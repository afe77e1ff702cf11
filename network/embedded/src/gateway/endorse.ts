import { status as codes } from '@grpc/grpc-js';
import { decodeSpec } from '../chaincode/protocol.js';
import type { ProposalResponse } from '../endorser/endorser.js';
import type { ChaincodeCall } from '../endorser/interest.js';
import {
  decodeProposal,
  decodeProposalPayload,
  decodeSignedProposal,
  type SignedProposal,
} from '../endorser/proposal.js';
import {
  decodeChannelHeader,
  decodeHeader,
  encodePayload,
  encodeEnvelope,
  encodeTransaction,
  type Header,
  withoutTransient,
} from '../protos/envelopes.js';
import { Writer } from '../protos/wire.js';
import type { ProposalRequest } from './messages.js';
import { type Peer, PlanError, type PeerRegistry } from './peers.js';
import type { Plan } from './plan.js';
import { type ErrorDetail, type PeerReply, replyStatus, RpcError } from './status.js';

const NOTHING: Buffer = Buffer.alloc(0);

interface UnpackedRequest {
  readonly signed: SignedProposal;
  readonly header: Header;
  readonly payload: Buffer;
  readonly channelId: string;
  readonly chaincode: string;
  readonly hasTransient: boolean;
}

/** Collects endorsements for a proposal and assembles the transaction (Fabric internal/pkg/gateway/endorse.go). */
export async function endorse(request: ProposalRequest, registry: PeerRegistry): Promise<Buffer> {
  const unpacked = unpack(request.proposal);
  const { channelId, chaincode, header, payload, signed } = unpacked;
  let plan: Plan;
  if (request.organizations.length > 0) {
    try {
      plan = registry.organizationsPlan(channelId, chaincode, request.organizations);
    } catch (error) {
      throw planFailure(error, codes.UNAVAILABLE);
    }
  } else {
    plan = await planFromFirstEndorser(unpacked, registry);
  }

  while (!plan.completed) {
    const endorsers = plan.endorsers();
    if (!endorsers) break;
    const exhausted = await Promise.all(endorsers.map((peer) => collect(peer, plan, signed, registry)));
    plan.abandon(exhausted.filter((group) => group !== undefined));
  }
  if (!plan.completed) {
    const message = 'failed to collect enough transaction endorsements, see attached details for more info';
    throw new RpcError(codes.ABORTED, message, plan.errorDetails);
  }
  const transaction = encodeTransaction({
    header: header.signatureHeader,
    chaincodeProposalPayload: withoutTransient(payload),
    responsePayload: plan.responsePayload ?? NOTHING,
    endorsements: plan.completed,
  });
  const envelope = encodeEnvelope({
    payload: encodePayload(header.channelHeader, header.signatureHeader, transaction),
    signature: NOTHING,
  });
  return new Writer().message(1, envelope).finish();
}

function unpack(proposalBytes: Buffer): UnpackedRequest {
  try {
    const signed = decodeSignedProposal(proposalBytes);
    if (signed.proposalBytes.length === 0) {
      throw new Error('the proposed transaction must contain a signed proposal');
    }
    const proposal = decodeProposal(signed.proposalBytes);
    const header = decodeHeader(proposal.header);
    const { spec, hasTransient } = decodeProposalPayload(proposal.payload);
    const chaincode = decodeSpec(spec ?? NOTHING).name ?? '';
    const { channelId } = decodeChannelHeader(header.channelHeader);
    return { signed, header, payload: proposal.payload, channelId, chaincode, hasTransient };
  } catch (error) {
    throw new RpcError(codes.INVALID_ARGUMENT, (error as Error).message);
  }
}

/** Asks a peer and, on failure, the next of its group. @returns the group when it has no peer left. */
async function collect(
  first: Peer,
  plan: Plan,
  signed: SignedProposal,
  registry: PeerRegistry,
): Promise<string | undefined> {
  let peer = first;
  for (;;) {
    const reply = await registry.ask(peer, signed);
    const { code, message, remove } = replyStatus(reply);
    if (code === codes.OK && plan.accept(peer, responseOf(reply))) return undefined;
    if (code !== codes.OK) {
      if (remove) registry.drop(peer);
      plan.fail(peer, message);
    }
    const next = plan.nextPeerInGroup(peer);
    if ('exhausted' in next) return next.exhausted;
    ({ peer } = next);
  }
}

function responseOf(reply: PeerReply): ProposalResponse {
  return (reply as { response: ProposalResponse }).response;
}

async function planFromFirstEndorser(request: UnpackedRequest, registry: PeerRegistry): Promise<Plan> {
  const { channelId, chaincode, hasTransient, signed } = request;
  const defaultInterest: ChaincodeCall[] = [
    {
      name: chaincode,
      collections: [],
      noPrivateReads: false,
      disregardNamespacePolicy: false,
      keyPolicies: [],
    },
  ];
  let plan: Plan;
  try {
    plan = registry.organizationsPlan(channelId, chaincode, [registry.local.mspId]);
  } catch {
    if (hasTransient) {
      throw new RpcError(
        codes.FAILED_PRECONDITION,
        "no endorsers found in the gateway's organization; retry specifying endorsing organization(s) to protect transient data",
      );
    }
    try {
      plan = registry.endorsementPlan(channelId, defaultInterest);
    } catch (error) {
      throw planFailure(error, codes.FAILED_PRECONDITION);
    }
  }

  const { peer, response } = await firstEndorsement(plan, signed, registry);
  const interest = response.interest?.length ? response.interest : defaultInterest;
  const chosen = protectedPlan(channelId, interest, hasTransient, peer, registry);
  chosen.accept(peer, response);
  return chosen;
}

async function firstEndorsement(
  plan: Plan,
  signed: SignedProposal,
  registry: PeerRegistry,
): Promise<{ peer: Peer; response: ProposalResponse }> {
  const details: ErrorDetail[] = [];
  let peer = plan.endorsers()?.[0];
  while (peer) {
    const reply = await registry.ask(peer, signed);
    const { code, message, remove } = replyStatus(reply);
    if (code === codes.OK) return { peer, response: responseOf(reply) };
    details.push({ address: peer.address, mspId: peer.mspId, message });
    if (remove) registry.drop(peer);
    const next = plan.nextPeerInGroup(peer);
    peer = 'peer' in next ? next.peer : undefined;
  }
  throw new RpcError(
    codes.ABORTED,
    'failed to endorse transaction, see attached details for more info',
    details,
  );
}

/** With transient data only organisations that own the touched collections may see the proposal. */
function protectedPlan(
  channelId: string,
  interest: readonly ChaincodeCall[],
  hasTransient: boolean,
  first: Peer,
  registry: PeerRegistry,
): Plan {
  const guarded = hasTransient ? interest.map((call) => ({ ...call, noPrivateReads: false })) : interest;
  const collections = hasTransient
    ? interest.filter(({ noPrivateReads }) => noPrivateReads).flatMap((call) => call.collections)
    : [];
  try {
    return registry.endorsementPlan(channelId, guarded, first);
  } catch (error) {
    if (collections.length === 0) throw planFailure(error, codes.FAILED_PRECONDITION);
    try {
      registry.endorsementPlan(channelId, interest, first);
    } catch (unprotected) {
      throw planFailure(unprotected, codes.FAILED_PRECONDITION);
    }
    throw new RpcError(
      codes.FAILED_PRECONDITION,
      'requires endorsement from organisation(s) that are not in the distribution policy of the private data ' +
        `collection(s): [${collections.join(' ')}]; retry specifying trusted endorsing organizations to protect transient data`,
    );
  }
}

function planFailure(error: unknown, code: codes): unknown {
  return error instanceof PlanError ? new RpcError(code, error.message) : error;
}
