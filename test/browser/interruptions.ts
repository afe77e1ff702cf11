import { MedsealClient } from '@medseal/client';
import { HOSPITAL, type Stage } from './stage';

const OUT_OF_REACH =
  'The service cannot be reached. What you entered is still here; check the connection and try again.';

/** What gets in the way of people at work loses nothing of what they typed. */
export function interruptionFlows(stage: () => Stage): void {
  describe('an interruption', () => {
    test('a lost connection is said, and the record is sent once it is back', async () => {
      const { product } = stage();
      const path = `/records/new?patient=${product.user('geetha').registrationNo}`;
      const at = await stage().signedIn(product.user('anuradha'), path);
      await at.type('Disease', 'Sprained wrist');
      await at.reach(at.page.getByLabel('Text').first());
      await at.page.keyboard.type('Fell off a ladder.');
      await at.context.setOffline(true);
      await at.pressButton('Sign and send');
      await at.sees(at.text(OUT_OF_REACH));
      expect(await (await at.field('Disease')).inputValue()).toBe('Sprained wrist');
      expect(await at.page.getByLabel('Text').first().inputValue()).toBe('Fell off a ladder.');
      await at.context.setOffline(false);
      await at.pressButton('Sign and send');
      await at.sees(at.text('The record is sealed. Next: Sanitise, by the sanitiser.'));
      expect(at.dialogs).toEqual([]);
    });

    test('without connection a page that was not open yet says so, and can be tried again', async () => {
      const at = await stage().signedIn(stage().product.user('anuradha'), '/');
      await at.sees(at.heading('Newest records'));
      // Every page is fetched behind this one.
      await at.page.waitForFunction(() =>
        performance.getEntriesByType('resource').some(({ name }) => /\/patients-[^/]*\.js$/.test(name)),
      );
      await at.context.setOffline(true);
      await at.menu('Patient Info');
      await at.sees(at.text(OUT_OF_REACH));
      await at.context.setOffline(false);
      await at.pressButton('Try again');
      await at.sees(at.row('Geetha'));
    });

    test('a patient without connection is told so, and unlocks once it is back', async () => {
      const geetha = stage().product.user('geetha');
      const at = await stage().signedIn(geetha, '/records');
      await at.enter(at.page.getByRole('link', { name: 'leg pain' }));
      await at.pressButton('Open the record');
      await at.type('Passphrase', geetha.passphrase ?? '');
      await at.context.setOffline(true);
      await at.press('Enter');
      await at.sees(at.text(OUT_OF_REACH));
      await at.context.setOffline(false);
      await at.pressButton('Unlock');
      await at.sees(at.text('Seen for leg pain.'));
    });

    test('a session that ended under the hands is taken up again where it was', async () => {
      const sundar = stage().product.user('sundar');
      const path = `/records/new?patient=${stage().product.user('geetha').registrationNo}`;
      const at = await stage().signedIn(sundar, path);
      await at.type('Disease', 'Tennis elbow');
      await at.reach(at.page.getByLabel('Text').first());
      await at.page.keyboard.type('Rest for two weeks.');
      const other = new MedsealClient(stage().product.url);
      await other.login(sundar.organization, sundar.username, sundar.password);
      const { items } = await other.sessions();
      for (const { id, current } of items) if (!current) await other.endSession(id);
      await at.sees(at.heading('Your session has ended'));
      await at.type('Password', sundar.password);
      await at.press('Enter');
      await at.seesNot(at.heading('Your session has ended'));
      expect(await (await at.field('Disease')).inputValue()).toBe('Tennis elbow');
      await at.pressButton('Sign and send');
      await at.sees(at.text('The record is sealed. Next: Sanitise, by the sanitiser.'));
    });

    test('after ten wrong passwords the sign-in says when it opens again', async () => {
      const { username, organization } = stage().role('researcher', 'city');
      const client = new MedsealClient(stage().product.url);
      for (let count = 0; count < 9; count++)
        await expect(client.login(organization, username, `wrong-${count}`)).rejects.toMatchObject({
          status: 401,
        });
      const at = await stage().atTheDoor();
      await at.choose('Organisation', HOSPITAL);
      await at.type('User name', username);
      await at.type('Password', 'wrong-again');
      await at.press('Enter');
      await at.sees(at.page.getByRole('alert'));
      expect(await at.page.getByRole('alert').textContent()).not.toContain('Too many');
      await at.pressButton('Sign in');
      await at.sees(at.text(/^Too many failed attempts\. .* opens again in \d+ minutes, at \d/));
      expect(await (await at.field('User name')).inputValue()).toBe(username);
    });

    test('an address is kept over the sign-in, and one that leads nowhere says so', async () => {
      const user = stage().role('auditor', 'city');
      const at = await stage().visitor();
      await at.goto('/report/blocks');
      await at.signIn(user, HOSPITAL);
      await at.sees(at.text('Every block of the channel, newest first.'));
      for (const path of ['/no/such/page', '/report/nonsense']) {
        await at.goto(path);
        await at.sees(at.heading('Nothing here'));
      }
      await at.follow('Back to the dashboard');
      await at.sees(at.heading('Dashboard'));
      for (const path of [
        '/users',
        '/patients/1010000000001',
        '/records/ffff',
        '/report/blocks/999999',
        '/report/blocks/x',
      ]) {
        await at.goto(path);
        await at.sees(at.page.getByRole('alert').first());
        expect(await at.page.locator('body').innerText()).not.toMatch(/\.(?:js|ts):\d+|\bat \w+ \(/);
      }
    });
  });
}
