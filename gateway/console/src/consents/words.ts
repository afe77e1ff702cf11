import type { ConsentAnswer, ConsentPreview, ConsentPurpose } from '@medseal/client';
import { timeText } from '../ui/values';

export const PURPOSES: Readonly<Record<ConsentPurpose, string>> = {
  CAREMGT: 'Treatment and care',
  PATRQT: 'At the patient’s own request',
  HPAYMT: 'Payment and insurance',
  PUBHLTH: 'Public health',
  DSRCH: 'Research on a disease',
  BTG: 'Emergency',
};

/** Purposes that one can ask for; emergencies have their own way. */
export const ASKED_PURPOSES = Object.entries(PURPOSES).filter(([code]) => code !== 'BTG');

export const purposeText = (code: string): string => PURPOSES[code as ConsentPurpose] ?? code;

export const RECORD_TYPES: Readonly<Record<string, string>> = {
  OPConsultation: 'Consultation',
  Prescription: 'Prescription',
  DischargeSummary: 'Discharge summary',
  DiagnosticReport: 'Diagnostic report',
  ImmunizationRecord: 'Immunization record',
  HealthDocumentRecord: 'Health document',
  WellnessRecord: 'Wellness record',
};

export const recordTypeText = (code: string): string => RECORD_TYPES[code] ?? code;

export const recordTypesText = (codes: readonly string[]): string => codes.map(recordTypeText).join(', ');

const LIST = new Intl.ListFormat(undefined, { type: 'conjunction' });

export const listText = (words: readonly string[]): string => LIST.format(words);

/** Services have yet to do something by themselves. */
export const isUnderWay = ({ status, missing = [], purging }: ConsentAnswer): boolean =>
  (status === 'granted' && missing.length === 0) || purging.length > 0;

export interface StatusInWords {
  kind: 'good' | 'bad' | 'warning' | 'neutral';
  short: string;
  /** What it waits for, or what is to be done. */
  more?: string;
}

/** @param nameOf name of an organisation by MSP id */
export function statusInWords(
  { status, agents, missing = [], purging, expiresAt, revokedAt }: ConsentAnswer,
  nameOf: (mspId: string) => string,
): StatusInWords {
  const deleting =
    purging.length > 0
      ? `${listText(purging.map(nameOf))} ${purging.length === 1 ? 'has' : 'have'} yet to delete ${purging.length === 1 ? 'its share' : 'their shares'}.`
      : 'All shares are deleted.';
  switch (status) {
    case 'active':
      return { kind: 'good', short: 'Active', more: `Until ${timeText(expiresAt)}.` };
    case 'revoked':
      return { kind: 'neutral', short: 'Revoked', more: `On ${timeText(revokedAt)}. ${deleting}` };
    case 'ended':
      return {
        kind: 'neutral',
        short: 'Ended',
        more: 'What the reader was given is erased, and nothing more can be opened.',
      };
    case 'expired':
      return { kind: 'neutral', short: 'Expired', more: `On ${timeText(expiresAt)}. ${deleting}` };
    case 'granted': {
      const complaining = agents.filter(({ answer }) => answer === 'complained');
      if (complaining.length > 0)
        return {
          kind: 'bad',
          short: 'Does not work',
          more: `${listText(complaining.map(({ mspId }) => nameOf(mspId)))} cannot use the share that was made. Revoke this consent and give another.`,
        };
      if (missing.length > 0)
        return {
          kind: 'warning',
          short: 'Not finished',
          more: `${missing.length === 1 ? 'One signature is' : `${missing.length} signatures are`} missing.`,
        };
      const silent = agents.filter(({ answer }) => answer === null).map(({ mspId }) => nameOf(mspId));
      return { kind: 'warning', short: 'Not active yet', more: `Waits for ${listText(silent)}.` };
    }
  }
}

const RULES: Readonly<Record<string, string>> = {
  author: 'Wrote this record',
  consent: 'A consent of yours',
  consentNotActive: 'A consent that is not active yet',
  consentEnded: 'The consent has ended: what the reader was given is erased',
  consentExpired: 'The consent has expired',
  consentRevoked: 'You have revoked the consent',
  noConsent: 'No consent covers this record',
  notInGoodStanding: 'No longer works there',
};

export const ruleText = ({ rule, needsEncounter }: ConsentPreview): string =>
  `${RULES[rule] ?? rule}${needsEncounter ? ', while a visit is open there' : ''}`;
