import type { Stage } from './stage';
import { HOSPITAL } from './stage';
import { stepsFlow } from './integrity';
import type { Visitor } from '../support/visitor';

const DAY_S = 86_400;

/** A doctor's day, by keyboard. */
export function doctorFlow(stage: () => Stage): void {
  describe('a doctor', () => {
    let at: Visitor;

    test('is told that Caps Lock is on, and is remembered for 14 days', async () => {
      at = await stage().atTheDoor();
      const password = await at.field('Password');
      await at.reach(password);
      const press = (capsLock: boolean) =>
        password.evaluate(
          (field, modifierCapsLock) =>
            field.dispatchEvent(new KeyboardEvent('keydown', { key: 'A', bubbles: true, modifierCapsLock })),
          capsLock,
        );
      // A driver of browsers cannot press Caps Lock.
      await press(true);
      await at.sees(at.text('Caps Lock is on.'));
      await press(false);
      await at.seesNot(at.text('Caps Lock is on.'));
      await at.tick('Remember me for 14 days on this computer');
      await at.signIn(stage().product.user('sundar'), HOSPITAL);
      const [cookie] = await at.context.cookies();
      expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
      const days = ((cookie?.expires ?? 0) - Date.now() / 1_000) / DAY_S;
      expect(Math.round(days)).toBe(14);
    });

    test('finds the patient and opens a visit', async () => {
      const { patient } = stage();
      await at.menu('Patient Info');
      await at.type('Search by name or number', 'kavya');
      await at.follow(patient.name);
      await at.pressButton('Open a visit');
      await at.pressButton('Open visit');
      await at.sees(at.text('Enter the reason.'));
      await at.type('Reason', 'Short of breath');
      await at.pressButton('Open visit');
      await at.sees(at.text('The visit was opened.'));
      await at.sees(at.row('Short of breath').filter({ hasText: 'Open' }));
    });

    test('writes all eight sections, signs and sends', async () => {
      await at.follow('Write a record');
      await at.sees(at.heading('Write a record'));
      await at.sees(at.text(stage().patient.name));
      await at.pressButton('Sign and send');
      await at.sees(at.text('Enter the disease.'));
      await at.sees(at.text('Fill in at least one section.'));
      await at.type('Disease', 'Seasonal asthma');
      const line = async (section: string, label: string, text: string): Promise<void> => {
        const group = at.page.getByRole('group', { name: `${section}, line 1`, exact: true });
        await at.reach(group.getByLabel(new RegExp(`^${label}`)));
        await at.page.keyboard.type(text);
      };
      await line('Progress notes', 'Text', 'Wheezes since the rains began.');
      await line('Problems', 'Text', 'Asthma, seasonal');
      await at.pressButton('Add to medications');
      await line('Medications', 'Text', 'Salbutamol inhaler, two puffs when needed');
      await at.pressButton('Add to vital signs');
      await line('Vital signs', 'What was measured', 'Oxygen saturation');
      await line('Vital signs', 'Value', '93');
      await line('Vital signs', 'Unit', '%');
      await line('Vital signs', 'Abnormal', ' ');
      await at.pressButton('Add to past medical history');
      await line('Past medical history', 'Text', 'Eczema as a child');
      await at.pressButton('Add to immunizations');
      await line('Immunizations', 'Text', 'Influenza vaccine');
      await at.pressButton('Add to laboratory data');
      await line('Laboratory data', 'What was measured', 'Eosinophils');
      await line('Laboratory data', 'Value', '7.5');
      await line('Laboratory data', 'Unit', '%');
      await at.pressButton('Add to radiology reports');
      await line('Radiology reports', 'Text', 'Chest clear, no consolidation.');
      await at.pressButton('Sign and send');
      await at.sees(at.heading('Record sent'));
      await at.sees(at.text('The record is sealed. Next: Sanitise, by the sanitiser.'));
      const address = await (await at.link('Show the record')).getAttribute('href');
      stage().recordId = address?.split('/').at(-1) ?? '';
    });

    stepsFlow(stage);

    test('opens the record and finds it among the patient’s, under the visit', async () => {
      await at.follow('Show the record');
      await at.sees(at.heading('Seasonal asthma'));
      await at.pressButton('Open the record');
      await at.sees(at.text('Chest clear, no consolidation.'));
      await at.sees(at.text('Oxygen saturation'));
      await at.sees(at.page.getByText('Abnormal'));
      await at.follow(stage().patient.registrationNo);
      await at.sees(at.row('Seasonal asthma').filter({ hasText: 'Chained' }));
      await at.pressButton('Close the visit for Short of breath');
      await at.sees(at.row('Short of breath').filter({ hasText: 'Closed' }));
      await at.signOut();
      // The hospital of this computer is remembered, the name is not.
      await at.sees(at.page.locator('select', { hasText: 'Choose …' }));
      const hospital = (await at.field('Organisation')).locator('option:checked');
      expect(await hospital.textContent()).toBe(HOSPITAL);
      expect(await (await at.field('User name')).inputValue()).toBe('');
    });
  });
}
