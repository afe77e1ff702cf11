import { spawn } from 'node:child_process';
import { type AddressInfo, createServer, connect as connectSocket } from 'node:net';
import { join } from 'node:path';

const MAIN = join(__dirname, '../dist/main.js');

interface Ended {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

const start = (env: Record<string, string>) => {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended: Ended = { code: null, signal: null, stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => (ended.stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (ended.stderr += data.toString()));
  const end = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => resolve(Object.assign(ended, { code, signal })));
  });
  const ready = new Promise<string>((resolve) =>
    child.stdout.once('data', (data: Buffer) => resolve(data.toString())),
  );
  return { child, end, ready };
};

const settings = { CHAINCODE_ID: 'ehr_1:abc', CORE_PEER_LOCALMSPID: 'CityMSP' };

const listening = async (): Promise<{ port: number; close: () => void }> =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      resolve({ port: (server.address() as AddressInfo).port, close: () => server.close() });
    });
  });

test('says in one line that it is ready, listens, and ends cleanly', async () => {
  const probe = await listening();
  probe.close();
  const address = `127.0.0.1:${probe.port}`;
  const { child, end, ready } = start({ ...settings, CHAINCODE_SERVER_ADDRESS: address });
  expect(JSON.parse(await ready)).toEqual({ ready: true, chaincode: 'ehr_1:abc', mspId: 'CityMSP', address });
  await new Promise<void>((resolve, reject) => {
    const socket = connectSocket(probe.port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    }).once('error', reject);
  });
  child.kill('SIGTERM');
  expect(await end).toMatchObject({ code: 0, signal: null, stderr: '' });
});

test('gives its counts where it is told to, and names an address that it cannot use', async () => {
  const [probe, metrics] = [await listening(), await listening()];
  for (const { close } of [probe, metrics]) close();
  const address = { CHAINCODE_SERVER_ADDRESS: `127.0.0.1:${probe.port}` };
  const { child, end, ready } = start({
    ...settings,
    ...address,
    MEDSEAL_METRICS_ADDRESS: `127.0.0.1:${metrics.port}`,
  });
  await ready;
  const answer = await fetch(`http://127.0.0.1:${metrics.port}/metrics`);
  expect(answer.headers.get('content-type')).toContain('text/plain');
  expect(await answer.text()).toContain('\nmedseal_reencryptions_total 0\n');
  expect((await fetch(`http://127.0.0.1:${metrics.port}/`)).status).toBe(404);
  child.kill('SIGTERM');
  expect(await end).toMatchObject({ code: 0, stderr: '' });
  const wrong = await start({ ...settings, ...address, MEDSEAL_METRICS_ADDRESS: 'metrics' }).end;
  expect(wrong.stderr).toBe(
    'chaincode cannot start: MEDSEAL_METRICS_ADDRESS must be host:port; it is "metrics"\n',
  );
});

test.each(Object.keys({ ...settings, CHAINCODE_SERVER_ADDRESS: '' }))(
  'without %s it says so and ends',
  async (name) => {
    const { [name]: _gone, ...rest }: Record<string, string> = {
      ...settings,
      CHAINCODE_SERVER_ADDRESS: '127.0.0.1:1',
    };
    const { code, stderr, stdout } = await start(rest).end;
    expect([code, stderr, stdout]).toEqual([1, `chaincode cannot start: ${name} is not set\n`, '']);
  },
);

test('a port in use, or a TLS file that is not there, is one clear line', async () => {
  const taken = await listening();
  const address = `127.0.0.1:${taken.port}`;
  const inUse = await start({ ...settings, CHAINCODE_SERVER_ADDRESS: address }).end;
  taken.close();
  expect([inUse.code, inUse.stdout]).toEqual([1, '']);
  expect(inUse.stderr).toBe(
    `chaincode cannot start: ${address} is in use: choose another CHAINCODE_SERVER_ADDRESS\n`,
  );
  const noKey = await start({
    ...settings,
    CHAINCODE_SERVER_ADDRESS: address,
    CHAINCODE_TLS_KEY_FILE: '/nowhere/key.pem',
  }).end;
  expect([noKey.code, noKey.stderr.split('\n').length]).toEqual([1, 2]);
  expect(noKey.stderr).toContain('/nowhere/key.pem');
});
