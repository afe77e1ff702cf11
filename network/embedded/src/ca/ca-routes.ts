import type { Certificate } from '../msp/certificate.js';
import { Hf, parseBoolean } from './attributes.js';
import { verifyToken } from './authorization-token.js';
import { CaCode, CaError } from './ca-error.js';
import type {
  CertificateAuthority,
  Enrollment,
  EnrollmentRequest,
  RegistrationRequest,
} from './certificate-authority.js';
import type { CertificateRecord, IdentityRecord } from './identity-registry.js';
import { normalizeHex } from './identity-registry.js';
import { RequestBody } from './request-body.js';

export interface CaRequest {
  readonly method: string;
  /** Path with query, as the client sent it. */
  readonly uri: string;
  readonly authorization?: string;
  readonly body: Buffer;
}

export interface CaReply {
  readonly status: number;
  readonly result: unknown;
}

/** Version of Fabric CA whose interface this is. */
const version = '1.5';

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

interface Caller {
  readonly id: string;
  readonly certificate: Certificate;
}

/** One request with its decoded parts. */
class CaCall {
  readonly query: URLSearchParams;

  constructor(
    readonly ca: CertificateAuthority,
    readonly request: CaRequest,
    /** What stands in the path after the resource's name. */
    readonly item: string | undefined,
  ) {
    this.query = new URL(request.uri, 'https://ca').searchParams;
  }

  get body(): RequestBody {
    return RequestBody.parse(this.request.body);
  }

  caller(): Caller {
    const { authorization } = this.request;
    if (!authorization) throw CaError.http(401, CaCode.noAuthorizationHeader, 'No authorization header');
    const certificate = verifyToken(authorization, this.request);
    return { id: this.ca.certificateHolder(certificate).id, certificate };
  }

  basicCredentials(): { id: string; secret: string } {
    const { authorization } = this.request;
    if (!authorization) throw CaError.http(401, CaCode.noAuthorizationHeader, 'No authorization header');
    const encoded = /^basic (.+)$/i.exec(authorization)?.[1];
    const text = encoded ? Buffer.from(encoded, 'base64').toString('utf8') : '';
    const colon = text.indexOf(':');
    if (colon < 0)
      throw CaError.authentication(CaCode.noUserOrPassword, 'No user/pass in authorization header');
    return { id: text.slice(0, colon), secret: text.slice(colon + 1) };
  }

  flag(name: string): boolean {
    const value = this.query.get(name);
    if (!value) return false;
    const flag = parseBoolean(value.toLowerCase());
    if (flag === undefined)
      throw CaError.http(400, CaCode.badBody, `query parameter '${name}' must be true or false`);
    return flag;
  }
}

const serverInfo = (ca: CertificateAuthority) => ({
  CAName: ca.name,
  CAChain: base64(ca.caChain),
  // Idemix credentials are not issued; clients expect the fields.
  IssuerPublicKey: '',
  IssuerRevocationPublicKey: '',
  Version: version,
});

const enrollmentRequest = (body: RequestBody): EnrollmentRequest => ({
  certificateRequest: body.text('certificate_request') ?? '',
  profile: body.text('profile'),
  attributeRequests: body.attributeRequests('attr_reqs'),
});

const enrolled = (ca: CertificateAuthority, { certificate }: Enrollment): CaReply => ({
  status: 201,
  result: { Cert: base64(certificate), ServerInfo: serverInfo(ca) },
});

const registration = (body: RequestBody): RegistrationRequest => ({
  id: body.text('id') ?? '',
  type: body.text('type'),
  secret: body.text('secret'),
  maxEnrollments: body.whole('max_enrollments'),
  affiliation: body.text('affiliation'),
  attributes: body.attributes('attrs'),
});

const identityInfo = ({ id, type, affiliation, attributes, maxEnrollments }: IdentityRecord) => ({
  id,
  type,
  affiliation,
  attrs: attributes.map(({ name, value, ecert }) => ({ name, value, ...(ecert ? { ecert } : {}) })),
  max_enrollments: maxEnrollments,
});

const required = (item: string | undefined, code: number): string => {
  if (!item) throw CaError.http(400, code, 'No ID name specified in the path');
  return item;
};

