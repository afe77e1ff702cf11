import type { Visitor } from '../support/visitor';
import { HOSPITAL, type Stage } from './stage';

/** A patient of another hospital looks after the patient's records; by keyboard. */
export function guardianFlow(stage: () => Stage): void {
  describe('a guardian', () => {
    let guardian: Visitor;
    let owner: Visitor;

    test('gets ready with a key of the own device, and is named by a number', async () => {
      const siva = stage().product.user('siva');
      guardian = await stage().signedIn(siva, '/guardians');
      await guardian.sees(guardian.text('No patient has made you a guardian.'));
      await guardian.pressButton('Get ready');
      await guardian.press('Escape');
      await guardian.sees(guardian.text('Your keys are still locked: nothing was signed.'));
      await guardian.pressButton('Get ready');
      await guardian.type('Passphrase', siva.passphrase ?? '');
      await guardian.press('Enter');
      await guardian.sees(guardian.text('Give this number to a patient who wants you as a guardian.'));
    });

    test('is consented to by the number, and told so', async () => {
      const { patient, product } = stage();
      const { subject } = product.user('siva');
      owner = await stage().atTheDoor();
      await owner.signIn(patient, HOSPITAL);
      await owner.menu('Guardians');
      await owner.sees(owner.text('You have no guardian.'));
      await owner.pressButton('Make somebody a guardian');
      await owner.pressButton('Grant');
      await owner.sees(owner.text('Enter the 32 letters and digits of the guardian’s number.'));
      await owner.type('Guardian’s number', product.user('geetha').subject);
      await owner.pressButton('Grant');
      await owner.type('Passphrase', patient.passphrase);
      await owner.press('Enter');
      await owner.sees(owner.text(/^Nobody has made this number ready\./));
      await owner.type('Guardian’s number', subject);
      await owner.sees(owner.text(/^If 2 of them broke their word together with the reader/));
      await owner.pressButton('Grant');
      await owner.sees(owner.text(/^The consent to the guardian \w{8} was signed\./));
      await owner.sees(owner.row(`Guardian ${subject.slice(0, 8)}`).filter({ hasText: 'Active' }));
      await guardian.sees(guardian.text(/^A patient has made you a guardian\./));
    });

    test('reads on the own device, sees who looked, and the patient is told', async () => {
      await guardian.enter(guardian.page.getByRole('link', { name: /^Patient \w{8}$/ }));
      await guardian.sees(guardian.heading('Who looked'));
      await guardian.sees(guardian.text('At the patient’s own request'));
      await guardian.enter(guardian.page.getByRole('button', { name: /^Read Consultation of/ }).first());
      await guardian.pressButton('Open the record');
      await guardian.sees(guardian.text('Wheezes since the rains began.'));
      await guardian.sees(guardian.entry('You').first());
      await guardian.sees(guardian.entry(/Staff \w{8}/).first());
      await owner.sees(owner.text(/^Your guardian has read a record of yours\./));
      await owner.menu('Access Log');
      await owner.sees(owner.entry(/Guardian \w{8}/).first());
    });

    test('reads no more when the patient ends it, and is told', async () => {
      const { subject } = stage().product.user('siva');
      await owner.menu('Guardians');
      await owner.pressButton(`End the access of Guardian ${subject.slice(0, 8)}`);
      await owner.pressButton('Revoke');
      await owner.sees(owner.text('The guardian reads nothing more from now on.'));
      await guardian.sees(guardian.text(/^A patient has ended your access as a guardian\./));
      await guardian.sees(guardian.text('Nothing can be opened under this consent.'));
    });
  });
}
