import {
  type HTMLInputAutoCompleteAttribute,
  type KeyboardEvent,
  type ReactNode,
  useId,
  useState,
} from 'react';
import { Checkbox, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { t } from '../i18n';
import { Button } from './button';

interface FieldProps {
  label: string;
  name?: string;
  value: string;
  onChange: (value: string) => void;
  error?: string;
  hint?: ReactNode;
  required?: boolean;
}

/** The library's field in this console's words; what may be left out says so, which spares the asterisks. */
function useFieldProps({
  label,
  error,
  hint,
  required,
}: Pick<FieldProps, 'label' | 'error' | 'hint' | 'required'>) {
  return {
    id: useId(),
    classNames: { root: 'field', description: 'hint', error: 'error' },
    inputWrapperOrder: ['label', 'input', 'description', 'error'] as (
      'label' | 'input' | 'description' | 'error'
    )[],
    label: (
      <>
        {label}
        {!required && <span className="optional"> {t('common.optional')}</span>}
      </>
    ),
    description: hint,
    descriptionProps: { component: 'div' },
    error,
    'aria-required': required || undefined,
  };
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
    <>
      <TextInput
        {...useFieldProps(field)}
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
    <Textarea
      {...useFieldProps(field)}
      name={name}
      rows={rows}
      {...(isSecret ? { autoComplete: 'off', autoCapitalize: 'none', spellCheck: false } : {})}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
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
    <NativeSelect
      {...useFieldProps(field)}
      name={name}
      value={value}
      data={options.map(([option, label]) => ({ value: option, label }))}
      onChange={(event) => onChange(event.target.value)}
    />
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
      <Checkbox
        id={id}
        label={label}
        checked={checked}
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? `${id}-message` : undefined}
        onChange={(event) => onChange(event.target.checked)}
      />
      {error && (
        <div id={`${id}-message`} className="error">
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
      <TextInput
        {...useFieldProps(field)}
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
        rightSectionWidth="4.2rem"
        rightSectionPointerEvents="all"
        rightSection={
          <Button
            kind="quiet"
            aria-pressed={shown}
            aria-label={t('secret.showName', { what: field.label.toLowerCase() })}
            onClick={() => setShown(!shown)}
          >
            {shown ? t('secret.hide') : t('secret.show')}
          </Button>
        }
      />
      <div className="caps" role="status">
        {capsLock ? t('secret.capsLock') : ''}
      </div>
    </div>
  );
}