/** Affiliation names as the tree that Fabric CA answers with. */
interface AffiliationNode {
  name: string;
  affiliations?: AffiliationNode[];
}

const affiliationTree = (names: readonly string[], parent = ''): AffiliationNode[] => {
  const depth = parent === '' ? 1 : parent.split('.').length + 1;
  return names
    .filter((name) => name.split('.').length === depth && (parent === '' || name.startsWith(`${parent}.`)))
    .map((name) => {
      const below = affiliationTree(names, name);
      return below.length > 0 ? { name, affiliations: below } : { name };
    });
};

const timeFilter = (call: CaCall, name: string): number | undefined => {
  const text = call.query.get(name);
  if (!text) return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at))
    throw CaError.http(400, CaCode.gettingCertificate, `Invalid Request: '${name}' is no time`);
  return at;
};

const certificateFilter = (call: CaCall): ((record: CertificateRecord) => boolean) => {
  const [id, serial, aki] = ['id', 'serial', 'aki'].map((name) => call.query.get(name));
  const [revokedStart, revokedEnd] = [timeFilter(call, 'revoked_start'), timeFilter(call, 'revoked_end')];
  const [expiredStart, expiredEnd] = [timeFilter(call, 'expired_start'), timeFilter(call, 'expired_end')];
  const notRevoked = call.flag('notrevoked');
  const notExpired = call.flag('notexpired');
  const now = call.ca.now();
  return (record) =>
    (!id || record.id === id) &&
    (!serial || record.serial === normalizeHex(serial)) &&
    (!aki || record.aki === normalizeHex(aki)) &&
    (!notRevoked || record.revokedAt === undefined) &&
    (!notExpired || record.notAfter >= now) &&
    (revokedStart === undefined || (record.revokedAt ?? -Infinity) >= revokedStart) &&
    (revokedEnd === undefined || (record.revokedAt ?? Infinity) <= revokedEnd) &&
    (expiredStart === undefined || record.notAfter >= expiredStart) &&
    (expiredEnd === undefined || record.notAfter <= expiredEnd);
};

type Handler = (call: CaCall) => Promise<CaReply> | CaReply;

const ok = (result: unknown, status = 200): CaReply => ({ status, result });

const cainfo: Handler = ({ ca }) => ok(serverInfo(ca));

const addIdentity: Handler = async (call) => {
  const { ca } = call;
  const caller = call.caller();
  const request = registration(call.body);
  if (!request.id)
    throw CaError.http(400, CaCode.addIdentity, "Missing 'ID' in request to add a new identity");
  const secret = await ca.register(caller.id, request);
  const identity = ca.managedIdentity(caller.id, request.id);
  return ok({ ...identityInfo(identity), secret, caname: ca.name }, 201);
};

