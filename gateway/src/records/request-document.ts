import type { Request } from 'express';
import { parseLossless } from './document/lossless-json.js';

/** The body's `document` with its decimals as they were written, where the raw body is at hand. */
export function requestDocument(request: Request & { rawBody?: Buffer }): unknown {
  const { rawBody } = request;
  const body: unknown = rawBody === undefined ? request.body : parseLossless(rawBody.toString('utf8'));
  return (body as { document?: unknown } | null)?.document;
}
