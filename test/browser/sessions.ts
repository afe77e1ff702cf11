import { setTimeout as sleep } from 'node:timers/promises';
import { checkPage } from './examination';
import { MedsealClient } from '@medseal/client';
import { HOSPITAL, type Stage } from './stage';

/** Signed in, left alone, come back; and the look that one chooses for oneself. */
export function sessionFlows(stage: () => Stage): void {
  describe('a session', () => {
    test('that nobody touches warns, then locks: what was entered comes back to its writer and to nobody else', async () => {
      const sundar = stage().product.user('sundar');
      const at = await stage().visitor();
      await at.page.clock.install();
      await at.enterSignedIn(sundar);
      await at.goto(`/records/new?patient=${stage().product.user('geetha').registrationNo}`);
      await at.type('Disease', 'Golfer’s elbow');
      await at.page.clock.fastForward('14:30');
      await at.sees(at.heading('Are you still there?'));
      await checkPage(at, 'Idle warning');
      await at.pressButton('Stay signed in');
      await at.seesNot(at.heading('Are you still there?'));
      await at.page.clock.fastForward('14:30');
      await at.sees(at.heading('Are you still there?'));
      await at.page.clock.fastForward('00:40');
      await at.sees(at.text(/^Nobody was here for 15 minutes/));
      await checkPage(at, 'Session ended');
      const disease = at.page.getByLabel('Disease', { exact: true });
      expect(await disease.isVisible()).toBe(false);
      // The page is hidden at once; the service hears of it meanwhile.
      while ((await at.context.request.get('/api/v1/auth/me')).status() !== 401) await sleep(100);
      await at.type('Password', sundar.password);
      await at.press('Enter');
      await at.seesNot(at.heading('Your session has ended'));
      expect(await disease.inputValue()).toBe('Golfer’s elbow');
      await at.page.clock.fastForward('15:10');
      await at.sees(at.heading('Your session has ended'));
      const { username, password } = stage().product.user('anuradha');
      await at.type('User name', username);
      await at.type('Password', password);
      await at.press('Enter');
      await at.seesNot(at.heading('Your session has ended'));
      await at.sees(at.heading('Write a record'));
      expect(await disease.inputValue()).toBe('');
    });

    test('that is to be remembered is not ended for want of a touch', async () => {
      const at = await stage().visitor();
      await at.page.clock.install();
      await at.goto('/');
      await at.sees(at.heading('Sign in'));
      await at.tick('Remember me for 14 days on this computer');
      await at.signIn(stage().role('auditor', 'city'), HOSPITAL);
      await at.menu('Change Password');
      await at.sees(at.row('This one'));
      await at.page.clock.fastForward('15:10');
      await at.page.clock.fastForward('00:02');
      expect(await at.heading('Your session has ended').count()).toBe(0);
      expect((await at.context.request.get('/api/v1/auth/me')).status()).toBe(200);
    });

    test('is ended elsewhere, one or all of them, where the account is looked at', async () => {
      const auditor = stage().role('auditor', 'city');
      const at = await stage().signedIn(auditor, '/account');
      const elsewhere = new MedsealClient(stage().product.url);
      for (let count = 0; count < 2; count++)
        await elsewhere.login(auditor.organization, auditor.username, auditor.password);
      const kept = async (): Promise<number> => {
        const answer = await at.context.request.get('/api/v1/auth/sessions');
        return ((await answer.json()) as { items: unknown[] }).items.length;
      };
      const before = await kept();
      await at.page.reload();
      const endings = at.page.getByRole('button', { name: /^Sign out the session of / });
      await at.sees(endings.nth(before - 2));
      await at.enter(endings.first());
      await at.seesNot(endings.nth(before - 2));
      expect(await kept()).toBe(before - 1);
      await at.pressButton('Sign out everywhere');
      await at.sees(at.heading('Sign in'));
      await expect(elsewhere.me()).rejects.toMatchObject({ status: 401 });
    });

    test('is shown light or dark as the reader likes, on this computer from then on', async () => {
      const at = await stage().signedIn(stage().role('doctor'));
      const scheme = () => at.page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
      await at.sees(at.heading('Dashboard'));
      expect(await scheme()).toBe('light');
      await at.pressButton('Appearance');
      await at.sees(at.page.getByRole('menuitemradio', { name: 'As the system', checked: true }));
      const dark = at.page.getByRole('menuitemradio', { name: 'Dark' });
      for (let count = 0; count < 4; count++) {
        if (await dark.evaluate((item) => item === document.activeElement)) break;
        await at.press('ArrowDown');
      }
      await at.press('Enter');
      await at.seesNot(dark);
      expect(await scheme()).toBe('dark');
      await at.goto('/');
      await at.sees(at.heading('Dashboard'));
      expect(await scheme()).toBe('dark');
    });

    test('has a page for each of the author’s steps, which an administrator may see and a verifier may not', async () => {
      const at = await stage().signedIn(stage().role('hospital-admin'));
      for (const entry of ['Generate Blinded File', 'Send to Cloud', 'Blockchain Generation']) {
        await at.menu(entry);
        await at.sees(at.heading('Waiting for this step'));
      }
      const verifier = await stage().signedIn(stage().role('verifier'));
      await verifier.sees(verifier.heading('Waiting for you'));
      expect(await verifier.page.getByRole('link', { name: 'Send to Cloud' }).count()).toBe(0);
    });
  });
}
