import { type ChaincodeResponse, decodeInput, encodeResponse } from '../chaincode/protocol.js';
import type { ChaincodeSupport } from '../chaincode/support.js';
import { wrap } from '../chaincode/wrap.js';
import {
  encodeChaincodeAction,
  encodeProposalResponsePayload,
  type Endorsement,
} from '../protos/envelopes.js';
import { decodePrivateRwSet, encodePrivateRwSet } from '../rwset/messages.js';
import type { Clock, Identity, Ledger, SigningIdentity } from '../types.js';
import { checkIdentity, TIME_WINDOW_MS, WRITERS } from './access.js';
import type { ChaincodeCall } from './interest.js';
import { type SignedProposal, type UnpackedProposal, unpackProposal, validateProposal } from './proposal.js';
import { TxSimulator } from './simulator.js';
import type { SystemChaincodes } from './system-chaincodes.js';

/** The threshold from which a chaincode's status is an error; below it the transaction may be submitted. */
const ERROR_THRESHOLD = 400;
const ERROR = 500;
const SYSTEM_VERSION = 'syscc';

/** What Fabric's endorser answers, as `protos.ProposalResponse` has it. */
export interface ProposalResponse {
  readonly response: ChaincodeResponse;
  /** Marshalled `protos.ProposalResponsePayload`: what is signed; absent when the peer itself failed. */
  readonly payload?: Buffer;
  readonly endorsement?: Endorsement;
  readonly interest?: readonly ChaincodeCall[];
}

/** A refusal before simulation. Fabric answers it as a gRPC error, some with a response beside it. */
export class ProposalError extends Error {
  constructor(
    message: string,
    /** Whether a response with status 500 goes with it: the proposal itself is wrong, another peer says the same. */
    readonly answered: boolean,
  ) {
    super(message);
  }
}

export interface EndorserOptions {
  readonly identity: SigningIdentity;
  readonly ledger: Ledger;
  readonly chaincodes: ChaincodeSupport;
  readonly systemChaincodes: SystemChaincodes;
  readonly clock: Clock;
  /** Organisations with a running peer: those that private data can reach. */
  readonly reachable: () => ReadonlySet<string>;
}

/** One organisation's endorsing peer (Fabric core/endorser/endorser.go). */
export class Endorser {
  constructor(private readonly options: EndorserOptions) {}

  /** @throws ProposalError */
  async processProposal(signed: SignedProposal): Promise<ProposalResponse> {
    const proposal = this.unpack(signed);
    this.authenticate(proposal);
    const { ledger } = this.options;
    if (proposal.channelId !== ledger.channelId) return failure(`channel '${proposal.channelId}' not found`);
    const creator = await this.preProcess(proposal);
    try {
      return await this.endorse(proposal, creator);
    } catch (error) {
      return failure((error as Error).message);
    }
  }

  private unpack(signed: SignedProposal): UnpackedProposal {
    try {
      return unpackProposal(signed);
    } catch (error) {
      throw new ProposalError((error as Error).message, true);
    }
  }

  /** Fabric's authentication filters: certificate expiry, time window. */
  private authenticate(proposal: UnpackedProposal): void {
    const { clock, ledger } = this.options;
    const now = clock.now();
    let notAfter: number | undefined;
    try {
      notAfter = ledger.config.deserializeIdentity(proposal.creator).notAfter.getTime();
    } catch {
      // an unknown creator is refused by the checks that follow, with their text
    }
    if (notAfter !== undefined && now > notAfter)
      throw new ProposalError('proposal client identity expired', false);
    const { timestamp } = proposal.channelHeader;
    const sent = timestamp ? timestamp.seconds * 1000 + timestamp.nanos / 1e6 : 0;
    // clients outside the process keep the machine's time when the network's is advanced
    if (Math.abs(now - sent) > TIME_WINDOW_MS && Math.abs(Date.now() - sent) > TIME_WINDOW_MS) {
      throw new ProposalError(
        `request unauthorized due to incorrect timestamp ${rfc3339(sent)}, peer time ${rfc3339(now)}, ` +
          'peer.authentication.timewindow 15m0s',
        false,
      );
    }
  }

  /** Validity, uniqueness, right to propose. */
  private async preProcess(proposal: UnpackedProposal): Promise<Identity> {
    const { ledger, systemChaincodes } = this.options;
    let creator: Identity;
    try {
      creator = await validateProposal(proposal, ledger.config);
    } catch (error) {
      throw new ProposalError(`error validating proposal: ${(error as Error).message}`, true);
    }
    if (ledger.transaction(proposal.txId)) {
      const creatorHex = proposal.creator.toString('hex');
      throw new ProposalError(
        `duplicate transaction found [${proposal.txId}]. Creator [${creatorHex}]`,
        true,
      );
    }
    if (!systemChaincodes.has(proposal.chaincodeName)) {
      try {
        checkIdentity(ledger.config, WRITERS, creator);
      } catch (error) {
        throw new ProposalError((error as Error).message, true);
      }
    }
    return creator;
  }

