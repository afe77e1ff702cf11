import type { TermsOfConsent } from '@medseal/client';
import { CheckField, SelectField, TextField } from '../ui/fields';
import { type Errors, errorsOf } from '../ui/form';
import { today } from '../ui/values';
import { ASKED_PURPOSES, purposeText, RECORD_TYPES, recordTypeText } from './words';

/** Terms as a person fills them in; all are days. */
export interface TermsValues {
  purpose: string;
  recordTypes: readonly string[];
  from: string;
  to: string;
  expires: string;
  erase: string;
}

/** What was asked for, which a consent may narrow and not widen. */
export type AskedTerms = TermsOfConsent & { expiresAt: string };

const dayAfter = (days: number): string => {
  const date = new Date(`${today()}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
};

export const blankTerms = (): TermsValues => ({
  purpose: 'CAREMGT',
  recordTypes: ['OPConsultation'],
  from: dayAfter(-365),
  to: dayAfter(30),
  expires: dayAfter(30),
  erase: dayAfter(90),
});

const YEAR_DAYS = 365;

/** A guardian looks after somebody for years, and at everything. */
export const guardiansTerms = (): TermsValues => ({
  purpose: 'PATRQT',
  recordTypes: Object.keys(RECORD_TYPES),
  from: dayAfter(-20 * YEAR_DAYS),
  to: dayAfter(5 * YEAR_DAYS),
  expires: dayAfter(5 * YEAR_DAYS),
  erase: dayAfter(5 * YEAR_DAYS + 60),
});

export const askedTerms = ({
  purpose,
  recordTypes,
  dateRange,
  expiresAt,
  dataEraseAt,
}: AskedTerms): TermsValues => ({
  purpose,
  recordTypes,
  ...dateRange,
  expires: expiresAt.slice(0, 10),
  erase: dataEraseAt.slice(0, 10),
});

export function termsErrors(values: TermsValues, asked?: AskedTerms): Errors<TermsValues> {
  const { recordTypes, from, to, expires, erase } = values;
  const late = (day: string, limit: string | undefined): string | undefined =>
    limit !== undefined && day > limit.slice(0, 10) ? 'Not later than was asked for.' : undefined;
  return errorsOf<TermsValues>({
    recordTypes: recordTypes.length === 0 ? 'Choose at least one type.' : undefined,
    from:
      from === ''
        ? 'Enter the first day.'
        : asked && from < asked.dateRange.from
          ? 'Not earlier than was asked for.'
          : undefined,
    to:
      to === ''
        ? 'Enter the last day.'
        : to < from
          ? 'The last day is before the first.'
          : late(to, asked?.dateRange.to),
    expires: expires < today() ? 'Enter a day that is not over.' : late(expires, asked?.expiresAt),
    erase: erase < today() ? 'Enter a day that is not over.' : late(erase, asked?.dataEraseAt),
  });
}

/** The end of a day, but never after the instant that was asked for. */
const endOf = (day: string, asked: string | undefined): string => {
  const end = `${day}T23:59:59.999Z`;
  return asked !== undefined && asked < end ? asked : end;
};

export const termsOf = (
  { purpose, recordTypes, from, to, expires, erase }: TermsValues,
  asked?: AskedTerms,
): TermsOfConsent & { expiresAt: string } => ({
  purpose: purpose as TermsOfConsent['purpose'],
  recordTypes: [...recordTypes],
  dateRange: { from, to },
  expiresAt: endOf(expires, asked?.expiresAt),
  dataEraseAt: endOf(erase, asked?.dataEraseAt),
});

/** Fields of the terms; with `asked`, the purpose stands and only the types asked for can be chosen. */
export function TermsFields({
  values,
  errors,
  set,
  asked,
}: {
  values: TermsValues;
  errors: Errors<TermsValues>;
  set: (change: Partial<TermsValues>) => void;
  asked?: AskedTerms;
}) {
  const types = asked?.recordTypes ?? Object.keys(RECORD_TYPES);
  const day = (name: 'from' | 'to' | 'expires' | 'erase', label: string, hint?: string) => (
    <TextField
      label={label}
      type="date"
      required
      name={name}
      value={values[name]}
      error={errors[name]}
      hint={hint}
      onChange={(value) => set({ [name]: value })}
    />
  );
  return (
    <>
      {asked ? (
        <p>
          Purpose: <strong>{purposeText(asked.purpose)}</strong>
        </p>
      ) : (
        <SelectField
          label="Purpose"
          required
          value={values.purpose}
          options={ASKED_PURPOSES}
          onChange={(value) => set({ purpose: value })}
        />
      )}
      <fieldset>
        <legend>Types of records</legend>
        <div className="form-row">
          {types.map((type, index) => (
            <CheckField
              key={type}
              label={recordTypeText(type)}
              checked={values.recordTypes.includes(type)}
              error={index === 0 ? errors.recordTypes : undefined}
              onChange={(checked) =>
                set({
                  recordTypes: types.filter((one) =>
                    one === type ? checked : values.recordTypes.includes(one),
                  ),
                })
              }
            />
          ))}
        </div>
      </fieldset>
      <div className="form-row">
        {day('from', 'Records from')}
        {day('to', 'Records to')}
      </div>
      <div className="form-row">
        {day('expires', 'Consent ends on', 'At the end of that day.')}
        {day('erase', 'Copies erased by', 'What was read is erased there by then.')}
      </div>
    </>
  );
}
