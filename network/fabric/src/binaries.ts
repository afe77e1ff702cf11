import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { installFolder } from './install.js';
import { run } from './steps.js';

const NAMES = ['peer', 'orderer', 'osnadmin', 'configtxgen', 'fabric-ca-server', 'fabric-ca-client'] as const;

export type Program = (typeof NAMES)[number];

/** Full path of each of Fabric's programs. */
export type Binaries = Readonly<Record<Program, string>>;

/** Fabric is not on this machine; the message is one line that says what to do. */
export class FabricMissingError extends Error {
  override readonly name = 'FabricMissingError';
}

const runs = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/**
 * `FABRIC_BIN`, then what `install` unpacked, then PATH.
 * @throws FabricMissingError
 */
export const findBinaries = (environment: NodeJS.ProcessEnv = process.env): Binaries => {
  const named = environment['FABRIC_BIN'];
  const folders = named
    ? named.split(delimiter)
    : [join(installFolder(environment), 'bin'), ...(environment['PATH'] ?? '').split(delimiter)];
  const found = NAMES.map((name) => {
    const folder = folders.find((one) => one !== '' && runs(join(one, name)));
    return [name, folder === undefined ? undefined : join(folder, name)] as const;
  });
  const missing = found.filter(([, file]) => file === undefined).map(([name]) => name);
  if (missing.length > 0) {
    const where = named
      ? `FABRIC_BIN (${named})${existsSync(named) ? '' : ', which does not exist'}`
      : 'PATH and FABRIC_BIN is not set';
    throw new FabricMissingError(
      `Hyperledger Fabric is not installed: no ${missing.join(', ')} in ${where}. ` +
        'Set FABRIC_BIN to the folder of its programs (Fabric 3.1, Fabric CA 1.5), or run: npm run fabric -- install',
    );
  }
  return Object.fromEntries(found) as Record<Program, string>;
};

/** @throws FabricMissingError when the peer is older than the channel's capabilities */
export const checkVersion = async ({ peer }: Binaries): Promise<string> => {
  const text = await run('asking the peer for its version', { file: peer, args: ['version'], seconds: 20 });
  const version = /Version:\s*(\S+)/.exec(text)?.[1] ?? 'unknown';
  const [, major] = /^v?(\d+)\./.exec(version) ?? [];
  if (major !== undefined && Number(major) < 3) {
    throw new FabricMissingError(
      `${peer} is Fabric ${version}: version 3.1 is needed. Set FABRIC_BIN to its folder.`,
    );
  }
  return version;
};
