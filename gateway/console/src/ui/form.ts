import { type FormEvent, useCallback, useRef, useState } from 'react';
import { useMutation } from '@tanstack/react-query';
import { ProblemError } from '@medseal/client';

export type Errors<Values> = Partial<Record<keyof Values & string, string>>;

interface FormOptions<Values, Result> {
  initial: Values;
  /** What is wrong, by field; nothing means that it may be sent. */
  validate?: (values: Values) => Errors<Values>;
  /** `key`: the same for the same values, so that a repeated try is the same act. */
  send: (values: Values, key: string) => Promise<Result>;
  onDone: (result: Result, values: Values) => void;
}

/**
 * State of one form: values, messages beside their fields, the service's refusals sorted to the fields that they name.
 * Input is never cleared by a failure.
 */
export function useForm<Values extends object, Result>({
  initial,
  validate,
  send,
  onDone,
}: FormOptions<Values, Result>) {
  const [values, setValues] = useState(initial);
  const [errors, setErrors] = useState<Errors<Values>>({});
  const form = useRef<HTMLFormElement>(null);
  const act = useRef<{ body: string; key: string }>(undefined);

  const focusFirst = (): void => {
    // After React has drawn the messages.
    setTimeout(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(), 0);
  };

  const mutation = useMutation({
    mutationFn: (sent: Values) => {
      const body = JSON.stringify(sent);
      if (act.current?.body !== body) act.current = { body, key: crypto.randomUUID() };
      return send(sent, act.current.key);
    },
    onSuccess: (result, sent) => {
      act.current = undefined;
      onDone(result, sent);
    },
    onError: (error) => {
      if (!(error instanceof ProblemError)) return;
      // A refusal is final for its key; an unknown outcome is asked for again under the same.
      if (error.status < 500) act.current = undefined;
      const named = error.errors.filter(({ field }) => fieldOf(field, values) !== undefined);
      if (named.length === 0) return;
      setErrors(
        Object.fromEntries(
          named.map(({ field, message }) => [fieldOf(field, values), message]),
        ) as Errors<Values>,
      );
      focusFirst();
    },
  });

  const set = useCallback(<Name extends keyof Values & string>(name: Name, value: Values[Name]) => {
    setValues((before) => ({ ...before, [name]: value }));
    setErrors((before) => {
      const { [name]: _gone, ...rest } = before;
      return rest as Errors<Values>;
    });
  }, []);

  /** Several fields at once; their messages go. */
  const change = (changed: Partial<Values>): void => {
    setValues((before) => ({ ...before, ...changed }));
    setErrors(
      (before) =>
        Object.fromEntries(Object.entries(before).filter(([name]) => !(name in changed))) as Errors<Values>,
    );
  };

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (mutation.isPending) return;
    const found = validate?.(values) ?? {};
    setErrors(found);
    if (Object.keys(found).length > 0) focusFirst();
    else mutation.mutate(values);
  };

  /** Properties of the field with this name. */
  const field = <Name extends keyof Values & string>(name: Name) => ({
    name,
    value: values[name],
    error: errors[name],
    onChange: (value: Values[Name]) => set(name, value),
  });

  // What the fields already say is not said twice.
  const failure = Object.keys(errors).length > 0 ? undefined : (mutation.error ?? undefined);
  return {
    values,
    set,
    change,
    setValues,
    errors,
    setErrors,
    field,
    submit,
    form,
    busy: mutation.isPending,
    failure,
  };
}

const fieldOf = <Values extends object>(path: string, values: Values): string | undefined => {
  const [first = ''] = path.split(/[.[]/);
  return first in values ? first : undefined;
};

/** @param message where nothing was entered */
export const required = (value: string, message: string): string | undefined =>
  value.trim() === '' ? message : undefined;

/** Leaves out the messages that there are not. */
export const errorsOf = <Values>(all: { [Name in keyof Values]?: string | undefined }): Errors<Values> =>
  Object.fromEntries(Object.entries(all).filter(([, message]) => message !== undefined)) as Errors<Values>;
