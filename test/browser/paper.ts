import { readFileSync } from 'node:fs';
import path from 'node:path';
import { MedsealClient } from '@medseal/client';
import { ROOT, type SignIn } from '../support/product';
import type { Visitor } from '../support/visitor';
import type { Stage } from './stage';

interface Paper {
  doctors: { name: string; specialization: string; contactNo: string }[];
  patients: { name: string; doctor: string; contactNo: string }[];
  records: { effectiveDate: string; patient: string; doctor: string; disease: string }[];
}

const PAPER = JSON.parse(readFileSync(path.join(ROOT, 'scripts/demo/paper.json'), 'utf8')) as Paper;

/** The first record's rows, of each of the paper's tables one; the drill enters all of them. */
const EVERY_ROW = process.env['MEDSEAL_PAGES'] === 'every role';
const [first] = PAPER.records;
const ROWS: Paper = EVERY_ROW
  ? PAPER
  : {
      doctors: PAPER.doctors.filter(({ name }) => name === first?.doctor),
      patients: PAPER.patients.filter(({ name }) => name === first?.patient),
      records: PAPER.records.slice(0, 1),
    };

/** The demo has loaded the rows; by hand they are entered at the other hospital, which has no such doctor or patient. */
const OTHER: Readonly<Record<string, { organization: string; hospital: string }>> = {
  city: { organization: 'lakeside', hospital: 'Lakeside Hospital' },
  lakeside: { organization: 'city', hospital: 'City Hospital' },
};

const dayText = (day: string): string =>
  new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(day));

const userNameOf = (doctor: string): string => doctor.replace('Dr. ', 'paper.').toLowerCase();

