import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, resolve, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { NextFunction, Request, Response } from 'express';

/** Where the console's build is: `gateway/console/dist`, seen from `gateway/{src,dist}/http`. */
export const CONSOLE_DIRECTORY = resolve(__dirname, '../../console/dist');

/** No script, style or request of another origin, nothing inline; WebAssembly is compiled for the pairing. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const OTHERS = /^\/(?:api|health|metrics)(?:\/|$)/;
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};
const PAGE = '/index.html';

interface ServedFile {
  bytes: Buffer;
  type: string;
  etag: string;
  zipped?: Buffer;
}

/**
 * Serves the console at `/`: its files as they were when the gateway started, its one page for every other path, so that
 * each address can be opened and bookmarked. What belongs to the API passes through.
 */
export const consoleMiddleware = (directory = CONSOLE_DIRECTORY) => {
  const files = readFiles(directory);
  return (request: Request, response: Response, next: NextFunction): void => {
    const reads = request.method === 'GET' || request.method === 'HEAD';
    if (!reads || OTHERS.test(request.path) || !files.has(PAGE)) return next();
    const isAsset = request.path.startsWith('/assets/');
    const file = files.get(request.path) ?? (isAsset ? undefined : files.get(PAGE));
    if (file === undefined) return next();
    // Names of assets change with their bytes.
    response.header('Cache-Control', isAsset ? 'public, max-age=31536000, immutable' : 'no-cache');
    response.header('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    response.header('Cross-Origin-Opener-Policy', 'same-origin');
    response.header('Permissions-Policy', 'camera=(), geolocation=(), microphone=()');
    response.header('Vary', 'Accept-Encoding');
    response.header('ETag', file.etag);
    if (request.get('if-none-match') === file.etag) {
      response.status(304).end();
      return;
    }
    response.contentType(file.type);
    if (request.acceptsEncodings('gzip') === 'gzip') {
      file.zipped ??= gzipSync(file.bytes);
      response.header('Content-Encoding', 'gzip').send(file.zipped);
    } else {
      response.send(file.bytes);
    }
  };
};

const readFiles = (directory: string): Map<string, ServedFile> => {
  if (!existsSync(directory)) return new Map();
  const names = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    names.map((name) => {
      const bytes = readFileSync(name);
      return [
        `/${relative(directory, name).split(sep).join('/')}`,
        {
          bytes,
          type: TYPES[extname(name)] ?? 'application/octet-stream',
          etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
        },
      ];
    }),
  );
};
