import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newReceivingKeyPair } from '@medseal/crypto';
import { ContractError } from '../errors.js';
import { readSecretKey } from './secret-file.js';

/**
 * The custodian service's own folder, `MEDSEAL_CUSTODIAN_FOLDER`: its X25519 key, made at the first use and shown to
 * nobody, and its sealed shares of emergency keys. Only for evaluated calls.
 */
export class CustodianStore {
  private readonly folder: string;

  constructor(folder = process.env.MEDSEAL_CUSTODIAN_FOLDER) {
    this.folder = folder || refuse('MEDSEAL_CUSTODIAN_FOLDER is not set');
  }

  /** 32 bytes. */
  secretKey(): Uint8Array {
    const file = join(this.folder, 'custodian.key');
    try {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      writeFileSync(file, newReceivingKeyPair().secretKey, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return refuse('its folder cannot be written');
    }
    const { key, problem } = readSecretKey(file);
    return key ?? refuse(`its key file ${problem}`);
  }

  /** Digests of the emergency keys of which a share is kept. */
  shares(): string[] {
    try {
      return readdirSync(this.folder)
        .flatMap((name) => SHARE_FILE.exec(name)?.[1] ?? [])
        .sort();
    } catch {
      return [];
    }
  }

  /** The sealed share of an emergency key. */
  share(keyDigest: string): Uint8Array {
    try {
      return new Uint8Array(readFileSync(this.shareFile(keyDigest)));
    } catch {
      return refuse('it keeps no share of this emergency key');
    }
  }

  keepShare(keyDigest: string, sealed: Uint8Array): void {
    const file = this.shareFile(keyDigest);
    try {
      writeFileSync(`${file}.new`, sealed, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    } catch {
      return refuse('its folder cannot be written');
    }
  }

  private shareFile(keyDigest: string): string {
    return join(this.folder, `${keyDigest}.share`);
  }
}

const SHARE_FILE = /^([0-9a-f]{64})\.share$/;

const refuse = (why: string): never => {
  throw new ContractError('CUSTODIAN_KEY_MISSING', `the custodian service asked cannot answer: ${why}`);
};
