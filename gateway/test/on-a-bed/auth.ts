import { readdirSync, readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { Caller, type TestBed } from '../harness';
import { sharedBed } from './shared-bed';

describe('signing in', () => {
  let bed: TestBed;

  beforeAll(async () => {
    bed = await sharedBed();
  });

  const login = (body: Record<string, unknown>) => bed.nobody().post('/auth/login', body);

  const statusFrom = (localAddress: string, body: object): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json' };
      request(`${bed.url}/api/v1/auth/login`, { method: 'POST', localAddress, headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end(JSON.stringify(body));
    });

  test('gives a token, a cookie and a CSRF token', async () => {
    const colleague = await bed.colleague('city', 'verifier');
    const answer = await login({
      organization: 'CityMSP',
      username: colleague.username,
      password: colleague.password,
    });
    expect(answer.status).toBe(200);
    expect(answer.body['user']).toEqual({
      username: colleague.username,
      organization: 'city',
      role: 'verifier',
      subject: colleague.subject,
      displayName: 'Test verifier',
    });
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toContain(`medseal_session=${answer.body['token']}`);
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    const hours = (Date.parse(answer.body['expiresAt']) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(11.9);
    expect(hours).toBeLessThan(12.1);
    const remembered = await login({
      organization: 'city',
      username: colleague.username,
      password: colleague.password,
      rememberMe: true,
    });
    expect((Date.parse(remembered.body['expiresAt']) - Date.now()) / 86_400_000).toBeCloseTo(14, 1);
  });

  test('answers alike for an unknown organisation, an unknown user and a wrong password', async () => {
    const { username, password } = await bed.colleague('city', 'auditor');
    const wrong = [
      { organization: 'city', username, password: `${password}x` },
      { organization: 'city', username, password: password.toUpperCase() },
      { organization: 'city', username: username.toUpperCase(), password },
      { organization: 'city', username: 'nobody-here', password },
      { organization: 'lakeside', username, password },
      { organization: 'nowhere', username, password },
    ];
    const bodies = [];
    for (const body of wrong) {
      const answer = await login(body);
      expect(answer.status).toBe(401);
      const { requestId, ...rest } = answer.body;
      expect(requestId).toBeDefined();
      bodies.push(rest);
    }
    for (const body of bodies) expect(body).toEqual(bodies[0]);
    expect(bodies[0]!['code']).toBe('SIGN_IN_FAILED');
  });

  test('cookie writes need the CSRF token of the session', async () => {
    const { username, password } = await bed.colleague('city', 'auditor');
    const { body } = await login({ organization: 'city', username, password });
    const other = await login({ organization: 'city', username, password });
    const cookie = { cookie: `medseal_session=${body['token']}` };
    // A page that was loaded anew has only the cookie, and asks for the token.
    const me = await bed.nobody().get('/auth/me', cookie);
    expect(me.status).toBe(200);
    expect(me.body).toMatchObject({ csrfToken: body['csrfToken'], expiresAt: body['expiresAt'] });
    expect(me.headers.get('cache-control')).toBe('no-store');
    const without = await bed.nobody().post('/auth/logout', undefined, { headers: cookie });
    expect(without).toMatchObject({ status: 403, body: { code: 'CSRF_TOKEN' } });
    const foreign = { ...cookie, 'x-csrf-token': other.body['csrfToken'] as string };
    expect((await bed.nobody().post('/auth/logout', undefined, { headers: foreign })).status).toBe(403);
    const right = { ...cookie, 'x-csrf-token': body['csrfToken'] as string };
    expect((await bed.nobody().post('/auth/logout', undefined, { headers: right })).status).toBe(204);
    expect((await bed.nobody().get('/auth/me', cookie)).status).toBe(401);
  });

  test('sessions are listed and ended one by one', async () => {
    const { username, password, caller } = await bed.colleague('city', 'auditor');
    const second = await bed.signIn('city', username, password);
    const listed = await caller.get('/auth/sessions');
    expect(listed.body['items']).toHaveLength(2);
    const other = (listed.body['items'] as { id: string; current: boolean }[]).find(
      ({ current }) => !current,
    )!;
    expect((await caller.call('DELETE', `/auth/sessions/${other.id}`)).status).toBe(204);
    expect((await second.get('/auth/me')).status).toBe(401);
    expect((await caller.call('DELETE', `/auth/sessions/${other.id}`)).status).toBe(404);
    const stranger = await bed.colleague('city', 'auditor');
    const own = (listed.body['items'] as { id: string; current: boolean }[]).find(({ current }) => current)!;
    expect((await stranger.caller.call('DELETE', `/auth/sessions/${own.id}`)).status).toBe(404);
    expect((await caller.get('/auth/me')).status).toBe(200);
  });

  test('a changed password keeps the keys and ends the other sessions', async () => {
    const { username, password, caller } = await bed.colleague('city', 'hospital-admin');
    const other = await bed.signIn('city', username, password);
    const change = (currentPassword: string, newPassword: string) =>
      caller.post('/auth/change-password', { currentPassword, newPassword }, { key: null });
    expect(await change('not the password', 'a-new-password')).toMatchObject({
      status: 401,
      body: { code: 'WRONG_PASSWORD' },
    });
    expect((await change(password, 'short')).body['errors'][0].field).toBe('newPassword');
    expect((await change(password, password)).status).toBe(400);
    expect((await change(password, 'a-new-password')).status).toBe(204);
    expect((await other.get('/auth/me')).status).toBe(401);
    expect((await caller.get('/auth/me')).status).toBe(200);
    expect((await login({ organization: 'city', username, password })).status).toBe(401);
    const again = await bed.signIn('city', username, 'a-new-password');
    // Only the holder of the key in the certificate can sign this act.
    expect((await again.post('/doctors', { name: 'Dr. K', specialization: 'K' })).status).toBe(201);
  });

  test('sessions survive a restart and still sign', async () => {
    const { caller } = await bed.colleague('city', 'hospital-admin');
    await bed.restartGateway();
    const after = new Caller(bed.url, caller.token);
    expect((await after.get('/auth/me')).status).toBe(200);
    expect((await after.post('/doctors', { name: 'Dr. R', specialization: 'R' })).status).toBe(201);
  });

  test('ten failures lock the account at that address, not other accounts', async () => {
    const { username, password } = await bed.colleague('lakeside', 'auditor');
    const other = await bed.colleague('lakeside', 'auditor');
    const statuses = [];
    for (let i = 0; i < 10; i++) {
      statuses.push((await login({ organization: 'lakeside', username, password: 'wrong-password' })).status);
    }
    expect(statuses).toEqual(Array<number>(10).fill(401));
    const locked = await login({ organization: 'lakeside', username, password });
    expect(locked).toMatchObject({ status: 429, body: { code: 'SIGN_IN_LOCKED' } });
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(60);
    expect(
      (await login({ organization: 'lakeside', username: other.username, password: other.password })).status,
    ).toBe(200);
    // The rightful owner elsewhere waits a moment, not a lock.
    expect(await statusFrom('127.0.0.2', { organization: 'lakeside', username, password })).toBe(200);
    await bed.advance(16 * 60_000);
    expect((await login({ organization: 'lakeside', username, password })).status).toBe(200);
  });

  test('many wrong guesses at once do not slip past the limit', async () => {
    const { username } = await bed.colleague('lakeside', 'auditor');
    const answers = await Promise.all(
      Array.from({ length: 25 }, () =>
        login({ organization: 'lakeside', username, password: 'wrong-password' }),
      ),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(15);
  });

  test('an idle session ends after 30 minutes, a remembered one after 14 days', async () => {
    const { username, password, caller } = await bed.colleague('city', 'auditor');
    const remembered = await bed.signIn('city', username, password, true);
    await bed.advance(29 * 60_000);
    expect((await caller.get('/auth/me')).status).toBe(200);
    await bed.advance(31 * 60_000);
    expect((await caller.get('/auth/me')).status).toBe(401);
    expect((await remembered.get('/auth/me')).status).toBe(200);
    await bed.advance(13 * 86_400_000);
    expect((await remembered.get('/auth/me')).status).toBe(200);
    await bed.advance(86_400_000);
    expect((await remembered.get('/auth/me')).status).toBe(401);
  });

  test('certificates about to end are renewed at sign-in and at start, for the same people', async () => {
    const { username, password } = await bed.colleague('city', 'hospital-admin');
    await bed.advance(345 * 86_400_000);
    await bed.restartGateway();
    const early = await bed.signIn('city', username, password, true);
    expect((await early.post('/doctors', { name: 'Dr. Y', specialization: 'Y' })).status).toBe(201);
    await bed.advance(10 * 86_400_000);
    expect((await early.get('/auth/me')).status).toBe(200);
    // Past the end of the first certificates.
    await bed.advance(15 * 86_400_000);
    const late = await bed.signIn('city', username, password);
    expect((await late.post('/doctors', { name: 'Dr. Z', specialization: 'Z' })).status).toBe(201);
    expect((await bed.nobody().get('/health/ready')).status).toBe(200);
  });

  test('keys, passwords, tokens and names are nowhere on disk or in the log', async () => {
    const { username, password, caller } = await bed.colleague('city', 'researcher', {
      displayName: 'Zebedee Quorthon-Marker',
    });
    await caller.get('/auth/me');
    const secrets = [password, caller.token!, caller.token!.split('.')[1]!, username, 'Quorthon'];
    for (const secret of secrets) expect(bed.log).not.toContain(secret);
    // The display name is among the staff details that hospitals share, in their collection on the peers.
    const folder = join(bed.folder, 'gateway');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path).isFile() && !path.includes('/database/'));
    expect(files.length).toBeGreaterThan(10);
    for (const file of files) {
      const bytes = readFileSync(file);
      for (const secret of secrets) expect(bytes.includes(secret)).toBe(false);
      expect(statSync(file).mode & 0o077).toBe(0);
    }
  });
});
