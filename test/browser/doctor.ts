import { completeRecord } from '../support/complete-record';
import { checkPage } from './examination';
import type { Stage } from './stage';
import { HOSPITAL } from './stage';
import { stepsFlow } from './integrity';
import type { Visitor } from '../support/visitor';

const DAY_S = 86_400;

/** What the browser keeps of drafts: how many, whether a word of one can be read, keys that scripts could take away. */
const keptDrafts = (at: Visitor) =>
  at.page.evaluate(
    () =>
      new Promise<{ drafts: number; readable: boolean; keysHandedOut: number }>((resolve, reject) => {
        const asked = indexedDB.open('medseal-drafts');
        asked.onerror = () => reject(asked.error ?? new Error('not opened'));
        asked.onsuccess = () => {
          const transaction = asked.result.transaction(['drafts', 'keys']);
          const drafts = transaction.objectStore('drafts').getAll() as IDBRequest<{ sealed: ArrayBuffer }[]>;
          const keys = transaction.objectStore('keys').getAll() as IDBRequest<CryptoKey[]>;
          transaction.oncomplete = () => {
            asked.result.close();
            const texts = drafts.result.map(({ sealed }) => new TextDecoder().decode(sealed));
            resolve({
              drafts: texts.length,
              readable: texts.some((text) => text.includes('asthma')),
              keysHandedOut: keys.result.filter(({ extractable }) => extractable).length,
            });
          };
        };
      }),
  );

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
      // Typed out in full it has its code, unit and usual range by itself, and the value its flag.
      const oxygen = at.page.getByRole('group', { name: 'Vital signs, line 1', exact: true });
      await at.sees(oxygen.getByText('LOINC 59408-5'));
      await line('Vital signs', 'Value', '93');
      expect(await oxygen.getByLabel('Unit').inputValue()).toBe('%');
      expect(await oxygen.getByLabel('Abnormal').isChecked()).toBe(true);
      await at.pressButton('Add to past medical history');
      await line('Past medical history', 'Text', 'Eczema as a child');
      await at.pressButton('Add to immunizations');
      await line('Immunizations', 'Text', 'Influenza vaccine');
      await at.pressButton('Add to laboratory data');
      await line('Laboratory data', 'What was measured', 'eosino');
      await at.press('ArrowDown');
      await at.press('Enter');
      const eosinophils = at.page.getByRole('group', { name: 'Laboratory data, line 1', exact: true });
      await at.sees(eosinophils.getByText('LOINC 713-8'));
      await line('Laboratory data', 'Usual range', '1-6');
      await line('Laboratory data', 'Value', '7.5');
      expect(await eosinophils.getByLabel('Abnormal').isChecked()).toBe(true);
      await at.pressButton('Add to radiology reports');
      await line('Radiology reports', 'Text', 'Chest clear, no consolidation.');
      // Nothing is lost with the page, and nothing of it can be read where it is kept.
      await at.sees(at.text('Kept in this browser until it is sent or you sign out.'));
      expect(await keptDrafts(at)).toEqual({ drafts: 1, readable: false, keysHandedOut: 0 });
      await at.page.reload();
      await at.pressButton(`Go on with the draft: Seasonal asthma, ${stage().patient.registrationNo}`);
      expect(await (await at.field('Disease')).inputValue()).toBe('Seasonal asthma');
      await at.pressButton('Sign and send');
      await at.sees(at.heading('Record sent'));
      expect((await keptDrafts(at)).drafts).toBe(0);
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
      await at.sees(at.page.getByText('Abnormal').first());
      await at.follow(stage().patient.registrationNo);
      await at.sees(at.row('Seasonal asthma').filter({ hasText: 'Chained' }));
      await at.pressButton('Close visit for Short of breath');
      await at.sees(at.row('Short of breath').filter({ hasText: 'Closed' }));
      await at.signOut();
      // The hospital of this computer is remembered, the name is not.
      await at.sees(at.page.locator('select', { hasText: 'Choose …' }));
      const hospital = (await at.field('Organisation')).locator('option:checked');
      expect(await hospital.textContent()).toBe(HOSPITAL);
      expect(await (await at.field('User name')).inputValue()).toBe('');
    });

    test('amends a record, and sees what one version says otherwise than the other; no draft outlives the sign-out', async () => {
      const { product } = stage();
      const author = await product.as('sundar');
      const { recordId } = await author.writeRecord({
        registrationNo: product.user('geetha').registrationNo ?? '',
        effectiveDate: '2020-04-04',
        disease: 'Sprained ankle',
        document: {
          problems: [{ text: 'Ankle is swollen' }],
          medications: [{ text: 'Cold compress' }],
          labData: [{ text: 'Potassium', value: '5.6', unit: 'mmol/L' }],
        },
      });
      await completeRecord(product, author, recordId);
      at = await stage().signedIn(product.user('sundar'), `/records/${recordId}`);
      await at.follow('Amend');
      await at.pressButton('Open to amend');
      await at.sees(at.text('Nothing is different.'));
      const value = at.page.getByRole('group', { name: 'Laboratory data, line 1' }).getByLabel('Value');
      await at.reach(value);
      await at.page.keyboard.type('4.6');
      await at.pressButton('Remove line 1 of medications');
      const changes = ['Changed: Potassium 5.6 mmol/L → Potassium 4.6 mmol/L', 'Removed: Cold compress'];
      const shown = (text: string) => at.page.getByRole('listitem').filter({ hasText: text });
      for (const change of changes) await at.sees(shown(change));
      await checkPage(at, 'Amend a record');
      await at.pressButton('Sign and send');
      await at.sees(at.text('The record is sealed. Next: Sanitise, by the sanitiser.'));
      await at.follow('Show the record');
      await at.sees(at.heading('Versions'));
      await at.pressButton('Compare');
      for (const change of changes) await at.sees(shown(change));
      await checkPage(at, 'Record, its versions compared');

      await at.goto('/records/new');
      await at.type('Disease', 'Not to be kept');
      await at.sees(at.text('Kept in this browser until it is sent or you sign out.'));
      await at.page.reload();
      await checkPage(at, 'Write a record, a draft kept');
      await at.pressButton('Discard the draft: Not to be kept');
      await at.seesNot(at.text('Not to be kept'));
      expect((await keptDrafts(at)).drafts).toBe(0);
      await at.type('Disease', 'Not to be kept either');
      await at.sees(at.text('Kept in this browser until it is sent or you sign out.'));
      await at.signOut();
      await at.page.waitForFunction(
        () =>
          new Promise<boolean>((resolve) => {
            const asked = indexedDB.open('medseal-drafts');
            asked.onsuccess = () => {
              const counted = asked.result.transaction('drafts').objectStore('drafts').count();
              counted.onsuccess = () => {
                asked.result.close();
                resolve(counted.result === 0);
              };
            };
          }),
      );
      expect(await keptDrafts(at)).toEqual({ drafts: 0, readable: false, keysHandedOut: 0 });
    });
  });
}
