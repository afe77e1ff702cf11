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
  /** A public key without a proof that its holder knows the secret key, or one made for another certificate. */
  | 'BAD_KEY_PROOF'
  /** The public values of a grant do not belong together: whoever made the grant did it wrong. */
  | 'BAD_GRANT'
  /** A share does not fit its public check: whoever made the grant did it wrong. */
  | 'BAD_SHARE'
  /** A tag whose signature does not hold for this identity. */
  | 'BAD_TAG'
  /** An authenticator, or a value to transform it with, that does not hold for its block. */
  | 'BAD_AUTHENTICATOR'
  /** A replaced set that is not canonical, goes beyond the file, or leaves a block nothing of its own. */
  | 'BAD_REPLACED_SET'
  /** A capsule whose proof does not hold for this record and key, or that opens to nothing. */
  | 'BAD_CAPSULE'
  /** Answers of agents or custodians that are not what their shares give. */
  | 'BAD_ANSWER'
  | 'TOO_FEW_ANSWERS'
  | 'UNSUPPORTED_VERSION'
  /** Argon2id needs WebAssembly, which this host refuses. */
  | 'KDF_UNAVAILABLE';

/** Who did not keep to the protocol. */
export interface Culprit {
  /** `owner` made the grant, `writer` the capsule. */
  role: 'agent' | 'custodian' | 'owner' | 'writer' | 'extractor';
  /** MSP id of an agent, custodian or extractor, ledgerId of an owner, record id of what a writer sealed. */
  id: string;
}

/** The only error this package throws on purpose. Messages never carry keys, plaintexts or personal data. */
export class CryptoError extends Error {
  override readonly name = 'CryptoError';
  /** Empty where nobody in particular is to blame, or nobody can be named from what is at hand. */
  readonly culprits: readonly Culprit[];

  constructor(
    readonly code: CryptoErrorCode,
    message: string,
    options?: { cause?: unknown; culprits?: readonly Culprit[] },
  ) {
    super(message, options);
    this.culprits = options?.culprits ?? [];
  }
}
