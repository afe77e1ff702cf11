import { useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { DoctorAnswer } from '@medseal/client';
import { useOrganizations } from '../app/organizations';
import { client, useUser } from '../app/session';
import { t } from '../i18n';
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
    { header: t('common.name'), cell: ({ name }) => name ?? '–' },
    { header: t('doctors.specialization'), cell: ({ specialization }) => specialization ?? '–' },
    { header: t('common.hospital'), cell: (doctor) => nameOf(doctor.organization) },
    ...(seesContact
      ? ([
          { header: t('doctors.contact'), cell: ({ contactNo }) => contactNo ?? '–', kind: 'number' },
          { header: t('doctors.email'), cell: ({ email }) => email ?? '–' },
        ] satisfies Column<DoctorAnswer>[])
      : []),
    {
      header: t('common.status'),
      cell: ({ status }) =>
        status === 'active' ? (
          <Badge kind="good">{t('common.active')}</Badge>
        ) : (
          <Badge kind="warning">{t('common.suspended')}</Badge>
        ),
    },
    ...(isAdmin
      ? ([
          {
            header: t('common.actions'),
            kind: 'actions',
            cell: (doctor) =>
              doctor.organization === organization && (
                <>
                  <Button
                    kind="quiet"
                    aria-label={t('doctors.editOne', { name: doctor.name ?? doctor.id })}
                    onClick={() => setOpen({ kind: 'edit', doctor })}
                  >
                    {t('doctors.edit')}
                  </Button>
                  <Button
                    kind="quiet"
                    aria-label={t('doctors.removeOne', { name: doctor.name ?? doctor.id })}
                    onClick={() => setOpen({ kind: 'remove', doctor })}
                  >
                    {t('doctors.remove')}
                  </Button>
                </>
              ),
          },
        ] satisfies Column<DoctorAnswer>[])
      : []),
  ];
  return (
    <Page
      title={t('doctors.title')}
      actions={
        isAdmin && (
          <Button kind="main" onClick={() => setOpen({ kind: 'new' })}>
            {t('doctors.new')}
          </Button>
        )
      }
    >
      {done && <Notice kind="good">{done}</Notice>}
      <div className="panel">
        <div className="search">
          <TextField label={t('doctors.search')} type="search" value={q} onChange={setQ} required />
        </div>
        <PagedList paged={paged}>
          {paged.query.data?.items.length === 0 ? (
            <Empty>{q ? t('doctors.noMatch', { q }) : t('doctors.empty')}</Empty>
          ) : (
            <Table
              caption={t('doctors.caption')}
              columns={columns}
              rows={paged.query.data?.items ?? []}
              keyOf={({ id }) => id}
            />
          )}
        </PagedList>
      </div>
      {open?.kind === 'new' && (
        <DoctorForm
          onClose={() => setOpen(undefined)}
          onDone={({ name }) => finish(t('doctors.added', { name: name ?? '' }))}
        />
      )}
      {open?.kind === 'edit' && (
        <DoctorForm
          doctor={open.doctor}
          onClose={() => setOpen(undefined)}
          onDone={({ name }) => finish(t('doctors.changed', { name: name ?? '' }))}
        />
      )}
      {open?.kind === 'remove' && (
        <RemoveDoctor
          doctor={open.doctor}
          onClose={() => setOpen(undefined)}
          onDone={() => finish(t('doctors.removed', { name: open.doctor.name ?? '' }))}
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
        name: required(name, t('common.nameMissing')),
        specialization: required(specialization, t('doctors.specializationMissing')),
        contactNo: contactNo === '' || PHONE.test(contactNo) ? undefined : t('doctors.contactWrong'),
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
    <Dialog title={doctor ? t('doctors.editTitle') : t('doctors.new')} onClose={onClose}>
      <form ref={form.form} noValidate onSubmit={form.submit}>
        {form.failure && <ErrorNotice error={form.failure} />}
        <TextField {...form.field('name')} label={t('common.name')} required />
        <TextField {...form.field('specialization')} label={t('doctors.specialization')} required />
        <div className="form-row">
          <TextField
            {...form.field('contactNo')}
            label={t('doctors.contactNumber')}
            inputMode="tel"
            type="tel"
          />
          <TextField {...form.field('email')} label={t('doctors.email')} type="email" />
        </div>
        <TextArea {...form.field('address')} label={t('doctors.address')} />
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            {doctor ? t('common.save') : t('doctors.add')}
          </Button>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
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
    <Dialog title={t('doctors.removeTitle', { name: doctor.name ?? doctor.id })} onClose={onClose}>
      {removal.isError && <ErrorNotice error={removal.error} />}
      <p>{t('doctors.removeText')}</p>
      <div className="form-end">
        <Button kind="danger" busy={removal.isPending} onClick={() => removal.mutate()}>
          {t('doctors.remove')}
        </Button>
        <Button onClick={onClose}>{t('common.cancel')}</Button>
      </div>
    </Dialog>
  );
}
