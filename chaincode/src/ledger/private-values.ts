import { CAPSULE_BYTES, fromBase64, sha256Hex, toBase64, toHex, utf8, utf8Decode } from '@medseal/crypto';
import type { ChaincodeStub } from 'fabric-shim-api';
import { ContractError } from '../errors.js';
import { privateValuesArgument } from '../model/arguments.js';
import type { PrivateValue } from '../model/entries.js';
import { type Check, parseJson, refuseArgument } from '../model/validation.js';
import { implicitCollection, parsePrivateKey, privateKeys } from './keys.js';

/** What any endorser may know of a private value: that it is there, and its hash. */
export class PrivateHashes {
  constructor(protected readonly stub: ChaincodeStub) {}

  /** SHA-256 of the value as lower-case hex; undefined when there is none. */
  async hash(mspId: string, key: string): Promise<string | undefined> {
    const hash = await this.stub.getPrivateDataHash(implicitCollection(mspId), key);
    return hash === undefined || hash.length === 0 ? undefined : toHex(hash);
  }

  async isPending(mspId: string, businessId: string): Promise<boolean> {
    return (await this.hash(mspId, privateKeys.pending(businessId))) !== undefined;
  }

  /** Refuses a public step whose private step is missing or announced another entry. `entryJson` is canonical. */
  async requirePending(mspId: string, businessId: string, entryJson: string): Promise<void> {
    const announced = await this.hash(mspId, privateKeys.pending(businessId));
    if (announced === undefined) {
      throw new ContractError(
        'PRIVATE_PART_MISSING',
        `no private step with this businessId is committed in ${mspId}: submit it first`,
      );
    }
    if (announced !== sha256Hex(entryJson)) {
      throw new ContractError(
        'PRIVATE_PART_DIFFERS',
        'the public entry is not the one that the private step announced',
      );
    }
  }

  /** The encounter's marker is in that hospital's collection as long as it is open. */
  async requireOpenEncounter(mspId: string, ledgerId: string, encounterId: string): Promise<void> {
    if ((await this.hash(mspId, privateKeys.encounter(ledgerId, encounterId))) === undefined) {
      throw new ContractError(
        'ENCOUNTER_NOT_OPEN',
        `${mspId} has no open encounter of that id for this patient`,
      );
    }
  }
}

/** One private key that an act may write. */
export interface WritableKey {
  key: string;
  /** `new`: must not exist; `replace`: must exist and be named by `replaces`; `either`: whichever is true. */
  mode: 'new' | 'replace' | 'either';
  required: boolean;
}

/** Private values in the caller's own organisation's collection; only an act checked to run on its own peer gets one. */
export class OwnPrivateValues extends PrivateHashes {
  private readonly collection: string;

  constructor(
    stub: ChaincodeStub,
    private readonly mspId: string,
  ) {
    super(stub);
    this.collection = implicitCollection(mspId);
  }

  /** Base64 of each value, null where there is none. */
  async read(keys: readonly string[]): Promise<Record<string, string | null>> {
    const values: Record<string, string | null> = {};
    for (const key of keys) {
      const value = await this.stub.getPrivateData(this.collection, key);
      values[key] = value === undefined || value.length === 0 ? null : toBase64(value);
    }
    return values;
  }

  /**
   * Writes exactly what `writable` allows. A value without `replaces` must be new, one with it must replace the value
   * of that hash, so that two writers cannot overwrite each other unseen.
   */
  async write(values: readonly PrivateValue[], writable: readonly WritableKey[]): Promise<void> {
    const rules = new Map(writable.map((rule) => [rule.key, rule]));
    for (const { key } of values) {
      if (!rules.has(key)) refuseArgument('private', `must not write ${kindOf(key)} in this act`);
    }
    for (const rule of writable) {
      if (rule.required && !values.some((value) => value.key === rule.key)) {
        refuseArgument('private', `must hold ${kindOf(rule.key)}`);
      }
    }
    for (const value of values) await this.writeOne(value, rules.get(value.key)?.mode ?? 'new');
  }

  private async writeOne({ key, value, replaces }: PrivateValue, mode: WritableKey['mode']): Promise<void> {
    const kind = kindOf(key);
    if (mode === 'new' && replaces !== undefined)
      refuseArgument('private', `${kind} must be new: leave out replaces`);
    if (mode === 'replace' && replaces === undefined)
      refuseArgument('private', `${kind} must name what it replaces`);
    const present = await this.hash(this.mspId, key);
    if (replaces === undefined && present !== undefined) {
      throw new ContractError('PRIVATE_VALUE_EXISTS', `${kind} is there already: name the hash it replaces`);
    }
    if (replaces !== undefined && replaces !== present) {
      throw new ContractError(
        'PRIVATE_VALUE_CHANGED',
        `${kind} is not the value that replaces names: read it again`,
      );
    }
    await this.stub.putPrivateData(this.collection, key, fromBase64(value));
  }

  /**
   * Announces the public step of `businessId`. False when the same announcement is there already, written together
   * with its values: then the act has nothing more to write, and a repeat after a time-out does no harm.
   */
  async announce(businessId: string, entryJson: string): Promise<boolean> {
    const key = privateKeys.pending(businessId);
    const first = (await this.hash(this.mspId, key)) !== sha256Hex(entryJson);
    await this.stub.putPrivateData(this.collection, key, utf8(entryJson));
    return first;
  }

