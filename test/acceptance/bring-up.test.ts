import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { reservePorts } from '@medseal/embedded-fabric/free-ports';
import { fabric, nodeProcesses, signalNode } from '../support/fabric-nodes';
import { describeIf } from '../support/network';
import { ROOT } from '../support/product';

/** Root CA, two intermediate ones, three orderers; of each of three organisations peer, chaincode and custodian service. */
const NODES = 3 + 3 + 3 * 3;

/** A zombie waits only for somebody to notice. */
const isRunning = (pid: number): boolean => {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !readFileSync(stat, 'utf8').includes(') Z ');
};

/** `npm run fabric` and `npm start` bring real Fabric up from wherever it is, or say why they cannot. */
describeIf('killNodes')('bringing Fabric up', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'medseal-bring-up-'));
  });
  afterEach(async () => {
    await fabric(folder, 'down');
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  /** Starts a script and gives it back as soon as it says `until`. */
  const startedUntil = async (
    script: string,
    args: string[],
    until: string,
    environment: Record<string, string> = {},
  ): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [path.join(ROOT, script), ...args], {
      env: { ...process.env, MEDSEAL_DATA: folder, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes(until)) resolve();
      });
      child.once('exit', () => reject(new Error(`ended before it said "${until}":\n${output}`)));
    });
    return child;
  };

  const gone = (child: ChildProcess): Promise<void> =>
    new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) resolve();
      else child.once('exit', () => resolve());
    });

  test('cut short three times, it goes on where it was; once up, another up changes nothing', async () => {
    for (const step of ['Certifying nodes', 'Starting orderers', 'Approving chaincode']) {
      const child = await startedUntil('scripts/fabric.mjs', ['up'], step);
      child.kill('SIGKILL');
      await gone(child);
    }
    expect(await fabric(folder, 'up')).toMatchObject({ status: 0, stderr: '' });
    const status = await fabric(folder, 'status');
    expect(status.status).toBe(0);
    expect(status.stdout).not.toContain('stopped');
    const before = nodeProcesses(folder);
    expect(before.size).toBe(NODES);
    const again = await fabric(folder, 'up');
    expect(again.status).toBe(0);
    expect(again.stdout).not.toContain('Approving');
    expect(nodeProcesses(folder)).toEqual(before);
  }, 300_000);

  test('a port that is taken, a node that hangs: one line names step and reason; afterwards up mends it', async () => {
    expect((await fabric(folder, 'up')).status).toBe(0);
    const profile = readFileSync(path.join(folder, 'connection.yaml'), 'utf8');
    const port = Number(/grpcs:\/\/127\.0\.0\.1:(\d+)/.exec(profile)?.[1]);
    signalNode(folder, 'peer-MinistryMSP', 'SIGKILL');
    const server = await new Promise<Server>((resolve) => {
      const attempt = (): void => {
        const made = createServer()
          .once('error', () => setTimeout(attempt, 50))
          .listen(port, '127.0.0.1', () => resolve(made));
      };
      attempt();
    });
    const taken = await fabric(folder, 'up');
    server.close();
    expect(taken).toMatchObject({
      status: 1,
      stderr: `medseal: starting peer-MinistryMSP failed: port ${port} is in use by another program; stop that program\n`,
    });

    signalNode(folder, 'ca-CityMSP', 'SIGSTOP');
    const hangs = await fabric(folder, 'up');
    expect(hangs).toMatchObject({
      status: 1,
      stderr: 'medseal: starting ca-CityMSP took longer than 30 s: it does not answer\n',
    });
    signalNode(folder, 'ca-CityMSP', 'SIGCONT');
    expect(await fabric(folder, 'up')).toMatchObject({ status: 0, stderr: '' });

    expect((await fabric(folder, 'down')).stdout).toMatch(new RegExp(`^Stopped ${NODES} nodes`, 'm'));
    expect((await fabric(folder, 'status')).status).toBe(3);
    expect((await fabric(folder, 'down')).stdout).toMatch(/^Nothing runs/m);
  }, 300_000);

  test.each(['Certifying nodes', 'Starting orderers', 'Approving chaincode'])(
    'Ctrl-C at "%s" leaves no node running',
    async (step) => {
      const started = new Set<number>();
      const watch = setInterval(() => {
        for (const pid of nodeProcesses(folder).values()) started.add(pid);
      }, 5);
      const child = await startedUntil('scripts/start.mjs', [], step, {
        MEDSEAL_DEMO: 'none',
        MEDSEAL_PORT: String((await reservePorts(1))[0]),
      });
      child.kill('SIGINT');
      await gone(child);
      clearInterval(watch);
      for (const pid of nodeProcesses(folder).values()) started.add(pid);
      expect([...started].filter(isRunning)).toEqual([]);
      expect(existsSync(path.join(folder, 'lock'))).toBe(false);
    },
    120_000,
  );
});
