import { sign, verify, type KeyObject } from 'node:crypto';
import { DerError, Tag, children, integer, readElement, sequence } from './asn1.js';

/** Orders of the groups whose keys an MSP accepts (SEC 2). */
const orders: Readonly<Record<string, bigint>> = {
  prime256v1: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  secp384r1:
    0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
};

const orderOf = (key: KeyObject): bigint => {
  const curve = key.asymmetricKeyDetails?.namedCurve ?? '';
  const order = orders[curve];
  if (order === undefined)
    throw new Error(`keys on curve ${curve || '(none)'} are not accepted; use P-256 or P-384`);
  return order;
};

const halfOrderBytes = new Map<string, Buffer>();

const halfOrder = (key: KeyObject): Buffer => {
  const curve = key.asymmetricKeyDetails?.namedCurve ?? '';
  let half = halfOrderBytes.get(curve);
  if (!half) {
    const digits = (orderOf(key) >> 1n).toString(16);
    half = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
    halfOrderBytes.set(curve, half);
  }
  return half;
};

const magnitude = (content: Buffer): Buffer => {
  let start = 0;
  while (start < content.length - 1 && content[start] === 0) start++;
  return content.subarray(start);
};

/** Values of `SEQUENCE { r INTEGER, s INTEGER }`, big-endian without leading zeros; bytes after it are ignored as Go does. */
const parseSignature = (signature: Buffer): { r: Buffer; s: Buffer; length: number } => {
  const whole = readElement(signature);
  if (whole.tag !== Tag.sequence) throw new DerError('signature is not a sequence');
  const [r, s, ...rest] = children(whole);
  if (r?.tag !== Tag.integer || s?.tag !== Tag.integer || rest.length > 0)
    throw new DerError('signature needs r and s');
  for (const { content } of [r, s]) {
    const [first = 0x80, second = 0x80] = content;
    if (content.length === 0 || first & 0x80) throw new DerError('r and s must be positive');
    if (content.length > 1 && first === 0 && !(second & 0x80)) throw new DerError('integer is not minimal');
  }
  return { r: magnitude(r.content), s: magnitude(s.content), length: whole.raw.length };
};

const compareMagnitudes = (a: Buffer, b: Buffer): number => a.length - b.length || Buffer.compare(a, b);

/** Whether `signature` (DER) has s ≤ n/2, as Fabric demands (fabric-lib-go bccsp/utils/ecdsa.go IsLowS). */
export const isLowS = (key: KeyObject, signature: Buffer): boolean =>
  compareMagnitudes(parseSignature(signature).s, halfOrder(key)) <= 0;

/** The same signature with s or n − s, whichever is low. @throws DerError */
export const toLowS = (key: KeyObject, signature: Buffer): Buffer => {
  const { r, s } = parseSignature(signature);
  if (compareMagnitudes(s, halfOrder(key)) <= 0) return signature;
  return sequence(integer(r), integer(subtractFromOrder(key, s)));
};

const subtractFromOrder = (key: KeyObject, s: Buffer): Buffer => {
  const digits = (orderOf(key) - BigInt(`0x${s.toString('hex')}`)).toString(16);
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
};

/** DER, low-S, over SHA-256 of `message` whatever the curve; Ed25519 keys sign the message itself. */
export const signMessage = (key: KeyObject, message: Buffer): Buffer => {
  if (key.asymmetricKeyType === 'ed25519') return sign(null, message, key);
  return toLowS(key, sign('sha256', message, key));
};

/** False for anything that is not a valid, low-S signature of `message`. */
export const verifyMessage = (key: KeyObject, message: Buffer, signature: Buffer): boolean => {
  try {
    if (key.asymmetricKeyType === 'ed25519') return verify(null, message, key, signature);
    const { s, length } = parseSignature(signature);
    if (compareMagnitudes(s, halfOrder(key)) > 0) return false;
    return verify(
      'sha256',
      message,
      key,
      length === signature.length ? signature : signature.subarray(0, length),
    );
  } catch {
    return false;
  }
};

/** {@link verifyMessage} on the thread pool, for many signatures at once. */
export const verifyMessageAsync = (key: KeyObject, message: Buffer, signature: Buffer): Promise<boolean> =>
  new Promise((resolve) => {
    const done = (error: Error | null, valid: boolean) => resolve(!error && valid);
    try {
      if (key.asymmetricKeyType === 'ed25519') return verify(null, message, key, signature, done);
      const { s, length } = parseSignature(signature);
      if (compareMagnitudes(s, halfOrder(key)) > 0) return resolve(false);
      return verify('sha256', message, key, signature.subarray(0, length), done);
    } catch {
      return resolve(false);
    }
  });
