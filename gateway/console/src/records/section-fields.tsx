import { useId, useRef } from 'react';
import { SECTIONS } from '@medseal/client';
import { Button } from '../ui/button';
import { t } from '../i18n';
import { CheckField, SelectField, TextArea, TextField } from '../ui/fields';
import { CodeField } from './code-field';
import { codesOf, codingOf, entryOf, nameOfCode } from './codes';
import {
  coded,
  type Draft,
  type DraftItem,
  itemError,
  MEASURED,
  measured,
  nextItem,
  type SectionName,
  sectionTitle,
  UNITS,
} from './sections';

/** The eight sections, each a list of lines. */
export function SectionFields({
  draft,
  error,
  onChange,
}: {
  draft: Draft;
  error?: string;
  onChange: (draft: Draft) => void;
}) {
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const change = (section: SectionName, items: DraftItem[]): void => onChange({ ...draft, [section]: items });
  const add = (section: SectionName): void => {
    const item = nextItem(draft);
    change(section, [...draft[section], item]);
    setTimeout(
      () =>
        box.current
          ?.querySelector<HTMLElement>(`[data-item="${item.id}"] :is(textarea, select, input)`)
          ?.focus(),
      0,
    );
  };
  return (
    <div ref={box}>
      {error && (
        <p className="error" role="alert" tabIndex={-1} aria-invalid="true">
          {error}
        </p>
      )}
      {SECTIONS.map((section) => (
        <section key={section} className="panel section" aria-labelledby={`${id}-${section}`}>
          <div className="panel-head">
            <h2 id={`${id}-${section}`}>{sectionTitle(section)}</h2>
            <Button kind="quiet" aria-label={t(`sections.addTo.${section}`)} onClick={() => add(section)}>
              {t('sections.add')}
            </Button>
          </div>
          {draft[section].map((item, index) => (
            <ItemFields
              key={item.id}
              section={section}
              number={index + 1}
              item={item}
              shownError={error === undefined ? undefined : itemError(item)}
              onChange={(changed) =>
                change(
                  section,
                  draft[section].map((one) => (one.id === item.id ? changed : one)),
                )
              }
              onRemove={() =>
                change(
                  section,
                  draft[section].filter(({ id }) => id !== item.id),
                )
              }
            />
          ))}
        </section>
      ))}
    </div>
  );
}

function ItemFields({
  section,
  number,
  item,
  shownError,
  onChange,
  onRemove,
}: {
  section: SectionName;
  number: number;
  item: DraftItem;
  shownError?: string;
  onChange: (item: DraftItem) => void;
  onRemove: () => void;
}) {
  const set = (part: Partial<DraftItem>): void => onChange(measured(item, part));
  const isMeasured = MEASURED.has(section);
  const label = isMeasured ? t('sections.measured') : t('sections.text');
  return (
    <div
      className={isMeasured ? 'item measured' : 'item dated'}
      data-item={item.id}
      role="group"
      aria-label={t('sections.line', { section: sectionTitle(section), number })}
    >
      {isWritten(section) ? (
        <div>
          <SelectField
            label={section === 'progressNotes' ? t('records.partOfNote') : t('records.examination')}
            value={item.code?.code ?? ''}
            options={[['', '–'], ...codesOf(section).map((one) => [one.code, nameOfCode(one)] as const)]}
            onChange={(code) => {
              const entry = entryOf(section, code);
              set({ code: entry && codingOf(section, entry) });
            }}
          />
          <TextArea
            label={label}
            value={item.text}
            rows={3}
            error={shownError}
            required
            onChange={(text) => set({ text })}
          />
        </div>
      ) : (
        <CodeField
          section={section}
          label={label}
          item={item}
          error={shownError}
          onText={(text) => set({ text, code: undefined })}
          onChosen={(entry) => onChange(coded(section, item, entry))}
        />
      )}
      {isMeasured && (
        <>
          <TextField
            label={t('sections.value')}
            value={item.value}
            onChange={(value) => set({ value })}
            required
          />
          <TextField
            label={t('sections.unit')}
            value={item.unit}
            onChange={(unit) => set({ unit })}
            list={UNITS[section]}
            required
          />
          <TextField
            label={t('records.range')}
            value={item.range}
            onChange={(range) => set({ range })}
            required
          />
        </>
      )}
      <TextField
        label={t('sections.date')}
        type="date"
        value={item.date}
        onChange={(date) => set({ date })}
      />
      {isMeasured && (
        <CheckField
          label={t('sections.abnormal')}
          checked={item.abnormal}
          onChange={(abnormal) => onChange({ ...item, abnormal })}
        />
      )}
      <div className="item-end">
        <Button kind="quiet" aria-label={t(`sections.removeFrom.${section}`, { number })} onClick={onRemove}>
          {t('sections.remove')}
        </Button>
      </div>
    </div>
  );
}

/** Sections of prose, of which a code only says what it is about. */
const isWritten = (section: SectionName): boolean =>
  section === 'progressNotes' || section === 'radiologyReports';
