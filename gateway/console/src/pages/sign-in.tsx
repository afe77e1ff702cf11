import { useEffect } from 'react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { CheckField, SecretField, SelectField, TextField } from '../ui/fields';
import { errorsOf, required, useForm } from '../ui/form';
import { ErrorNotice, Notice } from '../ui/notice';
import { useOrganizations } from '../app/organizations';
import { GoTo } from '../app/redirect';
import { useSession } from '../app/session';
import { t } from '../i18n';

const REMEMBERED = 'medseal.organization';
const route = getRouteApi('/sign-in');

export function SignInPage() {
  const { user } = useSession();
  const { next } = route.useSearch();
  useEffect(() => {
    document.title = 'Sign in · Medseal';
  }, []);
  if (user !== undefined) return <GoTo to={next ?? '/'} />;
  return (
    <div className="door">
      <main>
        <div className="door-head">
          <span className="brand">
            <img src="/favicon.svg" alt="" width="28" height="28" /> Medseal
          </span>
          <p>Health records shared between hospitals, with the patient in control.</p>
        </div>
        <div className="panel">
          <h1>Sign in</h1>
          <SignInForm />
        </div>
        <p>
          You have a letter with an activation code? <Link to="/activate">Activate your patient account</Link>
        </p>
        <p>
          {t('verify.link')} <Link to="/verify">{t('verify.title')}</Link>
        </p>
      </main>
    </div>
  );
}

/** Signing in changes the session, and with it what the page shows. */
function SignInForm({ known }: { known?: { organization: string; username: string } }) {
  const { signIn } = useSession();
  const organizations = useOrganizations();
  const choices = (organizations.data?.items ?? []).filter(({ signIn: here }) => here !== false);
  const form = useForm({
    initial: {
      organization: known?.organization ?? window.localStorage.getItem(REMEMBERED) ?? '',
      username: known?.username ?? '',
      password: '',
      rememberMe: false,
    },
    validate: ({ organization, username, password }) =>
      errorsOf({
        organization: organization === '' ? 'Choose your organisation.' : undefined,
        username: required(username, 'your user name'),
        password: password === '' ? 'Enter your password.' : undefined,
      }),
    send: async ({ organization, username, password, rememberMe }) => {
      await signIn(organization, username.trim(), password, rememberMe);
      // Which hospital this computer stands in is no secret; the user name stays out.
      window.localStorage.setItem(REMEMBERED, organization);
    },
    onDone: () => undefined,
  });
  const isKnown = choices.some(({ id }) => id === form.values.organization);
  useEffect(() => {
    if (organizations.isSuccess && !isKnown && form.values.organization !== '') form.set('organization', '');
  }, [organizations.isSuccess, isKnown, form]);
  return (
    <form ref={form.form} noValidate onSubmit={form.submit}>
      {organizations.isError && (
        <ErrorNotice error={organizations.error} retry={() => void organizations.refetch()} />
      )}
      {form.failure && <ErrorNotice error={form.failure} />}
      <SelectField
        {...form.field('organization')}
        label="Organisation"
        required
        options={[
          ['', organizations.isPending ? 'Loading …' : 'Choose …'],
          ...choices.map(({ id, name }) => [id, name] as const),
        ]}
      />
      <TextField {...form.field('username')} label="User name" required autoComplete="username" />
      <SecretField {...form.field('password')} label="Password" required autoComplete="current-password" />
      <CheckField
        label="Remember me for 14 days on this computer"
        checked={form.values.rememberMe}
        onChange={(checked) => form.set('rememberMe', checked)}
      />
      <div className="form-end">
        <Button type="submit" kind="main" busy={form.busy}>
          Sign in
        </Button>
      </div>
    </form>
  );
}

/** Over the page whose session ended: what stands on it stays. */
export function SignInAgain() {
  const { user, leave, wasIdle } = useSession();
  if (user === undefined) return null;
  return (
    <Dialog title="Your session has ended">
      <Notice kind="warning">{wasIdle ? t('idle.ended') : t('session.again')}</Notice>
      <SignInForm known={user} />
      <Button kind="quiet" onClick={leave}>
        Leave instead
      </Button>
    </Dialog>
  );
}
