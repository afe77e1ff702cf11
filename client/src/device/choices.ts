import type { ChoicesBody, GranteeKey } from '../api.js';
import { actsOfGrant, type ConsentWish, type Signer } from './consent-grant.js';
import { DeviceRefusal, type IntendedAct } from './signed-act.js';

/** ABDM's types of health records. */
export const RECORD_TYPES = [
  'OPConsultation',
  'Prescription',
  'DischargeSummary',
  'DiagnosticReport',
  'ImmunizationRecord',
  'HealthDocumentRecord',
  'WellnessRecord',
] as const;

/** How far a choice goes that is a consent. */
export interface GivenChoice {
  /** Also records that were written as sensitive; in emergencies they are, if not said otherwise. */
  sensitive?: boolean;
  /** From now; if not given 5, in emergencies without end. */
  years?: number;
}

/** What the owner decided: true or how far, false to withhold; left out is asked again. */
export interface ChoicesMade {
  standingConsent?: boolean | GivenChoice;
  researchConsent?: boolean;
  emergencyGrant?: boolean | GivenChoice;
}

const YEARS = 5;
/** Before any record that a hospital may have. */
const FIRST_DAY = '1900-01-01';

/** An emergency grant counts until it is revoked. */
const WITHOUT_END = '9999-12-31T23:59:59.999Z';

/** All types of records, of any date, for the owner's care or in emergencies, until it expires or is revoked. */
export function wishOfChoice(grantee: GranteeKey, given: true | GivenChoice, now: Date): ConsentWish {
  const isEmergency = grantee.kind === 'emergency';
  const { sensitive = isEmergency, years = isEmergency ? undefined : YEARS } = given === true ? {} : given;
  const expiresAt = years === undefined ? WITHOUT_END : yearsFrom(now, years);
  const { kind, id, mspId } = grantee;
  return {
    grantee: { kind, id, mspId },
    scopes: sensitive ? ['general', 'sensitive'] : ['general'],
    terms: isEmergency
      ? null
      : {
          purpose: 'CAREMGT',
          recordTypes: [...RECORD_TYPES],
          dateRange: { from: FIRST_DAY, to: expiresAt.slice(0, 10) },
          dataEraseAt: expiresAt,
        },
    expiresAt,
  };
}

function yearsFrom(now: Date, years: number): string {
  if (!Number.isInteger(years) || years < 1) throw new DeviceRefusal('years must be a whole number from 1');
  const end = new Date(now);
  end.setUTCFullYear(end.getUTCFullYear() + years);
  return end.toISOString();
}

/** Every transaction of the choices that the device made. */
export const actsOfChoices = (body: ChoicesBody, signer: Signer): IntendedAct[] => [
  ...(body.researchConsent === undefined ? [] : [actOfResearch(body.researchConsent, signer)]),
  ...[body.standingConsent, body.emergencyGrant].flatMap((grant) =>
    grant === undefined || grant === false ? [] : actsOfGrant(grant, signer),
  ),
];

const actOfResearch = (allowed: boolean, { channel, mspId }: Signer): IntendedAct => ({
  channel,
  mspId,
  functionName: 'consent:chooseResearch',
  checkArguments: (args) => {
    if (args.length !== 1 || args[0] !== String(allowed))
      throw new DeviceRefusal('the choice about research is another one than decided');
  },
});
