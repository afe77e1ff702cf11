import { useEffect } from 'react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useOrganizations } from '../app/organizations';
import { GoTo } from '../app/redirect';
import { useSession } from '../app/session';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { CheckField, SecretField, SelectField, TextField } from '../ui/fields';
import { errorsOf, required, useForm } from '../ui/form';
import { ErrorNotice, Notice } from '../ui/notice';
import { PublicPage } from '../ui/page';

/** By the service's session policy. */
const REMEMBERED_DAYS = 14;
const REMEMBERED = 'medseal.organization';
const route = getRouteApi('/sign-in');

export function SignInPage() {
  const { user } = useSession();
  const { next } = route.useSearch();
  if (user !== undefined) return <GoTo to={next ?? '/'} />;
  return (
    <PublicPage title={t('signIn.title')} head={t('signIn.lead')}>
      <div className="panel">
        <h1>{t('signIn.title')}</h1>
        <SignInForm />
      </div>
      <p>
        {t('activate.link')} <Link to="/activate">{t('activate.title')}</Link>
      </p>
      <p>
        {t('verify.link')} <Link to="/verify">{t('verify.title')}</Link>
      </p>
    </PublicPage>
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
        organization: organization === '' ? t('signIn.organisationMissing') : undefined,
        username: required(username, t('signIn.usernameMissing')),
        password: password === '' ? t('signIn.passwordMissing') : undefined,
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
        label={t('common.organisation')}
        required
        options={[
          ['', organizations.isPending ? t('common.loading') : t('common.choose')],
          ...choices.map(({ id, name }) => [id, name] as const),
        ]}
      />
      <TextField {...form.field('username')} label={t('common.username')} required autoComplete="username" />
      <SecretField
        {...form.field('password')}
        label={t('common.password')}
        required
        autoComplete="current-password"
      />
      <CheckField
        label={t('signIn.remember', { days: REMEMBERED_DAYS })}
        checked={form.values.rememberMe}
        onChange={(checked) => form.set('rememberMe', checked)}
      />
      <div className="form-end">
        <Button type="submit" kind="main" busy={form.busy}>
          {t('signIn.do')}
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
    <Dialog title={t('session.ended')}>
      <Notice kind="warning">{wasIdle ? t('idle.ended') : t('session.again')}</Notice>
      <SignInForm known={user} />
      <Button kind="quiet" onClick={leave}>
        {t('session.leave')}
      </Button>
    </Dialog>
  );
}
