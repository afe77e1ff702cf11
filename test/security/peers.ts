import { createPrivateKey, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import { Client, credentials } from '@grpc/grpc-js';
import { connect, type Gateway, GatewayError, hash } from '@hyperledger/fabric-gateway';
import { certificateRequest } from '@medseal/client';
import { type KeyPair, signingKeyJwk, toLowS } from '@medseal/crypto';
import FabricCAServices from 'fabric-ca-client';
import { load } from 'js-yaml';

export interface Identity {
  mspId: string;
  /** PEM. */
  certificate: string;
  key: JsonWebKey;
}

export interface PeerCall {
  fn: string;
  args: string[];
  transient?: Record<string, string | Uint8Array>;
  /** Another one than the connection profile's. */
  chaincode?: string;
}

export type PeerAnswer = { ok: true; value: unknown; transactionId: string } | { ok: false; code: string };

interface Profile {
  channel: string;
  chaincode: string;
  organizations: Record<string, { peers: string[]; certificateAuthorities: string[] }>;
  peers: Record<
    string,
    { url: string; tlsCACerts: { pem: string }; grpcOptions: { 'ssl-target-name-override': string } }
  >;
  certificateAuthorities: Record<
    string,
    { url: string; caName: string; tlsCACerts: { pem: string }; registrarFile: string }
  >;
}

const readProfile = (file: string): Profile => load(readFileSync(file, 'utf8')) as Profile;

/** By OpenSSL, twenty times as fast as the SDK's own: the matrix signs thousands of proposals. */
const signLowS = (key: KeyObject, message: Uint8Array): Uint8Array => toLowS(sign('sha256', message, key));

/** The SDK goes by the class's name and asks it only to sign. */
class User {
  constructor(
    private readonly certificate: string,
    private readonly key: JsonWebKey,
  ) {}

  getSigningIdentity() {
    const key = createPrivateKey({ key: this.key, format: 'jwk' });
    return {
      _certificate: this.certificate,
      sign: (text: string) => Buffer.from(signLowS(key, Buffer.from(text))),
    };
  }
}

/** An organisation's certificate authority, as whoever holds its registrar's secret uses it. */
export class Authority {
  private registrar: Promise<User> | undefined;
  private readonly services: FabricCAServices;
  private readonly registrarFile: string;

  constructor(
    profileFile: string,
    private readonly mspId: string,
  ) {
    const profile = readProfile(profileFile);
    const name = profile.organizations[mspId]?.certificateAuthorities[0] ?? '';
    const authority = profile.certificateAuthorities[name];
    if (authority === undefined) throw new Error(`the connection profile has no authority of ${mspId}`);
    this.registrarFile = authority.registrarFile;
    this.services = new FabricCAServices(
      authority.url,
      { trustedRoots: [authority.tlsCACerts.pem] as never, verify: true },
      authority.caName,
      (FabricCAServices as unknown as { newCryptoSuite(): never }).newCryptoSuite(),
    );
    // On a connection that is kept, each request of the SDK leaves a listener behind: each gets one of its own.
    const { _fabricCAClient: client } = this.services as unknown as {
      _fabricCAClient: { _httpClient: object };
    };
    client._httpClient = {
      request: (options: RequestOptions, answered: () => void) =>
        request({ ...options, agent: false }, answered),
    };
  }

  /** A certificate with the attributes given; those left out stay out of it. */
  async enroll(
    pair: KeyPair,
    attributes: { role?: string; subject?: string },
    enrollmentId = `u-${Buffer.from(pair.publicKey).toString('hex').slice(2, 34)}`,
  ): Promise<Identity> {
    this.registrar ??= this.enrollRegistrar(pair);
    const attrs = Object.entries(attributes)
      .filter((one): one is [string, string] => one[1] !== undefined)
      .map(([name, value]) => ({ name: `medseal.${name}`, value, ecert: true }));
    const secret = await this.services.register(
      { enrollmentID: enrollmentId, affiliation: '', role: 'client', maxEnrollments: 1, attrs },
      (await this.registrar) as never,
    );
    return this.certify(pair, enrollmentId, secret);
  }

  private async enrollRegistrar(pair: KeyPair): Promise<User> {
    const { enrollmentId, enrollmentSecret } = JSON.parse(readFileSync(this.registrarFile, 'utf8')) as Record<
      'enrollmentId' | 'enrollmentSecret',
      string
    >;
    const { certificate, key } = await this.certify(pair, enrollmentId, enrollmentSecret);
    return new User(certificate, key);
  }

  private async certify(pair: KeyPair, enrollmentID: string, enrollmentSecret: string): Promise<Identity> {
    const csr = await certificateRequest(enrollmentID, pair);
    const { certificate } = await this.services.enroll({ enrollmentID, enrollmentSecret, csr });
    return { mspId: this.mspId, certificate, key: signingKeyJwk(pair) as unknown as JsonWebKey };
  }
}

const REFUSAL = /chaincode response \d+, ([A-Z][A-Z_]+): /;

/** The organisations' peers, each asked directly through its own Fabric Gateway service. */
export class Peers {
  private readonly profile: Profile;
  private readonly clients = new Map<string, Client>();
  private readonly gateways = new Map<string, Gateway>();

  constructor(profileFile: string) {
    this.profile = readProfile(profileFile);
  }

  get mspIds(): string[] {
    return Object.keys(this.profile.organizations);
  }

  /** A simulation on that organisation's peer; nothing is written. */
  async evaluate(identity: Identity, at: string, call: PeerCall): Promise<PeerAnswer> {
    const proposal = this.proposal(identity, at, call);
    try {
      const bytes = await proposal.evaluate();
      const value: unknown = JSON.parse(Buffer.from(bytes).toString() || 'null');
      return { ok: true, value, transactionId: proposal.getTransactionId() };
    } catch (error) {
      return { ok: false, code: codeOf(error) };
    }
  }

  /** A transaction, endorsed by the organisations named, or as the policy asks. @throws Error when it is refused */
  async submit(identity: Identity, call: PeerCall, endorsers?: string[]): Promise<string> {
    try {
      const transaction = await this.proposal(identity, identity.mspId, call, endorsers).endorse();
      const status = await (await transaction.submit()).getStatus();
      if (!status.successful) throw new Error(`${call.fn} is invalid: ${status.code}`);
      return transaction.getTransactionId();
    } catch (error) {
      throw new Error(`${call.fn}: ${codeOf(error)}`, { cause: error });
    }
  }

  close(): void {
    for (const gateway of this.gateways.values()) gateway.close();
    for (const client of this.clients.values()) client.close();
  }

  private proposal(
    identity: Identity,
    at: string,
    { fn, args, transient, chaincode = this.profile.chaincode }: PeerCall,
    endorsers: string[] | undefined = [at],
  ) {
    return this.gateway(identity, at)
      .getNetwork(this.profile.channel)
      .getContract(chaincode)
      .newProposal(fn, {
        arguments: args,
        transientData: transient ?? {},
        ...(endorsers.length === 0 ? {} : { endorsingOrganizations: endorsers }),
      });
  }

  private gateway(identity: Identity, at: string): Gateway {
    const name = JSON.stringify([at, identity]);
    let gateway = this.gateways.get(name);
    if (gateway === undefined) {
      const key = createPrivateKey({ key: identity.key, format: 'jwk' });
      gateway = connect({
        client: this.client(at),
        identity: { mspId: identity.mspId, credentials: Buffer.from(identity.certificate) },
        hash: hash.none,
        signer: (message) => Promise.resolve(signLowS(key, message)),
        evaluateOptions: () => ({ deadline: Date.now() + 30_000 }),
      });
      this.gateways.set(name, gateway);
    }
    return gateway;
  }

  private client(mspId: string): Client {
    let client = this.clients.get(mspId);
    if (client === undefined) {
      const peer = this.profile.peers[this.profile.organizations[mspId]?.peers[0] ?? ''];
      if (peer === undefined) throw new Error(`the connection profile has no peer of ${mspId}`);
      client = new Client(
        peer.url.replace(/^grpcs:\/\//, ''),
        credentials.createSsl(Buffer.from(peer.tlsCACerts.pem)),
        {
          'grpc.ssl_target_name_override': peer.grpcOptions['ssl-target-name-override'],
        },
      );
      this.clients.set(mspId, client);
    }
    return client;
  }
}

/** The contract's code, or the refusal's own text where it came from elsewhere. */
function codeOf(error: unknown): string {
  const texts = error instanceof GatewayError ? error.details.map(({ message }) => message) : [];
  for (const text of texts) {
    const code = REFUSAL.exec(text)?.[1];
    if (code !== undefined) return code;
  }
  return [...texts, error instanceof Error ? error.message : String(error)].join(' | ');
}
