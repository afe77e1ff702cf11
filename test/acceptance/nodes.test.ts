import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { MedsealClient } from '@medseal/client';
import { blocksOf, validTransactionIds } from '../support/blocks';
import { startPaper } from '../support/fixture';
import { describeIf } from '../support/network';
import { type Product, ROOT } from '../support/product';

const ROUNDS = Number(process.env['MEDSEAL_NODE_KILLS'] ?? 1);
const WRITERS = 4;
const PEERS = ['MinistryMSP', 'CityMSP', 'LakesideMSP'];

/** One of each kind; two of three orderers leave no quorum. */
const KILLED: readonly string[][] = [
  ['orderer1'],
  ['orderer2', 'orderer3'],
  ['peer-CityMSP'],
  ['peer-LakesideMSP'],
  ['chaincode-CityMSP'],
  ['ca-CityMSP', 'ca-MinistryMSP'],
];

/**
 * SIGKILL of the network's nodes under load while the gateway goes on: after `npm run fabric -- up` writes go on, and
 * every transaction that was answered as VALID is in the blocks of every peer.
 */
describeIf('killNodes')('nodes killed under load', () => {
  let product: Product;
  const acknowledged = new Map<string, { name: string; transactionId: string }>();
  let answers = 0;

  beforeAll(async () => {
    product = await startPaper({ timeoutMs: 600_000 });
  }, 600_000);

  afterAll(async () => {
    await product?.stop();
    product?.remove();
  }, 60_000);

  const kill = (node: string): void => {
    const { pid } = JSON.parse(
      readFileSync(path.join(product.folder, 'fabric/run', `${node}.json`), 'utf8'),
    ) as { pid: number };
    process.kill(pid, 'SIGKILL');
  };

  const up = async (): Promise<void> => {
    await promisify(execFile)(process.execPath, [path.join(ROOT, 'scripts/fabric.mjs'), 'up'], {
      env: { ...process.env, MEDSEAL_DATA: product.folder },
    });
  };

  const write = async (label: string, admin: MedsealClient, until: () => boolean): Promise<void> => {
    for (let count = 0; !until(); count++) {
      const name = `Patient ${label}n${count}`;
      try {
        const { registrationNo, ledger } = await admin.createPatient({ name });
        acknowledged.set(registrationNo, { name, transactionId: ledger?.transactionId ?? '' });
        answers++;
      } catch {
        // Not acknowledged: a node was away.
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  };

  const moreAnswers = async (count: number): Promise<void> => {
    const wanted = answers + count;
    const deadline = Date.now() + 180_000;
    while (answers < wanted) {
      if (Date.now() > deadline) throw new Error('no write was answered for three minutes');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  const runs = Array.from({ length: ROUNDS }, (_, round) => KILLED.map((nodes) => ({ round, nodes }))).flat();

  test.each(runs)(
    'round $round: $nodes are killed, started again, and writes go on',
    async ({ round, nodes }) => {
      const admin = await product.as('administrator', 'city');
      let over = false;
      const running = Promise.all(
        Array.from({ length: WRITERS }, (_, lane) =>
          write(`r${round}${nodes.join()}l${lane}`, admin, () => over),
        ),
      );
      try {
        await moreAnswers(2);
        for (const node of nodes) kill(node);
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        await up();
        const began = Date.now();
        await moreAnswers(WRITERS);
        process.stdout.write(`${nodes.join(', ')}: ${WRITERS} answers ${Date.now() - began} ms after up\n`);
      } finally {
        over = true;
        await running;
      }
    },
    600_000,
  );

  test('every write answered as VALID is in every peer’s blocks, once, and the chains verify', async () => {
    const admin = await product.as('administrator', 'city');
    const author = await product.as('sundar');
    expect(acknowledged.size).toBeGreaterThanOrEqual(KILLED.length * 2);
    for (const peer of PEERS) {
      const valid = validTransactionIds(blocksOf(product.folder, peer));
      expect(new Set(valid).size).toBe(valid.length);
      const found = new Set(valid);
      const lost = [...acknowledged.values()].filter(({ transactionId }) => !found.has(transactionId));
      expect({ peer, lost }).toEqual({ peer, lost: [] });
    }
    for (const [registrationNo, { name }] of acknowledged)
      expect((await admin.patient(registrationNo)).name).toBe(name);
    expect(await author.verify()).toMatchObject({ chainValid: true, firstInvalid: null });
  }, 600_000);
});
