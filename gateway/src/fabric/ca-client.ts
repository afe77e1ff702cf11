import { createPrivateKey } from 'node:crypto';
import type { RequestOptions } from 'node:https';
import type { Role } from '@medseal/chaincode';
import { certificateRequest, newSigningKey } from './certificate-request.js';
import { signLowS } from './identity.js';

// The SDK logs requests to the console unless told otherwise before it is loaded.
process.env['HFC_LOGGING'] ??= '{}';

export interface CaClientOptions {
  mspId: string;
  url: string;
  caName: string;
  /** PEM of the CA's TLS root. */
  tlsRoot: string;
  registrar: { enrollmentId: string; enrollmentSecret: string };
}

export interface Enrollment {
  /** PEM. */
  certificate: string;
  /** PEM, from the issuing CA up to the root. */
  chain: string;
}

export interface NewIdentity {
  /** Random: certificates are in every block. */
  enrollmentId: string;
  role: Role;
  /** Staff id or ledgerId; none for a service. */
  subject?: string;
}

interface Registrar {
  certificate: string;
  privateKey: string;
}

/** The SDK's class, loaded late: it costs half a second. */
type Services = import('fabric-ca-client');

/** Part of the SDK that its types leave out: what its requests go through. */
interface Transport {
  _fabricCAClient: {
    request(
      method: string,
      path: string,
      identity: unknown,
      body: unknown,
      options?: RequestOptions,
    ): Promise<unknown>;
  };
}

/** On a connection that is kept, each request of the SDK leaves a listener behind: each gets one of its own. */
const closeConnectionsAfterUse = (services: Services): void => {
  const { _fabricCAClient: client } = services as unknown as Transport;
  const request = client.request.bind(client);
  client.request = (method, path, identity, body, options) =>
    request(method, path, identity, body, { ...options, agent: false });
};

/** An organisation's certificate authority through `fabric-ca-client`. */
export class CaClient {
  private services: Promise<Services> | undefined;
  private registrar: Promise<Registrar> | undefined;

  constructor(private readonly options: CaClientOptions) {}

  /**
   * Registers a client identity whose certificates carry role and subject.
   * @returns the one-time enrolment secret
   */
  async register(identity: NewIdentity): Promise<string> {
    const registrar = await this.enrolledRegistrar();
    const services = await this.loaded();
    return services.register(
      {
        enrollmentID: identity.enrollmentId,
        affiliation: '',
        role: 'client',
        maxEnrollments: 1,
        attrs: [
          { name: 'medseal.role', value: identity.role, ecert: true },
          ...(identity.subject === undefined
            ? []
            : [{ name: 'medseal.subject', value: identity.subject, ecert: true }]),
        ],
      },
      new User(registrar) as never,
    );
  }

  /** @param csr PKCS #10 in PEM */
  async enroll(enrollmentId: string, enrollmentSecret: string, csr: string): Promise<Enrollment> {
    const services = await this.loaded();
    const answer = await services.enroll({ enrollmentID: enrollmentId, enrollmentSecret, csr });
    return { certificate: answer.certificate, chain: answer.rootCertificate };
  }

  /** Registers and enrols with a key made by the caller. */
  async issue(identity: NewIdentity, privateKey: string): Promise<Enrollment> {
    const secret = await this.register(identity);
    return this.enroll(
      identity.enrollmentId,
      secret,
      await certificateRequest(identity.enrollmentId, privateKey),
    );
  }

  private loaded(): Promise<Services> {
    this.services ??= import('fabric-ca-client').then(({ default: FabricCAServices }) => {
      const cryptoSuite = (FabricCAServices as unknown as { newCryptoSuite(): never }).newCryptoSuite();
      const services = new FabricCAServices({
        url: this.options.url,
        caName: this.options.caName,
        tlsOptions: { trustedRoots: [this.options.tlsRoot] as never, verify: true },
        cryptoSuite,
      });
      closeConnectionsAfterUse(services);
      return services;
    });
    return this.services;
  }

  /** Enrolled once a process: registrars are few and their secrets stay with the organisation. */
  private enrolledRegistrar(): Promise<Registrar> {
    this.registrar ??= this.enrollRegistrar().catch((error: unknown) => {
      this.registrar = undefined;
      throw error;
    });
    return this.registrar;
  }

  private async enrollRegistrar(): Promise<Registrar> {
    const { enrollmentId, enrollmentSecret } = this.options.registrar;
    const privateKey = newSigningKey();
    const csr = await certificateRequest(enrollmentId, privateKey);
    return { privateKey, certificate: (await this.enroll(enrollmentId, enrollmentSecret, csr)).certificate };
  }
}

/** The SDK goes by the class's name and asks it only to sign; this way the key is used through OpenSSL. */
class User {
  constructor(private readonly registrar: Registrar) {}

  getSigningIdentity(): { _certificate: string; sign(text: string): Buffer } {
    const key = createPrivateKey(this.registrar.privateKey);
    return {
      _certificate: this.registrar.certificate,
      sign: (text) => Buffer.from(signLowS(key, Buffer.from(text))),
    };
  }
}