  private async endorse(proposal: UnpackedProposal, creator: Identity): Promise<ProposalResponse> {
    const { chaincodeName, channelId, txId } = proposal;
    const { chaincodes, identity, ledger, systemChaincodes } = this.options;
    const simulator = new TxSimulator(ledger, identity.mspId, txId);
    const system = systemChaincodes.has(chaincodeName);
    let version = SYSTEM_VERSION;
    if (!system) {
      try {
        version = chaincodes.endorsementInfo(chaincodeName, { simulator }).version;
      } catch (error) {
        throw wrap(
          `make sure the chaincode ${chaincodeName} has been successfully defined on channel ${channelId} and try again`,
          error,
        );
      }
    }

    try {
      const invocation = { channelId, txId, signedProposal: proposal.signed.bytes, creator, simulator };
      const executed = system
        ? systemChaincodes.execute(chaincodeName, decodeInput(proposal.input).args, invocation)
        : await chaincodes.execute(chaincodeName, proposal.input, invocation);
      const outcome = simulator.results();
      if (outcome.privateBytes) await this.distribute(txId, outcome.privateBytes, simulator);
      const payload = encodeProposalResponsePayload({
        proposalHash: proposal.proposalHash,
        extension: encodeChaincodeAction({
          results: outcome.publicBytes,
          events: executed.event ?? Buffer.alloc(0),
          response: encodeResponse(executed),
          chaincodeId: { path: '', name: chaincodeName, version },
        }),
      });
      return this.respond(executed, payload, outcome.interest);
    } catch (error) {
      throw wrap('error in simulation', error);
    }
  }

  private respond(
    response: ChaincodeResponse,
    payload: Buffer,
    interest: readonly ChaincodeCall[],
  ): ProposalResponse {
    const { status, message } = response;
    const answer = { status, message, payload: response.payload };
    if (status >= ERROR) return { response: answer, payload, interest };
    if (status >= ERROR_THRESHOLD) return { response: answer };
    const { identity } = this.options;
    const endorser = identity.serialized;
    const endorsement = { endorser, signature: identity.sign(Buffer.concat([payload, endorser])) };
    return { response: answer, payload, endorsement, interest };
  }

  /**
   * Private values reach every member organisation's peer, a stopped one included: gossip would bring them when it runs
   * again. Only `requiredPeerCount` asks for running peers.
   */
  private async distribute(txId: string, privateBytes: Buffer, simulator: TxSimulator): Promise<void> {
    const { identity, ledger, reachable } = this.options;
    const members = new Map<string, ReadonlySet<string>>();
    for (const { namespace, config } of simulator.writtenCollections()) {
      const eligible = config.memberOrgs.filter(
        (mspId) => mspId !== identity.mspId && reachable().has(mspId),
      );
      if (eligible.length < config.requiredPeerCount) {
        throw new Error(
          `could not build private data dissemination plan for chaincode ${namespace} and collection ${config.name}: ` +
            `required to disseminate to at least ${config.requiredPeerCount} peers, but know of only ${eligible.length} eligible peers`,
        );
      }
      members.set(collectionKey(namespace, config.name), new Set(config.memberOrgs));
    }
    await Promise.all(
      [...partsByMember(privateBytes, members)].map(([mspId, bytes]) =>
        ledger.storeTransient(txId, bytes, [mspId]),
      ),
    );
  }
}

function collectionKey(namespace: string, collection: string): string {
  return `${namespace}\u0000${collection}`;
}

/** What each organisation may hold of a transaction's private writes. */
function partsByMember(
  privateBytes: Buffer,
  members: ReadonlyMap<string, ReadonlySet<string>>,
): Map<string, Buffer> {
  const all = decodePrivateRwSet(privateBytes);
  const parts = new Map<string, Buffer>();
  for (const mspId of new Set([...members.values()].flatMap((orgs) => [...orgs]))) {
    const held = all
      .map(({ namespace, collections }) => ({
        namespace,
        collections: collections.filter(({ collection }) =>
          members.get(collectionKey(namespace, collection))?.has(mspId),
        ),
      }))
      .filter(({ collections }) => collections.length > 0);
    if (held.length > 0) parts.set(mspId, encodePrivateRwSet(held));
  }
  return parts;
}

function failure(message: string): ProposalResponse {
  return { response: { status: ERROR, message, payload: Buffer.alloc(0) } };
}

function rfc3339(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
