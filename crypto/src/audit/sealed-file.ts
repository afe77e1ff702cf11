import type { PairingEngine } from '../sealing/engine/index.js';
import { encodeSignedFile } from './signed-file.js';
import { signFile, type SignInput } from './signing.js';

export type SignSealedFileInput = Omit<SignInput, 'kind' | 'personal' | 'organisation'>;

/**
 * Signs an object as it is stored, of which nothing is ever replaced: the sealed original.
 *
 * @returns tag for the ledger (555 bytes), and the signed file that is stored beside the object
 */
export const signSealedFile = (
  engine: PairingEngine,
  input: SignSealedFileInput,
): { tag: Uint8Array; signedFile: Uint8Array } => {
  const signed = signFile(engine, { ...input, kind: 'sealed', personal: [], organisation: [] });
  return { tag: signed.tag, signedFile: encodeSignedFile({ ...signed, tag: { bytes: signed.tag } }) };
};
