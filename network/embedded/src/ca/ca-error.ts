/** Codes of Fabric CA that clients can meet (fabric-ca lib/caerrors/servererror.go). */
export const CaCode = {
  unknown: 0,
  methodNotAllowed: 1,
  noAuthorizationHeader: 2,
  readingBody: 3,
  emptyBody: 4,
  badBody: 5,
  notRevoker: 7,
  revokedCertificateNotFound: 8,
  certificateWrongOwner: 9,
  revokeIdNotFound: 10,
  missingRevokeArguments: 15,
  gettingAffiliation: 16,
  caNotFound: 19,
  authenticationFailure: 20,
  noUserOrPassword: 21,
  invalidUser: 23,
  invalidPassword: 24,
  invalidToken: 25,
  untrustedCertificate: 26,
  certificateExpired: 27,
  certificateRevoked: 28,
  certificateNotFound: 30,
  badCsr: 31,
  noGenCrlAuthority: 35,
  invalidRevokedAfter: 36,
  invalidExpiredAfter: 37,
  registerAttributeAuthority: 42,
  missingRegistrarAttribute: 43,
  callerNotAffiliated: 44,
  gettingUser: 49,
  addIdentity: 52,
  removeIdentity: 56,
  modifyIdentity: 58,
  missingRole: 59,
  addAffiliation: 60,
  removeAffiliation: 61,
  databaseGet: 63,
  modifyAffiliation: 64,
  alreadyRevoked: 66,
  gettingCertificate: 67,
  authorizationFailure: 71,
  passwordAttempts: 73,
  duplicateIdentity: 74,
  registrarAuthority: 76,
  commonNameMismatch: 77,
  missingAttribute: 78,
  invalidCsrInput: 80,
} as const;

/** A refusal with what the log may know and what the client is told. */
export class CaError extends Error {
  private constructor(
    readonly status: number,
    readonly localCode: number,
    message: string,
    readonly code: number,
    readonly clientMessage: string,
  ) {
    super(message);
    this.name = 'CaError';
  }

  static http(status: number, code: number, message: string): CaError {
    return new CaError(status, code, message, code, message);
  }

  /** 401; the client learns no reason. */
  static authentication(localCode: number, message: string): CaError {
    return new CaError(401, localCode, message, CaCode.authenticationFailure, 'Authentication failure');
  }

  /** 403; the client learns no reason. */
  static authorization(localCode: number, message: string): CaError {
    return new CaError(403, localCode, message, CaCode.authorizationFailure, 'Authorization failure');
  }
}
