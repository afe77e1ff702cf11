import type { ProposalResponse } from '../endorser/endorser.js';
import type { Endorsement } from '../protos/envelopes.js';
import type { ErrorDetail } from './status.js';
import type { Peer } from './peers.js';

/** How many endorsements of which groups complete a transaction. */
interface Layout {
  readonly required: Map<string, number>;
  readonly endorsements: Endorsement[];
}

export type Groups = ReadonlyMap<string, readonly Peer[]>;

/**
 * Which peers to ask and when enough have answered alike (Fabric internal/pkg/gateway/endorsement.go). A group is an
 * organisation, or all candidates of an evaluation.
 */
export class Plan {
  /** The answer that all must give, once there is one. */
  responsePayload: Buffer | undefined;
  completed: readonly Endorsement[] | undefined;
  readonly errorDetails: ErrorDetail[] = [];
  private readonly layouts: (Layout | undefined)[];
  private readonly waiting = new Map<string, Peer[]>();
  private readonly groupOf = new Map<Peer, string>();
  private current = 0;

  constructor(layouts: readonly (readonly string[])[], groups: Groups) {
    this.layouts = layouts.map((layout) => ({
      required: new Map(layout.map((group) => [group, 1])),
      endorsements: [],
    }));
    for (const [group, peers] of groups) {
      this.waiting.set(group, [...peers]);
      for (const peer of peers) this.groupOf.set(peer, group);
    }
  }

  /** Peers of the next layout that can still be satisfied; undefined when there is none. */
  endorsers(): Peer[] | undefined {
    for (; this.current < this.layouts.length; this.current += 1) {
      const required = this.layouts[this.current]?.required;
      if (!required) continue;
      const peers = [...required].map(
        ([group, quantity]) => this.waiting.get(group)?.splice(0, quantity) ?? [],
      );
      if ([...required.values()].every((quantity, i) => peers[i]?.length === quantity)) return peers.flat();
      this.layouts[this.current] = undefined;
    }
    return undefined;
  }

  /** Another peer of the same group, or the group that has no more. */
  nextPeerInGroup(peer: Peer): { peer: Peer } | { exhausted: string } {
    const group = this.groupOf.get(peer) ?? '';
    const next = this.waiting.get(group)?.shift();
    return next ? { peer: next } : { exhausted: group };
  }

  /** @returns false when the answer differs from the first one. */
  accept(peer: Peer, { payload, endorsement }: ProposalResponse): boolean {
    const group = this.groupOf.get(peer) ?? '';
    const waiting = this.waiting.get(group) ?? [];
    this.waiting.set(
      group,
      waiting.filter((other) => other !== peer),
    );
    if (!this.responsePayload) {
      this.responsePayload = payload;
    } else if (!payload?.equals(this.responsePayload)) {
      this.fail(peer, 'ProposalResponsePayloads do not match');
      return false;
    }
    for (const layout of this.layouts.slice(this.current)) {
      const quantity = layout?.required.get(group);
      if (!layout || quantity === undefined) continue;
      if (endorsement) layout.endorsements.push(endorsement);
      if (quantity > 1) layout.required.set(group, quantity - 1);
      else layout.required.delete(group);
      if (layout.required.size === 0) {
        this.completed = distinct(layout.endorsements);
        return true;
      }
    }
    return true;
  }

  fail({ address, mspId }: Peer, message: string): void {
    this.errorDetails.push({ address, mspId, message });
  }

  /** Gives up every layout that needs one of the groups, and the current one. */
  abandon(groups: readonly string[]): void {
    for (let i = this.current; i < this.layouts.length; i += 1) {
      if (groups.some((group) => this.layouts[i]?.required.has(group))) this.layouts[i] = undefined;
    }
    this.current += 1;
  }
}

function distinct(endorsements: readonly Endorsement[]): Endorsement[] {
  const byEndorser = new Map(
    endorsements.map((endorsement) => [endorsement.endorser.toString('base64'), endorsement]),
  );
  return [...byEndorser.values()];
}
