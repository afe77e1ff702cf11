import type { ChaincodeSupport } from '../chaincode/support.js';
import { type Endorser, ProposalError } from '../endorser/endorser.js';
import type { SignedProposal } from '../endorser/proposal.js';
import type { SystemChaincodes } from '../endorser/system-chaincodes.js';
import type { ChaincodeCall } from '../endorser/interest.js';
import type { Ledger, Policy } from '../types.js';
import { Plan } from './plan.js';
import { connectionRefused, type PeerReply } from './status.js';

/** One organisation's logical peer as the others see it. */
export interface Peer {
  readonly mspId: string;
  /** `host:port` as clients and error details have it. */
  readonly address: string;
  readonly endorser: Endorser;
  readonly chaincodes: ChaincodeSupport;
  /** Whether it runs. */
  readonly up: boolean;
  /** When it stopped, by the machine's monotonic time in ms; undefined while it runs. */
  readonly stoppedAt: number | undefined;
}

/** What all gateways of the network share. */
export interface Membership {
  readonly ledger: Ledger;
  readonly peers: readonly Peer[];
  readonly systemChaincodes: SystemChaincodes;
  /** How long a stopped peer still counts as a member, as gossip's alive messages do; ms. */
  readonly aliveExpirationMs: number;
  /** Sees every proposal that reaches a peer. */
  readonly capture?: (peer: Peer, proposal: SignedProposal) => void;
}

/** Why no plan can be made; the text follows Fabric's. */
export class PlanError extends Error {}

/** One gateway's view of the other peers (Fabric internal/pkg/gateway/registry.go and discovery/endorsement). */
export class PeerRegistry {
  private readonly dropped = new Set<Peer>();

  constructor(
    private readonly membership: Membership,
    readonly local: Peer,
  ) {}

  /** Asks a peer; an RPC to another peer loses the response that goes with an error. */
  async ask(peer: Peer, proposal: SignedProposal): Promise<PeerReply> {
    if (!peer.up) return { error: connectionRefused(peer.address) };
    this.membership.capture?.(peer, proposal);
    try {
      return { response: await peer.endorser.processProposal(proposal) };
    } catch (error) {
      if (peer === this.local || !(error instanceof ProposalError)) return { error: error as Error };
      return { error: new Error(`rpc error: code = Unknown desc = ${error.message}`) };
    }
  }

  /** Drops the connection to a peer; it is dialled again when next needed. */
  drop(peer: Peer): void {
    if (peer !== this.local) this.dropped.add(peer);
  }

  /** Candidates for an evaluation, the gateway's organisation first. @throws PlanError */
  evaluationPlan(channelId: string, chaincode: string, targets: readonly string[]): Plan {
    const peers = this.endorsers(channelId, chaincode).filter(
      ({ mspId }) => targets.length === 0 || targets.includes(mspId),
    );
    if (peers.length === 0)
      throw new PlanError(`no peers available to evaluate chaincode ${chaincode} in channel ${channelId}`);
    const candidates = [
      ...peers.filter((peer) => peer === this.local),
      ...peers.filter((peer) => peer !== this.local),
    ];
    return new Plan([['candidates']], new Map([['candidates', candidates]]));
  }

  /** One peer of each named organisation. @throws PlanError */
  organizationsPlan(channelId: string, chaincode: string, organizations: readonly string[]): Plan {
    const endorsers = this.endorsers(channelId, chaincode);
    const groups = new Map<string, Peer[]>();
    const missing: string[] = [];
    for (const mspId of new Set(organizations)) {
      const peers = endorsers.filter((peer) => peer.mspId === mspId);
      if (peers.length === 0) missing.push(mspId);
      groups.set(mspId, peers);
    }
    if (missing.length > 0)
      throw new PlanError(`failed to find any endorsing peers for org(s): ${missing.join(', ')}`);
    return new Plan([[...groups.keys()]], groups);
  }