/** The rows of the paper's tables, typed into the forms; by keyboard. */
export function paperFlow(stage: () => Stage): void {
  describe('the paper’s own rows', () => {
    const passwords = new Map<string, string>();
    const written: { recordId: string; row: Paper['records'][number] }[] = [];

    const placeOf = (person: string) => {
      const username = person.replace('Dr. ', '').toLowerCase();
      const place = OTHER[stage().product.user(username).organization];
      if (!place) throw new Error(`no other hospital than that of ${person}`);
      return place;
    };
    const signInOf = (doctor: string): Pick<SignIn, 'organization' | 'username' | 'password'> => ({
      organization: placeOf(doctor).organization,
      username: userNameOf(doctor),
      password: passwords.get(doctor) ?? '',
    });
    const administratorOf = (person: string, page: string): Promise<Visitor> =>
      stage().signedIn(stage().role('hospital-admin', placeOf(person).organization), page);

    test.each(ROWS.doctors)('$name is added to Doctors Info, and signs in', async (doctor) => {
      const at = await administratorOf(doctor.name, '/doctors');
      await at.pressButton('Add a doctor');
      await at.type('Name', doctor.name);
      await at.type('Specialization', doctor.specialization);
      await at.type('Contact number', doctor.contactNo);
      await at.pressButton('Add doctor');
      await at.sees(
        at
          .row(doctor.name)
          .filter({ hasText: doctor.specialization })
          .filter({ hasText: doctor.contactNo })
          .filter({ hasText: placeOf(doctor.name).hospital }),
      );
      await at.menu('User Listing');
      await at.pressButton('Add a user');
      await at.choose('Role', 'Doctor');
      await at.choose('Doctor', doctor.name);
      await at.type('Name', doctor.name);
      await at.type('User name', userNameOf(doctor.name));
      await at.pressButton('Add user');
      await at.sees(at.heading('First password'));
      const password = at.page.locator('.copy', { hasText: 'Password' }).locator('code');
      passwords.set(doctor.name, (await password.textContent()) ?? '');
      await at.pressButton('Done');
      await at.signOut();
      await at.goto('/');
      await at.signIn(signInOf(doctor.name), placeOf(doctor.name).hospital);
      await at.sees(at.heading('Dashboard'));
    });

    test.each(ROWS.patients)('$name is registered, and stands in Patient Info', async (patient) => {
      const at = await administratorOf(patient.name, '/patients');
      await at.pressButton('Register a patient');
      await at.type('Name', patient.name);
      await at.type('Contact number', patient.contactNo);
      await at.choose('Doctor', patient.doctor);
      await at.pressButton('Register');
      await at.sees(at.heading(`Letter for ${patient.name}`));
      await at.pressButton('Done');
      await at.sees(
        at.row(patient.name).filter({ hasText: patient.doctor }).filter({ hasText: patient.contactNo }),
      );
    });

    test.each(ROWS.records)('$patient is seen by $doctor for $disease on $effectiveDate', async (row) => {
      const at = await stage().atTheDoor();
      await at.signIn(signInOf(row.doctor), placeOf(row.doctor).hospital);
      await at.menu('Patient Info');
      await at.follow(row.patient);
      await at.pressButton('Open a visit');
      await at.typeDay('Begins', row.effectiveDate);
      await at.type('Reason', row.disease);
      await at.pressButton('Open visit');
      const day = new RegExp(dayText(row.effectiveDate).replaceAll(' ', '\\s'));
      await at.sees(at.row(row.disease).filter({ hasText: day }).filter({ hasText: row.doctor }).first());
      await at.follow('Write a record');
      await at.typeDay('Date of the visit', row.effectiveDate);
      await at.type('Disease', row.disease);
      await at.reach(at.page.getByLabel('Text').first());
      await at.page.keyboard.type(`Seen for ${row.disease}.`);
      await at.pressButton('Sign and send');
      await at.sees(at.heading('Record sent'));
      const address = await (await at.link('Show the record')).getAttribute('href');
      const recordId = address?.split('/').at(-1) ?? '';
      written.push({ recordId, row });

      const { organization } = placeOf(row.doctor);
      const name = `Record ${recordId.slice(0, 8)}`;
      const sanitiser = await stage().signedIn(stage().role('sanitizer', organization), '/sanitizing');
      await sanitiser.follow(name);
      await sanitiser.sees(sanitiser.text(/^Every signature holds\./));
      await sanitiser.pressButton('Approve and sanitise');
      await sanitiser.sees(sanitiser.text('The record is sanitised.'));
      const author = new MedsealClient(stage().product.url);
      const { username, password } = signInOf(row.doctor);
      await author.login(organization, username, password);
      await stage().recordReaches('uploaded', { recordId, author });
      const verifier = await stage().signedIn(stage().role('verifier', organization), '/attesting');
      await verifier.follow(name);
      await verifier.pressButton('Open and compare');
      await verifier.sees(verifier.text(`Seen for ${row.disease}.`));
      await verifier.pressButton('Approve');
      await verifier.sees(verifier.text('You have approved the record.'));
      await stage().recordReaches('chained', { recordId, author });
    });

    test('stand in the Blockchain Report as the paper prints them, each chained to the one before', async () => {
      const [{ doctor }] = ROWS.records as [Paper['records'][number]];
      const at = await stage().atTheDoor();
      await at.signIn(signInOf(doctor), placeOf(doctor).hospital);
      await at.menu('Blockchain Report');
      // Rows of other hospitals have hashes and no names.
      const lines = at.page.getByRole('row').filter({ hasText: /Dr\. .*Valid/ });
      await at.sees(lines.nth(written.length - 1));
      const shown = [];
      for (const line of await lines.all()) {
        const cells = (await line.getByRole('cell').allTextContents()).map((text) =>
          text.replace(/\s/g, ' '),
        );
        const [day, patient, by, disease, hash, previous, verdict] = cells;
        shown.push({ columns: [day, patient, by, disease], hash, previous, verdict });
      }
      expect(shown.map(({ columns }) => columns)).toEqual(
        ROWS.records.map((row) => [dayText(row.effectiveDate), row.patient, row.doctor, row.disease]),
      );
      const last = new Map<unknown, unknown>();
      for (const { columns, hash, previous, verdict } of shown) {
        const [, patient] = columns;
        expect({ hash, previous, verdict }).toEqual({
          hash: expect.stringMatching(/^[0-9a-f]{8}…$/),
          previous: last.get(patient) ?? 'none, the first',
          verdict: 'Valid',
        });
        last.set(patient, hash);
      }
    });
  });
}
