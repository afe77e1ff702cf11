import { ContractError } from '../../errors.js';
import type { Act } from '../../ledger/authorization.js';
import { worldKeys } from '../../ledger/keys.js';
import type { CreateArgument } from '../../model/arguments.js';
import type { ParametersEntry, StaffRole } from '../../model/entries.js';
import { DEFAULT_ATTEST_THRESHOLD, type RecordPanel } from '../../model/integrity-entries.js';
import { refuseArgument } from '../../model/validation.js';

/** The panel that a new entry names, where its steps need one; without them there is none to name. */
export const panelFor = async (
  act: Act,
  { recordSteps, attestThreshold }: ParametersEntry,
  { sanitizer, verifiers }: CreateArgument,
): Promise<RecordPanel | undefined> => {
  const isNeeded = recordSteps.includes('attest');
  for (const [name, value] of Object.entries({ sanitizer, verifiers })) {
    if (isNeeded && value === undefined) refuseArgument(`record.${name}`, 'is missing');
    if (!isNeeded && value !== undefined)
      refuseArgument(`record.${name}`, 'is for records with the integrity steps: leave it out');
  }
  if (sanitizer === undefined || verifiers === undefined) return undefined;
  const threshold = attestThreshold ?? DEFAULT_ATTEST_THRESHOLD;
  if (verifiers.length < threshold) {
    throw new ContractError('PANEL_INVALID', `${threshold} verifiers must approve: name as many, or more`);
  }
  await requireEligible(act, sanitizer, 'sanitizer');
  for (const verifier of verifiers) await requireEligible(act, verifier, 'verifier');
  return { sanitizer, verifiers, threshold };
};

/** The panel with the sanitiser that the author names: another one only once the panel's has left. */
export const withSanitizer = async (
  act: Act,
  panel: RecordPanel,
  sanitizer: string,
): Promise<RecordPanel> => {
  if (sanitizer === panel.sanitizer) return panel;
  if (await isEligible(act, panel.sanitizer, 'sanitizer')) {
    throw new ContractError('NOT_ON_PANEL', 'the record names another sanitiser, who is in good standing');
  }
  await requireEligible(act, sanitizer, 'sanitizer');
  return { ...panel, sanitizer };
};

/** Roles keep sanitiser, verifiers and author apart: a staff id has one for good. */
const requireEligible = async (act: Act, staffId: string, role: StaffRole): Promise<void> => {
  if (await isEligible(act, staffId, role)) return;
  throw new ContractError(
    'PANEL_INVALID',
    `a ${role} of the panel must be on the author's hospital's staff, active, and somebody else than the author`,
  );
};

const isEligible = async ({ world, caller }: Act, staffId: string, role: StaffRole): Promise<boolean> => {
  const staff = await world.get(worldKeys.staff(staffId));
  const isActiveHere = staff?.mspId === caller.mspId && staff.role === role && staff.status === 'active';
  return isActiveHere && staffId !== caller.subject;
};
