import { useState } from 'react';
import type { ActProgress, ConsentRequestAnswer, ConsentWish } from '@medseal/client';
import type { Device } from '../app/device';
import { useDoctors } from '../app/doctors';
import { useUser } from '../app/session';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { CheckField, SelectField } from '../ui/fields';
import { errorsOf, useForm } from '../ui/form';
import { ErrorNotice } from '../ui/notice';
import { dropGrant, keepGrant } from './begun-grants';
import { CollusionNotice } from './collusion';
import { useOrganizationNames } from './organization-names';
import { Preview } from './preview';
import { SigningProgress } from './signing-progress';
import { askedTerms, blankTerms, TermsFields, termsErrors, termsOf, type TermsValues } from './terms-form';
import { useDevice } from './use-device';

interface GrantValues extends TermsValues {
  granteeId: string;
  general: boolean;
  sensitive: boolean;
}

/** Answers a request, narrowed or as it is, or gives a consent that nobody asked for. */
export function GrantDialog({
  request,
  onClose,
  onDone,
}: {
  request?: ConsentRequestAnswer;
  onClose: () => void;
  onDone: (granteeName: string) => void;
}) {
  const { subject: owner } = useUser();
  const { query, nameOf } = useDoctors();
  const organizationOf = useOrganizationNames();
  const [progress, setProgress] = useState<ActProgress>();
  const { withDevice, dialog } = useDevice();
  const doctors = (query.data?.items ?? []).filter(({ status }) => status === 'active');
  const mspOf = (id: string): string =>
    request ? request.from.mspId : (doctors.find((doctor) => doctor.id === id)?.mspId ?? '');
  const kind = request?.grantee.kind ?? 'person';

  const grant = async (device: Device, values: GrantValues): Promise<void> => {
    const { expiresAt, ...terms } = termsOf(values, request);
    const wish: ConsentWish = {
      requestId: request?.requestId,
      grantee: { kind, id: values.granteeId, mspId: mspOf(values.granteeId) },
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
      ...(request ? askedTerms(request) : blankTerms()),
      granteeId: request?.grantee.id ?? '',
      general: true,
      sensitive: false,
    },
    validate: (values) => ({
      ...termsErrors(values, request),
      ...errorsOf<GrantValues>({
        granteeId: values.granteeId === '' ? 'Choose who may read.' : undefined,
        general: values.general || values.sensitive ? undefined : 'Choose at least one category.',
      }),
    }),
    send: (values) => withDevice((device) => grant(device, values)),
    onDone: (_result, { granteeId }) => onDone(granteeName(granteeId)),
  });
  const { values, errors, set } = form;
  const granteeName = (id: string): string => nameOf(id) ?? organizationOf(mspOf(id));
  const chosen = values.granteeId !== '' && mspOf(values.granteeId) !== '';
  return (
    <Dialog title={request ? 'Answer the request' : 'Give a consent'} onClose={onClose} wide>
      <form ref={form.form} noValidate onSubmit={form.submit}>
        {form.failure && <ErrorNotice error={form.failure} />}
        {request ? (
          <p>
            <strong>{granteeName(request.grantee.id)}</strong> of {organizationOf(request.from.mspId)} asks to
            read your records. You may narrow every field.
          </p>
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
            <CollusionNotice
              grantee={{ kind, id: values.granteeId }}
              mspId={mspOf(values.granteeId)}
              scopes={scopesOf(values)}
            />
            <details>
              <summary>What {granteeName(values.granteeId)} would see now, before this consent</summary>
              <Preview grantee={{ kind, id: values.granteeId }} />
            </details>
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

const scopesOf = ({
  general,
  sensitive,
}: Pick<GrantValues, 'general' | 'sensitive'>): ConsentWish['scopes'] => [
  ...(general ? (['general'] as const) : []),
  ...(sensitive ? (['sensitive'] as const) : []),
];
