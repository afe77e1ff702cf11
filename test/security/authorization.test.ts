import { rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { newSeed, signingKeyJwk, signingKeyPair } from '@medseal/crypto';
import { startPaper } from '../support/fixture';
import { can } from '../support/network';
import type { Product } from '../support/product';
import { CapturedProposals } from './captured-proposals';
import { GatewayRun } from './gateway-run';
import { blocksOf, endingSessionsLast, gapsOf, readMatrix } from './matrix';
import { wrongCellsAtPeers } from './peer-run';
import { type Identity, Peers } from './peers';
import { openWorld, PEER_ACTORS, REST_ACTORS, type World } from './world';

/**
 * Adversary: everybody with a sign-in or a certificate, asking for what is not theirs, through the gateway or past it.
 * `test/authorization.csv` says who gets what; every cell of it is tried on the running product.
 */
describe('authorisation matrix', () => {
  const rows = readMatrix();
  const throughGateway = blocksOf(rows, 'rest');
  const atPeers = blocksOf(rows, 'peer');
  const titles = (blocks: typeof atPeers) =>
    blocks.map((block) => [`${block.operation}${block.on === '' ? '' : `, ${block.on}`}`, block] as const);

  const captureFile = path.join(os.tmpdir(), `medseal-matrix-${process.pid}.jsonl`);
  let product: Product;
  let world: World;
  let peers: Peers;
  let gateway: GatewayRun;

  beforeAll(async () => {
    product = await startPaper({ environment: { MEDSEAL_CAPTURE: captureFile } });
    world = await openWorld(product);
    peers = new Peers(path.join(product.folder, 'connection.yaml'));
    gateway = new GatewayRun(
      product.url,
      world,
      can('captureProposals') ? new CapturedProposals(captureFile) : undefined,
    );
  }, 300_000);

  afterAll(async () => {
    peers?.close();
    await product?.stop();
    product?.remove();
    rmSync(captureFile, { force: true });
  }, 60_000);

  test('every endpoint that is served has rows, and no row is about another', async () => {
    const { paths } = (await (await fetch(`${product.url}/api/openapi.json`)).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const served = Object.entries(paths).flatMap(([route, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${route.replace(/^\/api\/v1/, '')}`),
    );
    expect([...new Set(throughGateway.map(({ operation }) => operation))].sort()).toEqual(served.sort());
  });

  test('every function of the contracts has rows, and no row is about another', async () => {
    const { identity } = world.actors['owner']!;
    const functionsOf = async (chaincode: string): Promise<string[]> => {
      const asked = { fn: 'org.hyperledger.fabric:GetMetadata', args: [], chaincode };
      const answer = await peers.evaluate(identity, identity.mspId, asked);
      const { contracts } = (answer.ok ? answer.value : {}) as {
        contracts: Record<string, { transactions: { name: string }[] }>;
      };
      return Object.entries(contracts).flatMap(([contract, { transactions }]) =>
        transactions.map(({ name }) => `${contract}:${name}`),
      );
    };
    // Both have the one that tells them.
    const functions = new Set([...(await functionsOf('ehr')), ...(await functionsOf('custodian'))]);
    const named = new Set(atPeers.map(({ operation }) => operation).filter((name) => !name.startsWith('(')));
    expect([...named].sort()).toEqual([...functions].sort());
  });

  test('every operation names every role and relation once', () => {
    expect([
      ...throughGateway.flatMap((block) => gapsOf(block, REST_ACTORS)),
      ...atPeers.flatMap((block) => gapsOf(block, PEER_ACTORS)),
    ]).toEqual([]);
  });

  describe('through the gateway', () => {
    test.each(titles(endingSessionsLast(throughGateway)))('%s', async (_, block) => {
      expect(await gateway.wrongCells(block)).toEqual([]);
    });
  });

  describe('at the peers', () => {
    test.each(titles(atPeers))('%s', async (_, block) => {
      expect(await wrongCellsAtPeers(peers, world, block)).toEqual([]);
    });

    test('no peer hears somebody whom no authority of the channel certified', async () => {
      const { identity } = world.actors['city-admin']!;
      const stranger = {
        ...identity,
        // A certificate of the channel, and a key that is not its own.
        key: signingKeyJwk(signingKeyPair(newSeed())) as unknown as Identity['key'],
      };
      for (const mspId of peers.mspIds) {
        const claims = { ...identity, mspId: identity.mspId === mspId ? 'LakesideMSP' : mspId };
        for (const one of [stranger, claims]) {
          const answer = await peers.evaluate(one, mspId, { fn: 'registry:getOrganizations', args: [] });
          expect(answer).toMatchObject({ ok: false, code: expect.stringMatching(/access denied|creator/i) });
        }
      }
    });
  });
});