  /** Every set of organisations that satisfies the policies, those with `preferred` first. @throws PlanError */
  endorsementPlan(channelId: string, interest: readonly ChaincodeCall[], preferred?: Peer): Plan {
    const layouts = this.satisfiableLayouts(channelId, interest);
    const groups = new Map<string, Peer[]>();
    const unavailable: string[] = [];
    for (const mspId of new Set(layouts.flat())) {
      const peer = this.members().find((member) => member.mspId === mspId) as Peer;
      if (this.isConnected(peer)) groups.set(mspId, [peer]);
      else unavailable.push(peer.address);
    }
    const available = layouts.filter((layout) => layout.every((group) => groups.has(group)));
    if (available.length === 0) {
      throw new PlanError(
        'failed to select a set of endorsers that satisfy the endorsement policy due to unavailability of peers: ' +
          `[${unavailable.join(' ')}]`,
      );
    }
    const isPreferred = (layout: readonly string[]) =>
      preferred !== undefined && layout.includes(preferred.mspId);
    return new Plan(
      [
        ...shuffle(available.filter(isPreferred)),
        ...shuffle(available.filter((layout) => !isPreferred(layout))),
      ],
      groups,
    );
  }

  private satisfiableLayouts(channelId: string, interest: readonly ChaincodeCall[]): string[][] {
    const refuse = (cause: string) =>
      new PlanError(`no combination of peers can be derived which satisfy the endorsement policy: ${cause}`);
    const { ledger } = this.membership;
    let members = this.members();
    const installed = new Set(members);
    const policies: string[][][] = [];
    for (const call of interest) {
      const definition = channelId === ledger.channelId ? ledger.definition(call.name) : undefined;
      if (!definition)
        throw refuse(`No metadata was found for chaincode ${call.name} in channel ${channelId}`);
      for (const peer of installed) if (!peer.chaincodes.isInstalled(call.name)) installed.delete(peer);
      const namespacePolicies = call.collections.length === 0 && !call.disregardNamespacePolicy;
      const required: Policy[] = namespacePolicies ? [definition.endorsementPolicy] : [];
      for (const name of call.collections) {
        const collection = definition.collection(name);
        if (!collection)
          throw refuse(`collection ${name} doesn't exist in collection config for chaincode ${call.name}`);
        if (!call.noPrivateReads)
          members = members.filter(({ mspId }) => collection.memberOrgs.includes(mspId));
        required.push(collection.endorsementPolicy ?? definition.endorsementPolicy);
      }
      for (const policy of call.keyPolicies) required.push(ledger.config.signaturePolicy(policy));
      for (const policy of required) {
        const sets = policy.organizationSets();
        if (sets.length === 0) throw refuse('endorsement policy cannot be satisfied');
        policies.push(sets);
      }
    }
    if (policies.length === 0) throw refuse('no principal sets remained after filtering');
    const organizations = (peers: Iterable<Peer>) => new Set([...peers].map(({ mspId }) => mspId));
    const within = (layouts: string[][], allowed: ReadonlySet<string>) =>
      layouts.filter((layout) => layout.every((mspId) => allowed.has(mspId)));
    const possible = within(policies.reduce(unions), organizations(members));
    if (possible.length === 0) throw refuse('no peer combination can satisfy the endorsement policy');
    const runnable = within(possible, organizations(installed));
    if (runnable.length === 0) throw refuse('required chaincodes are not installed on sufficient peers');
    return runnable;
  }

  /** Peers that gossip takes for alive. */
  private members(): Peer[] {
    const { aliveExpirationMs, peers } = this.membership;
    return peers.filter(
      ({ stoppedAt }) => stoppedAt === undefined || performance.now() - stoppedAt < aliveExpirationMs,
    );
  }

  private endorsers(channelId: string, chaincode: string): Peer[] {
    const { ledger, systemChaincodes } = this.membership;
    if (channelId !== ledger.channelId) return [];
    const defined = ledger.definition(chaincode) !== undefined;
    return this.members().filter(
      (peer) =>
        this.isConnected(peer) &&
        (systemChaincodes.has(chaincode) || (defined && peer.chaincodes.isInstalled(chaincode))),
    );
  }

  /** A dropped connection is dialled again. */
  private isConnected(peer: Peer): boolean {
    if (peer.up) this.dropped.delete(peer);
    return !this.dropped.has(peer);
  }
}

/** Every union of one set of each side, without repetition. */
function unions(left: string[][], right: string[][]): string[][] {
  const merged = new Map<string, string[]>();
  for (const a of left) {
    for (const b of right) {
      const union = [...new Set([...a, ...b])].sort();
      merged.set(union.join(' '), union);
    }
  }
  return [...merged.values()];
}

/** Fisher-Yates, so that load spreads over equivalent layouts. */
function shuffle<T>(items: T[]): T[] {
  for (let i = items.length - 1; i > 0; i -= 1) {
    const j = Math.floor(Math.random() * (i + 1));
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}
