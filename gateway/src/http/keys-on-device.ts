import { problem, type ProblemException } from './problem.js';
import type { SessionUser } from './session-user.js';

/** For staff with keys on a device: what this version does with keys that the gateway holds only. */
export const keysOnDevice = (): ProblemException =>
  problem(
    409,
    'KEYS_ON_DEVICE',
    'This act needs the person’s own device, and devices do not sign it in this version: somebody whose keys the ' +
      'gateway holds can do it.',
  );

/** @throws ProblemException 409 `KEYS_ON_DEVICE` unless the gateway holds the caller's keys */
export const requireGatewayKeys = ({ role, keyHolder }: Pick<SessionUser, 'role' | 'keyHolder'>): void => {
  if (role !== 'patient' && keyHolder === 'device') throw keysOnDevice();
};
