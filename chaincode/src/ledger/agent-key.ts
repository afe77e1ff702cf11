import { readFileSync, statSync } from 'node:fs';
import { ContractError } from '../errors.js';

const KEY_BYTES = 32;
const OTHERS = 0o077;

/**
 * The organisation's X25519 agent key, 32 bytes, from the file that `MEDSEAL_AGENT_KEY_FILE` names. Read when it is
 * needed: the gateway makes the file at its first start, which comes after this process's.
 *
 * Only for evaluated calls: an endorsed answer must not depend on what the other endorsers do not have.
 */
export const agentSecretKey = (file = process.env.MEDSEAL_AGENT_KEY_FILE): Uint8Array => {
  if (file === undefined || file === '') return refuse('MEDSEAL_AGENT_KEY_FILE is not set');
  let bytes: Uint8Array;
  let mode: number;
  try {
    mode = statSync(file).mode;
    bytes = new Uint8Array(readFileSync(file));
  } catch {
    return refuse('the agent key file cannot be read');
  }
  if ((mode & OTHERS) !== 0) return refuse('the agent key file is open to others: give it mode 0600');
  return bytes.length === KEY_BYTES ? bytes : refuse(`the agent key file must hold ${KEY_BYTES} bytes`);
};

const refuse = (why: string): never => {
  throw new ContractError('AGENT_KEY_MISSING', `the agent asked cannot use its key: ${why}`);
};
