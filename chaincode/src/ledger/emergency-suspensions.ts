import { ContractError } from '../errors.js';
import type { EmergencyCaseEntry } from '../model/emergency-entries.js';
import type { Act } from './authorization.js';
import { worldKeys } from './keys.js';
import type { WorldState } from './store.js';

/** What follows from a review that finds a case unjustified, until the reader's own organisation has acted. */

export const suspendFromEmergencies = async (
  world: WorldState,
  { reader, emergencyId }: EmergencyCaseEntry,
  at: string,
): Promise<void> => {
  await world.put(worldKeys.emergencySuspension(reader), {
    staffId: reader,
    emergencyId,
    since: at,
    liftedAt: null,
    liftedBy: null,
  });
};

/** By the administrator who takes somebody back whom they had suspended. */
export const liftEmergencySuspension = async (
  { world, caller, at }: Pick<Act, 'world' | 'caller' | 'at'>,
  staffId: string,
): Promise<void> => {
  const key = worldKeys.emergencySuspension(staffId);
  const suspension = await world.get(key);
  if (suspension === undefined || suspension.liftedAt !== null) return;
  await world.put(key, { ...suspension, liftedAt: at, liftedBy: caller.subject });
};

/** @throws ContractError EMERGENCY_SUSPENDED */
export const refuseSuspendedReader = async ({
  world,
  caller,
}: Pick<Act, 'world' | 'caller'>): Promise<void> => {
  const suspension = await world.get(worldKeys.emergencySuspension(caller.subject));
  if (suspension !== undefined && suspension.liftedAt === null) {
    throw new ContractError(
      'EMERGENCY_SUSPENDED',
      'a case of the caller was found unjustified: the own administrator suspends and takes back the caller first',
    );
  }
};
