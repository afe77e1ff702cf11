import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { ThrottlerException } from '@nestjs/throttler';
import type { Request, Response } from 'express';
import { LedgerError } from '../fabric/ledger-client.js';
import { ledgerProblem } from './ledger-problem.js';
import { TooManyPasswordsError } from '../auth/argon2.js';
import { notFound, problem, ProblemException, tooManyRequests } from './problem.js';
import { StorageFullError, StorageUnavailableError } from '../storage/object-store.js';
import { SigningNeeded } from './signing-needed.js';

/** Every error leaves as application/problem+json; what nobody foresaw says no more than that. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Problem');

  catch(exception: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    if (exception instanceof SigningNeeded) {
      response
        .status(exception.getStatus())
        .header('Cache-Control', 'no-store')
        .json({ repeat: true, ...exception.toSign });
      return;
    }
    const answer = toProblem(exception);
    if (answer.problem.status >= 500) {
      const cause = answer.cause ?? exception;
      const known = answer.problem.status === 507;
      const stack = cause instanceof Error && !known ? (cause.stack ?? cause.message) : String(cause);
      this.logger.error(`${request.requestId ?? '-'} ${answer.problem.code}: ${stack}`);
    }
    if (response.headersSent) {
      // A stream had begun; ending it abruptly is the only way left to say that it is incomplete.
      response.destroy();
      return;
    }
    for (const [name, value] of Object.entries(answer.headers)) response.header(name, value);
    response
      .status(answer.problem.status)
      .contentType('application/problem+json')
      .send(
        JSON.stringify({ ...answer.problem, instance: request.originalUrl, requestId: request.requestId }),
      );
  }
}

export const toProblem = (exception: unknown): ProblemException => {
  if (exception instanceof ProblemException) return exception;
  if (exception instanceof LedgerError) return ledgerProblem(exception);
  if (exception instanceof ThrottlerException)
    return problem(429, 'TOO_MANY_REQUESTS', 'Send fewer requests; wait until Retry-After has passed.');
  if (exception instanceof HttpException) return ofHttpException(exception);
  if (exception instanceof StorageUnavailableError)
    return problem(503, 'STORAGE_UNAVAILABLE', exception.message, undefined, {
      headers: { 'Retry-After': '5' },
      cause: exception,
    });
  if (exception instanceof StorageFullError)
    return problem(507, 'STORAGE_FULL', exception.message, undefined, { headers: { 'Retry-After': '30' } });
  if (exception instanceof TooManyPasswordsError)
    return tooManyRequests('BUSY', 'Too many passwords are being checked: try again in a moment.', 5);
  const { status, type, code } = (exception ?? {}) as { status?: unknown; type?: unknown; code?: unknown };
  if (FULL_DISK.has(code)) {
    return problem(
      507,
      'DISK_FULL',
      'The disk of this service is full, and nothing was stored: free some space, then repeat the request.',
      undefined,
      { headers: { 'Retry-After': '30' } },
    );
  }
  // Body parser errors of Express carry status and type.
  if (typeof status === 'number' && typeof type === 'string') return ofBodyParser(status);
  return problem(
    500,
    'UNEXPECTED',
    'Something unforeseen happened; the log has it under this requestId.',
    undefined,
    {
      cause: exception,
    },
  );
};

/** Of the file system, and of the database (`disk_full`). */
const FULL_DISK: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', '53100']);

const ofHttpException = (exception: HttpException): ProblemException => {
  const status = exception.getStatus();
  switch (status) {
    case 404:
      return notFound();
    case 400:
      return problem(400, 'INVALID_REQUEST', 'The request could not be read: check its JSON and parameters.');
    default:
      return problem(status, `HTTP_${status}`, exception.message, undefined, { cause: exception });
  }
};

const ofBodyParser = (status: number): ProblemException => {
  switch (status) {
    case 413:
      return problem(413, 'TOO_LARGE', 'The body is larger than this service takes.');
    case 415:
      return problem(415, 'UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json in UTF-8.');
    default:
      return problem(400, 'INVALID_REQUEST', 'The body is not JSON: check its syntax.');
  }
};
