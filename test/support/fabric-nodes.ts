import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './product';

/** What a command of `npm run fabric` ended with. */
export interface Ended {
  status: number;
  stdout: string;
  stderr: string;
}

/** `npm run fabric -- <args>` on a data folder. */
export async function fabric(folder: string, ...args: string[]): Promise<Ended> {
  try {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [path.join(ROOT, 'scripts/fabric.mjs'), ...args],
      { env: { ...process.env, MEDSEAL_DATA: folder } },
    );
    return { status: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, stdout, stderr };
  }
}

/** Process of each node that was started, by name. */
export function nodeProcesses(folder: string): Map<string, number> {
  const run = path.join(folder, 'fabric/run');
  const files = existsSync(run) ? readdirSync(run).filter((name) => name.endsWith('.json')) : [];
  return new Map(
    files.flatMap((name) => {
      try {
        const { pid } = JSON.parse(readFileSync(path.join(run, name), 'utf8')) as { pid: number };
        return [[path.basename(name, '.json'), pid] as const];
      } catch {
        // Removed meanwhile: it was stopped.
        return [];
      }
    }),
  );
}

export function signalNode(folder: string, node: string, signal: NodeJS.Signals): void {
  const pid = nodeProcesses(folder).get(node);
  if (pid === undefined) throw new Error(`${node} was not started`);
  process.kill(pid, signal);
}

export const ORDERERS = ['orderer1', 'orderer2', 'orderer3'];

/** The orderer that leads, as the orderers tell it. */
export async function leadingOrderer(folder: string): Promise<string> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    for (const orderer of ORDERERS) {
      const { Operations } = JSON.parse(
        readFileSync(path.join(folder, 'fabric/nodes', orderer, 'orderer.yaml'), 'utf8'),
      ) as { Operations: { ListenAddress: string } };
      const metrics = await (await fetch(`http://${Operations.ListenAddress}/metrics`)).text();
      if (/^consensus_etcdraft_is_leader\{.*\} 1$/m.test(metrics)) return orderer;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('no orderer has led for a minute');
}
