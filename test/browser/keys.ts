import type { Visitor } from '../support/visitor';
import { checkPage } from './examination';
import { HOSPITAL, type Stage } from './stage';

/** Three consents, each with its shares, terms and revocation. */
const ALL_CONSENTS_MS = 60_000;

export const shownWords = async (at: Visitor): Promise<string> =>
  (await at.page.getByRole('list', { name: 'Recovery words' }).getByRole('listitem').allTextContents()).join(
    ' ',
  );

/** Enters those that are asked for. */
export async function confirmWords(at: Visitor, words: string): Promise<void> {
  const list = words.split(' ');
  for (const label of await at.page
    .getByLabel(/^Word \d+$/)
    .evaluateAll((fields) =>
      fields.map((field) => (field as HTMLInputElement).labels?.[0]?.textContent ?? ''),
    ))
    await at.type(label, list[Number(label.replace('Word ', '')) - 1] ?? '');
  await at.pressButton('Confirm');
}

/** Passphrase, recovery words and the next key period, by keyboard. */
export function keysFlow(stage: () => Stage): void {
  describe('the keys', () => {
    test('get another passphrase, for which the present one is asked', async () => {
      const { patient } = stage();
      const at = await stage().atTheDoor();
      await at.signIn(patient, HOSPITAL);
      await at.menu('Keys');
      await at.pressButton('Change passphrase');
      await at.sees(at.text('Enter your present passphrase.'));
      await at.type('Present passphrase', 'not the passphrase');
      await at.type('New passphrase', 'eight red boats at night');
      await at.type('New passphrase again', 'eight red boats at night');
      await at.pressButton('Change passphrase');
      await at.sees(at.text('The passphrase is not right. Upper and lower case count.'));
      await at.type('Present passphrase', patient.passphrase);
      await at.pressButton('Change passphrase');
      await at.sees(at.text('The passphrase was changed. The recovery words stay the same.'));
      await at.type('Passphrase', patient.passphrase);
      patient.passphrase = 'eight red boats at night';
      await at.pressButton('Show the words');
      await at.sees(at.text('The passphrase is not right. Upper and lower case count.'));
      await at.type('Passphrase', patient.passphrase);
      await at.pressButton('Show the words');
      await at.sees(at.heading('Your recovery words'));
      expect(await shownWords(at)).toBe(patient.recoveryWords);
      // On paper are the words and nothing to press.
      await at.page.emulateMedia({ media: 'print' });
      await at.sees(at.page.getByRole('list', { name: 'Recovery words' }));
      expect(await at.page.getByRole('button').count()).toBe(0);
      await at.page.emulateMedia({ media: null });
      await at.pressButton('I have written them down');
      await confirmWords(at, patient.recoveryWords);
      await at.sees(at.text('You have the words on paper. Keep it in a safe place.'));
      await at.signOut();
    });

    test('come back by the recovery words in another browser, where the passphrase is forgotten', async () => {
      const { patient } = stage();
      const at = await stage().atTheDoor();
      await at.signIn(patient, HOSPITAL);
      await at.menu('EHR Record');
      await at.follow('Seasonal asthma');
      await at.pressButton('Open the record');
      await at.pressButton('I forgot my passphrase');
      await at.sees(at.heading('Recover your keys'));
      await checkPage(at, 'Recover your keys');
      const words = patient.recoveryWords.split(' ');
      await at.type('Recovery words', words.slice(1).join(' '));
      await at.type('New passphrase', 'nine blue boats at dawn');
      await at.type('New passphrase again', 'nine blue boats at dawn');
      await at.pressButton('Recover');
      await at.sees(at.text(/^Something is wrong with the words: recovery words are 24, not 23\./));
      await at.type('Recovery words', words.join(' '));
      await at.pressButton('Recover');
      await at.sees(at.text('Wheezes since the rains began.'));
      patient.passphrase = 'nine blue boats at dawn';
      await at.signOut();
    });

    test('are made anew for future records; what was cut off goes on, and consents are granted again', async () => {
      const { patient } = stage();
      const at = await stage().atTheDoor();
      await at.signIn(patient, HOSPITAL);
      await at.menu('Keys');
      await at.sees(at.row('General records').filter({ hasText: '1' }));
      await at.sees(at.text('Every consent in force is of the present key period.'));
      await at.pressButton('Make new keys');
      await at.sees(at.text(/^It takes nothing back:/));
      await at.page.route(/\/scopes\/slots$/, (route) =>
        route.request().method() === 'POST' ? route.abort() : route.fallback(),
      );
      await at.pressButton('Make them');
      await at.type('Passphrase', patient.passphrase);
      await at.press('Enter');
      await at.sees(at.row('Sensitive records').filter({ hasText: '2' }));
      await at.sees(at.text(/^The service cannot be reached\./));
      await at.sees(at.text('Not finished'));
      await at.page.unroute(/\/scopes\/slots$/);
      await at.pressButton('Go on with earlier records');
      await at.sees(at.text('Every record that could be opened has the new keys.'));
      await at.sees(at.row('Emergency access'));
      await at.sees(at.row('Care team of City Hospital'));
      await at.sees(at.row('Dr. Rajini'));
      await at.pressButton('Grant all of them again');
      await at.text(/^They were granted again, with the same limits/).waitFor({ timeout: ALL_CONSENTS_MS });
      await at.menu('Consents');
      // Later flows open under these.
      for (const name of ['Emergency access', 'Care team of City Hospital', 'Dr. Rajini'])
        await at.sees(at.row(name).filter({ hasText: 'Active' }));
      await at.enter(
        at
          .row('Dr. Rajini')
          .filter({ hasText: 'Active' })
          .getByRole('button', { name: /^Details/ }),
      );
      await at.sees(at.text(/every record of yours in the category “general” of key period 2: other dates/));
      await at.pressButton('Close');
      await at.signOut();
    });
  });
}
