import { HttpException } from '@nestjs/common';

export interface FieldError {
  /** Path in the body or name of the header or query parameter. */
  field: string;
  message: string;
}

/** RFC 9457 body, before the filter adds `instance` and `requestId`. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  errors?: FieldError[];
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request is malformed',
  401: 'Sign in first',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict with the current state',
  412: 'The resource has changed',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'The request cannot be carried out',
  429: 'Too many requests',
  500: 'Unexpected failure',
  502: 'The ledger refused',
  503: 'Temporarily unavailable',
  504: 'No answer in time',
  507: 'No space left',
};

export class ProblemException extends HttpException {
  constructor(
    readonly problem: ProblemBody,
    /** Response headers that belong to the problem, e.g. Retry-After. */
    readonly headers: Readonly<Record<string, string>> = {},
    options?: { cause?: unknown },
  ) {
    super(problem, problem.status, options);
  }

  get code(): string {
    return this.problem.code;
  }
}

/**
 * An answer of RFC 9457, to be thrown.
 * @param code stable, upper case; clients decide by it
 * @param detail names what is wrong and the remedy; no secrets, no personal data
 */
export const problem = (
  status: number,
  code: string,
  detail: string,
  errors?: FieldError[],
  options: { headers?: Record<string, string>; cause?: unknown } = {},
): ProblemException =>
  new ProblemException(
    {
      type: `urn:medseal:problem:${code.toLowerCase().replaceAll('_', '-')}`,
      title: TITLES[status] ?? 'Problem',
      status,
      detail,
      code,
      ...(errors === undefined ? {} : { errors }),
    },
    options.headers,
    { cause: options.cause },
  );

/** The one answer for what is not there and for what the caller may not see. */
export const notFound = (): ProblemException =>
  problem(404, 'NOT_FOUND', 'There is nothing here, or nothing that you may see.');

export const invalid = (field: string, message: string): ProblemException =>
  problem(400, 'INVALID_REQUEST', `${field} ${message}`, [{ field, message }]);

export const tooManyRequests = (code: string, detail: string, retryAfterSeconds: number): ProblemException =>
  problem(429, code, detail, undefined, {
    headers: { 'Retry-After': String(Math.max(1, Math.ceil(retryAfterSeconds))) },
  });
