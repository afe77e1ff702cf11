/** Encrypted objects in the cloud: envelopes' chunks and header objects, addressed by SHA-256 of their bytes. */
export interface ObjectStore {
  /**
   * Stores and reads back. Storing the same bytes again is harmless and repairs an altered copy.
   * @returns the address: SHA-256 of the bytes, 64 lower-case hex characters.
   * @throws ObjectAlteredError when what was read back differs.
   */
  put(bytes: Uint8Array): Promise<string>;
  /**
   * @throws ObjectMissingError when there is none.
   * @throws ObjectAlteredError when the bytes no longer have this digest.
   */
  get(digest: string): Promise<Buffer>;
  /** Whether something is stored at the address; its bytes are not checked. */
  has(digest: string): Promise<boolean>;
  /** Removing what is not there is no error. */
  delete(digest: string): Promise<void>;
}

export class ObjectMissingError extends Error {
  constructor(readonly digest: string) {
    super(`Object ${digest} is not in the store; restore it from a copy of the objects folder.`);
    this.name = 'ObjectMissingError';
  }
}

export class ObjectAlteredError extends Error {
  constructor(readonly digest: string) {
    super(`Object ${digest} was altered: its bytes have another SHA-256; restore it from a copy.`);
    this.name = 'ObjectAlteredError';
  }
}