  async remove(key: string): Promise<void> {
    await this.stub.deletePrivateData(this.collection, key);
  }

  /** Removes the value with its history, so that no peer gives it out again. */
  async purge(key: string): Promise<void> {
    await this.stub.purgePrivateData(this.collection, key);
  }

  /** Keys of a kind that follow `after`, in the order of their names, at most `limit`, with their values. */
  async list(
    kind: string,
    after: string | undefined,
    limit: number,
  ): Promise<{ key: string; value: Uint8Array }[]> {
    const from = after === undefined ? `${kind}/` : `${kind}/${after}\u0000`;
    const found: { key: string; value: Uint8Array }[] = [];
    // '0' is the character after '/'.
    for await (const { key, value } of this.stub.getPrivateDataByRange(this.collection, from, `${kind}0`)) {
      if (parsePrivateKey(key)?.type === kind) found.push({ key, value });
      if (found.length === limit) break;
    }
    return found;
  }
}

/**
 * The collection of the peer that is asked, whoever asks. What is put here must be new, is endorsed by that
 * organisation alone, and comes sealed to a key of its own.
 */
export class PeerPrivateValues {
  readonly mspId: string;
  private readonly collection: string;

  constructor(private readonly stub: ChaincodeStub) {
    this.mspId = stub.getMspID();
    this.collection = implicitCollection(this.mspId);
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    const value = await this.stub.getPrivateData(this.collection, key);
    return value === undefined || value.length === 0 ? undefined : value;
  }

  async putNew(key: string, value: Uint8Array): Promise<void> {
    if (await this.has(key)) {
      throw new ContractError('PRIVATE_VALUE_EXISTS', `${kindOf(key)} of that id is there already`);
    }
    await this.put(key, value);
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    await this.stub.putPrivateData(this.collection, key, value);
  }

  async remove(key: string): Promise<void> {
    await this.stub.deletePrivateData(this.collection, key);
  }

  async has(key: string): Promise<boolean> {
    const hash = await this.stub.getPrivateDataHash(this.collection, key);
    return hash !== undefined && hash.length > 0;
  }
}

const MAX_TRANSIENT = 512 * 1024;
const MAX_SEALED = 16_384;

/** Transient fields of the proposal: they reach the endorsers and are on no block. */
export class Transient {
  private readonly fields: ReadonlyMap<string, Uint8Array>;

  constructor(stub: ChaincodeStub) {
    this.fields = stub.getTransient() ?? new Map<string, Uint8Array>();
  }

  bytes(name: string): Uint8Array | undefined {
    const bytes = this.fields.get(name);
    if (bytes !== undefined && bytes.length > MAX_TRANSIENT) {
      refuseArgument(`transient ${name}`, `must not be longer than ${MAX_TRANSIENT} bytes`);
    }
    return bytes;
  }

  /** A canonical JSON field with its text. */
  json<T>(name: string, check: Check<T>): { value: T; json: string } {
    const bytes = this.bytes(name);
    if (bytes === undefined) return refuseArgument(`transient ${name}`, 'is missing');
    let json: string;
    try {
      json = utf8Decode(bytes);
    } catch {
      return refuseArgument(`transient ${name}`, 'must be UTF-8');
    }
    return { value: parseJson(json, check, name, MAX_TRANSIENT), json };
  }

  /** One byte a character, for ids; undefined when the field is left out. */
  text(name: string): string | undefined {
    const bytes = this.bytes(name);
    return bytes === undefined ? undefined : Buffer.from(bytes).toString('latin1');
  }

  /** The capsule that the act or read is about; whoever holds it against a key checks its length. */
  capsule(): Uint8Array {
    const capsule = this.bytes('capsule');
    if (capsule !== undefined) return capsule;
    throw new ContractError(
      'CAPSULE_MISSING',
      `transient capsule is missing: give its ${CAPSULE_BYTES} bytes`,
    );
  }

  /** Bytes that must be there, at most 16 kB: what one organisation seals for another. */
  sealed(name: string): Uint8Array {
    const bytes = this.bytes(name);
    if (bytes === undefined || bytes.length === 0) return refuseArgument(`transient ${name}`, 'is missing');
    return bytes.length > MAX_SEALED
      ? refuseArgument(`transient ${name}`, `must not be longer than ${MAX_SEALED} bytes`)
      : bytes;
  }

  /** `private`: the values to write, each under a key of ours; [] when the field is left out. */
  privateValues(): PrivateValue[] {
    if (this.bytes('private') === undefined) return [];
    const { value: values } = this.json('private', privateValuesArgument);
    for (const [at, { key }] of values.entries()) {
      const kind = parsePrivateKey(key)?.type;
      if (kind === undefined || kind === 'pending')
        refuseArgument(`private[${at}].key`, 'is not a key of this ledger');
    }
    return values;
  }
}

/** Names a private key in a message by its kind only: the rest is random, and stays where it is. */
const kindOf = (key: string): string => {
  const parsed = parsePrivateKey(key);
  if (parsed === undefined) return 'an unknown key';
  return parsed.type === 'demographics' ? `demographics (${parsed.parts[1] ?? ''})` : parsed.type;
};
