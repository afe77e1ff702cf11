import { t } from '../i18n';
import { RECORD_TYPES } from '../consents/words';
import { SelectField, TextField } from '../ui/fields';
import { type Errors, errorsOf, required } from '../ui/form';
import { Panel } from '../ui/page';
import { today } from '../ui/values';
import { SectionFields } from './section-fields';
import { type Draft, documentOf, itemError } from './sections';

/** What is written of a record, first version or later. */
export interface RecordValues {
  effectiveDate: string;
  disease: string;
  scope: string;
  recordType: string;
  document: Draft;
}

export const recordErrors = ({ effectiveDate, disease, document }: RecordValues): Errors<RecordValues> =>
  errorsOf<RecordValues>({
    effectiveDate:
      effectiveDate === ''
        ? t('records.dateMissing')
        : effectiveDate > today()
          ? t('records.dateAhead')
          : undefined,
    disease: required(disease, t('records.diseaseMissing')),
    document: documentError(document),
  });

function documentError(draft: Draft): string | undefined {
  if (Object.values(draft).some((items) => items.some((item) => itemError(item) !== undefined)))
    return t('records.lineWithoutText');
  return Object.keys(documentOf(draft)).length === 0 ? t('records.noSection') : undefined;
}

/** As the service takes it. */
export const recordInput = ({ document, scope, effectiveDate, disease, recordType }: RecordValues) => ({
  effectiveDate,
  disease,
  recordType,
  scope: scope === 'sensitive' ? ('sensitive' as const) : ('general' as const),
  document: documentOf(document),
});

type FieldOf = <Name extends 'effectiveDate' | 'disease' | 'scope' | 'recordType'>(
  name: Name,
) => { name: Name; value: string; error: string | undefined; onChange: (value: string) => void };

/** @param children what comes first: whose record it is */
export function RecordFields({
  field,
  draft,
  error,
  onDraft,
  children,
}: {
  field: FieldOf;
  draft: Draft;
  error?: string;
  onDraft: (draft: Draft) => void;
  children?: React.ReactNode;
}) {
  return (
    <>
      <Panel>
        {children}
        <div className="form-row">
          <TextField {...field('effectiveDate')} label={t('records.visitDate')} type="date" required />
          <SelectField
            {...field('recordType')}
            label={t('records.kind')}
            required
            options={Object.entries(RECORD_TYPES)}
          />
          <SelectField
            {...field('scope')}
            label={t('records.confidentiality')}
            required
            options={[
              ['general', t('records.general')],
              ['sensitive', t('records.sensitive')],
            ]}
            hint={t('records.sensitiveHint')}
          />
        </div>
        <TextField
          {...field('disease')}
          label={t('records.disease')}
          required
          hint={t('records.diseaseHint')}
        />
      </Panel>
      <SectionFields draft={draft} error={error} onChange={onDraft} />
    </>
  );
}
