import { type KeyboardEvent, useId, useState } from 'react';
import { t } from '../i18n';
import { type CodeEntry, exactCode, findCodes, nameOfCode, SYSTEM_NAMES } from './codes';
import type { DraftItem, SectionName } from './sections';
import './records.css';

/**
 * A text that may be taken from the section's code list: what is typed is looked for, the arrows choose, anything else
 * stays as it is written. Typed out in full a name has its code by itself.
 */
export function CodeField({
  section,
  label,
  item: { text, code },
  error,
  onText,
  onChosen,
}: {
  section: SectionName;
  label: string;
  item: Pick<DraftItem, 'text' | 'code'>;
  error?: string;
  onText: (text: string) => void;
  onChosen: (entry: CodeEntry) => void;
}) {
  const id = useId();
  const [isOpen, setIsOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const found = isOpen ? findCodes(section, text) : [];
  const shown = found.length > 0;
  const choose = (entry: CodeEntry): void => {
    onChosen(entry);
    setIsOpen(false);
    setActive(-1);
  };
  const type = (typed: string): void => {
    const exact = exactCode(section, typed);
    if (exact !== undefined && nameOfCode(exact).toLowerCase() === typed.trim().toLowerCase())
      onChosen(exact);
    else onText(typed);
    setIsOpen(typed.trim() !== '');
    setActive(-1);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const move = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (move !== 0) {
      event.preventDefault();
      const count = (shown ? found : findCodes(section, text)).length;
      setIsOpen(true);
      setActive(count === 0 ? -1 : (Math.max(active, move === 1 ? -1 : 0) + move + count) % count);
    } else if (event.key === 'Escape' && shown) {
      // The list is left, not what it stands in.
      event.stopPropagation();
      event.preventDefault();
      setIsOpen(false);
    } else if (event.key === 'Enter' && shown && found[active] !== undefined) {
      event.preventDefault();
      choose(found[active]);
    }
  };
  const described = [code ? `${id}-code` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ');
  return (
    <div className="field code-field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="text"
        role="combobox"
        autoComplete="off"
        aria-autocomplete="list"
        aria-expanded={shown}
        aria-controls={shown ? `${id}-list` : undefined}
        aria-activedescendant={shown && active >= 0 ? `${id}-${active}` : undefined}
        aria-required
        aria-invalid={error ? true : undefined}
        aria-describedby={described || undefined}
        value={text}
        onChange={(event) => type(event.target.value)}
        onKeyDown={onKeyDown}
        onBlur={() => setIsOpen(false)}
      />
      {shown && (
        <ul
          id={`${id}-list`}
          role="listbox"
          aria-label={t('records.codes', { what: label })}
          className="code-list"
        >
          {found.map((entry, index) => (
            <li
              key={entry.code}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === active}
              // Before the field loses the focus.
              onMouseDown={(event) => {
                event.preventDefault();
                choose(entry);
              }}
            >
              {nameOfCode(entry)} <span className="muted">{entry.code}</span>
            </li>
          ))}
        </ul>
      )}
      {code && (
        <div id={`${id}-code`} className="hint">
          {SYSTEM_NAMES[code.system] ?? code.system} {code.code}
        </div>
      )}
      {error && (
        <div id={`${id}-error`} className="error">
          {error}
        </div>
      )}
    </div>
  );
}
