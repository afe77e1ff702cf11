import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { findBinaries } from '../src/binaries';
import { archivesFor, install, installFolder } from '../src/install';

const PROGRAMS = ['peer', 'orderer', 'osnadmin', 'configtxgen', 'fabric-ca-server', 'fabric-ca-client'];

describe("Fabric's programs", () => {
  let folder: string;
  let server: Server;
  let url: string;
  let archive: Buffer;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'medseal-install-'));
    mkdirSync(path.join(folder, 'bin'));
    for (const name of PROGRAMS) {
      writeFileSync(path.join(folder, 'bin', name), '#!/bin/sh\n');
      chmodSync(path.join(folder, 'bin', name), 0o755);
    }
    execFileSync('tar', ['-czf', 'archive.tar.gz', 'bin'], { cwd: folder });
    archive = readFileSync(path.join(folder, 'archive.tar.gz'));
    server = createServer((_, response) => response.end(archive));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/archive.tar.gz`;
  });
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('are unpacked where their sum is right, and found there', async () => {
    const environment = { XDG_CACHE_HOME: path.join(folder, 'right'), PATH: '' };
    const sha256 = createHash('sha256').update(archive).digest('hex');
    const programs = await install([{ url, sha256 }], installFolder(environment), () => undefined);
    expect(readdirSync(programs).sort()).toEqual([...PROGRAMS].sort());
    expect(findBinaries(environment).peer).toBe(path.join(programs, 'peer'));
  });

  test('are not kept where it is wrong', async () => {
    const environment = { XDG_CACHE_HOME: path.join(folder, 'wrong'), PATH: '' };
    const target = installFolder(environment);
    await expect(install([{ url, sha256: '0'.repeat(64) }], target, () => undefined)).rejects.toThrow(
      /has SHA-256 [0-9a-f]{64}, not 0{64}: nothing was installed/,
    );
    expect(readdirSync(path.dirname(target))).toEqual([]);
  });

  test('a missing sum is asked for, never guessed', () => {
    expect(() => archivesFor('sunos', 'sparc', {})).toThrow(
      /no pinned SHA-256 of .*FABRIC_BIN.*FABRIC_SHA256/,
    );
    expect(() => archivesFor('linux', 'arm64', {})).toThrow(
      /no pinned SHA-256 of .*fabric-ca-linux-arm64.*FABRIC_CA_SHA256/,
    );
    expect(archivesFor('linux', 'x64', {}).map(({ sha256 }) => sha256.slice(0, 8))).toEqual([
      'b9c31fd4',
      'a599e8e9',
    ]);
    const given = { FABRIC_SHA256: 'a'.repeat(64), FABRIC_CA_SHA256: 'b'.repeat(64) };
    expect(archivesFor('linux', 'x64', given)).toEqual([
      expect.objectContaining({
        url: expect.stringContaining('hyperledger-fabric-linux-amd64-3.1'),
        sha256: 'a'.repeat(64),
      }),
      expect.objectContaining({
        url: expect.stringContaining('hyperledger-fabric-ca-linux-amd64-1.5'),
        sha256: 'b'.repeat(64),
      }),
    ]);
    expect(() => archivesFor('linux', 'x64', { ...given, FABRIC_SHA256: 'short' })).toThrow(
      /^FABRIC_SHA256 must be/,
    );
  });

  test('that are nowhere: one line that says what to do', () => {
    const environment = { FABRIC_BIN: path.join(folder, 'nowhere'), PATH: '' };
    expect(() => findBinaries(environment)).toThrow(
      /^Hyperledger Fabric is not installed: no peer, .* in FABRIC_BIN \(.*nowhere\), which does not exist\. Set FABRIC_BIN .*npm run fabric -- install$/,
    );
    expect(existsSync(path.join(folder, 'nowhere'))).toBe(false);
  });
});
