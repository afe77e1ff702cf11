import type { SignIn } from '../support/product';
import type { Visitor } from '../support/visitor';
import { needlessExplanations } from './accessibility';
import { dialogsInSources, routeOf, routesInSources } from './console-sources';
import { checkPage, examined, NARROW, settled } from './examination';
import type { Stage } from './stage';

const ROLES: readonly (readonly [role: string, organization: string])[] = [
  ['system-manager', 'ministry'],
  ['hospital-admin', 'city'],
  ['doctor', 'city'],
  ['verifier', 'city'],
  ['sanitizer', 'city'],
  ['auditor', 'lakeside'],
  ['researcher', 'lakeside'],
  ['patient', 'city'],
];

/** A page of several roles is examined with the first of them, the dashboard with each; the drill examines every page with each. */
const EVERY_ROLE = process.env['MEDSEAL_PAGES'] === 'every role';
const entries = new Set<string>();
const OF_ITS_OWN = 'Dashboard';

/** Below the menu's entries: pages and dialogs by the role that has them. */
const FURTHER: Readonly<Record<string, (at: Visitor, stage: Stage) => Promise<void>>> = {
  'system-manager': async (at) => {
    await at.goto('/report/blocks');
    await checkPage(at, 'Blocks');
    await at.goto('/report/blocks/5');
    await checkPage(at, 'Block 5');
  },
  'hospital-admin': async (at, { product }) => {
    await at.goto(`/patients/${product.user('geetha').registrationNo}`);
    await checkPage(at, 'Patient');
    await at.pressButton('Edit');
    await checkPage(at, 'Edit patient');
    await at.goto('/patients');
    await at.pressButton('Register a patient');
    await at.pressButton('Register');
    await checkPage(at, 'Register a patient, refused');
    await at.goto('/doctors');
    await at.pressButton('Add a doctor');
    await checkPage(at, 'Add a doctor');
    await at.goto('/users');
    await at.pressButton('Add a user');
    await checkPage(at, 'Add a user');
  },
  doctor: async (at, { product }) => {
    await at.goto(`/patients/${product.user('geetha').registrationNo}`);
    await at.pressButton('Open a visit');
    await checkPage(at, 'Open a visit');
    await at.goto('/records/new');
    await at.pressButton('Add to laboratory data');
    await at.pressButton('Add to medications');
    await at.pressButton('Sign and send');
    await checkPage(at, 'Write a record, refused');
    await at.goto('/records');
    await at.enter(at.page.getByRole('link', { name: /^(?:fever|leg pain)$/ }).first());
    await at.pressButton('Open the record');
    await at.sees(at.text(/^Seen for/));
    await checkPage(at, 'Record, opened by its author');
    await at.goto('/consents');
    await at.pressButton('Ask for a consent');
    await at.pressButton('Ask');
    await checkPage(at, 'Ask for a consent, refused');
    await at.goto('/emergency-access');
    await at.pressButton('Break the glass');
    await checkPage(at, 'Break the glass, refused');
  },
  auditor: async (at) => {
    await at.goto('/audits');
    await at.pressButton('Open an audit');
    await at.pressButton('Open the audit');
    await checkPage(at, 'Open an audit, refused');
    await at.press('Escape');
    await at.enter(at.page.getByRole('row').nth(1).getByRole('link'));
    await at.sees(at.heading('Verdict'));
    await checkPage(at, 'Audit');
  },
  patient: async (at, stage) => {
    const { product } = stage;
    await at.goto(`/patients/${product.user('geetha').registrationNo}`);
    await checkPage(at, 'Own data');
    await at.goto('/records');
    await at.enter(at.page.getByRole('link', { name: 'fever' }).first());
    await at.pressButton('Open the record');
    await checkPage(at, 'Unlock');
    await at.goto('/consents');
    await at.pressButton('Give a consent');
    await at.choose('Who may read', 'Dr. Rajini, Lakeside Hospital');
    await at.pressButton('Grant');
    await checkPage(at, 'Unlock, to give a consent');
    await at.goto('/choices');
    await checkPage(at, 'Your choices');
    await at.goto('/keys');
    await at.pressButton('Change passphrase');
    await checkPage(at, 'Keys, refused');
    await at.pressButton('I forgot my passphrase');
    await at.pressButton('Recover');
    await checkPage(at, 'Recover your keys, refused');
    await at.press('Escape');
    await at.pressButton('Make new keys');
    await checkPage(at, 'Make new keys');
    await at.press('Escape');
    await at.type('Passphrase', stage.role('patient').passphrase ?? '');
    await at.pressButton('Show the words');
    await at.sees(at.heading('Your recovery words'));
    await checkPage(at, 'Recovery words');
    await at.pressButton('I have written them down');
    await at.pressButton('Confirm');
    await checkPage(at, 'Recovery words, refused');
    await at.goto('/guardians');
    await at.pressButton('Make somebody a guardian');
    await at.pressButton('Grant');
    await checkPage(at, 'Make somebody a guardian, refused');
  },
};

