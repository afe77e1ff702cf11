import type { Visitor } from '../support/visitor';
import { checkPage } from './examination';
import { HOSPITAL, type Stage } from './stage';

const ALL_AGENTS_MS = 20_000;

/** A doctor of another hospital asks, the patient narrows and grants, the doctor reads, the patient revokes; by keyboard. */
export function consentFlow(stage: () => Stage): void {
  describe('a consent', () => {
    let doctor: Visitor;
    let owner: Visitor;

    test('is asked for by registration number, with the same answer for a number that nobody has', async () => {
      doctor = await stage().signedIn(stage().product.user('rajini'), '/consents');
      await doctor.sees(doctor.text('No patient has given you a consent yet.'));
      await doctor.pressButton('Ask for a consent');
      await doctor.pressButton('Ask');
      await doctor.sees(doctor.text('Enter the 13 digits of the patient’s card.'));
      const { registrationNo } = stage().patient;
      await doctor.type('Registration number', registrationNo);
      await doctor.tick('Prescription');
      await doctor.pressButton('Ask');
      await doctor.sees(doctor.text(/^The request was sent\. If \d{13} is a patient’s number/));
      await doctor.sees(doctor.row(registrationNo).filter({ hasText: 'No answer yet' }));
    });

    test('is narrowed and granted with the patient’s own keys, and becomes active', async () => {
      const { patient } = stage();
      owner = await stage().atTheDoor();
      await owner.signIn(patient, HOSPITAL);
      await owner.menu('Consents');
      await owner.sees(owner.row('Dr. Rajini').filter({ hasText: 'Consultation, Prescription' }));
      await owner.pressButton('Answer Dr. Rajini');
      // What those who keep the limits could do if they broke their word is said before anything is signed.
      await owner.sees(owner.text(/^If 2 of them broke their word together with the reader/));
      // What would be seen follows every change, before anything is granted.
      const covered = owner.page.getByRole('region', { name: 'What Dr. Rajini would see' });
      await owner.sees(covered.getByRole('row').filter({ hasText: 'Seasonal asthma' }));
      await owner.tick('Consultation');
      await owner.sees(covered.getByText('No record of these types, dates and categories.'));
      await owner.tick('Consultation');
      await owner.tick('General records');
      await owner.tick('Sensitive records');
      await owner.sees(covered.getByText('No record of these types, dates and categories.'));
      await owner.tick('General records');
      await owner.tick('Sensitive records');
      await owner.sees(covered.getByText('1 record of now.'));
      await checkPage(owner, 'Answer');
      await owner.tick('Prescription');
      await owner.pressButton('Grant');
      // Escape leaves the passphrase unasked, and the consent as it was filled in.
      await owner.sees(owner.heading('Unlock your keys'));
      await owner.press('Escape');
      await owner.sees(owner.text('Your keys are still locked: nothing was signed.'));
      await owner.pressButton('Grant');
      await owner.type('Passphrase', 'not the passphrase');
      await owner.press('Enter');
      await owner.sees(owner.text('The passphrase is not right. Upper and lower case count.'));
      await owner.type('Passphrase', patient.passphrase);
      await owner.press('Enter');
      await owner.sees(owner.text(/^The consent to Dr\. Rajini was signed\./));
      await owner.sees(owner.text('Nobody waits for an answer of yours.'));
      await owner.row('Dr. Rajini').filter({ hasText: 'Active' }).waitFor({ timeout: ALL_AGENTS_MS });
    });

    test('shows its owner what was agreed, and what would be seen by which rule', async () => {
      await owner.pressButton('Details of the consent to Dr. Rajini');
      await owner.pressButton('Show purpose, types and dates');
      await owner.sees(owner.page.locator('dialog').getByText('Consultation', { exact: true }));
      await owner.sees(owner.row('Seasonal asthma').filter({ hasText: 'A consent of yours' }));
      await checkPage(owner, 'Details of a consent');
      await owner.pressButton('Close');
      await owner.choose('Doctor', 'Dr. Anuradha, City Hospital');
      // By the standing choice for the team that treats her.
      await owner.sees(owner.row('Seasonal asthma').filter({ hasText: 'while a visit is open there' }));
    });

    test('opens the record for the doctor, who sees the receipt', async () => {
      const { registrationNo, name } = stage().patient;
      await doctor.goto('/consents');
      await doctor.sees(doctor.row(registrationNo).filter({ hasText: 'Granted' }));
      await doctor.follow(registrationNo);
      await doctor.sees(doctor.heading(name));
      await doctor.enter(doctor.page.getByRole('button', { name: /^Read Consultation of/ }));
      await doctor.pressButton('Open the record');
      await doctor.sees(doctor.text('Wheezes since the rains began.'));
      await doctor.sees(doctor.heading('Receipt of this reading'));
      await checkPage(doctor, 'Consent, a record opened');
      // Told as it happens, wherever the owner is.
      await owner.sees(owner.text('Dr. Rajini (Lakeside Hospital) has read a record of yours.'));
    });

    test('is revoked, after which nothing opens', async () => {
      await owner.pressButton('Revoke the consent to Dr. Rajini');
      await checkPage(owner, 'Revoke a consent');
      await owner.pressButton('Revoke');
      await owner.sees(owner.text('The consent was revoked. From now on no agent answers for it.'));
      await owner.sees(owner.row('Dr. Rajini').filter({ hasText: /Revoked.*All shares are deleted\./ }));
      await doctor.sees(doctor.text('A patient has revoked the consent to you.'));
      await doctor.sees(doctor.text('Nothing can be opened under this consent.'));
    });

    test('that is over is on the dashboard until every organisation has deleted its share', async () => {
      // As it is while one of them is away.
      const address = /\/consents\?/;
      await owner.page.route(address, async (route) => {
        const response = await route.fetch();
        const { items, ...page } = (await response.json()) as { items: { status: string }[] };
        const pending = items.map((one) =>
          one.status === 'revoked' ? { ...one, purging: ['LakesideMSP'] } : one,
        );
        await route.fulfill({ response, json: { ...page, items: pending } });
      });
      await owner.menu('Dashboard');
      await owner.sees(owner.text('Dr. Rajini, revoked: purge pending at Lakeside Hospital'));
      await owner.page.unroute(address);
      await owner.menu('Consents');
      await owner.menu('Dashboard');
      await owner.seesNot(owner.text(/purge pending/));
      await owner.menu('Consents');
    });

    test('given without being asked for, and a request denied', async () => {
      await doctor.goto('/consents');
      await doctor.pressButton('Ask for a consent');
      await doctor.type('Registration number', stage().patient.registrationNo);
      await doctor.pressButton('Ask');
      await doctor.sees(doctor.text(/^The request was sent\./));
      await owner.sees(owner.text('Dr. Rajini (Lakeside Hospital) asks to read your records.'));
      await owner.pressButton('Deny Dr. Rajini');
      await checkPage(owner, 'Deny a request');
      await owner.pressButton('Deny');
      await owner.sees(owner.text('The request was denied.'));
      await doctor.sees(doctor.text('A patient has denied your request.'));
      await doctor.sees(doctor.row('Denied'));

      await owner.pressButton('Give a consent');
      await owner.pressButton('Grant');
      await owner.sees(owner.text('Choose who may read.'));
      await checkPage(owner, 'Give a consent, refused');
      await owner.choose('Who may read', 'Dr. Rajini, Lakeside Hospital');
      await owner.pressButton('Grant');
      await owner.sees(owner.row('Dr. Rajini').filter({ hasText: 'Active' }));
    });
  });
}
