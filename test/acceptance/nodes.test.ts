import type { MedsealClient } from '@medseal/client';
import { blocksOf, validTransactionIds } from '../support/blocks';
import { fabric, leadingOrderer, ORDERERS, signalNode } from '../support/fabric-nodes';
import { figure } from '../support/figures';
import { startPaper } from '../support/fixture';
import { describeIf } from '../support/network';
import { Product } from '../support/product';

const ROUNDS = Number(process.env['MEDSEAL_NODE_KILLS'] ?? 1);
const WRITERS = 4;
const DOWN_MS = 1_000;
const PEERS = ['MinistryMSP', 'CityMSP', 'LakesideMSP'];

/** Which nodes are killed at once, found when it comes to it. */
const KILLED: Record<string, (folder: string) => Promise<readonly string[]>> = {
  'the leading orderer': async (folder) => [await leadingOrderer(folder)],
  'a following orderer': async (folder) => {
    const leader = await leadingOrderer(folder);
    return ORDERERS.filter((one) => one !== leader).slice(0, 1);
  },
  'two orderers of three': () => Promise.resolve(ORDERERS.slice(1)),
  ...Object.fromEntries(PEERS.map((mspId) => [`peer of ${mspId}`, () => Promise.resolve([`peer-${mspId}`])])),
  'the chaincode process of CityMSP': () => Promise.resolve(['chaincode-CityMSP']),
  'root and intermediate CA': () => Promise.resolve(['ca-MinistryMSP', 'ca-CityMSP']),
};

/**
 * SIGKILL of each kind of node under load: after `npm run fabric -- up` (or another `npm start`, where it is the gateway)
 * writes go on, and every transaction that was answered as VALID is in the blocks of every peer.
 */
describeIf('killNodes')('nodes killed under load', () => {
  let product: Product;
  let admin: MedsealClient;
  const acknowledged = new Map<string, { name: string; transactionId: string }>();

  beforeAll(async () => {
    product = await startPaper({ timeoutMs: 600_000 });
    admin = await product.as('administrator', 'city');
  }, 600_000);

  afterAll(async () => {
    await product?.stop();
    product?.remove();
  }, 60_000);

  const write = async (label: string, until: () => boolean): Promise<void> => {
    for (let count = 0; !until(); count++) {
      const name = `Patient ${label}n${count}`;
      try {
        const { registrationNo, ledger } = await admin.createPatient({ name });
        acknowledged.set(registrationNo, { name, transactionId: ledger?.transactionId ?? '' });
      } catch {
        // Not acknowledged: a node was away.
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  };

  const moreAnswers = async (count: number): Promise<void> => {
    const wanted = acknowledged.size + count;
    const deadline = Date.now() + 180_000;
    while (acknowledged.size < wanted) {
      if (Date.now() > deadline) throw new Error('no write was answered for three minutes');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  /** Writers go on while `fault` is made and mended; some are answered before it and some after. */
  const underLoad = async (label: string, fault: () => Promise<void>): Promise<void> => {
    let over = false;
    const running = Promise.all(
      Array.from({ length: WRITERS }, (_, lane) => write(`${label}l${lane}`, () => over)),
    );
    try {
      await moreAnswers(2);
      const before = acknowledged.size;
      const began = Date.now();
      await fault();
      const mended = Date.now();
      await moreAnswers(WRITERS);
      figure({
        killed: label,
        answeredMeanwhile: acknowledged.size - before - WRITERS,
        mendedMs: mended - began,
        answersAfterMs: Date.now() - mended,
      });
    } finally {
      over = true;
      await running;
    }
  };

  const rounds = Array.from({ length: ROUNDS }, (_, round) => round);
  const runs = rounds.flatMap((round) => Object.keys(KILLED).map((what) => ({ round, what })));

  test.each(runs)(
    'round $round: $what',
    async ({ round, what }) => {
      await underLoad(`${what}, round ${round}`, async () => {
        for (const node of await KILLED[what]!(product.folder)) signalNode(product.folder, node, 'SIGKILL');
        await new Promise((resolve) => setTimeout(resolve, DOWN_MS));
        expect(await fabric(product.folder, 'up')).toMatchObject({ status: 0, stderr: '' });
      });
    },
    600_000,
  );

  test.each(rounds)(
    'round %i: the gateway, which ends the start with its nodes',
    async (round) => {
      await underLoad(`the gateway, round ${round}`, async () => {
        const { folder, port } = product;
        product.killOne('gateway/dist/main.js');
        await product.ended();
        expect(product.text).toMatch(/^medseal: gateway ended unexpectedly \(SIGKILL\)/m);
        product = await Product.start({ folder, port, demo: 'paper' });
        admin = await product.as('administrator', 'city');
      });
    },
    600_000,
  );

  test('every write answered as VALID is in every peer’s blocks, once, and the chains verify', async () => {
    const author = await product.as('sundar');
    expect(acknowledged.size).toBeGreaterThanOrEqual(runs.length * 2);
    for (const peer of PEERS) {
      const missing = (): string[] => {
        const valid = validTransactionIds(blocksOf(product.folder, peer));
        expect(new Set(valid).size).toBe(valid.length);
        const found = new Set(valid);
        return [...acknowledged.values()]
          .map(({ transactionId }) => transactionId)
          .filter((id) => !found.has(id));
      };
      // A peer that was away may still be fetching blocks.
      for (const deadline = Date.now() + 60_000; missing().length > 0 && Date.now() < deadline;)
        await new Promise((resolve) => setTimeout(resolve, 500));
      expect({ peer, lost: missing() }).toEqual({ peer, lost: [] });
    }
    for (const [registrationNo, { name }] of acknowledged)
      expect((await admin.patient(registrationNo)).name).toBe(name);
    expect(await author.verify()).toMatchObject({ chainValid: true, firstInvalid: null });
    figure({ acknowledged: acknowledged.size, lost: 0, peers: PEERS.length });
  }, 600_000);
});
