import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { type ActProgress, type ConsentRequestAnswer, type ConsentWish, ProblemError } from '@medseal/client';
import type { Device } from '../app/device';
import { useDoctors } from '../app/doctors';
import { client, useUser } from '../app/session';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { CheckField, SelectField, TextField } from '../ui/fields';
import { errorsOf, useForm } from '../ui/form';
import { ErrorNotice } from '../ui/notice';
import { dropGrant, keepGrant } from './begun-grants';
import { CollusionNotice } from './collusion';
import { CoveredRecords } from './covered-records';
import { useOrganizationNames } from './organization-names';
import { Preview } from './preview';
import { SigningProgress } from './signing-progress';
import {
  askedTerms,
  blankTerms,
  guardiansTerms,
  TermsFields,
  termsErrors,
  termsOf,
  type TermsValues,
} from './terms-form';
import { useDevice } from './use-device';

interface GrantValues extends TermsValues {
  granteeId: string;
  general: boolean;
  sensitive: boolean;
}

/** Answers a request, narrowed or as it is, or gives a consent that nobody asked for: to a doctor or to a guardian. */
export function GrantDialog({
  request,
  toGuardian = false,
  onClose,
  onDone,
}: {
  request?: ConsentRequestAnswer;
  toGuardian?: boolean;
  onClose: () => void;
  onDone: (granteeName: string) => void;
}) {
  const { subject: owner } = useUser();
  const { query, nameOf } = useDoctors();
  const organizationOf = useOrganizationNames();
  const [progress, setProgress] = useState<ActProgress>();
  const { withDevice, dialog } = useDevice();
  const doctors = (query.data?.items ?? []).filter(({ status }) => status === 'active');
  const kind = request?.grantee.kind ?? (toGuardian ? 'guardian' : 'person');
  const mspOf = (id: string): string =>
    request ? request.from.mspId : (doctors.find((doctor) => doctor.id === id)?.mspId ?? '');

  const grant = async (device: Device, values: GrantValues): Promise<void> => {
    const { expiresAt, ...terms } = termsOf(values, request);
    const id = idOf(values.granteeId);
    const wish: ConsentWish = {
      requestId: request?.requestId,
      grantee: { kind, id, mspId: toGuardian ? await guardiansMsp(id) : mspOf(id) },
      scopes: scopesOf(values),
      terms,
      expiresAt,
    };
    const body = await device.call('makeConsent', wish);
    keepGrant(owner, body);
    await device.callWithProgress(setProgress, 'signConsent', body);
    dropGrant(body.fields.consentId);
  };
  const form = useForm<GrantValues, void>({
    initial: {
      ...(request ? askedTerms(request) : toGuardian ? guardiansTerms() : blankTerms()),
      granteeId: request?.grantee.id ?? '',
      general: true,
      sensitive: false,
    },
    validate: (values) => ({
      ...termsErrors(values, request),
      ...errorsOf<GrantValues>({
        granteeId: toGuardian
          ? GUARDIAN_NUMBER.test(idOf(values.granteeId))
            ? undefined
            : 'Enter the 32 letters and digits of the guardian’s number.'
          : values.granteeId === ''
            ? 'Choose who may read.'
            : undefined,
        general: values.general || values.sensitive ? undefined : 'Choose at least one category.',
      }),
    }),
    send: (values) => withDevice((device) => grant(device, values)),
    onDone: (_result, { granteeId }) => onDone(granteeName(granteeId)),
  });
  const { values, errors, set } = form;
  const granteeName = (id: string): string =>
    toGuardian ? `the guardian ${idOf(id).slice(0, 8)}` : (nameOf(id) ?? organizationOf(mspOf(id)));
  const id = idOf(values.granteeId);
  const guardian = useQuery({
    queryKey: ['grantee', 'guardian', id],
    queryFn: () => client.grantee({ kind: 'guardian', id }),
    enabled: toGuardian && GUARDIAN_NUMBER.test(id),
    retry: false,
  });
  const mspId = toGuardian ? (guardian.data?.grantee.mspId ?? '') : mspOf(id);
  const chosen = id !== '' && mspId !== '';
  return (
    <Dialog
      title={request ? 'Answer the request' : toGuardian ? 'Make somebody your guardian' : 'Give a consent'}
      onClose={onClose}
      wide
    >
      <form ref={form.form} noValidate onSubmit={form.submit}>
        {form.failure && <ErrorNotice error={form.failure} />}
        {request ? (
          <p>
            <strong>{granteeName(request.grantee.id)}</strong> of {organizationOf(request.from.mspId)} asks to
            read your records. You may narrow every field.
          </p>
        ) : toGuardian ? (
          <>
            <p>
              A guardian is another patient. They may read what you allow here and see who looked at your
              records; they decide nothing for you.
            </p>
            <TextField
              {...form.field('granteeId')}
              label="Guardian’s number"
              required
              hint="Your guardian finds it on the page Guardians and gives it to you."
            />
          </>
        ) : (
          <SelectField
            {...form.field('granteeId')}
            label="Who may read"
            required
            options={[
              ['', 'Choose …'],
              ...doctors.map(
                ({ id, name, mspId }) => [id, `${name ?? id}, ${organizationOf(mspId)}`] as const,
              ),
            ]}
          />
        )}
        <TermsFields values={values} errors={errors} set={form.change} asked={request} />
        <fieldset>
          <legend>Categories</legend>
          <CheckField
            label="General records"
            checked={values.general}
            error={errors.general}
            onChange={(checked) => set('general', checked)}
          />
          <CheckField
            label="Sensitive records"
            checked={values.sensitive}
            onChange={(checked) => set('sensitive', checked)}
          />
        </fieldset>
        {chosen && (
          <>
            <CoveredRecords
              who={granteeName(id)}
              selection={{
                recordTypes: values.recordTypes,
                from: values.from,
                to: values.to,
                scopes: scopesOf(values),
              }}
            />
            <CollusionNotice grantee={{ kind, id }} mspId={mspId} scopes={scopesOf(values)} />
            {!toGuardian && (
              <details>
                <summary>What {granteeName(id)} would see now, before this consent</summary>
                <Preview grantee={{ kind, id }} />
              </details>
            )}
          </>
        )}
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            Grant
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
        {form.busy && <SigningProgress progress={progress} />}
      </form>
      {dialog}
    </Dialog>
  );
}

const GUARDIAN_NUMBER = /^[0-9a-f]{32}$/;

/** Numbers are shown in groups. */
const idOf = (entered: string): string => entered.replace(/\s/g, '').toLowerCase();

/** @throws Error in plain words where nobody can be made a guardian by that number */
async function guardiansMsp(id: string): Promise<string> {
  try {
    return (await client.grantee({ kind: 'guardian', id })).grantee.mspId;
  } catch (error) {
    if (!(error instanceof ProblemError) || error.status !== 404) throw error;
    throw new Error(
      'Nobody has made this number ready. Ask your guardian to press “Get ready” on the page Guardians, and compare the number.',
      { cause: error },
    );
  }
}

const scopesOf = ({
  general,
  sensitive,
}: Pick<GrantValues, 'general' | 'sensitive'>): ConsentWish['scopes'] => [
  ...(general ? (['general'] as const) : []),
  ...(sensitive ? (['sensitive'] as const) : []),
];
