import { useEffect, useRef, useState } from 'react';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Device } from '../app/device';
import { useOrganizations } from '../app/organizations';
import { useSession } from '../app/session';
import { againError, passphraseError } from '../keys/passphrase';
import { RecoveryWords } from '../keys/recovery-words';
import { Button } from '../ui/button';
import { CheckField, SecretField, SelectField, TextField } from '../ui/fields';
import { errorsOf, required, useForm } from '../ui/form';
import { ErrorNotice, Notice, Waiting } from '../ui/notice';
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
    document.title = 'Activate your account · Medseal';
  }, []);
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
        organization: values.organization === '' ? 'Choose your home hospital.' : undefined,
        activationCode: required(values.activationCode, 'the code of your letter'),
        isLetterRoot: values.isLetterRoot
          ? undefined
          : 'Compare the fingerprint with your letter. If it differs, do not go on and tell your hospital.',
        username: USERNAME.test(values.username)
          ? undefined
          : 'Choose 3 to 64 letters, digits, dots, dashes or underscores.',
        password:
          values.password.length < PASSWORD_LENGTH_MIN
            ? `Choose at least ${PASSWORD_LENGTH_MIN} characters.`
            : undefined,
        passwordAgain: values.passwordAgain === values.password ? undefined : 'The two passwords differ.',
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
    <div className="door wide">
      <main>
        <div className="door-head">
          <span className="brand">
            <img src="/favicon.svg" alt="" width="28" height="28" /> Medseal
          </span>
          <p>
            <Link to="/sign-in">Back to sign-in</Link>
          </p>
        </div>
        {activated && (
          <div className="panel">
            <h1 ref={heading} tabIndex={-1}>
              Your recovery words
            </h1>
            <p className="no-print">Your account is active. One step is left before you go on.</p>
            <RecoveryWords words={activated.result} onDone={() => entering.mutate(activated.device)} />
            {entering.isPending && <Waiting text="Signing you in …" />}
            {entering.isError && (
              <ErrorNotice error={entering.error} retry={() => entering.mutate(activated.device)} />
            )}
          </div>
        )}
        <div className="panel" hidden={activated !== undefined}>
          <h1>Activate your patient account</h1>
          {organizations.isError && (
            <ErrorNotice error={organizations.error} retry={() => void organizations.refetch()} />
          )}
          <form ref={form.form} noValidate onSubmit={form.submit}>
            {form.failure && <ErrorNotice error={form.failure} />}
            <fieldset>
              <legend>1. Your letter</legend>
              <SelectField
                {...form.field('organization')}
                label="Home hospital"
                required
                options={[['', 'Choose …'], ...hospitals.map(({ id, name }) => [id, name] as const)]}
              />
              <TextField
                {...form.field('activationCode')}
                label="Activation code"
                required
                hint="24 letters and digits. Upper or lower case and dashes do not matter."
              />
              <p>Fingerprint of the ministry’s root, as this service gives it:</p>
              {fingerprint.isPending ? (
                <Waiting text="Computing …" />
              ) : fingerprint.isError ? (
                <ErrorNotice error={fingerprint.error} retry={() => void fingerprint.refetch()} />
              ) : (
                <p>
                  <code>{grouped(fingerprint.data)}</code>
                </p>
              )}
              <CheckField
                label="It is the same as on my letter."
                checked={form.values.isLetterRoot}
                error={form.errors.isLetterRoot}
                onChange={(checked) => form.set('isLetterRoot', checked)}
              />
            </fieldset>
            <fieldset>
              <legend>2. Your sign-in</legend>
              <TextField {...form.field('username')} label="User name" required autoComplete="username" />
              <div className="form-row">
                <SecretField
                  {...form.field('password')}
                  label="Password"
                  required
                  autoComplete="new-password"
                />
                <SecretField
                  {...form.field('passwordAgain')}
                  label="Password again"
                  required
                  autoComplete="new-password"
                />
              </div>
            </fieldset>
            <fieldset>
              <legend>3. Your passphrase</legend>
              <Notice kind="warning">
                The passphrase opens your records. It never leaves this browser, and nobody can reset it: keep
                it in a safe place.
              </Notice>
              <div className="form-row">
                <SecretField {...form.field('passphrase')} label="Passphrase" required autoComplete="off" />
                <SecretField
                  {...form.field('passphraseAgain')}
                  label="Passphrase again"
                  required
                  autoComplete="off"
                />
              </div>
            </fieldset>
            <div className="form-end">
              <Button type="submit" kind="main" busy={form.busy}>
                Activate
              </Button>
              <span role="status">
                {form.busy ? 'Making your keys in this browser and signing the activation …' : ''}
              </span>
            </div>
          </form>
        </div>
      </main>
    </div>
  );
}
