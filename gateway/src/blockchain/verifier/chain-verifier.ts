import { examineBlock, type BlockExamination } from './block-verifier.js';
import type { ChannelTrust } from './channel-trust.js';
import { EndorsementPolicies } from './endorsement-policies.js';
import type { LedgerTransaction } from './transaction-bytes.js';

/** What was seen of the chain before and may not differ now. */
export interface ChainAnchor {
  /** Header hash of block 0, out of band or from the first start. */
  readonly genesisHash?: Buffer;
  fingerprint?(blockNumber: number): Buffer | undefined;
}

/**
 * Walks a chain from block 0, handed in order. Never throws; after a bad block it goes on with what the next ones
 * say about themselves, so that each further bad block is named too.
 */
export class ChainVerifier {
  #next = 0;
  #trust: ChannelTrust | undefined;
  #previousHash: Buffer | undefined;
  #previousCommitHash: Buffer | undefined;
  readonly #policies = new EndorsementPolicies();
  readonly #transactionIds = new Set<string>();

  constructor(private readonly anchor: ChainAnchor = {}) {}

  /** Configuration in force after the blocks so far. */
  get trust(): ChannelTrust | undefined {
    return this.#trust;
  }

  /** @param bytes marshalled `common.Block`; undefined when the peer cannot serve it. */
  accept(bytes: Uint8Array | undefined): BlockExamination {
    const number = this.#next;
    this.#next += 1;
    if (!bytes) {
      this.#previousHash = undefined;
      this.#previousCommitHash = undefined;
      return unreadable(number);
    }
    const examination = examineBlock(bytes, {
      number,
      trust: this.#trust,
      previousHash: this.#previousHash,
      previousCommitHash: this.#previousCommitHash,
      fingerprint: this.anchor.fingerprint?.(number),
    });
    const reason = examination.reason ?? this.#beyondOneBlock(examination);
    this.#trust = (reason === undefined ? examination.trust : undefined) ?? this.#trust;
    this.#previousHash = examination.headerHash;
    this.#previousCommitHash = examination.commitHash;
    return reason === examination.reason ? examination : { ...examination, reason, trust: undefined };
  }

  #beyondOneBlock({
    number,
    headerHash,
    transactions,
    validationCodes,
  }: BlockExamination): string | undefined {
    if (number === 0 && this.anchor.genesisHash && !headerHash?.equals(this.anchor.genesisHash)) {
      return 'block: not the first block of this channel';
    }
    for (const [position, transaction] of transactions.entries()) {
      if (validationCodes[position] !== 0 || !transaction?.transactionId) continue;
      if (this.#transactionIds.has(transaction.transactionId)) {
        return `transaction ${position}: its id was committed before`;
      }
      this.#transactionIds.add(transaction.transactionId);
      const refusal = this.#trust && this.#endorsementRefusal(transaction, this.#trust);
      if (refusal) return `transaction ${position}: ${refusal}`;
    }
    return undefined;
  }

  #endorsementRefusal(transaction: LedgerTransaction, trust: ChannelTrust): string | undefined {
    try {
      const refusal = this.#policies.refusal(transaction, trust);
      if (refusal === undefined) this.#policies.learn(transaction);
      return refusal;
    } catch {
      return 'its chaincode definition or policy is not readable';
    }
  }
}

/** The verdict on a block that the peer cannot serve. */
export const unreadable = (number: number): BlockExamination => ({
  number,
  reason: 'block: the peer cannot read it',
  parts: undefined,
  headerHash: undefined,
  dataHash: undefined,
  commitHash: undefined,
  validationCodes: [],
  transactions: [],
  trust: undefined,
});
