/** What went wrong, stable across versions; callers decide by `code`, people read `message`. */
export type CryptoErrorCode =
  /** An argument of the caller's own is unusable. */
  | 'BAD_ARGUMENT'
  /** Bytes or text are not a canonical encoding of what they should be. */
  | 'BAD_ENCODING'
  | 'BAD_LENGTH'
  /** A scalar is zero where it may not be, or not below the group order. */
  | 'BAD_SCALAR'
  | 'NOT_IN_SUBGROUP'
  | 'IDENTITY_ELEMENT'
  /** A value without canonical JSON: fraction, undefined, lone surrogate, class instance, cycle. */
  | 'NOT_CANONICAL'
  /** Genuine, but of another record, version, owner, scope, user or purpose. */
  | 'WRONG_CONTEXT'
  /** Wrong key or changed bytes; an authenticated decryption cannot tell which. */
  | 'OPEN_FAILED'
  | 'WRONG_PASSPHRASE'
  | 'TRUNCATED'
  | 'TRAILING_DATA'
  /** Stored bytes do not have the digest that the ledger holds. */
  | 'DIGEST_MISMATCH'
  /** The data key is not the one committed to on the ledger. */
  | 'KEY_COMMITMENT_MISMATCH'
  /** The header has no slot for this key, scope or recipient. */
  | 'NO_SLOT'
  | 'UNSUPPORTED_VERSION'
  /** Argon2id needs WebAssembly, which this host refuses. */
  | 'KDF_UNAVAILABLE';

/** The only error this package throws on purpose. Messages never carry keys, plaintexts or personal data. */
export class CryptoError extends Error {
  override readonly name = 'CryptoError';

  constructor(
    readonly code: CryptoErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
