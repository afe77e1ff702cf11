import { readFileSync } from 'node:fs';
import { ContractError } from '../errors.js';

const WINDOW_MS = 5 * 60_000;

/**
 * This host's clock in milliseconds since the epoch. `MEDSEAL_CLOCK_FILE` names a file with an offset in milliseconds,
 * kept by a network whose clock can be advanced.
 */
const hostClock = (): number => Date.now() + clockOffset(process.env.MEDSEAL_CLOCK_FILE);

const clockOffset = (file: string | undefined): number => {
  if (file === undefined || file === '') return 0;
  let content: string;
  try {
    content = readFileSync(file, 'utf8').trim();
  } catch {
    return 0;
  }
  return /^-?\d{1,15}$/.test(content) ? Number(content) : 0;
};

/**
 * The one use of a clock: refuses a proposal made more than five minutes from now. The refusal writes nothing, so
 * endorsers with slightly different clocks can disagree about an answer but never about a write.
 */
export const refuseStaleProposal = (timestampMs: number, nowMs: number = hostClock()): void => {
  if (!(Math.abs(nowMs - timestampMs) <= WINDOW_MS)) {
    throw new ContractError(
      'PROPOSAL_STALE',
      'the proposal was made more than five minutes from this clock: sign a fresh one',
    );
  }
};
