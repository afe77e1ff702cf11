import 'reflect-metadata';
import { createHash } from 'node:crypto';
import {
  mclEngine,
  newSeed,
  openAsOwner,
  receivingKeyPair,
  scopeKeyPair,
  signDigest,
  signingKeyJwk,
  signingKeyPair,
  toHex,
  utf8Decode,
} from '@medseal/crypto';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import type { Caller, Json } from './harness';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface Begun {
  enrollmentId: string;
  ledgerId: string;
  registrationNo: string;
  scopes: { general: string; sensitive: string };
}

/** A patient's device as the contract describes it: seed, request, signatures. */
export class Device {
  readonly seed = newSeed();
  readonly signing = signingKeyPair(this.seed);

  /** Base64 of a low-S signature over SHA-256 of the bytes. */
  sign(bytes: string): string {
    const digest = createHash('sha256').update(Buffer.from(bytes, 'base64')).digest();
    return Buffer.from(signDigest(this.signing.secretKey, digest)).toString('base64');
  }

  async request(commonName: string): Promise<string> {
    const jwk = signingKeyJwk(this.signing);
    const { subtle } = globalThis.crypto;
    const made = await Pkcs10CertificateRequestGenerator.create({
      name: [{ CN: [commonName] }],
      keys: {
        privateKey: await subtle.importKey('jwk', jwk, ALGORITHM, false, ['sign']),
        publicKey: await subtle.importKey('jwk', { ...jwk, d: undefined }, ALGORITHM, true, ['verify']),
      },
      signingAlgorithm: ALGORITHM,
    });
    return made.toString('pem');
  }

  async activation(organization: string, activationCode: string, begun: Begun, username: string) {
    const engine = await mclEngine();
    return {
      organization,
      activationCode,
      username,
      password: 'a patient’s password',
      csr: await this.request(begun.enrollmentId),
      scopeKeys: [begun.scopes.general, begun.scopes.sensitive].map((scopeId) => ({
        scopeId,
        epoch: 1,
        publicKey: toHex(scopeKeyPair(engine, this.seed, scopeId, 1).publicKey),
      })),
      receivingKeys: [{ epoch: 1, publicKey: toHex(receivingKeyPair(this.seed).publicKey) }],
      wrapped: { seed: 'opaque to the gateway' },
    };
  }

  /** Both stages of an act's signing. */
  async signAct(nobody: Caller, first: { signing: { id: string; bytes: string } }) {
    const endorsed = await nobody.post(`/transactions/${first.signing.id}/sign`, {
      signature: this.sign(first.signing.bytes),
    });
    if (endorsed.status !== 202) return endorsed;
    return nobody.post(`/transactions/${first.signing.id}/sign`, {
      signature: this.sign(endorsed.body['signing'].bytes),
    });
  }

  /** Content of the answer of `POST /records/{id}/open`. */
  async open(opened: Record<string, Json>, scopes: Begun['scopes']): Promise<Record<string, Json>> {
    const engine = await mclEngine();
    const plaintext = await openAsOwner(engine, {
      sealed: Buffer.from(opened['sealed'], 'base64'),
      header: Buffer.from(opened['header'], 'base64'),
      facts: {
        record: {
          channel: opened['channel'],
          recordId: opened['recordId'],
          version: opened['version'],
          owner: opened['ledgerId'],
        },
        sealedDigest: opened['sealedDigest'],
        dekCommitment: opened['dekCommitment'],
        headerDigest: opened['headerDigest'],
      },
      scopeKeys: [scopes.general, scopes.sensitive].map((scopeId) =>
        scopeKeyPair(engine, this.seed, scopeId, 1),
      ),
    });
    return JSON.parse(utf8Decode(plaintext));
  }
}
