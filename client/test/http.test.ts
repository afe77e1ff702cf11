import { createServer, type IncomingMessage, type Server } from 'node:http';
import { MedsealClient, ProblemError } from '../src';

/** A service that answers each request with what the test set, and remembers what it was asked. */
describe('the transport', () => {
  const asked: IncomingMessage[] = [];
  let server: Server;
  let url: string;
  let answer: { status: number; headers?: Record<string, string>; body: string };
  const session = {
    token: 'city.secret',
    csrfToken: 'csrf',
    expiresAt: '2030-01-01T00:00:00.000Z',
    user: { username: 'u', organization: 'city', role: 'doctor', subject: 's', displayName: 'U' },
  };

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request);
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  });
  beforeEach(() => {
    asked.length = 0;
    answer = { status: 200, body: JSON.stringify(session) };
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  test('in token mode proves the session by the bearer token', async () => {
    const client = new MedsealClient(url);
    await client.login('city', 'u', 'p');
    await client.createUser({ username: 'v', role: 'doctor', displayName: 'V' });
    expect(asked[1]?.headers).toMatchObject({ authorization: 'Bearer city.secret' });
    expect(asked[1]?.headers).not.toHaveProperty('x-csrf-token');
  });

  test('in cookie mode keeps no token and sends the CSRF token with writes only', async () => {
    const client = new MedsealClient(url, undefined, 'cookie');
    await client.login('city', 'u', 'p');
    await client.users();
    await client.createUser({ username: 'v', role: 'doctor', displayName: 'V' });
    await client.logout();
    await client.organizations();
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(Array(5).fill(undefined));
    expect(asked.map(({ headers }) => headers['x-csrf-token'])).toEqual([
      undefined,
      undefined,
      'csrf',
      'csrf',
      undefined,
    ]);
  });

  test("goes on with a cookie's session", async () => {
    const { user, csrfToken, expiresAt } = session;
    answer.body = JSON.stringify({ ...user, sessionId: 'x', csrfToken, expiresAt });
    const client = new MedsealClient(url, undefined, 'cookie');
    expect(await client.resume()).toEqual({ user, csrfToken, expiresAt });
    await client.endSession('y');
    expect(asked[1]?.headers['x-csrf-token']).toBe('csrf');
  });

  test('repeats a key that it is given and makes one otherwise', async () => {
    const client = new MedsealClient(url);
    const input = { username: 'v', role: 'doctor', displayName: 'V' };
    await client.createUser(input, { idempotencyKey: 'again' });
    await client.createUser(input);
    await client.createUser(input);
    const keys = asked.map(({ headers }) => headers['idempotency-key']);
    expect(keys[0]).toBe('again');
    expect(new Set(keys).size).toBe(3);
  });

  test('a problem keeps its parts and how long to wait', async () => {
    const body = {
      code: 'SIGN_IN_LOCKED',
      detail: 'Wait.',
      requestId: 'r',
      errors: [{ field: 'f', message: 'm' }],
    };
    answer = { status: 429, headers: { 'retry-after': '840' }, body: JSON.stringify(body) };
    const failure = await new MedsealClient(url).login('city', 'u', 'p').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ProblemError);
    expect(failure).toMatchObject({ status: 429, ...body, retryAfter: 840 });
  });

  test("a proxy's page becomes a problem without code", async () => {
    answer = { status: 502, body: '<html>Bad gateway</html>' };
    const failure = await new MedsealClient(url).me().catch((error: unknown) => error);
    expect(failure).toMatchObject({ status: 502, code: 'UNKNOWN' });
  });

  test('the walk tells its progress and is refused when it is cut off', async () => {
    const steps = [
      { progress: { phase: 'blocks', done: 1, total: 2 } },
      { chainValid: true, invalidCount: 0 },
    ];
    answer.body = steps.map((step) => `${JSON.stringify(step)}\n`).join('');
    const client = new MedsealClient(url);
    const told: unknown[] = [];
    expect(await client.verifyWithProgress((progress) => told.push(progress))).toEqual(steps[1]);
    expect(told).toEqual([{ phase: 'blocks', done: 1, total: 2 }]);
    answer.body = `${JSON.stringify(steps[0])}\n`;
    await expect(client.verifyWithProgress(() => undefined)).rejects.toMatchObject({ code: 'INCOMPLETE' });
  });
});
