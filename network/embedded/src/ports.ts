import { randomInt } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** Ports of one organisation on the loopback interface. */
export interface OrganizationPorts {
  readonly peer: number;
  readonly ca: number;
}

export type Ports = Readonly<Record<string, OrganizationPorts>>;

export const HOST = '127.0.0.1';

/** A port that was asked for and is taken. */
export class PortInUseError extends Error {
  constructor(port: number, purpose: string) {
    super(`port ${port} for ${purpose} is in use; stop the process that has it or choose another port`);
    this.name = 'PortInUseError';
  }
}

/**
 * Ports for every organisation: those asked for, else those of the last start as far as they are free, else any.
 * They are remembered in `file`.
 * @throws PortInUseError for a port that was asked for.
 */
export async function choosePorts(
  file: string,
  mspIds: readonly string[],
  asked: Readonly<Record<string, Partial<OrganizationPorts>>>,
): Promise<Ports> {
  const last = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Ports) : {};
  const taken = new Set<number>();
  const choose = async (mspId: string, use: 'peer' | 'ca'): Promise<number> => {
    const wanted = asked[mspId]?.[use];
    if (wanted) {
      if (taken.has(wanted) || !(await freePort(wanted))) throw new PortInUseError(wanted, `${mspId} ${use}`);
      taken.add(wanted);
      return wanted;
    }
    const remembered = last[mspId]?.[use];
    const free = remembered && !taken.has(remembered) ? await freePort(remembered) : undefined;
    const port = free ?? (await anyPort(taken));
    taken.add(port);
    return port;
  };
  const ports: Record<string, OrganizationPorts> = {};
  for (const mspId of mspIds)
    ports[mspId] = { peer: await choose(mspId, 'peer'), ca: await choose(mspId, 'ca') };
  writeFileSync(`${file}.new`, `${JSON.stringify(ports, undefined, 2)}\n`);
  renameSync(`${file}.new`, file);
  return ports;
}

/** Below what systems give to outgoing connections, one of which could take a port before its process listens. */
const FIRST_PORT = 10_000;
const END_OF_PORTS = 32_000;

async function anyPort(taken: ReadonlySet<number>): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, END_OF_PORTS);
    if (!taken.has(port) && (await freePort(port)) !== undefined) return port;
  }
}

/** The port itself when it can be listened on, else undefined. */
function freePort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(undefined));
    probe.listen(port, HOST, () => probe.close(() => resolve(port)));
  });
}
