import type { Browser } from 'playwright-core';
import type { MedsealClient, RecordAnswer } from '@medseal/client';
import type { Product, SignIn } from '../support/product';
import { Visitor } from '../support/visitor';

export const HOSPITAL = 'City Hospital';
const RECORD_WAIT_MS = 60_000;

/** What the flows share: one product, one browser, and what earlier flows left for later ones. */
export class Stage {
  readonly #visitors: Visitor[] = [];
  /** At windows of flows that are over. */
  readonly #left: Visitor[] = [];
  readonly #faults: string[] = [];
  #flow: unknown;
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

  /** That the doctor writes. */
  recordId = '';

  constructor(
    readonly product: Product,
    readonly browser: Browser,
  ) {}

  /** As one flow sees it. The windows of those before, which would go on following every event, are closed. */
  during(flow: unknown): this {
    if (flow !== this.#flow) this.#left.push(...this.#visitors.splice(0));
    this.#flow = flow;
    return this;
  }

  async visitor(options?: Parameters<typeof Visitor.arrive>[2]): Promise<Visitor> {
    await this.#close(this.#left);
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

  /** Until the services of the hospital have taken the record that far. */
  async recordReaches(
    status: RecordAnswer['status'],
    other?: { recordId: string; author: MedsealClient },
  ): Promise<void> {
    const { recordId, author } = other ?? {
      recordId: this.recordId,
      author: await this.product.as('sundar'),
    };
    for (const end = Date.now() + RECORD_WAIT_MS; ; await new Promise((done) => setTimeout(done, 250))) {
      const record = await author.record(recordId);
      if (record.status === status) return;
      if (Date.now() > end) throw new Error(`the record is still ${record.status}`);
    }
  }

  /** One of the verifiers whom the record names. */
  async verifierOf(recordId: string): Promise<SignIn> {
    const { panel } = await (await this.product.as('sundar')).record(recordId);
    const found = this.product.users.find(({ subject }) => panel?.verifiers.includes(subject));
    if (!found) throw new Error('the record names no verifier of the demo');
    return found;
  }

  role(role: string, organization = 'city'): SignIn {
    const found = this.product.users.find((one) => one.role === role && one.organization === organization);
    if (!found) throw new Error(`no demo user with role ${role}`);
    return found;
  }

  /** Closes all windows. @returns what their pages did that no page may do */
  async closeAll(): Promise<string[]> {
    await this.#close(this.#left);
    await this.#close(this.#visitors);
    return this.#faults;
  }

  async #close(visitors: Visitor[]): Promise<void> {
    for (const visitor of visitors.splice(0)) {
      await visitor.leave();
      this.#faults.push(...visitor.faults);
    }
  }
}
