/** Encrypted objects in the cloud: envelopes' chunks, header objects, audited files; addressed by SHA-256 of their bytes. */
export interface ObjectStore {
  /**
   * Stores and reads back. Storing the same bytes again is harmless and repairs an altered copy.
   * @returns the address: SHA-256 of the bytes, 64 lower-case hex characters.
   * @throws StorageUnavailableError, StorageFullError: then nothing half is under the address, and the step can be repeated.
   */
  put(bytes: Uint8Array): Promise<string>;
  /** The same for what is too large to be held; an error of the source passes through, and nothing is stored. */
  putStream(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string>;
  /**
   * @throws ObjectMissingError when there is none.
   * @throws ObjectAlteredError when the bytes no longer have this digest.
   * @throws StorageUnavailableError
   */
  get(digest: string): Promise<Buffer>;
  /**
   * The same for what is too large to be held. The last piece comes only once the whole is known to have this digest:
   * whoever acts on an earlier one acts on unchecked bytes.
   */
  stream(digest: string): AsyncGenerator<Buffer, void, undefined>;
  /**
   * Bytes `offset` to `offset + length`, read alone and therefore not checked against the address.
   * @throws ObjectMissingError
   * @throws ObjectAlteredError when the object ends before.
   * @throws StorageUnavailableError
   */
  read(digest: string, offset: number, length: number): Promise<Buffer>;
  /**
   * How many bytes there are at the address, which are not checked.
   * @throws ObjectMissingError
   * @throws StorageUnavailableError
   */
  size(digest: string): Promise<number>;
  /** Whether something is stored at the address; its bytes are not checked. */
  has(digest: string): Promise<boolean>;
  /** Removing what is not there is no error. */
  delete(digest: string): Promise<void>;
  /** Resolves when objects can be stored. @throws StorageUnavailableError, StorageFullError */
  check(): Promise<void>;
  /** Removes what writes that were cut short left; within a day they may still be under way. */
  tidy(olderThanMs?: number): Promise<void>;
}

/** A store whose objects may have copies elsewhere. */
export interface RestorableObjectStore extends ObjectStore {
  /**
   * Looks at every byte of what is stored at the address, and puts an intact copy there where it is missing or altered.
   * @throws StorageUnavailableError, StorageFullError
   */
  restore(digest: string): Promise<Restored>;
}

/** `whole`: nothing was wrong with it; `lost`: no other place has it whole. */
export type Restored = 'whole' | 'restored' | 'lost';

export const ABANDONED_MS = 24 * 60 * 60 * 1_000;

export class ObjectMissingError extends Error {
  constructor(readonly digest: string) {
    super(`Object ${digest} is not in the store; restore it from a copy of the objects.`);
    this.name = 'ObjectMissingError';
  }
}

export class ObjectAlteredError extends Error {
  constructor(
    readonly digest: string,
    readonly how = 'its bytes have another SHA-256',
  ) {
    super(`Object ${digest} was altered: ${how}; restore it from a copy.`);
    this.name = 'ObjectAlteredError';
  }
}

/** The store cannot be asked now, or says nothing to be relied on; the same step can be repeated. */
export class StorageUnavailableError extends Error {
  /** @param reason follows "The object store"; no secrets, since it reaches logs and the health report. */
  constructor(readonly reason: string) {
    super(`The object store ${reason}: repeat the step when it is back.`);
    this.name = 'StorageUnavailableError';
  }
}

export class StorageFullError extends Error {
  constructor() {
    super('The object store is full, and nothing was stored: make room there, then repeat the step.');
    this.name = 'StorageFullError';
  }
}

const DIGEST = /^[0-9a-f]{64}$/;

/** `<first two characters>/<digest>`, in files and in buckets alike; also keeps a digest from naming anything else. */
export const objectPath = (digest: string): string => {
  if (!DIGEST.test(digest)) throw new RangeError('digest: 64 lower-case hex characters expected');
  return `${digest.slice(0, 2)}/${digest}`;
};

/** @throws RangeError for what is no range of an object */
export const checkRange = (offset: number, length: number): void => {
  for (const [field, value] of Object.entries({ offset, length }))
    if (!Number.isSafeInteger(value) || value < 0)
      throw new RangeError(`${field}: a whole number from 0 expected`);
};

/** What a read that came to an end too early is told as. */
export const endsEarly = (digest: string): ObjectAlteredError =>
  new ObjectAlteredError(digest, 'it is shorter than it was');
