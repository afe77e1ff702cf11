import { readFileSync, statSync } from 'node:fs';

const CHECK_INTERVAL_MS = 50;

/**
 * The gateway's only source of time. In trials an offset file (milliseconds, decimal text), shared with network and
 * chaincode, moves everybody's time together; without it this is the machine's clock.
 */
export class Clock {
  private offsetMs = 0;
  private checkedAt = 0;
  private modifiedAt = 0;

  constructor(private readonly offsetFile?: string) {}

  /** Milliseconds since the epoch. */
  now(): number {
    const machine = Date.now();
    if (this.offsetFile !== undefined && machine - this.checkedAt >= CHECK_INTERVAL_MS)
      this.readOffset(machine);
    return machine + this.offsetMs;
  }

  date(): Date {
    return new Date(this.now());
  }

  private readOffset(machine: number): void {
    this.checkedAt = machine;
    const modifiedAt = statSync(this.offsetFile!, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (modifiedAt === this.modifiedAt) return;
    this.modifiedAt = modifiedAt;
    const offset = modifiedAt === 0 ? 0 : Number(readFileSync(this.offsetFile!, 'utf8').trim());
    if (Number.isFinite(offset)) this.offsetMs = offset;
  }
}
