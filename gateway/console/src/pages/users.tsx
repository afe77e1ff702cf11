import { useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { UserListing } from '@medseal/client';
import { useDoctors } from '../app/doctors';
import { roleName } from '../app/menu';
import { useOrganizations } from '../app/organizations';
import { client, useUser } from '../app/session';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { SelectField, TextField } from '../ui/fields';
import { errorsOf, required, useForm } from '../ui/form';
import { Badge, Empty, ErrorNotice, Notice } from '../ui/notice';
import { Page } from '../ui/page';
import { PagedList, usePaged } from '../ui/paged';
import { Table } from '../ui/table';
import { CopyText, timeText } from '../ui/values';

type Action = 'suspend' | 'resume' | 'revoke' | 'reset';

interface Secret {
  username: string;
  password: string;
}

const ROLES: Readonly<Record<string, readonly string[]>> = {
  ministry: ['system-manager', 'auditor', 'researcher'],
  hospital: ['doctor', 'verifier', 'sanitizer', 'auditor', 'researcher', 'hospital-admin'],
};

export function UsersPage() {
  const me = useUser();
  const [q, setQ] = useState('');
  const [isNew, setIsNew] = useState(false);
  const [act, setAct] = useState<{ action: Action; user: UserListing }>();
  const [secret, setSecret] = useState<Secret>();
  const [done, setDone] = useState('');
  const queries = useQueryClient();
  const paged = usePaged(['users', q], (query) => client.users({ ...query, q: q || undefined }));
  const finish = (message: string) => {
    setAct(undefined);
    setIsNew(false);
    setDone(message);
    void queries.invalidateQueries({ queryKey: ['users'] });
  };
  return (
    <Page
      title="User Listing"
      actions={
        <Button kind="main" onClick={() => setIsNew(true)}>
          Add a user
        </Button>
      }
    >
      {done && <Notice kind="good">{done}</Notice>}
      <div className="panel">
        <div className="search">
          <TextField label="Search by name or user name" type="search" value={q} onChange={setQ} required />
        </div>
        <PagedList paged={paged}>
          {paged.query.data?.items.length === 0 ? (
            <Empty>{q ? `No user matches “${q}”.` : 'There is no user yet.'}</Empty>
          ) : (
            <Table
              caption="Users"
              rows={paged.query.data?.items ?? []}
              keyOf={({ subject }) => subject}
              columns={[
                { header: 'User name', cell: ({ username }) => username },
                { header: 'Name', cell: ({ displayName }) => displayName },
                { header: 'Role', cell: ({ role }) => roleName(role) },
                {
                  header: 'Keys',
                  cell: ({ keyHolder }) =>
                    keyHolder === 'device' ? 'On their own device' : 'At the gateway',
                },
                { header: 'Since', cell: ({ createdAt }) => timeText(createdAt) },
                { header: 'Status', cell: (user) => <UserState user={user} /> },
                {
                  header: 'Actions',
                  kind: 'actions',
                  cell: (user) =>
                    user.subject !== me.subject && (
                      <UserActions user={user} onAct={(action) => setAct({ action, user })} />
                    ),
                },
              ]}
            />
          )}
        </PagedList>
      </div>
      {isNew && (
        <UserForm
          onClose={() => setIsNew(false)}
          onDone={(made) => {
            finish(`${made.username} was added.`);
            setSecret(made);
          }}
        />
      )}
      {act && (
        <ActDialog
          {...act}
          onClose={() => setAct(undefined)}
          onDone={(password) => {
            finish(`${act.user.username} was ${PAST[act.action]}.`);
            if (password !== undefined) setSecret({ username: act.user.username, password });
          }}
        />
      )}
      {secret && (
        <Dialog title="First password" onClose={() => setSecret(undefined)}>
          <Notice kind="warning">
            Hand it over now: it is not shown again. The user changes it after signing in.
          </Notice>
          <CopyText label="User name" text={secret.username} />
          <CopyText label="Password" text={secret.password} />
          <div className="form-end">
            <Button kind="main" onClick={() => setSecret(undefined)}>
              Done
            </Button>
          </div>
        </Dialog>
      )}
    </Page>
  );
}

const UserState = ({ user: { status, initialPassword } }: { user: UserListing }) => {
  if (status === 'suspended') return <Badge kind="warning">Suspended</Badge>;
  if (status === 'revoked') return <Badge kind="bad">Revoked</Badge>;
  return initialPassword ? <Badge kind="neutral">First password</Badge> : <Badge kind="good">Active</Badge>;
};

function UserActions({ user, onAct }: { user: UserListing; onAct: (action: Action) => void }) {
  const actions: readonly (readonly [Action, string])[] =
    user.status === 'revoked'
      ? []
      : user.status === 'suspended'
        ? [
            ['resume', 'Resume'],
            ['revoke', 'Revoke'],
          ]
        : [
            ['suspend', 'Suspend'],
            ['reset', 'Reset'],
            ['revoke', 'Revoke'],
          ];
  return (
    <>
      {actions.map(([action, label]) => (
        <Button
          key={action}
          kind="quiet"
          aria-label={`${label} ${user.username}`}
          onClick={() => onAct(action)}
        >
          {label}
        </Button>
      ))}
    </>
  );
}

const PAST: Readonly<Record<Action, string>> = {
  suspend: 'suspended',
  resume: 'resumed',
  revoke: 'revoked',
  reset: 'reset',
};

const WORDS: Readonly<Record<Action, { title: string; text: string; button: string }>> = {
  suspend: {
    title: 'Suspend',
    text: 'Their access ends with the ledger’s next commit, their sessions at once. You can resume it later.',
    button: 'Suspend',
  },
  resume: { title: 'Resume', text: 'They can sign in and act again.', button: 'Resume' },
  revoke: {
    title: 'Revoke',
    text: 'Their access ends for good. To let the person in again, make a new user.',
    button: 'Revoke for good',
  },
  reset: {
    title: 'Reset the password of',
    text: 'They get a new password and new keys. Records sealed to the old key then open by consent only.',
    button: 'Reset',
  },
};

function ActDialog({
  action,
  user,
  onClose,
  onDone,
}: {
  action: Action;
  user: UserListing;
  onClose: () => void;
  onDone: (newPassword: string | undefined) => void;
}) {
  const { title, text, button } = WORDS[action];
  const change = useMutation({
    mutationFn: () => client.changeUser(user.username, { action }),
    onSuccess: ({ newPassword }) => onDone(newPassword),
  });
  return (
    <Dialog title={`${title} ${user.displayName}?`} onClose={onClose}>
      {change.isError && <ErrorNotice error={change.error} />}
      <p>{text}</p>
      <div className="form-end">
        <Button
          kind={action === 'resume' ? 'main' : 'danger'}
          busy={change.isPending}
          onClick={() => change.mutate()}
        >
          {button}
        </Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
    </Dialog>
  );
}

const USERNAME = /^[A-Za-z0-9][A-Za-z0-9._-]{2,63}$/;

function UserForm({ onClose, onDone }: { onClose: () => void; onDone: (made: Secret) => void }) {
  const { organization } = useUser();
  const { own } = useDoctors();
  const kind = useOrganizations().data?.items.find(({ id }) => id === organization)?.kind ?? 'hospital';
  const form = useForm({
    initial: { username: '', displayName: '', role: '', doctorId: '' },
    validate: ({ username, displayName, role }) =>
      errorsOf({
        username: USERNAME.test(username)
          ? undefined
          : 'Write 3 to 64 letters, digits, dots, dashes or underscores.',
        displayName: required(displayName, 'the name'),
        role: role === '' ? 'Choose the role.' : undefined,
      }),
    send: ({ username, displayName, role, doctorId }, idempotencyKey) =>
      client.createUser(
        { username, displayName, role, ...(role === 'doctor' && doctorId ? { doctorId } : {}) },
        { idempotencyKey },
      ),
    onDone: ({ username, initialPassword }) => onDone({ username, password: initialPassword }),
  });
  return (
    <Dialog title="Add a user" onClose={onClose}>
      <form ref={form.form} noValidate onSubmit={form.submit}>
        {form.failure && <ErrorNotice error={form.failure} />}
        <SelectField
          {...form.field('role')}
          label="Role"
          required
          options={[['', 'Choose …'], ...(ROLES[kind] ?? []).map((role) => [role, roleName(role)] as const)]}
        />
        {form.values.role === 'doctor' && (
          <SelectField
            {...form.field('doctorId')}
            label="Doctor"
            hint="Whose sign-in this is. Leave it out for somebody who is not in Doctors Info."
            options={[['', 'None'], ...own.map(({ id, name }) => [id, name ?? id] as const)]}
          />
        )}
        <TextField {...form.field('displayName')} label="Name" required />
        <TextField {...form.field('username')} label="User name" required />
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            Add user
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}
