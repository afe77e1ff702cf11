import {
  type HTMLInputAutoCompleteAttribute,
  type KeyboardEvent,
  type ReactNode,
  useId,
  useState,
} from 'react';

interface FieldProps {
  label: string;
  name?: string;
  value: string;
  onChange: (value: string) => void;
  error?: string;
  hint?: ReactNode;
  required?: boolean;
}

interface Described {
  id: string;
  'aria-invalid': true | undefined;
  'aria-describedby': string | undefined;
  'aria-required': true | undefined;
}

function Field({
  label,
  error,
  hint,
  required,
  children,
}: Pick<FieldProps, 'label' | 'error' | 'hint' | 'required'> & {
  children: (described: Described) => ReactNode;
}) {
  const id = useId();
  const described = [hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ');
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {!required && <span className="optional"> (optional)</span>}
      </label>
      {children({
        id,
        'aria-invalid': error ? true : undefined,
        'aria-describedby': described || undefined,
        'aria-required': required || undefined,
      })}
      {hint && (
        <div id={`${id}-hint`} className="hint">
          {hint}
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

export function TextField({
  value,
  onChange,
  name,
  type = 'text',
  autoComplete = 'off',
  inputMode,
  list,
  ...field
}: FieldProps & {
  type?: 'text' | 'date' | 'datetime-local' | 'email' | 'tel' | 'search';
  autoComplete?: HTMLInputAutoCompleteAttribute;
  inputMode?: 'numeric' | 'decimal' | 'tel';
  /** Values to offer; any other may be typed. */
  list?: readonly string[];
}) {
  const listId = useId();
  return (
    <Field {...field}>
      {(described) => (
        <>
          <input
            {...described}
            name={name}
            type={type}
            value={value}
            autoComplete={autoComplete}
            inputMode={inputMode}
            list={list && listId}
            spellCheck={type === 'text' ? undefined : false}
            onChange={(event) => onChange(event.target.value)}
          />
          {list && (
            <datalist id={listId}>
              {list.map((one) => (
                <option key={one} value={one} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
}

export function TextArea({
  value,
  onChange,
  name,
  rows = 2,
  isSecret = false,
  ...field
}: FieldProps & {
  rows?: number;
  /** Neither kept by the browser nor sent to a service that checks the spelling. */
  isSecret?: boolean;
}) {
  return (
    <Field {...field}>
      {(described) => (
        <textarea
          {...described}
          name={name}
          rows={rows}
          {...(isSecret ? { autoComplete: 'off', autoCapitalize: 'none', spellCheck: false } : {})}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

export function SelectField({
  value,
  onChange,
  name,
  options,
  ...field
}: FieldProps & { options: readonly (readonly [value: string, label: string])[] }) {
  return (
    <Field {...field}>
      {(described) => (
        <select {...described} name={name} value={value} onChange={(event) => onChange(event.target.value)}>
          {options.map(([option, label]) => (
            <option key={option} value={option}>
              {label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function CheckField({
  label,
  checked,
  onChange,
  error,
}: {
  label: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
  error?: string;
}) {
  const id = useId();
  return (
    <div className="field check">
      <label>
        <input
          type="checkbox"
          checked={checked}
          aria-invalid={error ? true : undefined}
          aria-describedby={error ? `${id}-error` : undefined}
          onChange={(event) => onChange(event.target.checked)}
        />
        <span>{label}</span>
      </label>
      {error && (
        <div id={`${id}-error`} className="error">
          {error}
        </div>
      )}
    </div>
  );
}

/** A secret: can be looked at, and tells when the keyboard writes capitals only. */
export function SecretField({
  value,
  onChange,
  name,
  autoComplete,
  ...field
}: FieldProps & { autoComplete: 'current-password' | 'new-password' | 'off' }) {
  const [shown, setShown] = useState(false);
  const [capsLock, setCapsLock] = useState(false);
  const watch = (event: KeyboardEvent): void => setCapsLock(event.getModifierState('CapsLock'));
  return (
    <div className="secret">
      <Field {...field}>
        {(described) => (
          <div className="secret-row">
            <input
              {...described}
              name={name}
              type={shown ? 'text' : 'password'}
              value={value}
              autoComplete={autoComplete}
              autoCapitalize="none"
              spellCheck={false}
              onChange={(event) => onChange(event.target.value)}
              onKeyDown={watch}
              onKeyUp={watch}
              onBlur={() => setCapsLock(false)}
            />
            <button
              type="button"
              className="button quiet"
              aria-pressed={shown}
              aria-label={`Show ${field.label.toLowerCase()}`}
              onClick={() => setShown(!shown)}
            >
              {shown ? 'Hide' : 'Show'}
            </button>
          </div>
        )}
      </Field>
      <div className="caps" role="status">
        {capsLock ? 'Caps Lock is on.' : ''}
      </div>
    </div>
  );
}
