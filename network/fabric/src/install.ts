import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

/** A release archive of Hyperledger Fabric and what its bytes must be. */
export interface Archive {
  readonly url: string;
  /** Hex. */
  readonly sha256: string;
}

const FABRIC = '3.1.5';
const FABRIC_CA = '1.5.21';
const RELEASES = 'https://github.com/hyperledger';

/**
 * By `<platform>-<architecture>` as Node names them. What is missing is asked for, never guessed. Fabric's sums agree in
 * several published recipes; that of Fabric CA stands in one, whose sum of Fabric is right.
 */
const PINNED: Readonly<Record<string, { readonly fabric: string; readonly ca?: string }>> = {
  'linux-x64': {
    fabric: 'b9c31fd490991e76f8acb1835dee09fc19fee5428cb13e190ee6e0bdd2c37858',
    ca: 'a599e8e9d57aede74b9e1ba2bcdbb679957a877f2952c3ae3e2260df63240165',
  },
  'linux-arm64': { fabric: '4a42cad740a7e0373eda6bf1e27c86e9b06132f9bb751daf7f0f7dc1d1bbfed9' },
};

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
const SUM = /^[0-9a-f]{64}$/;

/** Where `install` unpacks to; one folder a version. */
export const installFolder = (environment: NodeJS.ProcessEnv = process.env): string =>
  join(
    environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
    'medseal',
    `fabric-${FABRIC}-ca-${FABRIC_CA}`,
  );

/**
 * The archives for a platform. `FABRIC_SHA256` and `FABRIC_CA_SHA256` give sums that are not pinned here.
 * @throws Error with one line that says which sum is missing and what to do instead
 */
export const archivesFor = (
  platform: string,
  architecture: string,
  environment: NodeJS.ProcessEnv = process.env,
): Archive[] => {
  const system = `${platform}-${ARCHITECTURES[architecture] ?? architecture}`;
  const pinned = PINNED[`${platform}-${architecture}`];
  const wanted = [
    [
      'FABRIC_SHA256',
      pinned?.fabric,
      `fabric/releases/download/v${FABRIC}/hyperledger-fabric-${system}-${FABRIC}.tar.gz`,
    ],
    [
      'FABRIC_CA_SHA256',
      pinned?.ca,
      `fabric-ca/releases/download/v${FABRIC_CA}/hyperledger-fabric-ca-${system}-${FABRIC_CA}.tar.gz`,
    ],
  ] as const;
  return wanted.map(([variable, known, path]) => {
    const url = `${RELEASES}/${path}`;
    const sha256 = environment[variable] ?? known;
    if (sha256 === undefined) {
      throw new Error(
        `there is no pinned SHA-256 of ${url}: install Fabric ${FABRIC} and Fabric CA ${FABRIC_CA} yourself and set ` +
          `FABRIC_BIN to their folder, or set ${variable} to a sum that you trust.`,
      );
    }
    if (!SUM.test(sha256)) throw new Error(`${variable} must be 64 hexadecimal digits in lower case.`);
    return { url, sha256 };
  });
};

/**
 * Downloads, checks and unpacks the archives; nothing is kept of one whose sum is wrong.
 * @returns the folder of the programs
 */
export const install = async (
  archives: readonly Archive[],
  folder: string,
  report: (text: string) => void,
): Promise<string> => {
  const programs = join(folder, 'bin');
  if (existsSync(programs)) return programs;
  const partial = `${folder}.${randomBytes(4).toString('hex')}.partial`;
  mkdirSync(partial, { recursive: true });
  try {
    for (const archive of archives) {
      report(`Downloading ${archive.url} …`);
      const file = join(partial, 'archive.tar.gz');
      await download(archive, file);
      await promisify(execFile)('tar', ['-xzf', file, '-C', partial]);
      rmSync(file);
    }
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
  return programs;
};

const download = async ({ url, sha256 }: Archive, file: string): Promise<void> => {
  const answer = await fetch(url).catch((error: Error) => {
    const reason = (error.cause as Error | undefined)?.message ?? error.message;
    throw new Error(
      `${url} cannot be reached (${reason}): set FABRIC_BIN to a folder of Fabric's programs instead.`,
    );
  });
  if (!answer.ok || answer.body === null) throw new Error(`${url} answered ${answer.status}.`);
  await pipeline(Readable.fromWeb(answer.body as never), createWriteStream(file));
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  const found = hash.digest('hex');
  if (found !== sha256) throw new Error(`${url} has SHA-256 ${found}, not ${sha256}: nothing was installed.`);
};
