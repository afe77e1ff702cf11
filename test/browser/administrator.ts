import { checkPage } from './examination';
import { type Stage, HOSPITAL } from './stage';

/** A hospital's administrator, by keyboard. */
export function administratorFlow(stage: () => Stage): void {
  describe('an administrator', () => {
    test('is told what is missing, and signs in', async () => {
      const at = await stage().atTheDoor();
      await at.pressButton('Sign in');
      await at.sees(at.text('Choose your organisation.'));
      await at.sees(at.text('Enter your user name.'));
      // The first field with a message has the focus.
      expect(await (await at.field('Organisation')).evaluate((one) => one === document.activeElement)).toBe(
        true,
      );
      await at.signIn(stage().role('hospital-admin'), HOSPITAL);
      await at.sees(at.heading('Dashboard'));
      await at.signOut();
    });

    test('registers a patient and gets the letter, whose code is shown once', async () => {
      const { patient } = stage();
      const at = await stage().signedIn(stage().role('hospital-admin'));
      await at.menu('Patient Info');
      await at.pressButton('Register a patient');
      await at.pressButton('Register');
      await at.sees(at.text('Enter the name.'));
      await at.type('Name', patient.name);
      await at.type('Contact number', '12 34');
      await at.pressButton('Register');
      await at.sees(at.text('Write 6 to 15 digits without spaces.'));
      await at.type('Contact number', '9002288800');
      await at.choose('Doctor', 'Dr. Sundar');
      await at.pressButton('Register');
      await at.sees(at.heading(`Letter for ${patient.name}`));
      await checkPage(at, 'Letter');
      const letter = async (label: string): Promise<string> =>
        (await at.page.locator('.copy', { hasText: label }).locator('code').textContent()) ?? '';
      patient.registrationNo = await letter('Registration number');
      patient.activationCode = await letter('Activation code');
      patient.rootFingerprint = await letter('Root fingerprint');
      expect(patient.registrationNo).toMatch(/^101\d{10}$/);
      expect(patient.activationCode).toMatch(/\w{4}/);
      await at.pressButton('Done');
      await at.type('Search by name or number', patient.registrationNo);
      await at.sees(at.row(patient.name).filter({ hasText: 'Not activated' }));
      await at.follow(patient.name);
      await at.sees(at.heading(patient.name));
      expect(await at.page.getByText(patient.activationCode).count()).toBe(0);
      await at.sees(at.text('No visit yet.'));
      await at.sees(at.text('No record has been written for this patient yet.'));
    });

    test('changes what the hospital keeps about the patient, and sends another activation code', async () => {
      const { patient } = stage();
      const at = await stage().signedIn(
        stage().role('hospital-admin'),
        `/patients/${patient.registrationNo}`,
      );
      await at.pressButton('Edit');
      await at.type('Address', '12 Lake Road');
      await at.choose('Gender', 'Female');
      await at.pressButton('Save');
      await at.sees(at.text('The changes were saved.'));
      await at.sees(at.page.getByRole('definition').filter({ hasText: '12 Lake Road' }));
      await at.pressButton('New activation code');
      const code = await at.page
        .locator('.copy', { hasText: 'Activation code' })
        .locator('code')
        .textContent();
      expect(code).toMatch(/\w{4}/);
      expect(code).not.toBe(patient.activationCode);
      // The first one opens nothing from now on: she activates with this one.
      patient.activationCode = code ?? '';
      await at.pressButton('Done');
    });

    test('is refused a change that somebody else has overtaken, in plain words, and what was typed stays', async () => {
      const { registrationNo } = stage().patient;
      const admin = stage().role('hospital-admin');
      const at = await stage().signedIn(admin, `/patients/${registrationNo}`);
      await at.pressButton('Edit');
      await at.type('E-mail', 'kavya@example.org');
      const other = await stage().product.as(admin.username, admin.organization);
      const { version } = await other.patient(registrationNo);
      await other.changePatient(registrationNo, { address: '14 Lake Road' }, { ifMatch: `"${version}"` });
      await at.pressButton('Save');
      await at.sees(at.text(/^Somebody else has changed this meanwhile\./));
      expect(await (await at.field('E-mail')).inputValue()).toBe('kavya@example.org');
      await checkPage(at, 'Edit patient, refused by the service');
    });

    test('looks through the doctors, adds, changes and removes one', async () => {
      const at = await stage().signedIn(stage().role('hospital-admin'));
      await at.menu('Doctors Info');
      await at.sees(at.row('Dr. Rajini').filter({ hasText: 'Lakeside Hospital' }));
      await at.type('Search by name or specialization', 'nobody at all');
      await at.sees(at.text('No doctor matches “nobody at all”.'));
      await at.pressButton('Add a doctor');
      await at.type('Name', 'Dr. Velan');
      await at.type('Specialization', 'Skin');
      await at.pressButton('Add doctor');
      await at.sees(at.text('Dr. Velan was added.'));
      await at.type('Search by name or specialization', 'velan');
      await at.pressButton('Edit Dr. Velan');
      await checkPage(at, 'Edit doctor');
      await at.type('Specialization', 'Dermatology');
      await at.pressButton('Save');
      await at.sees(at.row('Dr. Velan').filter({ hasText: 'Dermatology' }));
      await at.pressButton('Remove Dr. Velan');
      await checkPage(at, 'Remove doctor');
      await at.pressButton('Remove');
      await at.sees(at.text('Dr. Velan was removed.'));
      await at.sees(at.text('No doctor matches “velan”.'));
    });

    test('suspends a user, whose session ends, and resumes them', async () => {
      const verifier = stage().product.user('verifier2', 'city');
      const theirs = await stage().signedIn(verifier, '/records');
      await theirs.sees(theirs.heading('EHR Record'));
      const at = await stage().signedIn(stage().role('hospital-admin'));
      await at.menu('User Listing');
      await at.pressButton('Suspend verifier2');
      await at.sees(at.heading('Suspend City Hospital verifier2?'));
      await checkPage(at, 'Suspend a user');
      // Escape leaves the dialog, and the focus is back where it was.
      await at.press('Escape');
      expect(
        await (await at.button('Suspend verifier2')).evaluate((one) => one === document.activeElement),
      ).toBe(true);
      await at.press('Enter');
      await at.pressButton('Suspend');
      await at.sees(at.text('verifier2 was suspended.'));
      await at.sees(at.row('City Hospital verifier2').filter({ hasText: 'Suspended' }));
      // Without their doing anything.
      await theirs.sees(theirs.heading('Your session has ended'));
      await at.pressButton('Resume verifier2');
      await checkPage(at, 'Resume a user');
      await at.pressButton('Resume');
      await at.sees(at.text('verifier2 was resumed.'));
    });

    test('adds a user, whose first password is shown once; gives another one, and ends the access for good; the name stays taken', async () => {
      const at = await stage().signedIn(stage().role('hospital-admin'), '/users');
      await at.pressButton('Add a user');
      await at.choose('Role', 'Verifier');
      await at.type('Name', 'Verifier Three');
      await at.type('User name', 'verifier.three');
      await at.pressButton('Add user');
      await at.sees(at.heading('First password'));
      await checkPage(at, 'First password');
      const password = () => at.page.locator('.copy', { hasText: 'Password' }).locator('code').textContent();
      const first = await password();
      await at.pressButton('Done');
      await at.sees(at.row('verifier.three').filter({ hasText: 'First password' }));
      await at.pressButton('Reset verifier.three');
      await checkPage(at, 'Reset a user');
      await at.pressButton('Reset');
      await at.sees(at.heading('First password'));
      expect(await password()).not.toBe(first);
      await at.pressButton('Done');
      await at.pressButton('Revoke verifier.three');
      await checkPage(at, 'Revoke a user');
      await at.pressButton('Revoke for good');
      await at.sees(at.row('verifier.three').filter({ hasText: 'Revoked' }));
      // The service has the last word: the name is taken for good, and the form stays as it was filled in.
      await at.pressButton('Add a user');
      await at.choose('Role', 'Verifier');
      await at.type('Name', 'Verifier Three');
      await at.type('User name', 'verifier.three');
      await at.pressButton('Add user');
      await at.sees(at.text('is taken'));
      expect(await (await at.field('Name')).inputValue()).toBe('Verifier Three');
    });
  });
}
