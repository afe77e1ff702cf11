import { checkPage } from './examination';
import type { Stage } from './stage';
import { confirmWords, shownWords } from './keys';
import { HOSPITAL } from './stage';

/** A patient takes the account over, by keyboard; the keys are made in this browser. */
export function activationFlow(stage: () => Stage): void {
  test('a patient activates the account from the letter and is signed in with unlocked keys', async () => {
    const { patient } = stage();
    const at = await stage().atTheDoor();
    await at.follow('Activate your patient account');
    await at.sees(at.heading('Activate your patient account'));
    await at.sees(at.text(patient.rootFingerprint));
    await at.pressButton('Activate');
    await at.sees(at.text('Choose your home hospital.'));
    await at.choose('Home hospital', HOSPITAL);
    await at.type('Activation code', patient.activationCode);
    await at.tick('It is the same as on my letter.');
    await at.type('User name', patient.username);
    await at.type('Password', patient.password);
    await at.type('Password again', patient.password);
    await at.type('Passphrase', patient.password);
    await at.type('Passphrase again', patient.password);
    await at.pressButton('Activate');
    await at.sees(at.text('Choose another one than the password, which your hospital’s service sees.'));
    await at.type('Passphrase', patient.passphrase);
    await at.type('Passphrase again', patient.passphrase);
    await at.pressButton('Activate');
    await at.sees(at.heading('Your recovery words'));
    patient.recoveryWords = await shownWords(at);
    expect(patient.recoveryWords.split(' ')).toHaveLength(24);
    await at.pressButton('I have written them down');
    await at.pressButton('Confirm');
    await at.sees(at.text(/^This is not word \d+ of your list\.$/));
    expect(await at.page.getByLabel('Recovery words').count()).toBe(0);
    await confirmWords(at, patient.recoveryWords);
    await at.sees(at.heading('Your choices').first());
    await at.pressButton('Sign my choices');
    await at.sees(at.text('Decide at least one of them.'));
    await at.choose('Research: your decision', 'Allow');
    await at.choose('The team that treats you: your decision', 'Allow');
    await at.choose('Emergencies: your decision', 'Allow');
    await at.pressButton('Sign my choices');
    await at.sees(at.text('Your choices were signed.'));
    await checkPage(at, 'Activated, choices signed');
    await at.sees(at.text('Revoke it among your consents.'));
    await at.follow('To the dashboard');
    await at.sees(at.heading('Dashboard'));
    await at.sees(
      at.text('There is no record here yet.').or(at.text('No record has been written yet.')).first(),
    );
    await at.menu('Patient Info');
    await at.sees(at.row(patient.name).filter({ hasText: 'Activated' }));
    await at.signOut();
  });
}

/** Reads the own record to the end, sees who looked, changes the password; by keyboard. */
export function patientFlow(stage: () => Stage): void {
  describe('a patient', () => {
    test('reads the own record with the passphrase to its end', async () => {
      const { patient } = stage();
      const at = await stage().atTheDoor();
      await at.signIn(patient, HOSPITAL);
      await at.menu('EHR Record');
      await at.follow('Seasonal asthma');
      await at.pressButton('Open the record');
      await at.type('Passphrase', 'not the passphrase');
      await at.pressButton('Unlock');
      await at.sees(at.text('The passphrase is not right. Upper and lower case count.'));
      await at.type('Passphrase', patient.passphrase);
      await at.pressButton('Unlock');
      for (const text of [
        'Wheezes since the rains began.',
        'Asthma, seasonal',
        'Salbutamol inhaler, two puffs when needed',
        'Oxygen saturation',
        'Eczema as a child',
        'Influenza vaccine',
        'Eosinophils',
        'Chest clear, no consolidation.',
      ])
        await at.sees(at.text(text));
      // Unlocked once: the next record opens without asking.
      await at.menu('Blockchain Report');
      await at.sees(at.row('Seasonal asthma').filter({ hasText: 'Valid' }));
      await at.follow('Seasonal asthma');
      await at.pressButton('Open the record');
      await at.sees(at.text('Wheezes since the rains began.'));
      await at.signOut();
    });

    test('sees in the access log who looked', async () => {
      const { patient } = stage();
      const at = await stage().atTheDoor();
      await at.signIn(patient, HOSPITAL);
      await at.sees(at.heading('Who looked'));
      await at.menu('Access Log');
      await at.sees(
        at
          .entry('Dr. Sundar')
          .filter({ hasText: 'Wrote the record' })
          .filter({ hasText: 'Seasonal asthma' })
          .first(),
      );
      await at.enter(at.page.getByRole('button', { name: /^Verify receipt / }).first());
      await at.sees(at.text('The ledger has this receipt as it stands here, and its block is whole.'));
      // Narrowed by person and by reason, the one after the other.
      await at.choose('Person', 'Dr. Sundar');
      await at.seesNot(at.entry('Checks the record as a verifier').first());
      await at.choose('Why', 'Emergency access');
      await at.sees(at.text('Nobody has read anything like that.'));
      await at.choose('Why', 'Wrote the record');
      await at.sees(at.entry('Dr. Sundar').first());
      await at.pressButton('Show everything');
      await at.sees(at.entry('Checks the record as a verifier').first());
      // And by organisation, by record and by day.
      const nobody = at.text('Nobody has read anything like that.');
      await at.choose('Organisation', 'Ministry of Health');
      await at.sees(nobody);
      await at.choose('Organisation', HOSPITAL);
      await at.choose('Record', 'Seasonal asthma');
      await at.sees(at.entry('Dr. Sundar').first());
      await at.typeDay('To', '2020-01-31');
      await at.sees(nobody);
      await at.pressButton('Show everything');
      await at.sees(at.entry('Dr. Sundar').first());
    });

    test('changes the password; the old one opens nothing, the passphrase stays', async () => {
      const { patient } = stage();
      const at = await stage().atTheDoor();
      await at.signIn(patient, HOSPITAL);
      await at.menu('Change Password');
      await at.type('Present password', 'wrong-password-1');
      await at.type('New password', 'second-password-8');
      await at.type('New password again', 'second-password-9');
      await at.pressButton('Change password');
      await at.sees(at.text('The two passwords differ.'));
      await at.type('New password again', 'second-password-8');
      await at.pressButton('Change password');
      await at.sees(at.page.locator('[role=alert], .error').first());
      await at.type('Present password', patient.password);
      await at.pressButton('Change password');
      await at.sees(at.text('The password was changed. Your other sessions were ended.'));
      await at.signOut();
      await at.choose('Organisation', HOSPITAL);
      await at.type('User name', patient.username);
      await at.type('Password', patient.password);
      await at.press('Enter');
      await at.sees(at.page.getByRole('alert'));
      patient.password = 'second-password-8';
      await at.signIn(patient, HOSPITAL);
      await at.menu('EHR Record');
      await at.follow('Seasonal asthma');
      await at.pressButton('Open the record');
      await at.type('Passphrase', patient.passphrase);
      await at.press('Enter');
      await at.sees(at.text('Wheezes since the rains began.'));
    });
  });
}
