import { useState } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { SessionSummary } from '@medseal/client';
import { client, useSession, useUser } from '../app/session';
import { t } from '../i18n';
import { timeText } from '../i18n/locale';
import { Button } from '../ui/button';
import { SecretField } from '../ui/fields';
import { errorsOf, useForm } from '../ui/form';
import { Badge, ErrorNotice, Notice, Waiting } from '../ui/notice';
import { Page, Panel } from '../ui/page';
import { Table } from '../ui/table';

const PASSWORD_LENGTH_MIN = 8;

export function AccountPage() {
  return (
    <Page title={t('account.title')}>
      <div className="columns">
        <ChangePassword />
        <Sessions />
      </div>
    </Page>
  );
}

const BLANK = { currentPassword: '', newPassword: '', again: '' };

function ChangePassword() {
  const { username } = useUser();
  const [done, setDone] = useState(false);
  const queries = useQueryClient();
  const form = useForm({
    initial: BLANK,
    validate: ({ currentPassword, newPassword, again }) =>
      errorsOf<typeof BLANK>({
        currentPassword: currentPassword === '' ? t('account.presentMissing') : undefined,
        newPassword:
          newPassword.length < PASSWORD_LENGTH_MIN
            ? t('password.short', { count: PASSWORD_LENGTH_MIN })
            : newPassword === currentPassword
              ? t('password.same')
              : undefined,
        again: again === newPassword ? undefined : t('password.differ'),
      }),
    send: ({ currentPassword, newPassword }) => client.changePassword(currentPassword, newPassword),
    onDone: () => {
      form.setValues(BLANK);
      setDone(true);
      void queries.invalidateQueries({ queryKey: ['sessions'] });
    },
  });
  return (
    <Panel title={t('common.password')}>
      {done && <Notice kind="good">{t('account.changed')}</Notice>}
      <form
        ref={form.form}
        noValidate
        onSubmit={(event) => {
          setDone(false);
          form.submit(event);
        }}
      >
        {form.failure && <ErrorNotice error={form.failure} />}
        <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
        <SecretField
          {...form.field('currentPassword')}
          label={t('account.present')}
          required
          autoComplete="current-password"
        />
        <SecretField
          {...form.field('newPassword')}
          label={t('account.new')}
          required
          autoComplete="new-password"
        />
        <SecretField
          {...form.field('again')}
          label={t('account.newAgain')}
          required
          autoComplete="new-password"
        />
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            {t('account.change')}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function Sessions() {
  const { signOut } = useSession();
  const queries = useQueryClient();
  const sessions = useQuery({ queryKey: ['sessions'], queryFn: client.sessions, staleTime: 0 });
  const ending = useMutation({
    mutationFn: async (ended: readonly SessionSummary[]) => {
      for (const { id } of ended) await client.endSession(id);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['sessions'] }),
  });
  const everywhere = useMutation({
    mutationFn: async () => {
      for (const { id, current } of sessions.data?.items ?? []) if (!current) await client.endSession(id);
      await signOut();
    },
  });
  const items = sessions.data?.items ?? [];
  return (
    <Panel
      title={t('account.sessions')}
      actions={
        <Button busy={everywhere.isPending} onClick={() => everywhere.mutate()}>
          {t('account.everywhere')}
        </Button>
      }
    >
      {sessions.isPending && <Waiting text={t('common.loading')} />}
      {[sessions.error, ending.error, everywhere.error]
        .filter((error) => error !== null)
        .map((error, index) => (
          <ErrorNotice key={index} error={error} />
        ))}
      {items.length > 0 && (
        <Table
          caption={t('account.sessionsCaption')}
          rows={items}
          keyOf={({ id }) => id}
          columns={[
            { header: t('common.since'), cell: ({ createdAt }) => timeText(createdAt) },
            { header: t('account.lastUsed'), cell: ({ lastUsedAt }) => timeText(lastUsedAt) },
            { header: t('account.ends'), cell: ({ expiresAt }) => timeText(expiresAt) },
            {
              header: t('common.actions'),
              kind: 'actions',
              cell: (session) =>
                session.current ? (
                  <Badge kind="good">{t('account.thisOne')}</Badge>
                ) : (
                  <Button
                    kind="quiet"
                    aria-label={t('account.signOutOne', { since: timeText(session.createdAt) })}
                    busy={ending.isPending}
                    onClick={() => ending.mutate([session])}
                  >
                    {t('common.signOut')}
                  </Button>
                ),
            },
          ]}
        />
      )}
    </Panel>
  );
}
