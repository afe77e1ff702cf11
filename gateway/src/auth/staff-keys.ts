import { openPrivateValue, sealPrivateValue, toHex, fromHex, utf8Decode } from '@medseal/crypto';
import { newSigningKey } from '../fabric/certificate-request.js';
import { newX25519SecretKey } from '../keystore/x25519.js';

/** What a hospital's gateway holds for a staff member, always wrapped when at rest. */
export interface StaffKeys {
  /** P-256, PKCS #8 PEM. */
  signingKey: string;
  /** X25519, 32 bytes: opens what is sealed to this person. */
  receivingKey: Uint8Array;
}

export const newStaffKeys = (): StaffKeys => ({
  signingKey: newSigningKey(),
  receivingKey: newX25519SecretKey(),
});

/** @param context binds the bundle to its holder and place */
export const wrapStaffKeys = async (
  keys: StaffKeys,
  wrappingKey: Uint8Array,
  context: string,
): Promise<Uint8Array> =>
  sealPrivateValue(
    wrappingKey,
    context,
    JSON.stringify({ signingKey: keys.signingKey, receivingKey: toHex(keys.receivingKey) }),
  );

/** @throws CryptoError when key, context or bytes differ */
export const unwrapStaffKeys = async (
  bundle: Uint8Array,
  wrappingKey: Uint8Array,
  context: string,
): Promise<StaffKeys> => {
  const opened = JSON.parse(utf8Decode(await openPrivateValue(wrappingKey, context, bundle))) as {
    signingKey: string;
    receivingKey: string;
  };
  return { signingKey: opened.signingKey, receivingKey: fromHex(opened.receivingKey, 32) };
};

export const accountContext = (subject: string): string => `account/${subject}`;
export const sessionContext = (sessionId: string): string => `session/${sessionId}`;
