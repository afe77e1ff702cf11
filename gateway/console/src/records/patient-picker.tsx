import { useDeferredValue, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import type { PatientAnswer } from '@medseal/client';
import { client } from '../app/session';
import { t } from '../i18n';
import { RichText } from '../i18n/rich-text';
import { Button } from '../ui/button';
import { TextField } from '../ui/fields';
import { explain } from '../ui/explain';

/** The name is not known for a patient of another hospital. */
export type FoundPatient = Pick<PatientAnswer, 'registrationNo'> & Partial<Pick<PatientAnswer, 'name'>>;

const NUMBER = /^\d{13}$/;
const SHOWN = 6;

/** Finds a patient of the hospital by name or number; a treated patient of another hospital by number. */
export function PatientPicker({
  value,
  error,
  chosen,
  strangerText = (number) => t('picker.stranger', { number }),
  onChosen,
}: {
  value: string;
  error?: string;
  chosen: FoundPatient | undefined;
  /** What choosing a number says that is not of this hospital. */
  strangerText?: (registrationNo: string) => string;
  onChosen: (patient: FoundPatient | undefined) => void;
}) {
  const [text, setText] = useState('');
  const q = useDeferredValue(text.trim());
  const known = useQuery({
    queryKey: ['patients', 'one', value],
    queryFn: () => client.patient(value),
    enabled: value !== '' && chosen?.name === undefined,
  });
  const found = useQuery({
    queryKey: ['patients', 'search', q],
    queryFn: () => client.patients({ q, limit: SHOWN }),
    enabled: value === '' && q.length > 0,
  });
  if (value !== '') {
    const name = chosen?.name ?? known.data?.name;
    return (
      <div className="field">
        <div className="panel-head">
          <span>
            <RichText
              name="picker.chosen"
              values={{ name: name ?? t('picker.ofAnother'), number: value }}
              parts={{ name: (text) => <strong>{text}</strong>, code: (text) => <code>{text}</code> }}
            />
          </span>
          <Button kind="quiet" onClick={() => onChosen(undefined)}>
            {t('picker.another')}
          </Button>
        </div>
        {error && <div className="error">{error}</div>}
      </div>
    );
  }
  const items = found.data?.items ?? [];
  return (
    <>
      <TextField
        label={t('records.patient')}
        type="search"
        value={text}
        onChange={setText}
        error={error}
        required
        hint={t('picker.hint')}
      />
      <div role="status" className="unseen">
        {q === '' || found.isPending ? '' : t('picker.count', { count: items.length })}
      </div>
      {found.isError && <div className="error">{explain(found.error)}</div>}
      {items.length > 0 && (
        <ul className="results" aria-label={t('picker.found')}>
          {items.map((patient) => (
            <li key={patient.registrationNo}>
              <button type="button" onClick={() => onChosen(patient)}>
                {patient.name} <span className="muted">{patient.registrationNo}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {found.isSuccess && items.length === 0 && q !== '' && (
        <p className="empty">
          {t('picker.none')}{' '}
          {NUMBER.test(q) && (
            <button type="button" className="link" onClick={() => onChosen({ registrationNo: q })}>
              {strangerText(q)}
            </button>
          )}
        </p>
      )}
    </>
  );
}
