import { createHash, randomBytes } from 'node:crypto';
import { canonicalJson, hkdf256, toHex } from '@medseal/crypto';

/**
 * One intended act of a caller. A repetition with the same Idempotency-Key has the same id and derives the same
 * values, so an act interrupted half-way is finished and not done twice.
 */
export class BusinessRequest {
  constructor(
    /** 64 hex characters; chaincode refuses a second act with it. */
    readonly id: string,
    private readonly secret: Uint8Array,
  ) {}

  /** Of an act that nobody repeats: the receipt of what a GET shows. */
  static fresh(): BusinessRequest {
    return new BusinessRequest(newBusinessId(), randomBytes(32));
  }

  /** Pseudo-random bytes of this act; the same label gives the same bytes. */
  derive(label: string, length: number): Uint8Array {
    return hkdf256({ ikm: this.secret, info: `MS-BUSINESS/${label}`, length });
  }

  /** As `derive`, in lower-case hex: for new ids (16 bytes give 32 characters). */
  deriveId(label: string, bytes = 16): string {
    return toHex(this.derive(label, bytes));
  }

  /** The id of a further act within this one, e.g. the second transaction of a POST. */
  part(name: string): BusinessRequest {
    return new BusinessRequest(businessId(this.id, name), this.derive(`part/${name}`, 32));
  }
}

export const newBusinessId = (): string => randomBytes(32).toString('hex');

/** SHA-256 over the canonical JSON of the parts. */
export const businessId = (...parts: string[]): string =>
  createHash('sha256')
    .update(canonicalJson(['MS-BUSINESS', ...parts]))
    .digest('hex');
