import type { AttestReturnReason, PackageReturnReason, ReturnedRound } from '@medseal/client';
import { timeText } from '../ui/values';

const STEP_NAMES: Readonly<Record<string, string>> = {
  create: 'Create',
  seal: 'Seal',
  blind: 'Blind',
  sanitize: 'Sanitise',
  upload: 'Send to cloud',
  attest: 'Attest',
  chain: 'Chain',
};

export const stepName = (step: string): string => STEP_NAMES[step] ?? step;

const STATE_NAMES: Readonly<Record<string, string>> = {
  sealed: 'Sealed',
  blinded: 'Blinded',
  sanitized: 'Sanitised',
  uploaded: 'In the cloud',
  attested: 'Attested',
};

export const stateName = (status: string): string => STATE_NAMES[status] ?? status;

/** Who goes on with a record, as `next.role` says it. */
export const PART_NAMES: Readonly<Record<string, string>> = {
  author: 'the author',
  sanitizer: 'the sanitiser',
  verifier: 'a verifier',
};

export const nextText = ({ step, role }: { step: string; role: string }): string =>
  `${stepName(step)}, by ${PART_NAMES[role] ?? role}`;

const RETURN_REASONS: Readonly<Record<string, string>> = {
  BAD_PACKAGE: 'The package is no good',
  BAD_AUTHENTICATOR: 'A signature in the package does not hold',
  PERSONAL_DATA_LEFT: 'Personal data is left in the document',
  TOO_MUCH_REPLACED: 'More is replaced than must be',
  DOCUMENT_WRONG: 'The document is not what it should be',
  OBJECT_MISSING: 'A stored file is missing',
};

export const returnReason = (code: string): string => RETURN_REASONS[code] ?? code;

export const SANITISER_REASONS: readonly PackageReturnReason[] = [
  'BAD_PACKAGE',
  'BAD_AUTHENTICATOR',
  'PERSONAL_DATA_LEFT',
  'TOO_MUCH_REPLACED',
];

export const VERIFIER_REASONS: readonly AttestReturnReason[] = [
  'DOCUMENT_WRONG',
  'PERSONAL_DATA_LEFT',
  'TOO_MUCH_REPLACED',
  'OBJECT_MISSING',
];

export const returnedText = ({ step, reasonCode, at }: ReturnedRound): string =>
  `${step === 'sanitize' ? 'The sanitiser' : 'A verifier'} gave this record back on ${timeText(at)}: ${returnReason(reasonCode)}.`;

export const PROFILES: Readonly<Record<string, string>> = {
  minimal: 'Minimal: structure and coded categories only',
  research: 'Research: coded content, dates to the year',
};

/** Why a part of the document is replaced. */
export const REPLACED_KINDS: Readonly<Record<string, string>> = {
  personal: 'Personal: blinded by the author, the sanitiser cannot read it',
  organisation: 'Sensitive for the hospital: replaced by the sanitiser',
};
