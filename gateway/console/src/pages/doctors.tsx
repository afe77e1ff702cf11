import { useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { DoctorAnswer } from '@medseal/client';
import { useOrganizations } from '../app/organizations';
import { client, useUser } from '../app/session';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { TextArea, TextField } from '../ui/fields';
import { errorsOf, required, useForm } from '../ui/form';
import { Badge, Empty, ErrorNotice, Notice } from '../ui/notice';
import { Page } from '../ui/page';
import { PagedList, usePaged } from '../ui/paged';
import { type Column, Table } from '../ui/table';

type Open = { kind: 'new' } | { kind: 'edit' | 'remove'; doctor: DoctorAnswer };

export function DoctorsPage() {
  const { role, organization } = useUser();
  const [q, setQ] = useState('');
  const [open, setOpen] = useState<Open>();
  const [done, setDone] = useState('');
  const organizations = useOrganizations();
  const paged = usePaged(['doctors', q], (query) => client.doctors({ ...query, q: q || undefined }));
  const queries = useQueryClient();
  const isAdmin = role === 'hospital-admin';
  const seesContact = role !== 'patient';
  const nameOf = (id: string): string => organizations.data?.items.find((one) => one.id === id)?.name ?? id;
  const finish = (message: string) => {
    setOpen(undefined);
    setDone(message);
    void queries.invalidateQueries({ queryKey: ['doctors'] });
  };
  const columns: Column<DoctorAnswer>[] = [
    { header: 'Name', cell: ({ name }) => name ?? '–' },
    { header: 'Specialization', cell: ({ specialization }) => specialization ?? '–' },
    { header: 'Hospital', cell: (doctor) => nameOf(doctor.organization) },
    ...(seesContact
      ? ([
          { header: 'Contact', cell: ({ contactNo }) => contactNo ?? '–', kind: 'number' },
          { header: 'E-mail', cell: ({ email }) => email ?? '–' },
        ] satisfies Column<DoctorAnswer>[])
      : []),
    {
      header: 'Status',
      cell: ({ status }) =>
        status === 'active' ? <Badge kind="good">Active</Badge> : <Badge kind="warning">Suspended</Badge>,
    },
    ...(isAdmin
      ? ([
          {
            header: 'Actions',
            kind: 'actions',
            cell: (doctor) =>
              doctor.organization === organization && (
                <>
                  <Button
                    kind="quiet"
                    aria-label={`Edit ${doctor.name}`}
                    onClick={() => setOpen({ kind: 'edit', doctor })}
                  >
                    Edit
                  </Button>
                  <Button
                    kind="quiet"
                    aria-label={`Remove ${doctor.name}`}
                    onClick={() => setOpen({ kind: 'remove', doctor })}
                  >
                    Remove
                  </Button>
                </>
              ),
          },
        ] satisfies Column<DoctorAnswer>[])
      : []),
  ];
  return (
    <Page
      title="Doctors Info"
      actions={
        isAdmin && (
          <Button kind="main" onClick={() => setOpen({ kind: 'new' })}>
            Add a doctor
          </Button>
        )
      }
    >
      {done && <Notice kind="good">{done}</Notice>}
      <div className="panel">
        <div className="search">
          <TextField
            label="Search by name or specialization"
            type="search"
            value={q}
            onChange={setQ}
            required
          />
        </div>
        <PagedList paged={paged}>
          {paged.query.data?.items.length === 0 ? (
            <Empty>{q ? `No doctor matches “${q}”.` : 'No doctor is registered yet.'}</Empty>
          ) : (
            <Table
              caption="Doctors"
              columns={columns}
              rows={paged.query.data?.items ?? []}
              keyOf={({ id }) => id}
            />
          )}
        </PagedList>
      </div>
      {open?.kind === 'new' && (
        <DoctorForm onClose={() => setOpen(undefined)} onDone={({ name }) => finish(`${name} was added.`)} />
      )}
      {open?.kind === 'edit' && (
        <DoctorForm
          doctor={open.doctor}
          onClose={() => setOpen(undefined)}
          onDone={({ name }) => finish(`${name} was changed.`)}
        />
      )}
      {open?.kind === 'remove' && (
        <RemoveDoctor
          doctor={open.doctor}
          onClose={() => setOpen(undefined)}
          onDone={() => finish(`${open.doctor.name} was removed.`)}
        />
      )}
    </Page>
  );
}

const PHONE = /^\d{6,15}$/;

function DoctorForm({
  doctor,
  onClose,
  onDone,
}: {
  doctor?: DoctorAnswer;
  onClose: () => void;
  onDone: (doctor: DoctorAnswer) => void;
}) {
  const form = useForm({
    initial: {
      name: doctor?.name ?? '',
      specialization: doctor?.specialization ?? '',
      contactNo: doctor?.contactNo ?? '',
      email: doctor?.email ?? '',
      address: doctor?.address ?? '',
    },
    validate: ({ name, specialization, contactNo }) =>
      errorsOf({
        name: required(name, 'the name'),
        specialization: required(specialization, 'the specialization'),
        contactNo:
          contactNo === '' || PHONE.test(contactNo) ? undefined : 'Write 6 to 15 digits without spaces.',
      }),
    send: ({ name, specialization, ...contact }, idempotencyKey) => {
      const fields = Object.entries(contact);
      if (doctor === undefined) {
        const given = Object.fromEntries(fields.filter(([, value]) => value !== ''));
        return client.createDoctor({ name, specialization, ...given }, { idempotencyKey });
      }
      const all = Object.fromEntries(fields.map(([field, value]) => [field, value === '' ? null : value]));
      return client.changeDoctor(
        doctor.id,
        { name, specialization, ...all },
        { ifMatch: `"${doctor.version}"` },
      );
    },
    onDone,
  });
  return (
    <Dialog title={doctor ? 'Edit doctor' : 'Add a doctor'} onClose={onClose}>
      <form ref={form.form} noValidate onSubmit={form.submit}>
        {form.failure && <ErrorNotice error={form.failure} />}
        <TextField {...form.field('name')} label="Name" required />
        <TextField {...form.field('specialization')} label="Specialization" required />
        <div className="form-row">
          <TextField {...form.field('contactNo')} label="Contact number" inputMode="tel" type="tel" />
          <TextField {...form.field('email')} label="E-mail" type="email" />
        </div>
        <TextArea {...form.field('address')} label="Address" />
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            {doctor ? 'Save' : 'Add doctor'}
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}

function RemoveDoctor({
  doctor,
  onClose,
  onDone,
}: {
  doctor: DoctorAnswer;
  onClose: () => void;
  onDone: () => void;
}) {
  const removal = useMutation({
    mutationFn: () => client.removeDoctor(doctor.id, { ifMatch: `"${doctor.version}"` }),
    onSuccess: onDone,
  });
  return (
    <Dialog title={`Remove ${doctor.name}?`} onClose={onClose}>
      {removal.isError && <ErrorNotice error={removal.error} />}
      <p>
        Their access ends at once and for good, with their sign-in. Records that they wrote stay, under their
        name.
      </p>
      <div className="form-end">
        <Button kind="danger" busy={removal.isPending} onClick={() => removal.mutate()}>
          Remove
        </Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
    </Dialog>
  );
}
