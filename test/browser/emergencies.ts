import type { Visitor } from '../support/visitor';
import { checkPage } from './examination';
import { HOSPITAL, type Stage } from './stage';

const REASON = 'Found without breath in the waiting room';

/** A doctor breaks the glass, the patient is told, another organisation's auditor reviews it; by keyboard. */
export function emergencyFlow(stage: () => Stage): void {
  describe('an emergency', () => {
    let doctor: Visitor;
    let owner: Visitor;

    test('opens a record from one screen, with the time left, a receipt, and a notice to the patient', async () => {
      const { patient, product } = stage();
      owner = await stage().atTheDoor();
      await owner.signIn(patient, HOSPITAL);
      doctor = await stage().signedIn(product.user('anuradha'), '/emergency-access');
      await doctor.pressButton('Break the glass');
      await doctor.sees(doctor.text('Choose the patient.'));
      await doctor.sees(doctor.text('Choose the reason.'));
      await doctor.type('Patient', 'kavya');
      await doctor.enter(doctor.page.getByRole('button', { name: patient.registrationNo }));
      await doctor.choose('Reason', 'The patient does not respond');
      await doctor.type('What happened', REASON);
      await doctor.press('Enter');
      await doctor.sees(doctor.heading(`Emergency: ${patient.registrationNo}`));
      await doctor.sees(doctor.page.getByRole('timer').filter({ hasText: /2 hrs? \d+ mins? left/ }));
      await owner.sees(owner.text(/^Emergency access:/));
      await doctor.enter(
        doctor.page.getByRole('button', { name: /^Open the record by Dr\. Sundar/ }).first(),
      );
      await doctor.sees(doctor.text('Wheezes since the rains began.'));
      await doctor.sees(doctor.heading('Receipt of this reading'));
      await checkPage(doctor, 'Emergency, a record opened');
      await owner.menu('Emergency Access');
      await owner.sees(owner.row('Dr. Anuradha').filter({ hasText: 'Open' }));
      expect(await owner.page.getByText(REASON).count()).toBe(0);
      await owner.menu('Access Log');
      await owner.sees(owner.entry('Dr. Anuradha').filter({ hasText: 'Emergency access' }));
    });

    test('is reviewed by another organisation’s auditor, who alone reads the reason and ends it', async () => {
      const auditor = await stage().signedIn(stage().role('auditor', 'lakeside'), '/emergency-access');
      await auditor.sees(
        auditor.text(/^In the whole network 1 case waits for a review, 0 of them overdue\./),
      );
      await auditor.sees(auditor.row('Dr. Anuradha').filter({ hasText: REASON }));
      await auditor.enter(auditor.page.getByRole('button', { name: /^Review the case of/ }));
      await auditor.pressButton('Close the case');
      await auditor.sees(auditor.text('Choose the verdict.'));
      await checkPage(auditor, 'Review a case, refused');
      await auditor.choose('Verdict', 'Justified');
      await auditor.pressButton('Close the case');
      await auditor.sees(auditor.text('The case was closed.'));
      await auditor.sees(auditor.row('Dr. Anuradha').filter({ hasText: 'Reviewed: justified' }));
      await doctor.goto('/emergency-access');
      await doctor.enter(doctor.row(stage().patient.registrationNo).getByRole('link'));
      await doctor.sees(doctor.text('The window is over: nothing more opens under this case.'));
    });
  });
}
