import { useState } from 'react';
import { Link } from '@tanstack/react-router';
import { useQueryClient } from '@tanstack/react-query';
import type { PatientAnswer } from '@medseal/client';
import { useDoctors } from '../app/doctors';
import { client, useUser } from '../app/session';
import { PatientForm } from '../records/patient-form';
import { Letter } from '../records/letter';
import { Button } from '../ui/button';
import { TextField } from '../ui/fields';
import { Badge, Empty } from '../ui/notice';
import { Page } from '../ui/page';
import { PagedList, usePaged } from '../ui/paged';
import { type Column, Table } from '../ui/table';

export function PatientsPage() {
  const { role } = useUser();
  const [q, setQ] = useState('');
  const [isNew, setIsNew] = useState(false);
  const [registered, setRegistered] = useState<PatientAnswer>();
  const { nameOf } = useDoctors();
  const queries = useQueryClient();
  const paged = usePaged(['patients', q], (query) => client.patients({ ...query, q: q || undefined }));
  const isPatient = role === 'patient';
  const columns: Column<PatientAnswer>[] = [
    {
      header: 'Name',
      cell: ({ name, registrationNo }) => (
        <Link to="/patients/$registrationNo" params={{ registrationNo }}>
          {name}
        </Link>
      ),
    },
    { header: 'Registration number', cell: ({ registrationNo }) => registrationNo, kind: 'code' },
    { header: 'Doctor', cell: ({ doctorId }) => nameOf(doctorId) ?? '–' },
    { header: 'Contact', cell: ({ contactNo }) => contactNo ?? '–', kind: 'number' },
    { header: 'OPD visits', cell: ({ opdVisits }) => opdVisits, kind: 'number' },
    { header: 'Admissions', cell: ({ admissions }) => admissions, kind: 'number' },
    { header: 'Account', cell: ({ keyState }) => <KeyState state={keyState} /> },
  ];
  return (
    <Page
      title="Patient Info"
      actions={
        role === 'hospital-admin' && (
          <Button kind="main" onClick={() => setIsNew(true)}>
            Register a patient
          </Button>
        )
      }
      lead={isPatient ? 'What your home hospital keeps about you.' : undefined}
    >
      <div className="panel">
        {!isPatient && (
          <div className="search">
            <TextField label="Search by name or number" type="search" value={q} onChange={setQ} required />
          </div>
        )}
        <PagedList paged={paged}>
          {paged.query.data?.items.length === 0 ? (
            <Empty>
              {q
                ? `No patient of this hospital matches “${q}”.`
                : 'This hospital has registered no patient yet.'}
            </Empty>
          ) : (
            <Table
              caption="Patients"
              columns={columns}
              rows={paged.query.data?.items ?? []}
              keyOf={({ registrationNo }) => registrationNo}
            />
          )}
        </PagedList>
      </div>
      {isNew && (
        <PatientForm
          onClose={() => setIsNew(false)}
          onDone={(patient) => {
            setIsNew(false);
            setRegistered(patient);
            void queries.invalidateQueries({ queryKey: ['patients'] });
          }}
        />
      )}
      {registered?.activationCode && (
        <Letter
          name={registered.name}
          registrationNo={registered.registrationNo}
          card={registered.card?.code}
          activationCode={registered.activationCode}
          rootFingerprint={registered.rootFingerprint ?? ''}
          onClose={() => setRegistered(undefined)}
        />
      )}
    </Page>
  );
}

export const KeyState = ({ state }: { state: PatientAnswer['keyState'] }) =>
  state === 'active' ? <Badge kind="good">Activated</Badge> : <Badge kind="warning">Not activated</Badge>;
