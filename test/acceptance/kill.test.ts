import type { MedsealClient } from '@medseal/client';
import { completeRecord } from '../support/complete-record';
import { startPaper } from '../support/fixture';
import { Product } from '../support/product';

const COUNT = Number(process.env['MEDSEAL_KILLS'] ?? 3);
const WRITERS = 4;

/** SIGKILL of every process under load: what was acknowledged is there after the restart, once, and the chains verify. */
describe('killed under load', () => {
  let product: Product;
  const acknowledged = { patients: new Map<string, string>(), records: new Map<string, string>() };

  beforeAll(async () => {
    product = await startPaper();
  }, 240_000);

  afterAll(async () => {
    await product?.stop();
    product?.remove();
  }, 60_000);

  async function load(
    round: number,
    admin: MedsealClient,
    author: MedsealClient,
    until: () => boolean,
  ): Promise<void> {
    const registrationNo = product.user('geetha').registrationNo ?? '';
    const writer = async (lane: number): Promise<void> => {
      for (let count = 0; !until(); count++) {
        const label = `r${round}l${lane}n${count}`;
        try {
          if (lane % 2 === 0) {
            const made = await admin.createPatient({ name: `Patient ${label}` });
            acknowledged.patients.set(made.registrationNo, `Patient ${label}`);
          } else {
            const { recordId } = await author.writeRecord({
              registrationNo,
              effectiveDate: '2021-05-05',
              disease: label,
              document: { progressNotes: [{ text: label }] },
            });
            acknowledged.records.set(recordId, label);
            await completeRecord(product, author, recordId);
          }
        } catch {
          // Not acknowledged: the server was killed meanwhile, or refused a conflict it told about.
        }
      }
    };
    await Promise.all(Array.from({ length: WRITERS }, (_, lane) => writer(lane)));
  }

  test(`${COUNT} times: every acknowledged write is there, none doubled, outbox finished, chains verify`, async () => {
    for (let round = 0; round < COUNT; round++) {
      const [admin, author] = [await product.as('administrator', 'city'), await product.as('sundar')];
      const before = acknowledged.patients.size + acknowledged.records.size;
      let over = false;
      const running = load(round, admin, author, () => over);
      const wanted = before + 2 + (round % 5);
      const deadline = Date.now() + 60_000;
      while (acknowledged.patients.size + acknowledged.records.size < wanted && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await product.kill();
      over = true;
      await running;
      expect(acknowledged.patients.size + acknowledged.records.size).toBeGreaterThanOrEqual(wanted);
      const { folder, port } = product;
      product = await Product.start({ folder, port, demo: 'paper' });
    }

    const admin = await product.as('administrator', 'city');
    const author = await product.as('sundar');
    for (const [registrationNo, name] of acknowledged.patients) {
      expect((await admin.patient(registrationNo)).name).toBe(name);
    }
    const names: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await admin.patients({ limit: 200, ...(cursor ? { cursor } : {}) });
      names.push(...page.items.map(({ name }) => name));
      cursor = page.nextCursor;
    }
    expect(new Set(names).size).toBe(names.length);
    for (const [recordId, disease] of acknowledged.records) {
      const done = await completeRecord(product, author, recordId);
      expect(done.status).toBe('chained');
      expect(JSON.stringify((await author.openRecordDecrypted(recordId)).document)).toContain(disease);
    }
    const verdict = await author.verify();
    expect(verdict).toMatchObject({ chainValid: true, firstInvalid: null });
    const ready = (await (await fetch(`${product.url}/health/ready`)).json()) as {
      outbox?: { pending: number };
    };
    expect(ready.outbox?.pending ?? 0).toBe(0);
  }, 7_200_000);
});
