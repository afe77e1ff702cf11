import type { AttestReturnReason, PackageReturnReason, ReturnedRound } from '@medseal/client';
import { codeText, type PlainKey, t } from '../i18n';
import { timeText } from '../ui/values';

const STEPS: Readonly<Record<string, PlainKey>> = {
  create: 'step.create',
  seal: 'step.seal',
  blind: 'step.blind',
  sanitize: 'step.sanitize',
  upload: 'step.upload',
  attest: 'step.attest',
  chain: 'step.chain',
};

export const stepName = (step: string): string => codeText(STEPS, step);

const STATES: Readonly<Record<string, PlainKey>> = {
  created: 'state.created',
  sealed: 'state.sealed',
  blinded: 'state.blinded',
  sanitized: 'state.sanitized',
  uploaded: 'state.uploaded',
  attested: 'state.attested',
  chained: 'state.chained',
};

export const stateName = (status: string): string => codeText(STATES, status);

/** Every state of a record, to choose from. */
export const stateOptions = (): [status: string, name: string][] =>
  Object.keys(STATES).map((status) => [status, stateName(status)]);

const PARTS: Readonly<Record<string, PlainKey>> = {
  author: 'step.by.author',
  sanitizer: 'step.by.sanitizer',
  verifier: 'step.by.verifier',
};

/** Who goes on with a record, as `next.role` says it. */
export const partName = (role: string): string => codeText(PARTS, role);

export const nextText = ({ step, role }: { step: string; role: string }): string =>
  t('step.next', { step: stepName(step), by: partName(role) });

const RETURN_REASONS: Readonly<Record<AttestReturnReason | PackageReturnReason, PlainKey>> = {
  BAD_PACKAGE: 'returned.badPackage',
  BAD_AUTHENTICATOR: 'returned.badAuthenticator',
  PERSONAL_DATA_LEFT: 'returned.personalDataLeft',
  TOO_MUCH_REPLACED: 'returned.tooMuchReplaced',
  DOCUMENT_WRONG: 'returned.documentWrong',
  OBJECT_MISSING: 'returned.objectMissing',
};

export const returnReason = (code: string): string => codeText(RETURN_REASONS, code);

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
  t(step === 'sanitize' ? 'returned.bySanitiser' : 'returned.byVerifier', {
    at: timeText(at),
    reason: returnReason(reasonCode),
  });

const PROFILES: Readonly<Record<string, PlainKey>> = {
  minimal: 'profile.minimal',
  research: 'profile.research',
};

/** How much of a document stays. */
export const profileText = (profile: string): string => codeText(PROFILES, profile);

/** Why a part of the document is replaced. */
export const replacedKindText = (kind: 'personal' | 'organisation'): string => t(`replaced.${kind}`);
