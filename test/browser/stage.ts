import type { Browser } from 'playwright-core';
import type { Product, SignIn } from '../support/product';
import { Visitor } from '../support/visitor';

export const HOSPITAL = 'City Hospital';

/** What the flows share: one product, one browser, and what earlier flows left for later ones. */
export class Stage {
  readonly #visitors: Visitor[] = [];
  /** The patient whom the administrator registers, then as she activates herself. */
  patient = {
    name: 'Kavya Raman',
    username: 'kavya.raman',
    password: 'first-password-7',
    passphrase: 'seven green boats at noon',
    registrationNo: '',
    activationCode: '',
    rootFingerprint: '',
    recoveryWords: '',
  };

  constructor(
    readonly product: Product,
    readonly browser: Browser,
  ) {}

  async visitor(options?: Parameters<typeof Visitor.arrive>[2]): Promise<Visitor> {
    const visitor = await Visitor.arrive(this.browser, this.product.url, options);
    this.#visitors.push(visitor);
    return visitor;
  }

  /** At the sign-in page. */
  async atTheDoor(): Promise<Visitor> {
    const visitor = await this.visitor();
    await visitor.goto('/');
    await visitor.sees(visitor.heading('Sign in'));
    return visitor;
  }

  /** Signed in, at `path`. */
  async signedIn(user: SignIn, path = '/', options?: Parameters<typeof Visitor.arrive>[2]): Promise<Visitor> {
    const visitor = await this.visitor(options);
    await visitor.enterSignedIn(user);
    await visitor.goto(path);
    return visitor;
  }

  role(role: string, organization = 'city'): SignIn {
    const found = this.product.users.find((one) => one.role === role && one.organization === organization);
    if (!found) throw new Error(`no demo user with role ${role}`);
    return found;
  }

  /** Closes all windows. @returns what their pages did that no page may do */
  async closeAll(): Promise<string[]> {
    const faults = this.#visitors.flatMap((visitor) => visitor.faults);
    for (const visitor of this.#visitors.splice(0)) await visitor.leave();
    return faults;
  }
}
