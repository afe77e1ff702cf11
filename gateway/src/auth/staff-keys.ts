import {
  fromHex,
  mclEngine,
  newReaderKeyPair,
  openPrivateValue,
  sealPrivateValue,
  toHex,
  utf8Decode,
} from '@medseal/crypto';
import { newSigningKey } from '../fabric/certificate-request.js';
import { newX25519SecretKey } from '../keystore/x25519.js';

/** What a hospital's gateway holds for a staff member, always wrapped when at rest. */
export interface StaffKeys {
  /** P-256, PKCS #8 PEM. */
  signingKey: string;
  /** X25519, 32 bytes: opens what is sealed to this person. */
  receivingKey: Uint8Array;
  /** Secret of the reader key that consents are given to, 32 bytes. */
  readerKey: Uint8Array;
}

/** Bundles of the first form hold no reader key. */
export type HeldStaffKeys = Omit<StaffKeys, 'readerKey'> & { readerKey: Uint8Array | null };

export const newReaderKey = async (): Promise<Uint8Array> => newReaderKeyPair(await mclEngine()).secretKey;

export const newStaffKeys = async (): Promise<StaffKeys> => ({
  signingKey: newSigningKey(),
  receivingKey: newX25519SecretKey(),
  readerKey: await newReaderKey(),
});

/** @param context binds the bundle to its holder and place */
export const wrapStaffKeys = async (
  keys: HeldStaffKeys,
  wrappingKey: Uint8Array,
  context: string,
): Promise<Uint8Array> =>
  sealPrivateValue(
    wrappingKey,
    context,
    JSON.stringify({
      signingKey: keys.signingKey,
      receivingKey: toHex(keys.receivingKey),
      ...(keys.readerKey === null ? {} : { readerKey: toHex(keys.readerKey) }),
    }),
  );

/** @throws CryptoError when key, context or bytes differ */
export const unwrapStaffKeys = async (
  bundle: Uint8Array,
  wrappingKey: Uint8Array,
  context: string,
): Promise<HeldStaffKeys> => {
  const opened = JSON.parse(utf8Decode(await openPrivateValue(wrappingKey, context, bundle))) as {
    signingKey: string;
    receivingKey: string;
    readerKey?: string;
  };
  return {
    signingKey: opened.signingKey,
    receivingKey: fromHex(opened.receivingKey, 32),
    readerKey: opened.readerKey === undefined ? null : fromHex(opened.readerKey, 32),
  };
};

export const accountContext = (subject: string): string => `account/${subject}`;
export const sessionContext = (sessionId: string): string => `session/${sessionId}`;
