import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chaincodePackage } from '../src/chaincode-package';

const connection = {
  address: '127.0.0.1:9999',
  clientKey: 'key',
  clientCertificate: 'certificate',
  rootCertificate: 'root',
};
const BUILDER = path.join(__dirname, '../builder/bin');

describe('chaincode as a service', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'medseal-package-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('the package is an archive that tar reads, its id the hash of its bytes', () => {
    const { bytes, packageId } = chaincodePackage('ehr_1', connection);
    expect(packageId).toBe(`ehr_1:${createHash('sha256').update(bytes).digest('hex')}`);
    expect(chaincodePackage('ehr_1', connection).bytes.equals(bytes)).toBe(true);
    expect(chaincodePackage('ehr_1', { ...connection, address: '127.0.0.1:1' }).packageId).not.toBe(
      packageId,
    );
    writeFileSync(path.join(folder, 'package.tar.gz'), bytes);
    execFileSync('tar', ['-xzf', 'package.tar.gz'], { cwd: folder });
    execFileSync('tar', ['-xzf', 'code.tar.gz'], { cwd: folder });
    const read = (name: string): unknown => JSON.parse(readFileSync(path.join(folder, name), 'utf8'));
    expect(read('metadata.json')).toEqual({ type: 'ccaas', label: 'ehr_1' });
    expect(read('connection.json')).toMatchObject({
      address: '127.0.0.1:9999',
      tls_required: true,
      client_auth_required: true,
    });
  });

  test('the external builder takes such packages only, and hands the connection over', () => {
    const at = (name: string): string => {
      mkdirSync(path.join(folder, name), { recursive: true });
      return path.join(folder, name);
    };
    const builder = (name: string, ...args: string[]): void => {
      execFileSync(path.join(BUILDER, name), args, { stdio: 'pipe' });
    };
    writeFileSync(path.join(at('source'), 'connection.json'), '{"address":"127.0.0.1:9999"}');
    writeFileSync(path.join(at('metadata'), 'metadata.json'), '{"type":"ccaas","label":"ehr_1"}');
    writeFileSync(path.join(at('other'), 'metadata.json'), '{"type":"golang","label":"ehr_1"}');
    builder('detect', at('source'), at('metadata'));
    expect(() => builder('detect', at('source'), at('other'))).toThrow();
    builder('build', at('source'), at('metadata'), at('built'));
    builder('release', at('built'), at('released'));
    expect(readFileSync(path.join(folder, 'released/chaincode/server/connection.json'), 'utf8')).toContain(
      '9999',
    );
  });
});