/** Methods by resource and, for resources with items, by `resource/`. */
const routes: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  cainfo: { GET: cainfo, POST: cainfo, HEAD: cainfo },
  enroll: {
    POST: async (call) => {
      const { id, secret } = call.basicCredentials();
      await call.ca.login(id, secret);
      return enrolled(call.ca, await call.ca.enrollLoggedIn(id, enrollmentRequest(call.body)));
    },
  },
  reenroll: {
    POST: async (call) => {
      const { id } = call.caller();
      return enrolled(call.ca, await call.ca.reenroll(id, enrollmentRequest(call.body)));
    },
  },
  register: {
    POST: async (call) => {
      const { body } = call;
      return ok({ secret: await call.ca.register(call.caller().id, registration(body)) }, 201);
    },
  },
  revoke: {
    POST: async (call) => {
      const { ca, body } = call;
      const revoked = await ca.revoke(call.caller(), {
        id: body.text('id'),
        serial: body.text('serial'),
        aki: body.text('aki'),
        reason: body.text('reason'),
      });
      const withList = (body.flag('gencrl') ?? false) && revoked.length > 0;
      return ok({
        RevokedCerts: revoked.map(({ serial, aki }) => ({ Serial: serial, AKI: aki })),
        CRL: withList ? base64(ca.revocationList()) : '',
      });
    },
  },
  gencrl: {
    POST: (call) => {
      const { ca, body } = call;
      const { id } = call.caller();
      ca.requireAttribute(
        id,
        Hf.genCrl,
        CaCode.noGenCrlAuthority,
        `The identity '${id}' does not have authority to generate a CRL`,
      );
      const list = ca.revocationList({
        revokedAfter: body.date('revokedafter'),
        revokedBefore: body.date('revokedbefore'),
        expireAfter: body.date('expireafter'),
        expireBefore: body.date('expirebefore'),
      });
      return ok({ CRL: base64(list) });
    },
  },
  identities: {
    GET: (call) =>
      ok({ identities: call.ca.managedIdentities(call.caller().id).map(identityInfo), caname: call.ca.name }),
    POST: addIdentity,
  },
  'identities/': {
    GET: (call) => {
      const identity = call.ca.managedIdentity(call.caller().id, required(call.item, CaCode.gettingUser));
      return ok({ ...identityInfo(identity), caname: call.ca.name });
    },
    PUT: async (call) => {
      const caller = call.caller();
      const { id: _, ...changes } = registration(call.body);
      const identity = await call.ca.modify(caller.id, required(call.item, CaCode.modifyIdentity), changes);
      return ok({ ...identityInfo(identity), secret: changes.secret ?? '', caname: call.ca.name });
    },
    DELETE: async (call) => {
      const caller = call.caller();
      const identity = await call.ca.remove(
        caller.id,
        required(call.item, CaCode.removeIdentity),
        call.flag('force'),
      );
      return ok({ ...identityInfo(identity), caname: call.ca.name });
    },
  },
  affiliations: {
    GET: (call) => {
      const names = call.ca.managedAffiliations(call.caller().id);
      if (names.length === 0) {
        throw CaError.http(404, CaCode.gettingAffiliation, 'No affiliations are configured on the CA');
      }
      return ok({ name: '', affiliations: affiliationTree(names), caname: call.ca.name });
    },
    POST: async (call) => {
      const name = call.body.text('name') ?? '';
      await call.ca.addAffiliation(call.caller().id, name, call.flag('force'));
      return ok({ name, caname: call.ca.name }, 201);
    },
  },
  'affiliations/': {
    GET: (call) => {
      const name = required(call.item, CaCode.gettingAffiliation);
      const names = call.ca.managedAffiliations(call.caller().id);
      if (!names.includes(name)) {
        throw CaError.http(400, CaCode.databaseGet, `Failed to get Affiliation: '${name}' was not found`);
      }
      return ok({ name, affiliations: affiliationTree(names, name), caname: call.ca.name });
    },
  },
  certificates: {
    GET: (call) => {
      const matches = certificateFilter(call);
      const certificates = call.ca.managedCertificates(call.caller().id).filter(matches);
      return ok({ certs: certificates.map(({ pem }) => ({ PEM: pem })), caname: call.ca.name });
    },
  },
};

const notFound = (uri: string): CaError => CaError.http(404, CaCode.unknown, `No such path: ${uri}`);

const requestedCa = (uri: string, body: Buffer): string | undefined => {
  const inQuery = new URL(uri, 'https://ca').searchParams.get('ca');
  return inQuery || (body.length > 0 ? RequestBody.parse(body).text('caname') : undefined) || undefined;
};

/** Answers a request to `/api/v1/…` (also without the prefix, as Fabric CA does). @throws CaError */
export const answer = async (ca: CertificateAuthority, request: CaRequest): Promise<CaReply> => {
  const path = new URL(request.uri, 'https://ca').pathname.replace(/^\/api\/v1/, '');
  const [, resource = '', item] = /^\/([a-z]+)(?:\/([^/]+))?$/.exec(path) ?? [];
  const methods = Object.hasOwn(routes, item === undefined ? resource : `${resource}/`)
    ? routes[item === undefined ? resource : `${resource}/`]
    : undefined;
  if (!methods) throw notFound(path);
  const handler = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
  if (!handler) throw CaError.http(405, CaCode.methodNotAllowed, `Method ${request.method} is not allowed`);
  const name = requestedCa(request.uri, request.body);
  if (name !== undefined && name !== ca.name) {
    throw CaError.http(404, CaCode.caNotFound, `CA '${name}' does not exist`);
  }
  let decoded: string | undefined;
  try {
    decoded = item === undefined ? undefined : decodeURIComponent(item);
  } catch {
    throw notFound(path);
  }
  return handler(new CaCall(ca, request, decoded));
};
