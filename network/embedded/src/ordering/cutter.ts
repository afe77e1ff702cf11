/** Limits of a block, from the channel's configuration (Orderer BatchSize). */
export interface BatchLimits {
  readonly maxMessageCount: number;
  readonly preferredMaxBytes: number;
}

export interface PendingEnvelope {
  readonly envelope: Buffer;
  /** Payload and signature together, as the ordering service counts them. */
  readonly size: number;
}

/** Groups envelopes into blocks (orderer/common/blockcutter): by count and bytes; one oversize envelope stands alone. */
export class BlockCutter {
  private pending: PendingEnvelope[] = [];
  private pendingBytes = 0;

  constructor(private readonly limits: BatchLimits) {}

  /** Whole batches that this envelope completes. */
  add(message: PendingEnvelope): PendingEnvelope[][] {
    const batches: PendingEnvelope[][] = [];
    if (message.size > this.limits.preferredMaxBytes) {
      if (this.pending.length > 0) batches.push(this.cut());
      batches.push([message]);
      return batches;
    }
    if (this.pendingBytes + message.size > this.limits.preferredMaxBytes && this.pending.length > 0) {
      batches.push(this.cut());
    }
    this.pending.push(message);
    this.pendingBytes += message.size;
    if (this.pending.length >= this.limits.maxMessageCount) batches.push(this.cut());
    return batches;
  }

  get waiting(): number {
    return this.pending.length;
  }

  /** What waits, as a batch. */
  cut(): PendingEnvelope[] {
    const batch = this.pending;
    this.pending = [];
    this.pendingBytes = 0;
    return batch;
  }
}
