import { concat, decodeHpke, encodeHpke, fromHex, hpkeOpen, hpkeSeal, lp, u32 } from '@medseal/crypto';

/** Which blinding of which version a package is of. */
export interface PackageReference {
  channel: string;
  recordId: string;
  version: number;
  /** From 1. */
  round: number;
}

/** @param receivingKey the sanitiser's, X25519, 64 hex characters, as registered */
export const sealPackage = async (
  receivingKey: string,
  reference: PackageReference,
  bytes: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> =>
  encodeHpke(await hpkeSeal(fromHex(receivingKey), bytes, infoOf(reference)));

/** @throws CryptoError `OPEN_FAILED` for another key, record, version or round, and for altered bytes; `BAD_LENGTH` */
export const openPackage = async (
  receivingSecretKey: Uint8Array,
  reference: PackageReference,
  sealed: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> => hpkeOpen(receivingSecretKey, decodeHpke(sealed), infoOf(reference));

/** HPKE info: lp("MS-SANITISING-PACKAGE") || lp(channel) || lp(recordId) || u32 version || u32 round. */
const infoOf = ({ channel, recordId, version, round }: PackageReference): Uint8Array =>
  concat(
    lp('MS-SANITISING-PACKAGE'),
    lp(channel),
    lp(recordId),
    u32(version, 'version'),
    u32(round, 'round'),
  );
