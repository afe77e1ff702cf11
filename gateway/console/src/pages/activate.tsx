import { useEffect, useRef, useState } from 'react';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Device } from '../app/device';
import { useOrganizations } from '../app/organizations';
import { useSession } from '../app/session';
import { t } from '../i18n';
import { againError, passphraseError } from '../keys/passphrase';
import { RecoveryWords } from '../keys/recovery-words';
import { Button } from '../ui/button';
import { CheckField, SecretField, SelectField, TextField } from '../ui/fields';
import { errorsOf, required, useForm } from '../ui/form';
import { ErrorNotice, Notice, Waiting } from '../ui/notice';
import { PublicPage } from '../ui/page';
import { grouped } from '../ui/values';

const PASSWORD_LENGTH_MIN = 8;
const USERNAME = /^[A-Za-z0-9][A-Za-z0-9._-]{2,63}$/;

const BLANK = {
  organization: '',
  activationCode: '',
  isLetterRoot: false,
  username: '',
  password: '',
  passwordAgain: '',
  passphrase: '',
  passphraseAgain: '',
};

type Activated = Awaited<ReturnType<typeof Device.activate>>;

/** A patient takes the account over: the keys are made here, in the browser, and never leave it unsealed. */
export function ActivatePage() {
  const { signIn, keepDevice } = useSession();
  const navigate = useNavigate();
  const organizations = useOrganizations();
  const [activated, setActivated] = useState<Activated>();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // The form is gone: reading goes on here.
    if (activated) heading.current?.focus();
  }, [activated]);
  const root = organizations.data?.rootCertificate;
  const fingerprint = useQuery({
    queryKey: ['fingerprint', root],
    queryFn: () => Device.fingerprint(root ?? ''),
    enabled: root !== undefined,
    staleTime: Infinity,
  });
  const form = useForm<typeof BLANK, Activated>({
    initial: BLANK,
    validate: (values) =>
      errorsOf<typeof BLANK>({
        organization: values.organization === '' ? t('activate.hospitalMissing') : undefined,
        activationCode: required(values.activationCode, t('activate.codeMissing')),
        isLetterRoot: values.isLetterRoot ? undefined : t('activate.compare'),
        username: USERNAME.test(values.username) ? undefined : t('activate.usernameWrong'),
        password:
          values.password.length < PASSWORD_LENGTH_MIN
            ? t('password.short', { count: PASSWORD_LENGTH_MIN })
            : undefined,
        passwordAgain: values.passwordAgain === values.password ? undefined : t('password.differ'),
        passphrase: passphraseError(values.passphrase, values.password),
        passphraseAgain: againError(values.passphrase, values.passphraseAgain),
      }),
    send: ({ organization, activationCode, username, password, passphrase }) =>
      Device.activate({
        organization,
        activationCode: activationCode.trim(),
        username,
        password,
        passphrase,
        rootFingerprint: fingerprint.data,
      }),
    onDone: setActivated,
  });
  /** Not before the words are on paper: a page that is signed in has other things to do. */
  const entering = useMutation({
    mutationFn: async (device: Device) => {
      const { organization, username, password } = form.values;
      await signIn(organization, username, password, false);
      keepDevice(device);
      await navigate({ to: '/choices', replace: true });
    },
  });
  const hospitals = (organizations.data?.items ?? []).filter(
    ({ kind, signIn: here }) => kind === 'hospital' && here !== false,
  );
  return (
    <PublicPage title={t('activate.title')} head={<Link to="/sign-in">{t('activate.back')}</Link>} wide>
      {activated && (
        <div className="panel">
          <h1 ref={heading} tabIndex={-1}>
            {t('activate.words')}
          </h1>
          <p className="no-print">{t('activate.oneStep')}</p>
          <RecoveryWords words={activated.result} onDone={() => entering.mutate(activated.device)} />
          {entering.isPending && <Waiting text={t('activate.signingIn')} />}
          {entering.isError && (
            <ErrorNotice error={entering.error} retry={() => entering.mutate(activated.device)} />
          )}
        </div>
      )}
      <div className="panel" hidden={activated !== undefined}>
        <h1>{t('activate.title')}</h1>
        {organizations.isError && (
          <ErrorNotice error={organizations.error} retry={() => void organizations.refetch()} />
        )}
        <form ref={form.form} noValidate onSubmit={form.submit}>
          {form.failure && <ErrorNotice error={form.failure} />}
          <fieldset>
            <legend>{t('activate.letter')}</legend>
            <SelectField
              {...form.field('organization')}
              label={t('activate.hospital')}
              required
              options={[['', t('common.choose')], ...hospitals.map(({ id, name }) => [id, name] as const)]}
            />
            <TextField
              {...form.field('activationCode')}
              label={t('activate.code')}
              required
              hint={t('activate.codeHint')}
            />
            <p>{t('activate.fingerprint')}</p>
            {fingerprint.isPending ? (
              <Waiting text={t('activate.computing')} />
            ) : fingerprint.isError ? (
              <ErrorNotice error={fingerprint.error} retry={() => void fingerprint.refetch()} />
            ) : (
              <p>
                <code>{grouped(fingerprint.data)}</code>
              </p>
            )}
            <CheckField
              label={t('activate.same')}
              checked={form.values.isLetterRoot}
              error={form.errors.isLetterRoot}
              onChange={(checked) => form.set('isLetterRoot', checked)}
            />
          </fieldset>
          <fieldset>
            <legend>{t('activate.signIn')}</legend>
            <TextField
              {...form.field('username')}
              label={t('common.username')}
              required
              autoComplete="username"
            />
            <div className="form-row">
              <SecretField
                {...form.field('password')}
                label={t('common.password')}
                required
                autoComplete="new-password"
              />
              <SecretField
                {...form.field('passwordAgain')}
                label={t('activate.passwordAgain')}
                required
                autoComplete="new-password"
              />
            </div>
          </fieldset>
          <fieldset>
            <legend>{t('activate.passphrase')}</legend>
            <Notice kind="warning">{t('activate.passphraseWhy')}</Notice>
            <div className="form-row">
              <SecretField
                {...form.field('passphrase')}
                label={t('passphrase.label')}
                required
                autoComplete="off"
              />
              <SecretField
                {...form.field('passphraseAgain')}
                label={t('activate.passphraseAgain')}
                required
                autoComplete="off"
              />
            </div>
          </fieldset>
          <div className="form-end">
            <Button type="submit" kind="main" busy={form.busy}>
              {t('activate.do')}
            </Button>
            <span role="status">{form.busy ? t('activate.busy') : ''}</span>
          </div>
        </form>
      </div>
    </PublicPage>
  );
}
