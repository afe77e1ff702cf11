import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { reservePorts } from '@medseal/embedded-fabric/free-ports';
import { startPaper } from '../support/fixture';
import { type Product, ROOT } from '../support/product';

function startAndEnd(environment: Record<string, string>): { status: number | null; lines: string[] } {
  const result = spawnSync(process.execPath, [path.join(ROOT, 'scripts/start.mjs')], {
    env: { ...process.env, MEDSEAL_DEMO: 'none', ...environment },
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status: result.status, lines: result.stderr.split('\n').filter(Boolean) };
}

/** A start that cannot succeed ends with one line that says what is wrong and what to do. */
describe('npm start refuses in one line', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'medseal-start-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('a port in use', async () => {
    const port = (await reservePorts(1))[0]!;
    const server = await new Promise<Server>((resolve) => {
      const made = createServer().listen(port, '127.0.0.1', () => resolve(made));
    });
    try {
      const { status, lines } = startAndEnd({ MEDSEAL_DATA: folder, MEDSEAL_PORT: String(port) });
      expect(status).toBe(1);
      expect(lines).toEqual([
        expect.stringMatching(new RegExp(`^medseal: port ${port} is in use .*MEDSEAL_PORT`)),
      ]);
    } finally {
      server.close();
    }
  }, 60_000);

  test.each([
    ['MEDSEAL_PORT', 'ninety'],
    ['MEDSEAL_PORT', '70000'],
    ['MEDSEAL_DEMO', 'everything'],
    ['NETWORK', 'fabrik'],
  ])('%s=%s', (name, value) => {
    const { status, lines } = startAndEnd({ MEDSEAL_DATA: folder, [name]: value });
    expect(status).toBe(1);
    expect(lines).toEqual([expect.stringMatching(new RegExp(`^medseal: ${name} must be .*"${value}"`))]);
  });

  test('NETWORK=fabric without Fabric', () => {
    const { status, lines } = startAndEnd({
      MEDSEAL_DATA: path.join(folder, 'data'),
      NETWORK: 'fabric',
      FABRIC_BIN: path.join(folder, 'none'),
    });
    expect(status).toBe(1);
    expect(lines).toEqual([
      expect.stringMatching(
        /^medseal: Hyperledger Fabric is not installed: .*Set FABRIC_BIN .*fabric -- install/,
      ),
    ]);
    expect(existsSync(path.join(folder, 'data'))).toBe(false);
  });

  test('npm run fabric -- up without Fabric', () => {
    const data = path.join(folder, 'data');
    const { status, stderr } = spawnSync(process.execPath, [path.join(ROOT, 'scripts/fabric.mjs'), 'up'], {
      env: { ...process.env, MEDSEAL_DATA: data, FABRIC_BIN: path.join(folder, 'none') },
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^medseal: Hyperledger Fabric is not installed: .*fabric -- install\n$/);
    expect(existsSync(data)).toBe(false);
  });

  test('a data folder of the other network', () => {
    const refusal = /^medseal: .* has the data of another network .*MEDSEAL_DATA/;
    mkdirSync(path.join(folder, 'fabric'));
    const { status, lines } = startAndEnd({ MEDSEAL_DATA: folder, NETWORK: 'embedded' });
    expect(status).toBe(1);
    expect(lines).toEqual([expect.stringMatching(refusal)]);

    const embedded = path.join(folder, 'embedded');
    mkdirSync(path.join(embedded, 'network'), { recursive: true });
    const up = spawnSync(process.execPath, [path.join(ROOT, 'scripts/fabric.mjs'), 'up'], {
      env: { ...process.env, MEDSEAL_DATA: embedded },
      encoding: 'utf8',
    });
    expect(up.status).toBe(1);
    expect(up.stderr).toMatch(refusal);
    expect(existsSync(path.join(embedded, 'fabric'))).toBe(false);
  });

  test('a data folder that cannot be written', () => {
    writeFileSync(path.join(folder, 'file'), '');
    for (const unwritable of [path.join(folder, 'file', 'below'), '/proc/medseal']) {
      const { status, lines } = startAndEnd({ MEDSEAL_DATA: unwritable });
      expect(status).toBe(1);
      expect(lines).toEqual([expect.stringMatching(/^medseal: cannot write to .*MEDSEAL_DATA/)]);
    }
  });

  test('a second start on the same folder, and the first goes on', async () => {
    const product: Product = await startPaper();
    try {
      const { status, lines } = startAndEnd({
        MEDSEAL_DATA: product.folder,
        MEDSEAL_PORT: String((await reservePorts(1))[0]),
      });
      expect(status).toBe(1);
      expect(lines).toEqual([
        expect.stringMatching(/^medseal: .* is in use by another start \(process \d+\)/),
      ]);
      expect((await fetch(`${product.url}/health/ready`)).status).toBe(200);
      const reset = spawnSync(process.execPath, [path.join(ROOT, 'scripts/reset.mjs')], {
        env: { ...process.env, MEDSEAL_DATA: product.folder },
        encoding: 'utf8',
      });
      expect(reset.status).toBe(1);
      expect(reset.stderr).toMatch(/is in use/);
    } finally {
      await product.stop();
      product.remove();
    }
  }, 120_000);
});
