import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { canListen, reservePort, reservePorts } from '../src/free-ports';

/** Another process that reserves `port`, answers whether it may have it, and lives until it is killed. */
async function otherProcess(port: number): Promise<{ granted: boolean; kill: () => Promise<void> }> {
  const script = `const { reservePort } = require(${JSON.stringify(join(__dirname, '../src/free-ports.ts'))});
    reservePort(${port}).then((granted) => { console.log(granted); setInterval(() => {}, 1000); });`;
  const child = spawn(process.execPath, ['-r', join(__dirname, 'fixtures/typescript.cjs'), '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return {
    granted: line === 'true',
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

describe('reserved ports', () => {
  it('are all different, and can be listened on while they are reserved', async () => {
    const ports = (await Promise.all([reservePorts(20), reservePorts(20)])).flat();
    expect(new Set(ports).size).toBe(40);
    const server = createServer().listen(ports[0], '127.0.0.1');
    await once(server, 'listening');
    server.close();
  });

  it('are refused to another process until the one they were promised to ends', async () => {
    const [mine] = await reservePorts(1);
    const other = await otherProcess(mine!);
    await other.kill();
    expect(other.granted).toBe(false);

    const free = await unpromisedPort(mine!);
    const holder = await otherProcess(free);
    expect(holder.granted).toBe(true);
    expect(await canListen(free)).toBe(true);
    expect(await reservePort(free)).toBe(false);
    await holder.kill();
    expect(await reservePort(free)).toBe(true);
  });

  it('are not those that somebody listens on', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    expect(await reservePort((server.address() as { port: number }).port)).toBe(false);
    server.close();
  });
});

/** A port near one that is reserved, itself not reserved. */
async function unpromisedPort(near: number): Promise<number> {
  for (let port = near + 1; ; port += 1) if (await canListen(port)) return port;
}
