import { Injectable } from '@nestjs/common';
import { tooManyRequests } from '../http/problem.js';

const AT_ONCE = 4;
const RETRY_AFTER_SECONDS = 5;

/** A walk reads the whole ledger; an organisation has few at once. */
@Injectable()
export class VerificationTurns {
  private readonly running = new Map<string, number>();

  /** @throws ProblemException 429 */
  async take<Result>(mspId: string, act: () => Promise<Result>): Promise<Result> {
    const count = this.running.get(mspId) ?? 0;
    if (count >= AT_ONCE) {
      throw tooManyRequests(
        'VERIFICATION_BUSY',
        'Other walks are under way: try again shortly.',
        RETRY_AFTER_SECONDS,
      );
    }
    this.running.set(mspId, count + 1);
    try {
      return await act();
    } finally {
      this.running.set(mspId, (this.running.get(mspId) ?? 1) - 1);
    }
  }
}
