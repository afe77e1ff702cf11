import { useState } from 'react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ActivationLetter, EncounterAnswer } from '@medseal/client';
import { useDoctors } from '../app/doctors';
import { client, useUser } from '../app/session';
import { Letter } from '../records/letter';
import { PatientForm } from '../records/patient-form';
import { RecordTable } from '../records/record-table';
import { VisitForm } from '../records/visit-form';
import { Button } from '../ui/button';
import { Badge, Empty, ErrorNotice, Notice, Waiting } from '../ui/notice';
import { Facts, Page, Panel } from '../ui/page';
import { PagedList, usePaged } from '../ui/paged';
import { Table } from '../ui/table';
import { dayText, timeText } from '../ui/values';
import { KeyState } from './patients';

const route = getRouteApi('/shell/patients/$registrationNo');

export function PatientPage() {
  const { registrationNo } = route.useParams();
  const { role } = useUser();
  const isAdmin = role === 'hospital-admin';
  const isStaff = role !== 'patient';
  const [open, setOpen] = useState<'edit' | 'visit'>();
  const [letter, setLetter] = useState<ActivationLetter>();
  const [done, setDone] = useState('');
  const queries = useQueryClient();
  const { nameOf } = useDoctors();
  const patient = useQuery({
    queryKey: ['patients', 'one', registrationNo],
    queryFn: () => client.patient(registrationNo),
  });
  const newCode = useMutation({
    mutationFn: () => client.newActivationCode(registrationNo),
    onSuccess: setLetter,
  });
  if (patient.isPending) return <Waiting text="Loading …" />;
  if (patient.isError)
    return (
      <Page title="Patient">
        <ErrorNotice error={patient.error} retry={() => void patient.refetch()} />
      </Page>
    );
  const shown = patient.data;
  const finish = (message: string) => {
    setOpen(undefined);
    setDone(message);
    void queries.invalidateQueries({ queryKey: ['patients'] });
    void queries.invalidateQueries({ queryKey: ['visits', registrationNo] });
  };
  return (
    <>
      {isStaff && (
        <p className="trail">
          <Link to="/patients">Patient Info</Link>
        </p>
      )}
      <Page
        title={shown.name}
        actions={
          isStaff && (
            <>
              {role === 'doctor' && (
                <Link to="/records/new" search={{ patient: registrationNo }} className="button main">
                  Write a record
                </Link>
              )}
              <Button onClick={() => setOpen('visit')}>Open a visit</Button>
              {isAdmin && <Button onClick={() => setOpen('edit')}>Edit</Button>}
              {isAdmin && shown.keyState === 'keyless' && (
                <Button busy={newCode.isPending} onClick={() => newCode.mutate()}>
                  New activation code
                </Button>
              )}
            </>
          )
        }
      >
        {done && <Notice kind="good">{done}</Notice>}
        {newCode.isError && <ErrorNotice error={newCode.error} />}
        <Panel>
          <Facts
            items={[
              ['Registration number', <code key="n">{shown.registrationNo}</code>],
              ['Account', <KeyState key="k" state={shown.keyState} />],
              ['Doctor', nameOf(shown.doctorId)],
              ['Date of birth', shown.birthDate && dayText(shown.birthDate)],
              ['Gender', shown.gender],
              ['Contact number', shown.contactNo],
              ['E-mail', shown.email],
              ['Address', shown.address],
              ['Guardian', shown.guardian && `${shown.guardian.name} (${shown.guardian.relationship})`],
              ['OPD visits', shown.opdVisits],
              ['Admissions', shown.admissions],
            ]}
          />
        </Panel>
        <Visits registrationNo={registrationNo} mayClose={isStaff} nameOf={nameOf} onClosed={finish} />
        <Panel title="Records">
          <RecordTable
            registrationNo={registrationNo}
            empty="No record has been written for this patient yet."
          />
        </Panel>
        {open === 'edit' && (
          <PatientForm
            patient={shown}
            onClose={() => setOpen(undefined)}
            onDone={() => finish('The changes were saved.')}
          />
        )}
        {open === 'visit' && (
          <VisitForm
            registrationNo={registrationNo}
            doctorId={shown.doctorId}
            onClose={() => setOpen(undefined)}
            onDone={() => finish('The visit was opened.')}
          />
        )}
        {letter && (
          <Letter
            name={shown.name}
            registrationNo={registrationNo}
            activationCode={letter.activationCode}
            rootFingerprint={letter.rootFingerprint}
            onClose={() => setLetter(undefined)}
          />
        )}
      </Page>
    </>
  );
}

function Visits({
  registrationNo,
  mayClose,
  nameOf,
  onClosed,
}: {
  registrationNo: string;
  mayClose: boolean;
  nameOf: (id: string) => string | undefined;
  onClosed: (message: string) => void;
}) {
  const paged = usePaged(['visits', registrationNo], (query) => client.encounters(registrationNo, query), {
    limit: 10,
  });
  const closing = useMutation({
    mutationFn: ({ id }: EncounterAnswer) => client.closeEncounter(registrationNo, id),
    onSuccess: () => onClosed('The visit was closed.'),
  });
  return (
    <Panel title="Visits and admissions">
      {closing.isError && <ErrorNotice error={closing.error} />}
      <PagedList paged={paged}>
        {paged.query.data?.items.length === 0 ? (
          <Empty>No visit yet.</Empty>
        ) : (
          <Table
            caption="Visits and admissions"
            keyOf={({ id }) => id}
            rows={paged.query.data?.items ?? []}
            columns={[
              { header: 'Begins', cell: ({ period }) => timeText(period.start) },
              { header: 'Ends', cell: ({ period }) => timeText(period.end) },
              { header: 'Kind', cell: (visit) => (visit.class === 'IMP' ? 'Admission' : 'OPD visit') },
              { header: 'Doctor', cell: ({ doctorId }) => nameOf(doctorId) ?? '–' },
              { header: 'Reason', cell: ({ reason }) => reason },
              {
                header: 'Status',
                cell: ({ status }) =>
                  status === 'finished' ? (
                    <Badge kind="neutral">Closed</Badge>
                  ) : (
                    <Badge kind="good">Open</Badge>
                  ),
              },
              ...(mayClose
                ? [
                    {
                      header: 'Actions',
                      kind: 'actions' as const,
                      cell: (visit: EncounterAnswer) =>
                        visit.status === 'in-progress' && (
                          <Button
                            kind="quiet"
                            aria-label={`Close visit for ${visit.reason}`}
                            busy={closing.isPending && closing.variables.id === visit.id}
                            onClick={() => closing.mutate(visit)}
                          >
                            Close visit
                          </Button>
                        ),
                    },
                  ]
                : []),
            ]}
          />
        )}
      </PagedList>
    </Panel>
  );
}
