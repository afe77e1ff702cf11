import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  canonicalJson,
  concat,
  lp,
  openPrivateValue,
  sealPrivateValue,
  toBase64,
  utf8Decode,
} from '@medseal/crypto';
import { createSecretFile, destroySecretFile, writeSecretFile } from './atomic-file.js';
import { x25519PublicKey } from './x25519.js';

export interface ServiceCredentials {
  /** PKCS #8 PEM. */
  privateKey: string;
  /** PEM. */
  certificate: string;
  /** PEM certificates of the issuing authority, up to the root. */
  chain: string;
}

const KEY_BYTES = 32;
const LEDGER_ID = /^[0-9a-f]{32}$/;

/** An organisation's secrets: files outside the database, one a secret, mode 0600. */
export class Keystore {
  private readonly erasureKeys = new Map<string, Uint8Array>();
  private readonly destroyed = new Set<string>();

  private constructor(
    readonly directory: string,
    private readonly mspId: string,
    private readonly indexKey: Uint8Array,
    /** Seals rows of the gateway's own database that hold personal values. */
    readonly databaseKey: Uint8Array,
  ) {}

  /** Makes what is missing; a secret once made is never replaced here. */
  static async open(directory: string, mspId: string): Promise<Keystore> {
    await mkdir(join(directory, 'erasure'), { recursive: true, mode: 0o700 });
    await removeTemporaries(directory);
    const secret = async (name: string): Promise<Uint8Array> => {
      await createSecretFile(join(directory, name), randomBytes(KEY_BYTES));
      return readKey(join(directory, name));
    };
    const keystore = new Keystore(directory, mspId, await secret('index.key'), await secret('database.key'));
    await secret('custodian.key');
    await secret('handover.key');
    await secret('agent.key');
    return keystore;
  }

  /** HMAC-SHA-256 under the organisation's index key, lower-case hex; the label tells uses apart. */
  indexHmac(label: string, value: string): string {
    return createHmac('sha256', this.indexKey)
      .update(concat(lp(label), lp(value)))
      .digest('hex');
  }

  /** The patient's erasure key at this organisation, or undefined when there is none (or it was destroyed). */
  erasureKey(ledgerId: string): Uint8Array | undefined {
    const known = this.erasureKeys.get(ledgerId);
    if (known !== undefined) return known;
    let key: Uint8Array;
    try {
      key = readKey(this.erasurePath(ledgerId));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    this.erasureKeys.set(ledgerId, key);
    return key;
  }

  /** The same key when there is one already. @throws Error for a patient whose key was destroyed */
  async createErasureKey(ledgerId: string): Promise<Uint8Array> {
    if (this.destroyed.has(ledgerId)) throw new Error("The patient's erasure key was destroyed.");
    await createSecretFile(this.erasurePath(ledgerId), randomBytes(KEY_BYTES));
    return this.erasureKey(ledgerId)!;
  }

  async destroyErasureKey(ledgerId: string): Promise<void> {
    this.destroyed.add(ledgerId);
    this.erasureKeys.delete(ledgerId);
    await destroySecretFile(this.erasurePath(ledgerId));
  }

  /**
   * Canonical JSON sealed under the patient's erasure key and bound to the private value's name.
   * @param key name in the implicit collection, e.g. `demographics/<ledgerId>/identity`
   * @returns base64, as `PrivateValue.value`
   * @throws Error when the patient has no erasure key here
   */
  async sealValue(ledgerId: string, key: string, value: object): Promise<string> {
    const erasureKey = this.erasureKey(ledgerId);
    if (erasureKey === undefined) throw new Error('The patient has no erasure key at this organisation.');
    return toBase64(await sealPrivateValue(erasureKey, this.context(key), canonicalJson(value)));
  }

  /**
   * @returns undefined when the patient's erasure key is gone
   * @throws CryptoError when the bytes are not what `sealValue` made for this key
   */
  async openValue<Value extends object>(
    ledgerId: string,
    key: string,
    sealed: Uint8Array | string,
  ): Promise<Value | undefined> {
    const erasureKey = this.erasureKey(ledgerId);
    if (erasureKey === undefined) return undefined;
    const bytes = typeof sealed === 'string' ? Buffer.from(sealed, 'base64') : sealed;
    return JSON.parse(utf8Decode(await openPrivateValue(erasureKey, this.context(key), bytes))) as Value;
  }

  /** Seals a row's personal part under the database key; `context` names table and row. */
  async sealRow(context: string, value: unknown): Promise<Uint8Array> {
    return sealPrivateValue(this.databaseKey, `${this.mspId}/${context}`, JSON.stringify(value));
  }

  async openRow<Value>(context: string, sealed: Uint8Array): Promise<Value> {
    const plain = await openPrivateValue(this.databaseKey, `${this.mspId}/${context}`, sealed);
    return JSON.parse(utf8Decode(plain)) as Value;
  }

  /** X25519, 32 bytes. Only the custodian module may ask. */
  custodianSecretKey(): Uint8Array {
    return readKey(join(this.directory, 'custodian.key'));
  }

  /** X25519, 32 bytes: opens what other organisations sealed to this one. */
  handoverSecretKey(): Uint8Array {
    return readKey(join(this.directory, 'handover.key'));
  }

  /** X25519 public key, hex. The agent's secret key is only used by the organisation's chaincode process. */
  publicKeyOf(kind: 'custodian' | 'handover' | 'agent'): string {
    return x25519PublicKey(readKey(join(this.directory, `${kind}.key`)));
  }

  /** Key and certificate of the organisation's service, or undefined before its first enrolment. */
  service(): ServiceCredentials | undefined {
    try {
      return JSON.parse(readFileSync(join(this.directory, 'service.json'), 'utf8')) as ServiceCredentials;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async keepService(credentials: ServiceCredentials): Promise<void> {
    await writeSecretFile(join(this.directory, 'service.json'), JSON.stringify(credentials));
  }

  private context(key: string): string {
    return `${this.mspId}/${key}`;
  }

  private erasurePath(ledgerId: string): string {
    if (!LEDGER_ID.test(ledgerId)) throw new Error('A ledgerId is 32 lower-case hex characters.');
    return join(this.directory, 'erasure', ledgerId);
  }
}

const readKey = (path: string): Uint8Array => {
  const bytes = readFileSync(path);
  if (bytes.length !== KEY_BYTES)
    throw new Error(`${path} must hold ${KEY_BYTES} bytes: restore it from a copy.`);
  return bytes;
};

/** A crash between writing and renaming leaves these; they are no one's secret yet. */
const removeTemporaries = async (directory: string): Promise<void> => {
  for (const folder of [directory, join(directory, 'erasure')]) {
    for (const name of await readdir(folder)) if (name.endsWith('.tmp')) await unlink(join(folder, name));
  }
};
