import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { canListen, reservePort, reservePorts } from './free-ports.js';

/** Ports of one organisation on the loopback interface. */
export interface OrganizationPorts {
  readonly peer: number;
  readonly ca: number;
}

export type Ports = Readonly<Record<string, OrganizationPorts>>;

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
      if (taken.has(wanted) || !(await canListen(wanted)))
        throw new PortInUseError(wanted, `${mspId} ${use}`);
      taken.add(wanted);
      return wanted;
    }
    const remembered = last[mspId]?.[use];
    const port =
      remembered && !taken.has(remembered) && (await reservePort(remembered))
        ? remembered
        : (await reservePorts(1))[0]!;
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
