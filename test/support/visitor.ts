import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import type { SignIn } from './product';

const WAIT_MS = 20_000;
/** More than any page of the console has. */
const TABS_MAX = 150;

/** One person at a window of their own, who has a keyboard and no mouse. */
export class Visitor {
  /** What no page may do: errors of scripts, and what the content-security policy stopped. */
  readonly faults: string[] = [];
  /** Questions that the browser asked; each was answered with yes. */
  readonly dialogs: string[] = [];

  private constructor(
    readonly url: string,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {}

  static async arrive(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visitor> {
    const context = await browser.newContext({
      baseURL: url,
      locale: 'en-GB',
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    context.setDefaultTimeout(WAIT_MS);
    const page = await context.newPage();
    const visitor = new Visitor(url, context, page);
    await context.exposeBinding('reportFault', (_source, fault: string) => visitor.faults.push(fault));
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
        (window as unknown as { reportFault(fault: string): void }).reportFault(
          `content-security policy: ${violatedDirective} stopped ${blockedURI}`,
        );
      });
    });
    page.on('dialog', (dialog) => {
      visitor.dialogs.push(dialog.type());
      void dialog.accept();
    });
    page.on('pageerror', (error) => visitor.faults.push(`page error: ${error.message}`));
    page.on('console', (message) => {
      // The browser writes a line for each answer above 399; those are the product's to give.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        visitor.faults.push(`console: ${message.text()}`);
    });
    return visitor;
  }

  async leave(): Promise<void> {
    await this.context.close();
  }

  goto = (path: string) => this.page.goto(path);

  /** Where one can act: the open dialog, else the page. */
  async #scope(): Promise<Page | Locator> {
    const dialog = this.page.locator('dialog[open]').last();
    return (await dialog.count()) > 0 ? dialog : this.page;
  }

  async field(label: string): Promise<Locator> {
    return (await this.#scope()).getByLabel(new RegExp(`^${escaped(label)}( \\(optional\\))?$`)).first();
  }

  async button(name: string): Promise<Locator> {
    return (await this.#scope()).getByRole('button', { name, exact: true });
  }

  async link(name: string): Promise<Locator> {
    return (await this.#scope()).getByRole('link', { name, exact: true });
  }

  heading = (name: string) => this.page.getByRole('heading', { name, exact: true });

  text = (text: string | RegExp) => this.page.getByText(text).first();

  row = (text: string | RegExp) => this.page.getByRole('row').filter({ hasText: text });

  /** Of a list that is no table. */
  entry = (text: string | RegExp) =>
    this.page.getByRole('main').getByRole('listitem').filter({ hasText: text });

  sees = (target: Locator) => target.waitFor({ state: 'visible' });

  seesNot = (target: Locator) => target.waitFor({ state: 'hidden' });

  press = (key: string) => this.page.keyboard.press(key);

  /** Tab, or Shift and Tab where the target stands before, until it has the focus, which must show. */
  async reach(target: Locator): Promise<void> {
    await target.waitFor({ state: 'visible' });
    for (let count = 0; count < TABS_MAX; count++) {
      const place = await target.evaluate((element) => {
        const active = document.activeElement ?? document.body;
        if (active === element) return 'here';
        const order = active.compareDocumentPosition(element);
        return order & Node.DOCUMENT_POSITION_PRECEDING && !(order & Node.DOCUMENT_POSITION_CONTAINS)
          ? 'before'
          : 'after';
      });
      if (place === 'here') {
        expect(await target.evaluate(focusState)).toEqual(VISIBLE_FOCUS);
        return;
      }
      await this.press(place === 'before' ? 'Shift+Tab' : 'Tab');
    }
    throw new Error(`the keyboard does not reach ${target}`);
  }

  async enter(target: Locator): Promise<void> {
    await this.reach(target);
    await this.press('Enter');
  }

  pressButton = async (name: string) => this.enter(await this.button(name));

  follow = async (name: string) => this.enter(await this.link(name));

  async type(label: string, text: string): Promise<void> {
    const field = await this.field(label);
    await this.reach(field);
    await this.press('Control+A');
    await this.page.keyboard.type(text);
  }

  /** @param day `YYYY-MM-DD`, typed in the order in which the browser's own language has the parts */
  async typeDay(label: string, day: string): Promise<void> {
    await this.reach(await this.field(label));
    const [year = '', month = '', date = ''] = day.split('-');
    await this.page.keyboard.type(`${month}${date}${year}`);
  }

  async tick(label: string): Promise<void> {
    await this.reach(await this.field(label));
    await this.press('Space');
  }

  /** Chooses in a list by the arrow keys. */
  async choose(label: string, option: string): Promise<void> {
    const field = await this.field(label);
    // The list may still be on its way from the service.
    await field.locator('option', { hasText: option }).first().waitFor({ state: 'attached' });
    await this.reach(field);
    await this.press('Home');
    for (let count = 0; count < TABS_MAX; count++) {
      const chosen = await field.evaluate(
        (element) => (element as HTMLSelectElement).selectedOptions[0]?.label,
      );
      if (chosen === option) return;
      await this.press('ArrowDown');
    }
    throw new Error(`${label} has no option ${option}`);
  }

  async menu(entry: string): Promise<void> {
    const menu = this.page.getByRole('navigation', { name: 'Main' });
    await this.enter(menu.getByRole('link', { name: entry, exact: true }));
    await this.sees(this.page.getByRole('heading', { name: entry, level: 1, exact: true }));
  }

  async signIn(
    { username, password }: Pick<SignIn, 'username' | 'password'>,
    hospital: string,
  ): Promise<void> {
    await this.sees(this.heading('Sign in'));
    await this.choose('Organisation', hospital);
    await this.type('User name', username);
    await this.type('Password', password);
    await this.press('Enter');
    await this.sees(await this.button('Sign out'));
  }

  async signOut(): Promise<void> {
    await this.pressButton('Sign out');
    await this.sees(this.heading('Sign in'));
  }

  /** Has the session's cookie without going through the sign-in page. */
  async enterSignedIn({ organization, username, password }: SignIn): Promise<void> {
    const answer = await this.context.request.post('/api/v1/auth/login', {
      data: { organization, username, password },
    });
    expect(answer.status()).toBe(200);
  }
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const VISIBLE_FOCUS = { marked: true, inView: true };

/** Runs in the page: whether one sees where the focus is. */
const focusState = (element: Element) => {
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const { top, bottom, left, right } = element.getBoundingClientRect();
  return {
    marked:
      element.matches(':focus-visible') && outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2,
    inView: bottom > 0 && top < window.innerHeight && right > 0 && left < window.innerWidth,
  };
};
