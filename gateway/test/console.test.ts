import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { consoleMiddleware } from '../src/http/console';

/** The console's files as the gateway serves them, from a small folder in place of the build. */
describe('the console at /', () => {
  const servers: Server[] = [];
  let folder: string;
  let url: string;

  const serve = async (directory: string): Promise<string> => {
    const app = express();
    app.use(consoleMiddleware(directory));
    app.use((request, response) => void response.status(404).send(`not the console: ${request.path}`));
    const server = createServer(app);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'medseal-console-'));
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Medseal</title>');
    writeFileSync(join(folder, 'assets/index-1.js'), 'export {};');
    url = await serve(folder);
  });
  afterAll(async () => {
    for (const server of servers) await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(['/', '/report/blocks/7', '/patients/1010000000001'])('%s is the page', async (path) => {
    const answer = await fetch(url + path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-cache');
    expect(await answer.text()).toContain('<title>Medseal</title>');
  });

  test('nothing inline and nothing of another origin may run', async () => {
    const policy = (await fetch(url)).headers.get('content-security-policy') ?? '';
    expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*/);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval'");
    expect(policy).toContain("frame-ancestors 'none'");
  });

  test('an asset is kept for ever, because its name changes with its bytes', async () => {
    const answer = await fetch(`${url}/assets/index-1.js`);
    expect(answer.headers.get('cache-control')).toContain('immutable');
    expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(await answer.text()).toBe('export {};');
    const plain = await fetch(`${url}/assets/index-1.js`, { headers: { 'accept-encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.text()).toBe('export {};');
  });

  test('unchanged bytes are not sent again', async () => {
    const etag = (await fetch(url)).headers.get('etag') ?? '';
    const again = await fetch(url, { headers: { 'if-none-match': etag } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
  });

  test.each([
    ['GET', '/api/v1/nothing'],
    ['GET', '/api/docs'],
    ['GET', '/health/ready'],
    ['GET', '/metrics'],
    ['GET', '/assets/gone-2.js'],
    ['GET', '/assets/..%2f..%2fpackage.json'],
    ['POST', '/'],
  ])('%s %s is not the console', async (method, path) => {
    const answer = await fetch(url + path, { method });
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('not the console');
  });

  test('without a build everything passes through', async () => {
    const answer = await fetch(await serve(join(folder, 'nowhere')));
    expect(await answer.text()).toContain('not the console');
  });
});