export function pageChecks(stage: () => Stage): void {
  describe('every page', () => {
    test.each(ROLES)(
      'of the role %s (%s): its menu leads somewhere, no finding of axe, light and dark, none wider than 320 px',
      async (role, organization) => {
        const user: SignIn = stage().role(role, organization);
        const at = await stage().signedIn(user);
        const menu = at.page.getByRole('navigation', { name: 'Main' }).getByRole('link');
        await menu.first().waitFor();
        for (const entry of await menu.allTextContents()) {
          await at.menu(entry);
          await settled(at);
          expect({ entry, alerts: await at.page.getByRole('alert').count() }).toEqual({ entry, alerts: 0 });
          if (EVERY_ROLE || entry === OF_ITS_OWN || !entries.has(entry)) await checkPage(at, entry);
          entries.add(entry);
        }
        await FURTHER[role]?.(at, stage());
        await at.leave();
      },
    );

    test('before the sign-in is like that too', async () => {
      const at = await stage().atTheDoor();
      await at.pressButton('Sign in');
      await checkPage(at, 'Sign in, refused');
      await at.follow('Activate your patient account');
      await at.sees(at.page.locator('code'));
      await at.pressButton('Activate');
      await checkPage(at, 'Activate, refused');
      await at.goto('/verify');
      await at.pressButton('Verify');
      await checkPage(at, 'Verify, refused');
      await at.goto('/no/such/page');
      await checkPage(at, 'Nothing here');
    });

    test('has its menu on a narrow screen too', async () => {
      const at = await stage().signedIn(stage().role('doctor'), '/', { viewport: NARROW });
      await settled(at);
      const menu = at.page.getByRole('navigation', { name: 'Main' });
      await at.seesNot(menu);
      await at.pressButton('Menu');
      await at.menu('Doctors Info');
      await at.seesNot(menu);
      await at.sees(at.page.getByRole('row').nth(1));
    });

    test('is gone through by Tab in the order of its text, from the way past the menu to the end', async () => {
      const at = await stage().signedIn(stage().role('doctor'), '/records/new');
      await settled(at);
      const place = () =>
        at.page.evaluate(() =>
          [...document.querySelectorAll('body *')].indexOf(document.activeElement ?? document.body),
        );
      expect(await place()).toBe(-1);
      await at.press('Tab');
      expect(await at.page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the page');
      const places = [await place()];
      while (places.length < 100) {
        await at.press('Tab');
        const now = await place();
        if (now === -1 || now === places[0]) break;
        // The parts of a date are one field.
        if (now !== places.at(-1)) places.push(now);
      }
      expect(places).toEqual([...places].sort((a, b) => a - b));
      // Header, menu, and the form to its last button.
      expect(places.length).toBeGreaterThan(20);
      await at.enter(at.page.getByRole('link', { name: 'Skip to the page' }));
      expect(await at.page.evaluate(() => document.activeElement?.id)).toBe('main');
    });
  });
}

/** After all others: what no flow has examined would be found by nobody. */
export function coverageCheck(): void {
  test('every route and every dialog of the console was examined, and every explanation was needed', () => {
    const routes = routesInSources();
    const seen = new Set([...examined.addresses].map((address) => routeOf(address, routes)));
    expect({
      routes: routes.filter((route) => !seen.has(route)),
      dialogs: dialogsInSources().filter(
        ({ pattern }) => ![...examined.dialogs].some((title) => pattern.test(title)),
      ),
      explanations: needlessExplanations(),
    }).toEqual({ routes: [], dialogs: [], explanations: [] });
  });
}
