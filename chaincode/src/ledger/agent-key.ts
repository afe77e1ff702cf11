import { ContractError } from '../errors.js';
import { readSecretKey } from './secret-file.js';

/**
 * The organisation's X25519 agent key, 32 bytes, from the file that `MEDSEAL_AGENT_KEY_FILE` names. Read when it is
 * needed: the gateway makes the file at its first start, which comes after this process's.
 *
 * Only for evaluated calls: an endorsed answer must not depend on what the other endorsers do not have.
 */
export const agentSecretKey = (file = process.env.MEDSEAL_AGENT_KEY_FILE): Uint8Array => {
  if (file === undefined || file === '') return refuse('MEDSEAL_AGENT_KEY_FILE is not set');
  const { key, problem } = readSecretKey(file);
  return key ?? refuse(`the agent key file ${problem}`);
};

const refuse = (why: string): never => {
  throw new ContractError('AGENT_KEY_MISSING', `the agent asked cannot use its key: ${why}`);
};
