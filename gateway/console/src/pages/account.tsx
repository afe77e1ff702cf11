import { useState } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { SessionSummary } from '@medseal/client';
import { client, useSession, useUser } from '../app/session';
import { Button } from '../ui/button';
import { SecretField } from '../ui/fields';
import { errorsOf, useForm } from '../ui/form';
import { Badge, ErrorNotice, Notice, Waiting } from '../ui/notice';
import { Page, Panel } from '../ui/page';
import { Table } from '../ui/table';
import { timeText } from '../ui/values';

export const PASSWORD_LENGTH_MIN = 8;

export function AccountPage() {
  return (
    <Page title="Change Password">
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
        currentPassword: currentPassword === '' ? 'Enter your present password.' : undefined,
        newPassword:
          newPassword.length < PASSWORD_LENGTH_MIN
            ? `Choose at least ${PASSWORD_LENGTH_MIN} characters.`
            : newPassword === currentPassword
              ? 'Choose another one than the present.'
              : undefined,
        again: again === newPassword ? undefined : 'The two are not the same.',
      }),
    send: ({ currentPassword, newPassword }) => client.changePassword(currentPassword, newPassword),
    onDone: () => {
      form.setValues(BLANK);
      setDone(true);
      void queries.invalidateQueries({ queryKey: ['sessions'] });
    },
  });
  return (
    <Panel title="Password">
      {done && <Notice kind="good">The password was changed. Your other sessions were ended.</Notice>}
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
          label="Present password"
          required
          autoComplete="current-password"
        />
        <SecretField
          {...form.field('newPassword')}
          label="New password"
          required
          autoComplete="new-password"
        />
        <SecretField
          {...form.field('again')}
          label="New password again"
          required
          autoComplete="new-password"
        />
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            Change password
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
      title="Where you are signed in"
      actions={
        <Button busy={everywhere.isPending} onClick={() => everywhere.mutate()}>
          Sign out everywhere
        </Button>
      }
    >
      {sessions.isPending && <Waiting text="Loading …" />}
      {[sessions.error, ending.error, everywhere.error]
        .filter((error) => error !== null)
        .map((error, index) => (
          <ErrorNotice key={index} error={error} />
        ))}
      {items.length > 0 && (
        <Table
          caption="Your sessions"
          rows={items}
          keyOf={({ id }) => id}
          columns={[
            { header: 'Since', cell: ({ createdAt }) => timeText(createdAt) },
            { header: 'Last used', cell: ({ lastUsedAt }) => timeText(lastUsedAt) },
            { header: 'Ends', cell: ({ expiresAt }) => timeText(expiresAt) },
            {
              header: 'Actions',
              kind: 'actions',
              cell: (session) =>
                session.current ? (
                  <Badge kind="good">This one</Badge>
                ) : (
                  <Button
                    kind="quiet"
                    aria-label={`Sign out the session of ${timeText(session.createdAt)}`}
                    busy={ending.isPending}
                    onClick={() => ending.mutate([session])}
                  >
                    Sign out
                  </Button>
                ),
            },
          ]}
        />
      )}
    </Panel>
  );
}
