import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';
import { runInRequest } from './request-context.js';
import { routeOf } from './route.js';
import { observeRequest } from '../health/metrics.js';

export type WriteLog = (line: Record<string, unknown>) => void;

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Gives each request an id and writes one line when it ends. The line has the route's template, never the URL. */
export const requestMiddleware =
  (log: WriteLog) =>
  (request: Request, response: Response, next: NextFunction): void => {
    const given = request.get('x-request-id');
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : randomUUID();
    request.requestId = requestId;
    response.header('X-Request-Id', requestId);
    response.header('X-Content-Type-Options', 'nosniff');
    response.header('Referrer-Policy', 'no-referrer');
    // No browser keeps what patients and staff read; the console's files say otherwise of themselves.
    response.header('Cache-Control', 'no-store');
    const started = process.hrtime.bigint();
    response.on('close', () => {
      const ms = Number(process.hrtime.bigint() - started) / 1e6;
      const route = routeOf(request);
      observeRequest(request.method, route, response.statusCode, ms / 1_000);
      log({
        time: new Date().toISOString(),
        requestId,
        method: request.method,
        route,
        status: response.statusCode,
        ms: Math.round(ms * 10) / 10,
        organization: request.user?.organization.slug,
        finished: response.writableFinished,
      });
    });
    runInRequest({ requestId, committed: new Map() }, next);
  };
