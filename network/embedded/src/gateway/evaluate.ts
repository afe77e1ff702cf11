import { status as codes } from '@grpc/grpc-js';
import { type ChaincodeResponse, decodeResponse, decodeSpec, encodeResponse } from '../chaincode/protocol.js';
import type { ProposalResponse } from '../endorser/endorser.js';
import {
  decodeProposal,
  decodeProposalPayload,
  decodeSignedProposal,
  type SignedProposal,
} from '../endorser/proposal.js';
import {
  decodeChaincodeAction,
  decodeChannelHeader,
  decodeHeader,
  decodeProposalResponsePayload,
} from '../protos/envelopes.js';
import { Writer } from '../protos/wire.js';
import type { Ledger } from '../types.js';
import type { ProposalRequest } from './messages.js';
import { type Peer, PlanError, type PeerRegistry } from './peers.js';
import type { Plan } from './plan.js';
import { type ErrorDetail, replyStatus, RpcError } from './status.js';

/** Runs a proposal on one peer and answers its result (Fabric internal/pkg/gateway/evaluate.go). */
export async function evaluate(
  request: ProposalRequest,
  registry: PeerRegistry,
  ledger: Ledger,
): Promise<Buffer> {
  const { signed, channelId, chaincode, hasTransient } = unpack(request.proposal);
  if (channelId !== ledger.channelId) {
    throw new RpcError(
      codes.UNAVAILABLE,
      `failed to get config for channel [${channelId}]: could not get last config for channel ${channelId}`,
    );
  }
  const isProtected = hasTransient && request.organizations.length === 0;
  let plan: Plan;
  try {
    plan = registry.evaluationPlan(
      channelId,
      chaincode,
      isProtected ? [registry.local.mspId] : request.organizations,
    );
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    const prefix = isProtected
      ? "no endorsers found in the gateway's organization; retry specifying target organization(s) to protect transient data: "
      : '';
    throw new RpcError(codes.FAILED_PRECONDITION, prefix + error.message);
  }

  const details: ErrorDetail[] = [];
  let [peer] = plan.endorsers() as [Peer, ...Peer[]];
  for (;;) {
    const reply = await registry.ask(peer, signed);
    const { code, message, retry, remove } = replyStatus(reply);
    if (code === codes.OK && 'response' in reply) {
      return new Writer().message(1, encodeResponse(withResult(reply.response))).finish();
    }
    details.push({ address: peer.address, mspId: peer.mspId, message });
    if (remove) registry.drop(peer);
    if (!retry) throw new RpcError(code, `evaluate call to endorser returned error: ${message}`, details);
    const next = plan.nextPeerInGroup(peer);
    if ('exhausted' in next) {
      throw new RpcError(code, 'failed to evaluate transaction, see attached details for more info', details);
    }
    ({ peer } = next);
  }
}

/** The result that was endorsed is preferred over the response's own payload. */
function withResult({ response, payload }: ProposalResponse): ChaincodeResponse {
  if (!payload) return response;
  const action = decodeChaincodeAction(decodeProposalResponsePayload(payload).extension);
  return { ...response, payload: decodeResponse(action.response).payload };
}

function unpack(proposalBytes: Buffer): {
  signed: SignedProposal;
  channelId: string;
  chaincode: string;
  hasTransient: boolean;
} {
  try {
    const signed = decodeSignedProposal(proposalBytes);
    if (signed.proposalBytes.length === 0) throw new Error('a signed proposal is required');
    const proposal = decodeProposal(signed.proposalBytes);
    const { channelId } = decodeChannelHeader(decodeHeader(proposal.header).channelHeader);
    const { spec, hasTransient } = decodeProposalPayload(proposal.payload);
    if (!channelId) throw new Error('no channel id provided');
    if (!spec) throw new Error(`no chaincode spec is provided, channel id [${channelId}]`);
    const { name } = decodeSpec(spec);
    if (name === undefined) throw new Error(`no chaincode id is provided, channel id [${channelId}]`);
    if (name === '') throw new Error(`no chaincode name is provided, channel id [${channelId}]`);
    return { signed, channelId, chaincode: name, hasTransient };
  } catch (error) {
    throw new RpcError(
      codes.INVALID_ARGUMENT,
      `failed to unpack transaction proposal: ${(error as Error).message}`,
    );
  }
}
