import { Caller, type TestBed } from '../harness';
import { sharedBed } from './shared-bed';

describe('users and doctors', () => {
  let bed: TestBed;
  let city: Caller;

  beforeAll(async () => {
    bed = await sharedBed();
    city = await bed.administrator('city');
  });
  afterAll(() => bed.restartGateway('SIGTERM', { rateLimit: undefined }));

  describe('organizations', () => {
    test('are public, with keys that their service signed', async () => {
      const { status, body } = await bed.nobody().get('/organizations');
      expect(status).toBe(200);
      expect(body['items'].map(({ id }: { id: string }) => id).sort()).toEqual([
        'city',
        'lakeside',
        'ministry',
      ]);
      for (const organization of body['items']) {
        expect(organization.keys.map(({ kind }: { kind: string }) => kind).sort()).toEqual([
          'agent',
          'custodian',
          'custodianService',
          'handover',
        ]);
        expect(organization.caChain).toHaveLength(organization.kind === 'ministry' ? 0 : 1);
      }
    });
  });

  describe('users', () => {
    test('an administrator makes a sign-in; the listing shows it', async () => {
      const made = await city.post('/users', {
        username: 'vera.check',
        role: 'verifier',
        displayName: 'Vera Check',
      });
      expect(made.status).toBe(201);
      expect(made.body['ledger']).toMatchObject({ validationCode: 'VALID' });
      expect(made.body['subject']).toMatch(/^[0-9a-f]{32}$/);
      const listed = await city.get('/users?q=vera');
      expect(listed.body).toMatchObject({ total: 1, nextCursor: null });
      expect(listed.body['items'][0]).toMatchObject({
        username: 'vera.check',
        role: 'verifier',
        status: 'active',
      });
      expect((await city.get('/users/vera.check')).status).toBe(200);
      expect((await (await bed.administrator('lakeside')).get('/users/vera.check')).status).toBe(404);
      const vera = await bed.signIn('city', 'vera.check', made.body['initialPassword']);
      expect(await vera.get('/users')).toMatchObject({ status: 403, body: { code: 'NOT_ALLOWED' } });
    });

    test('refuses taken names and roles that the organisation cannot give', async () => {
      const again = await city.post('/users', {
        username: 'administrator',
        role: 'auditor',
        displayName: 'A',
      });
      expect(again).toMatchObject({
        status: 409,
        body: { code: 'USERNAME_TAKEN', errors: [{ field: 'username' }] },
      });
      const manager = await city.post('/users', {
        username: 'manager',
        role: 'system-manager',
        displayName: 'M',
      });
      expect(manager).toMatchObject({ status: 400, body: { errors: [{ field: 'role' }] } });
      const ministry = await bed.administrator('ministry');
      expect(
        (await ministry.post('/users', { username: 'aud', role: 'auditor', displayName: 'A' })).status,
      ).toBe(201);
      const doctor = await ministry.post('/users', { username: 'doc', role: 'doctor', displayName: 'D' });
      expect(doctor.status).toBe(400);
    });

    test('a doctor gets one sign-in, whose subject is the doctor', async () => {
      const doctor = await city.post('/doctors', { name: 'Dr. Own', specialization: 'Surgery' });
      const body = {
        username: 'dr.own',
        role: 'doctor',
        displayName: 'Dr. Own',
        doctorId: doctor.body['id'],
      };
      const made = await city.post('/users', body);
      expect(made).toMatchObject({ status: 201, body: { subject: doctor.body['id'] } });
      const second = await city.post('/users', { ...body, username: 'dr.own2' });
      expect(second).toMatchObject({ status: 409, body: { code: 'ACCOUNT_EXISTS' } });
      const lakeside = await bed.administrator('lakeside');
      const foreign = await lakeside.post('/users', body);
      expect(foreign).toMatchObject({ status: 422, body: { code: 'DOCTOR_NOT_FOUND' } });
    });

    test('suspension ends sessions and acts at once, and can be undone; revocation is for good', async () => {
      const colleague = await bed.colleague('city', 'hospital-admin');
      const patch = (action: string) =>
        city.call('PATCH', `/users/${colleague.username}`, { body: { action } });
      expect(await patch('suspend')).toMatchObject({
        status: 200,
        body: { status: 'suspended', ledger: { validationCode: 'VALID' } },
      });
      expect((await colleague.caller.get('/auth/me')).status).toBe(401);
      await expect(bed.signIn('city', colleague.username, colleague.password)).rejects.toThrow(
        'SIGN_IN_FAILED',
      );
      expect((await patch('resume')).body['status']).toBe('active');
      const back = await bed.signIn('city', colleague.username, colleague.password);
      expect((await back.post('/doctors', { name: 'Dr. S', specialization: 'S' })).status).toBe(201);
      expect((await patch('revoke')).body['status']).toBe('revoked');
      expect(await patch('resume')).toMatchObject({ status: 409, body: { code: 'STAFF_REVOKED' } });
      const own = await city.call('PATCH', '/users/administrator', { body: { action: 'suspend' } });
      expect(own).toMatchObject({ status: 409, body: { code: 'OWN_ACCOUNT' } });
    });

    test('a reset gives a new password and new keys that work', async () => {
      const colleague = await bed.colleague('city', 'hospital-admin');
      const reset = await city.call('PATCH', `/users/${colleague.username}`, { body: { action: 'reset' } });
      expect(reset.status).toBe(200);
      expect((await colleague.caller.get('/auth/me')).status).toBe(401);
      await expect(bed.signIn('city', colleague.username, colleague.password)).rejects.toThrow();
      const back = await bed.signIn('city', colleague.username, reset.body['newPassword']);
      expect((await back.post('/doctors', { name: 'Dr. N', specialization: 'N' })).status).toBe(201);
    });

    test('changes that meet on the ledger are retried until they are in', async () => {
      const colleague = await bed.colleague('city', 'auditor');
      const answers = await Promise.all(
        Array.from({ length: 6 }, () =>
          city.call('PATCH', `/users/${colleague.username}`, { body: { action: 'suspend' } }),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array<number>(6).fill(200));
      expect(new Set(answers.map(({ body }) => body['ledger'].transactionId)).size).toBe(6);
    });
  });

  describe('doctors', () => {
    test('are made, read, changed under their ETag, and removed', async () => {
      const input = {
        name: 'Dr. Etha Tag',
        specialization: 'Cardiology',
        contactNo: '9876543210',
        email: 'etha@city.example',
        address: '1 Ward Street',
      };
      const made = await city.post('/doctors', input);
      expect(made).toMatchObject({
        status: 201,
        body: { ...input, version: 1, ledger: { validationCode: 'VALID' } },
      });
      const { id } = made.body;
      const read = await city.get(`/doctors/${id}`);
      expect(read.body).toMatchObject(input);
      expect(read.headers.get('etag')).toBe('"1"');
      const change = (body: unknown, ifMatch?: string) =>
        city.call('PATCH', `/doctors/${id}`, {
          body,
          headers: ifMatch === undefined ? {} : { 'if-match': ifMatch },
        });
      const changed = await change({ contactNo: '123456', address: null }, '"1"');
      expect(changed).toMatchObject({
        status: 200,
        body: { version: 2, contactNo: '123456', address: null, name: input.name },
      });
      expect(changed.headers.get('etag')).toBe('"2"');
      expect(await change({ name: 'Lost Update' }, '"1"')).toMatchObject({
        status: 412,
        body: { code: 'VERSION_CONFLICT' },
      });
      expect((await city.get(`/doctors/${id}`)).body).toMatchObject({
        name: input.name,
        contactNo: '123456',
        address: null,
      });
      const lakeside = await bed.administrator('lakeside');
      expect((await lakeside.call('PATCH', `/doctors/${id}`, { body: { name: 'X' } })).status).toBe(404);
      expect((await city.call('DELETE', `/doctors/${id}`)).status).toBe(200);
      const listed = await city.get('/doctors?q=Etha');
      expect(listed.body['items']).toEqual([]);
    });

    test('name their hospital alike at every hospital', async () => {
      const lakeside = await bed.administrator('lakeside');
      const { id } = (await city.post('/doctors', { name: 'Dr. Slug', specialization: 'Skin' })).body;
      // The other hospital's read model follows the ledger by itself.
      const seen = async () => (await lakeside.get(`/doctors/${id}`)).body['organization'];
      while ((await seen()) === undefined) await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await seen()).toBe('city');
      expect((await city.get(`/doctors/${id}`)).body['organization']).toBe('city');
    });

    test.each([
      ['12345', 'too short'],
      ['1234567890123456', 'too long'],
      ['+4912345678', 'a sign'],
      ['98765 43210', 'a space'],
      ['९८७६५४३२१०', 'other digits'],
    ])('refuses the phone %s (%s)', async (contactNo) => {
      const answer = await city.post('/doctors', { name: 'Dr. P', specialization: 'P', contactNo });
      expect(answer).toMatchObject({
        status: 400,
        body: { errors: [{ field: 'contactNo', message: 'contactNo must be 6 to 15 digits' }] },
      });
    });

    test.each(['123456', '123456789012345'])('takes the phone %s', async (contactNo) => {
      expect((await city.post('/doctors', { name: 'Dr. P', specialization: 'P', contactNo })).status).toBe(
        201,
      );
    });

    test('other hospitals read them, the ministry only that they exist; only administrators write', async () => {
      const made = await city.post('/doctors', {
        name: 'Dr. Shared',
        specialization: 'Eyes',
        contactNo: '555555',
      });
      const path = `/doctors/${made.body['id']}`;
      const lakeside = await bed.colleague('lakeside', 'doctor');
      // The other hospital's read model follows on its own.
      let seen = await lakeside.caller.get(path);
      for (let i = 0; i < 50 && seen.status === 404; i++) seen = await lakeside.caller.get(path);
      expect(seen.body).toMatchObject({ name: 'Dr. Shared', contactNo: '555555', mspId: 'CityMSP' });
      const ministry = await bed.administrator('ministry');
      const bare = await ministry.get(path);
      expect(bare.body).toMatchObject({ name: null, specialization: null });
      expect(bare.body).not.toHaveProperty('contactNo');
      expect((await lakeside.caller.post('/doctors', { name: 'Dr. Z', specialization: 'Z' })).status).toBe(
        403,
      );
      expect((await ministry.post('/doctors', { name: 'Dr. Z', specialization: 'Z' })).status).toBe(403);
    });

    test('are listed in pages', async () => {
      for (const name of ['Dr. Page A', 'Dr. Page B', 'Dr. Page C'])
        await city.post('/doctors', { name, specialization: 'Pages' });
      const first = await city.get('/doctors?q=Page&limit=2');
      expect(first.body['items'].map(({ name }: { name: string }) => name)).toEqual([
        'Dr. Page A',
        'Dr. Page B',
      ]);
      expect(first.body['total']).toBe(3);
      const second = await city.get(`/doctors?q=Page&limit=2&cursor=${first.body['nextCursor']}`);
      expect(second.body['items'].map(({ name }: { name: string }) => name)).toEqual(['Dr. Page C']);
      expect(second.body['nextCursor']).toBeNull();
      expect((await city.get('/doctors?limit=201')).body['errors'][0].field).toBe('limit');
    });
  });

  describe('the same request again', () => {
    test('is answered from the first, with one doctor made', async () => {
      const body = { name: 'Dr. Once', specialization: 'Once' };
      const first = await city.post('/doctors', body, { key: 'once-1' });
      const again = await city.post('/doctors', body, { key: 'once-1' });
      expect(again.status).toBe(201);
      expect(again.body).toEqual(first.body);
      expect(again.headers.get('idempotency-replayed')).toBe('true');
      expect((await city.get('/doctors?q=Once')).body['total']).toBe(1);
    });

    test('at the same moment is one act', async () => {
      const body = { name: 'Dr. Twin', specialization: 'Twin' };
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => city.post('/doctors', body, { key: 'twin' })),
      );
      expect(new Set(answers.map((answer) => answer.body['id'])).size).toBe(1);
      expect((await city.get('/doctors?q=Twin')).body['total']).toBe(1);
    });

    test('with another body is refused, by another caller is another act', async () => {
      await city.post('/doctors', { name: 'Dr. Key', specialization: 'A' }, { key: 'key-1' });
      const other = await city.post('/doctors', { name: 'Dr. Key', specialization: 'B' }, { key: 'key-1' });
      expect(other).toMatchObject({
        status: 422,
        body: { code: 'IDEMPOTENCY_KEY_REUSED', errors: [{ field: 'Idempotency-Key' }] },
      });
      const lakeside = await bed.administrator('lakeside');
      expect(
        (await lakeside.post('/doctors', { name: 'Dr. Key', specialization: 'C' }, { key: 'key-1' })).status,
      ).toBe(201);
    });

    test('a malformed one does not use its key up', async () => {
      expect((await city.post('/doctors', { name: 'Dr. Fix' }, { key: 'fix' })).status).toBe(400);
      expect(
        (await city.post('/doctors', { name: 'Dr. Fix', specialization: 'Fix' }, { key: 'fix' })).status,
      ).toBe(201);
    });

    test('needs its header', async () => {
      const answer = await city.post('/doctors', { name: 'Dr. K', specialization: 'K' }, { key: null });
      expect(answer).toMatchObject({
        status: 400,
        body: { code: 'IDEMPOTENCY_KEY', errors: [{ field: 'Idempotency-Key' }] },
      });
    });
  });

  describe('a gateway that is killed in the middle', () => {
    test.each([5, 20, 40, 60, 80])(
      'has done the act once when it is asked again (after %i ms)',
      async (delay) => {
        const body = { name: `Dr. Kill${delay}`, specialization: 'Kill' };
        const key = `kill-${delay}`;
        const admin = await bed.administrator('city');
        const cut = admin.post('/doctors', body, { key }).catch(() => undefined);
        await new Promise((done) => setTimeout(done, delay));
        await bed.restartGateway('SIGKILL');
        await cut;
        const { token } = admin;
        city = new Caller(bed.url, token);
        const again = await city.post('/doctors', body, { key });
        expect(again.status).toBe(201);
        expect((await city.get(`/doctors?q=Kill${delay}`)).body['total']).toBe(1);
        expect((await city.post('/doctors', body, { key })).body['id']).toBe(again.body['id']);
      },
    );
  });

  describe('errors', () => {
    const problem = (answer: { headers: Headers; body: Record<string, unknown> }) => {
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      for (const member of ['type', 'title', 'status', 'detail', 'instance', 'code', 'requestId']) {
        expect(answer.body).toHaveProperty(member);
      }
    };

    test('name each field', async () => {
      const answer = await city.post('/users', { username: 'x', role: 'king', displayName: 7, extra: true });
      expect(answer.status).toBe(400);
      problem(answer);
      const fields = (answer.body['errors'] as { field: string }[]).map(({ field }) => field);
      expect(fields.sort()).toEqual(['displayName', 'extra', 'role', 'username']);
    });

    test('of syntax, size, place and permission have the same form', async () => {
      const json = { 'content-type': 'application/json' };
      const syntax = await city.post('/doctors', '{"name":', { headers: json });
      expect(syntax).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
      const large = await city.post('/doctors', { name: 'x'.repeat(9 * 1024 * 1024) });
      expect(large).toMatchObject({ status: 413, body: { code: 'TOO_LARGE' } });
      const nowhere = await city.get('/nowhere');
      expect(nowhere).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
      const nobody = await bed.nobody().get('/doctors');
      expect(nobody).toMatchObject({ status: 401, body: { code: 'NOT_SIGNED_IN' } });
      for (const answer of [syntax, large, nowhere, nobody]) problem(answer);
      const missing = await city.get('/doctors/00000000000000000000000000000000');
      const strip = ({ requestId: _requestId, instance: _instance, ...rest }: Record<string, unknown>) =>
        rest;
      expect(strip(missing.body)).toEqual(strip(nowhere.body));
    });
  });

  describe('operations', () => {
    test('health, metrics and documents need no session; metrics and log name templates only', async () => {
      for (const path of ['/health/live', '/health/ready', '/metrics']) {
        expect((await fetch(bed.url + path)).status).toBe(200);
        expect((await bed.nobody().get(path)).status).toBe(200);
      }
      await city.get('/users/vera.check');
      const metrics = await (await fetch(`${bed.url}/metrics`)).text();
      expect(metrics).toContain('route="/api/v1/users/:username"');
      expect(metrics).not.toContain('vera');
      expect(bed.log).toContain('/api/v1/users/:username');
      expect(bed.log).not.toContain('vera');
    });

    test('OpenAPI 3.1 describes routes and bodies', async () => {
      const { body } = await bed.nobody().get('/api/openapi.json');
      expect(body['openapi']).toBe('3.1.0');
      expect(Object.keys(body['paths'])).toEqual(
        expect.arrayContaining(['/api/v1/auth/login', '/api/v1/doctors/{id}']),
      );
      const doctor = body['components'].schemas.CreateDoctorDto;
      expect(doctor.required.sort()).toEqual(['name', 'specialization']);
      expect(doctor.properties.contactNo).toMatchObject({ type: 'string', pattern: '^\\d{6,15}$' });
      expect((await fetch(`${bed.url}/api/docs`)).status).toBe(200);
    });
  });

  test('too many requests get 429 with Retry-After', async () => {
    await bed.restartGateway('SIGTERM', { rateLimit: 5 });
    const statuses = [];
    let last: Awaited<ReturnType<Caller['get']>> | undefined;
    for (let i = 0; i < 8; i++) {
      last = await bed.nobody().get('/organizations');
      statuses.push(last.status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
    expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((last?.body as { code?: string }).code).toBe('TOO_MANY_REQUESTS');
    expect((await bed.nobody().get('/health/ready')).status).toBe(200);
  });
});
