import { useId, useRef } from 'react';
import { SECTIONS } from '@medseal/client';
import { Button } from '../ui/button';
import { CheckField, TextArea, TextField } from '../ui/fields';
import {
  type Draft,
  type DraftItem,
  itemError,
  MEASURED,
  nextItem,
  SECTION_TITLES,
  type SectionName,
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
          ?.querySelector<HTMLElement>(`[data-item="${item.id}"] textarea, [data-item="${item.id}"] input`)
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
            <h2 id={`${id}-${section}`}>{SECTION_TITLES[section]}</h2>
            <Button
              kind="quiet"
              aria-label={`Add to ${SECTION_TITLES[section].toLowerCase()}`}
              onClick={() => add(section)}
            >
              Add
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
  const set = (part: Partial<DraftItem>): void => onChange({ ...item, ...part });
  const isMeasured = MEASURED.has(section);
  const isLong = section === 'progressNotes' || section === 'radiologyReports';
  const text = {
    label: isMeasured ? 'What was measured' : 'Text',
    value: item.text,
    onChange: (value: string) => set({ text: value }),
    error: shownError,
    required: true,
  };
  return (
    <div
      className={isMeasured ? 'item coded' : 'item dated'}
      data-item={item.id}
      role="group"
      aria-label={`${SECTION_TITLES[section]}, line ${number}`}
    >
      {isLong ? <TextArea {...text} /> : <TextField {...text} />}
      {isMeasured && (
        <>
          <TextField label="Value" value={item.value} onChange={(value) => set({ value })} required />
          <TextField
            label="Unit"
            value={item.unit}
            onChange={(unit) => set({ unit })}
            list={UNITS[section]}
            required
          />
        </>
      )}
      <TextField label="Date" type="date" value={item.date} onChange={(date) => set({ date })} />
      {isMeasured && (
        <CheckField label="Abnormal" checked={item.abnormal} onChange={(abnormal) => set({ abnormal })} />
      )}
      <div className="item-end">
        <Button
          kind="quiet"
          aria-label={`Remove line ${number} of ${SECTION_TITLES[section].toLowerCase()}`}
          onClick={onRemove}
        >
          Remove
        </Button>
      </div>
    </div>
  );
}
