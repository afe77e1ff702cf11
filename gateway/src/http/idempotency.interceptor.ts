import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { randomBytes, fromBase64, toBase64 } from '@medseal/crypto';
import type { Request, Response } from 'express';
import { defer, from, lastValueFrom, type Observable } from 'rxjs';
import { Clock } from '../clock.js';
import type { Organization } from '../organizations/organization.js';
import { BusinessRequest, businessId } from './business-request.js';
import { ANSWER_NOT_KEPT } from './decorators.js';
import { problem, ProblemException } from './problem.js';
import { toProblem } from './problem.filter.js';
import { currentRequest } from './request-context.js';
import { routeOf } from './route.js';

const KEPT_MS = 24 * 3_600_000;
const CLEANING_INTERVAL_MS = 60_000;
const KEY = /^[\x21-\x7e]{1,200}$/;
const HEADER = 'Idempotency-Key';

interface Row {
  body_hash: string;
  secret: Uint8Array;
  status: number | null;
  answer: Uint8Array | null;
}

/**
 * Idempotency-Key on every POST of a signed-in user outside /auth: the act's business id and values are the same for
 * the same key, a finished act is answered from its stored answer, the same key with another body is refused.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  private readonly running = new Map<string, Promise<unknown>>();
  private readonly cleanedAt = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<Request>();
    const route = routeOf(request);
    if (request.method !== 'POST' || request.user === undefined || /^\/api\/v\d+\/auth\//.test(route))
      return next.handle();
    const keeps = Reflect.getMetadata(ANSWER_NOT_KEPT, context.getHandler()) !== true;
    return defer(() => from(this.once(request, context.switchToHttp().getResponse<Response>(), next, keeps)));
  }

  private async once(
    request: Request,
    response: Response,
    next: CallHandler,
    keeps: boolean,
  ): Promise<unknown> {
    const { organization, subject } = request.user!;
    const { keystore, mspId } = organization;
    const key = request.get(HEADER);
    if (key === undefined || !KEY.test(key)) {
      throw problem(
        400,
        'IDEMPOTENCY_KEY',
        `Send a header ${HEADER}: 1 to 200 printable characters, new for each act.`,
        [
          {
            field: HEADER,
            message: key === undefined ? 'is missing' : 'must be 1 to 200 printable characters',
          },
        ],
      );
    }
    // The path, not the template: the same key for another patient is another act. Path and body hold registration
    // numbers, and the id is on the ledger: a bare hash of them could be searched for.
    const id = keystore.indexHmac(
      'businessId',
      businessId(mspId, subject, request.method, request.path, key),
    );
    const bodyHash = keystore.indexHmac(
      'requestBody',
      JSON.stringify([request.originalUrl, request.body ?? null]),
    );

    while (this.running.has(`${mspId}/${id}`)) {
      await this.running.get(`${mspId}/${id}`)!.catch(() => undefined);
    }
    const act = this.act(organization, id, bodyHash, request, response, next, keeps);
    this.running.set(`${mspId}/${id}`, act);
    try {
      return await act;
    } finally {
      this.running.delete(`${mspId}/${id}`);
    }
  }

  private async act(
    organization: Organization,
    id: string,
    bodyHash: string,
    request: Request,
    response: Response,
    next: CallHandler,
    keeps: boolean,
  ): Promise<unknown> {
    const { database, keystore } = organization;
    const row = await this.claim(organization, id, bodyHash);
    if (row.body_hash !== bodyHash) {
      throw problem(
        422,
        'IDEMPOTENCY_KEY_REUSED',
        `This ${HEADER} was used with another body: take a new one.`,
        [{ field: HEADER, message: 'was used with another body' }],
      );
    }
    if (row.status !== null && row.answer !== null) {
      response.status(row.status).header('Idempotency-Replayed', 'true');
      return keystore.openRow<unknown>(answerContext(id), row.answer);
    }
    const secret = await keystore.openRow<string>(context(id, 'secret'), row.secret);
    request.business = new BusinessRequest(id, fromBase64(secret));
    const served = currentRequest();
    if (served !== undefined) served.businessId = id;
    let answer: unknown;
    try {
      answer = await lastValueFrom(next.handle(), { defaultValue: undefined });
    } catch (error) {
      // A malformed request has begun nothing: its key may be used with the corrected body.
      if (isMalformed(error)) await database.query('DELETE FROM idempotency WHERE business_id = $1', [id]);
      throw error;
    }
    if (!keeps) return answer;
    await database.query('UPDATE idempotency SET status = $2, answer = $3 WHERE business_id = $1', [
      id,
      response.statusCode,
      await keystore.sealRow(answerContext(id), answer ?? null),
    ]);
    return answer;
  }

  private async forgetOld(organization: Organization, now: number): Promise<void> {
    if (now - (this.cleanedAt.get(organization.mspId) ?? 0) < CLEANING_INTERVAL_MS) return;
    this.cleanedAt.set(organization.mspId, now);
    await organization.database.query('DELETE FROM idempotency WHERE created_at < $1', [
      new Date(now - KEPT_MS),
    ]);
  }

  /** The row of this id, made now unless it is there. */
  private async claim(organization: Organization, id: string, bodyHash: string): Promise<Row> {
    const { database, keystore } = organization;
    const now = this.clock.now();
    await this.forgetOld(organization, now);
    const secret = await keystore.sealRow(context(id, 'secret'), toBase64(randomBytes(32)));
    const [made] = await database.query<Row>(
      `INSERT INTO idempotency (business_id, body_hash, secret, created_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (business_id) DO NOTHING RETURNING body_hash, secret, status, answer`,
      [id, bodyHash, secret, new Date(now)],
    );
    if (made !== undefined) return made;
    const [row] = await database.query<Row>(
      'SELECT body_hash, secret, status, answer FROM idempotency WHERE business_id = $1',
      [id],
    );
    return row!;
  }
}

const context = (id: string, part: string): string => `idempotency/${id}/${part}`;

/** What a kept answer is sealed for. */
export const answerContext = (id: string): string => context(id, 'answer');

const isMalformed = (error: unknown): boolean => {
  const answer = error instanceof ProblemException ? error : toProblem(error);
  return answer.problem.status === 400 || answer.problem.status === 413 || answer.problem.status === 415;
};
