import { generateKeyPairSync, webcrypto } from 'node:crypto';
import 'reflect-metadata';
import { BasicConstraintsExtension, Extension, X509CertificateGenerator } from '@peculiar/x509';
import { sha256 } from '@noble/hashes/sha2.js';
import { canonicalJson, signDigest, toBase64, utf8 } from '@medseal/crypto';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface Party {
  pem: string;
  name: string;
  keys: CryptoKeyPair;
  secret: Uint8Array;
}

async function keyPair(
  jwk: webcrypto.JsonWebKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    format: 'jwk',
  }) as webcrypto.JsonWebKey,
): Promise<{ keys: CryptoKeyPair; secret: Uint8Array }> {
  const { subtle } = webcrypto;
  return {
    keys: {
      privateKey: await subtle.importKey('jwk', jwk, ALGORITHM, true, ['sign']),
      publicKey: await subtle.importKey(
        'jwk',
        { ...jwk, d: undefined, key_ops: undefined },
        ALGORITHM,
        true,
        ['verify'],
      ),
    } as CryptoKeyPair,
    secret: Buffer.from(jwk.d ?? '', 'base64url'),
  };
}

export interface Wanted {
  /** Not of a person. */
  authority?: boolean;
  attributes?: Record<string, string>;
  /** Private key that it is for; a new one unless given. */
  key?: webcrypto.JsonWebKey;
}

export async function certified(
  name: string,
  issuer?: Party,
  { authority = false, attributes, key }: Wanted = {},
): Promise<Party> {
  const { keys, secret } = await keyPair(key);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: '01',
    subject: `CN=${name}`,
    issuer: `CN=${issuer?.name ?? name}`,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    publicKey: keys.publicKey,
    signingKey: issuer?.keys.privateKey ?? keys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(authority),
      ...(attributes
        ? [new Extension('1.2.3.4.5.6.7.8.1', false, utf8(JSON.stringify({ attrs: attributes })))]
        : []),
    ],
  });
  return { pem: certificate.toString('pem'), name, keys, secret };
}

export const signature = (party: Party, statement: object): string =>
  toBase64(signDigest(party.secret, sha256(utf8(canonicalJson(statement)))));
