import { ContractError } from '../errors.js';
import type { PatientEntry } from '../model/entries.js';
import { worldKeys } from './keys.js';
import type { WorldReader } from './store.js';

/** Refuses what would be new of a patient who is being erased. */
export const refuseErased = ({ status }: Pick<PatientEntry, 'status'>): void => {
  if (status === 'erasing' || status === 'erased') {
    throw new ContractError(
      'PATIENT_ERASED',
      `the patient ${status === 'erased' ? 'was' : 'is being'} erased`,
    );
  }
};

/** @throws ContractError PATIENT_NOT_FOUND */
export const requirePatient = async (world: WorldReader, ledgerId: string): Promise<PatientEntry> =>
  world.require(worldKeys.patient(ledgerId), 'PATIENT_NOT_FOUND', 'no patient of that ledgerId');

/** As `refuseErased`, for acts that only know whose record it is. */
export const refuseErasedOwner = async (
  { world }: { world: WorldReader },
  ledgerId: string,
): Promise<void> => {
  const patient = await world.get(worldKeys.patient(ledgerId));
  if (patient !== undefined) refuseErased(patient);
};
