import { randomUUID } from 'node:crypto';
import { luhnDigit } from '../support/numbers';
import { targetOf } from './peer-operations';
import { type Actor, random, type World } from './world';

export interface RestCall {
  method: string;
  /** Below the API's base, or from the root for health and metrics. */
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
  /** Another session than the actor's usual one. */
  token?: string;
}

type Body = Record<string, unknown>;

/** What the run itself has made, beside the world. */
export interface Made {
  /** Of the second session of each actor. */
  tokens: Map<string, string>;
  keyrings: Map<string, unknown>;
}

export interface RestOperation {
  /** `absent`: the same for a thing that is not there. */
  call(world: World, actor: Actor, absent: boolean, made: Made): RestCall;
  /** What of the answer's protected parts is there. */
  sees?(body: Body, world: World, actor: Actor, made: Made): string[];
  /** Only whether the call is answered: its body is not waited for. */
  headOnly?: boolean;
}

const absentNumber = (): string => {
  const digits = `101${String(Math.floor(Math.random() * 1e9)).padStart(9, '0')}`;
  return `${digits}${luhnDigit(digits)}`;
};

const get = (path: string): RestCall => ({ method: 'GET', path });
const post = (path: string, body: unknown = {}): RestCall => ({ method: 'POST', path, body });

const simple = (path: string, more: Partial<RestOperation> = {}): Record<string, RestOperation> => ({
  '': { call: () => get(path), ...more },
});

const readersOf = (body: Body): Body[] => (body['readers'] ?? []) as Body[];
const itemsOf = (body: Body): Body[] => (body['items'] ?? []) as Body[];
const labels = (marks: Record<string, boolean>): string[] =>
  Object.keys(marks).filter((label) => marks[label] === true);
const there = (value: unknown): boolean => value !== null && value !== undefined;

const numberOf = (world: World, actor: Actor, absent: boolean): string =>
  absent ? absentNumber() : targetOf(world, actor).registrationNo;
const recordOf = (world: World, actor: Actor, absent: boolean): string =>
  absent ? random(16) : targetOf(world, actor).recordId;

/** A record of the unshared patient that only its author may bring forward; for the treating team the shared one's. */
const workOf = (world: World, actor: Actor, absent: boolean, of: keyof World['records']): string => {
  if (absent) return random(16);
  return actor.name.startsWith('treating-') ? world.shared.recordId : world.records[of];
};

const userPath = (world: World, absent: boolean, of: 'doctor' | 'patient' | 'leaver'): string => {
  const name = { doctor: world.doctor.username, patient: world.patientUsername, leaver: world.leaver }[of];
  return `/users/${absent ? `u${random(8)}` : name}`;
};
const doctorPath = (world: World, absent: boolean): string =>
  `/doctors/${absent ? random(16) : world.doctor.id}`;
const OLD_ETAG = { 'if-match': '"999"' };

const newUser = (actor: Actor, doctorId?: string): RestCall =>
  post('/users', {
    username: `u${random(8)}`,
    role: doctorId === undefined ? 'auditor' : 'doctor',
    displayName: `Made by ${actor.name}`,
    ...(doctorId === undefined ? {} : { doctorId }),
  });

const encounter = (world: World, actor: Actor, absent: boolean, card?: string): RestCall =>
  post(`/patients/${numberOf(world, actor, absent)}/encounters`, {
    class: 'AMB',
    doctorId: actor.mspId === 'LakesideMSP' ? world.actors['treating-doctor']!.subject : world.doctor.id,
    reason: 'check',
    period: { start: '2024-06-07T09:00:00Z' },
    ...(card === undefined ? {} : { card }),
  });

/** A card with the target's number, which its salt does not open. */
const forgedCard = (world: World, actor: Actor): string => {
  const { registrationNo: number, ledgerId } = targetOf(world, actor);
  const card = { number, ledgerId, salt: random(32), generalScopeId: random(16) };
  return Buffer.from(JSON.stringify(card)).toString('base64url');
};

const close = (world: World, actor: Actor, absent: boolean, own: boolean): RestCall => {
  const isLakesides = actor.mspId === 'LakesideMSP';
  const encounterId =
    own === isLakesides ? world.shared.lakesideEncounterId : targetOf(world, actor).cityEncounterId;
  return post(`/patients/${numberOf(world, actor, absent)}/encounters/${encounterId}/close`, {
    end: '2001-01-01T00:00:00Z',
  });
};

const document = { progressNotes: [{ text: 'Cough again.' }] };
const written = (registrationNo: string) => ({
  registrationNo,
  effectiveDate: '2024-06-07',
  disease: 'cough',
  document,
});

const recordView = (view: Body | undefined): Record<string, boolean> => ({
  disease: there(view?.['disease']),
  number: there(view?.['registrationNo']),
});

/** The two records by which a step is told: of a policy without it, and one that waits for its sanitiser. */
const onTwoRecords = (call: (recordId: string) => RestCall): Record<string, RestOperation> => ({
  'a step that the policy does not ask for': {
    call: (world, actor, absent) => call(workOf(world, actor, absent, 'sealed')),
  },
  'of a blinded one': {
    call: (world, actor, absent) =>
      call(absent || actor.name.startsWith('treating-') ? random(16) : world.blinded),
  },
});

const step = (name: string, body: unknown = {}): Record<string, RestOperation> =>
  onTwoRecords((recordId) => post(`/records/${recordId}/${name}`, body));
const stepView = (name: string): Record<string, RestOperation> =>
  onTwoRecords((recordId) => get(`/records/${recordId}/${name}`));
/** Not the round that the blinded one is in: whoever may take the step changes nothing. */
const OTHER_ROUND = { round: 99 };

const activation = (world: World, code: string) => ({
  organization: 'city',
  activationCode: code,
  username: `u${random(8)}`,
  password: `p-${random(8)}`,
  csr: 'none',
  scopeKeys: [world.keyless.scopes.sensitive, random(16)].map((scopeId) => ({
    scopeId,
    epoch: 1,
    publicKey: random(48),
  })),
  receivingKeys: [{ epoch: 1, publicKey: random(32) }],
  wrapped: { seed: 'none' },
});
const NO_CODE = 'AAAA-AAAA-AAAA-AAAA-AAAA-AAAA';

const reportRow = (body: Body, world: World, actor: Actor): string[] => {
  const { recordId } = targetOf(world, actor);
  const row = ((body['rows'] ?? []) as Body[]).find((one) => one['recordId'] === recordId);
  return labels({
    target: row !== undefined,
    patient: there(row?.['patient']),
    doctor: there(row?.['doctor']),
    disease: there(row?.['disease']) || there(row?.['ehrDate']),
  });
};

/** By `operation` and `on` of the matrix. */
export const restOperations: Readonly<Record<string, Readonly<Record<string, RestOperation>>>> = {
  'GET /health/live': simple('/health/live'),
  'GET /health/ready': simple('/health/ready'),
  'GET /metrics': simple('/metrics'),
  'GET /organizations': simple('/organizations'),
  'POST /auth/login': {
    'own name and password': {
      call: (_, { signIn }) =>
        post('/auth/login', signIn ?? { organization: 'city', username: 'nobody', password: 'nothing' }),
      sees: (body, _, actor, { tokens }) => {
        tokens.set(actor.name, String(body['token']));
        return [];
      },
    },
  },
  'POST /auth/logout': {
    '': { call: (_, actor, __, { tokens }) => ({ ...post('/auth/logout'), token: tokens.get(actor.name) }) },
  },
  'GET /auth/me': simple('/auth/me'),
  'GET /auth/sessions': simple('/auth/sessions', {
    sees: (body, world) =>
      labels({
        own: itemsOf(body).some(({ current }) => current === true),
        target: itemsOf(body).some(({ id, current }) => id === world.sessionOfSomebody && current !== true),
      }),
  }),
  'DELETE /auth/sessions/{id}': {
    "somebody else's": {
      call: ({ sessionOfSomebody, sessions }, actor, absent) => ({
        method: 'DELETE',
        path: `/auth/sessions/${absent ? random(16) : actor.name === 'city-doctor' ? sessions['author'] : sessionOfSomebody}`,
      }),
    },
    own: {
      call: ({ sessions }, actor) => ({
        method: 'DELETE',
        path: `/auth/sessions/${sessions[actor.name] ?? random(16)}`,
      }),
    },
  },
  'POST /auth/change-password': {
    'own; the new one is the old one': {
      call: (_, { signIn }) => {
        const password = signIn?.password ?? 'nothing at all';
        return post('/auth/change-password', { currentPassword: password, newPassword: password });
      },
    },
  },
  'POST /auth/activate/begin': {
    "with the letter's code": {
      call: ({ keyless }) =>
        post('/auth/activate/begin', { organization: 'city', activationCode: keyless.activationCode }),
    },
    'without the code': {
      call: () => post('/auth/activate/begin', { organization: 'city', activationCode: NO_CODE }),
    },
  },
  'POST /auth/activate': {
    "with the letter's code; keys for other scopes": {
      call: (world) => post('/auth/activate', activation(world, world.keyless.activationCode)),
    },
    'without the code': { call: (world) => post('/auth/activate', activation(world, NO_CODE)) },
  },
  'GET /auth/keyring': {
    own: {
      call: () => get('/auth/keyring'),
      sees: (body, _, actor, { keyrings }) => {
        const { scopes: __, ...wrapped } = body;
        keyrings.set(actor.name, wrapped);
        return labels({ own: there(body['seed']) });
      },
    },
  },
  'PUT /auth/keyring': {
    'own; too large': {
      call: () => ({ method: 'PUT', path: '/auth/keyring', body: { wrapped: { seed: 'x'.repeat(70_000) } } }),
    },
    own: {
      call: (_, actor, __, { keyrings }) => ({
        method: 'PUT',
        path: '/auth/keyring',
        body: { wrapped: keyrings.get(actor.name) ?? { seed: 'planted' } },
      }),
      sees: (body) => labels({ own: there(body['seed']) }),
    },
  },
  'GET /users': simple('/users?limit=200', {
    sees: (body, world) =>
      labels({
        target: itemsOf(body).some(({ username }) => username === world.doctor.username),
        patient: itemsOf(body).some(({ username }) => username === world.patientUsername),
      }),
  }),
  'POST /users': {
    'a new one': { call: (_, actor) => newUser(actor) },
    "for another hospital's doctor": { call: ({ doctor }, actor) => newUser(actor, doctor.id) },
  },
  'GET /users/{username}': {
    'a doctor of City': { call: (world, _, absent) => get(userPath(world, absent, 'doctor')) },
    'a patient of City': { call: (world, _, absent) => get(userPath(world, absent, 'patient')) },
  },
  'PATCH /users/{username}': {
    'a doctor of City; resume': {
      call: (world, _, absent) => ({
        method: 'PATCH',
        path: userPath(world, absent, 'doctor'),
        body: { action: 'resume' },
      }),
    },
    'a patient of City; reset': {
      call: (world, _, absent) => ({
        method: 'PATCH',
        path: userPath(world, absent, 'patient'),
        body: { action: 'reset' },
      }),
    },
  },
  'DELETE /users/{username}': {
    'a verifier of City': {
      call: (world, _, absent) => ({ method: 'DELETE', path: userPath(world, absent, 'leaver') }),
    },
  },
  'GET /doctors': simple('/doctors?limit=200', {
    sees: (body, world) => {
      const doctor = itemsOf(body).find(({ id }) => id === world.doctor.id);
      return labels({
        target: doctor !== undefined,
        name: there(doctor?.['name']),
        contact: there(doctor?.['contactNo']),
      });
    },
  }),
  'POST /doctors': {
    '': {
      call: (_, actor) => post('/doctors', { name: `Dr. ${actor.name}`, specialization: 'General Medicine' }),
    },
  },
  'GET /doctors/{id}': {
    'of City': {
      call: (world, _, absent) => get(doctorPath(world, absent)),
      sees: (doctor) => labels({ name: there(doctor['name']), contact: there(doctor['contactNo']) }),
    },
  },
  'PATCH /doctors/{id}': {
    "of City; another version's ETag": {
      call: (world, _, absent) => ({
        method: 'PATCH',
        path: doctorPath(world, absent),
        body: { address: 'elsewhere' },
        headers: OLD_ETAG,
      }),
    },
  },
  'DELETE /doctors/{id}': {
    "of City; another version's ETag": {
      call: (world, _, absent) => ({
        method: 'DELETE',
        path: doctorPath(world, absent),
        headers: OLD_ETAG,
      }),
    },
  },
  'POST /patients': {
    '': { call: (_, actor) => post('/patients', { name: `Patient of ${actor.name}` }) },
  },
  'GET /patients': simple('/patients?limit=200', {
    sees: (body, world, actor) =>
      labels({
        target: itemsOf(body).some(({ ledgerId }) => ledgerId === targetOf(world, actor).ledgerId),
      }),
  }),
  'GET /patients/{registrationNo}': {
    '': { call: (world, actor, absent) => get(`/patients/${numberOf(world, actor, absent)}`) },
  },
  'PATCH /patients/{registrationNo}': {
    "another version's ETag": {
      call: (world, actor, absent) => ({
        method: 'PATCH',
        path: `/patients/${numberOf(world, actor, absent)}`,
        body: { address: 'elsewhere' },
        headers: OLD_ETAG,
      }),
    },
  },
  'DELETE /patients/{registrationNo}': {
    "another version's ETag": {
      call: (world, actor, absent) => ({
        method: 'DELETE',
        path: `/patients/${numberOf(world, actor, absent)}`,
        headers: OLD_ETAG,
      }),
    },
  },
  'POST /patients/{registrationNo}/erase': {
    "another version's ETag": {
      call: (world, actor, absent) => ({
        method: 'POST',
        path: `/patients/${numberOf(world, actor, absent)}/erase`,
        headers: OLD_ETAG,
      }),
    },
  },
  'GET /patients/{registrationNo}/erase': {
    'who is not erased': {
      call: (world, actor, absent) => get(`/patients/${numberOf(world, actor, absent)}/erase`),
    },
  },
  'GET /erasures/{ledgerId}': {
    'of nobody': { call: () => get(`/erasures/${random(16)}`) },
  },
  'GET /parameters': simple('/parameters'),
  'PUT /parameters': {
    'no number of years': {
      call: () => ({ method: 'PUT', path: '/parameters', body: { retentionYears: 0 } }),
    },
  },
  'POST /patients/{registrationNo}/activation-code': {
    '': {
      call: (world, actor, absent) => {
        const known = actor.name.startsWith('treating-') ? world.shared : world.keyless;
        return post(`/patients/${absent ? absentNumber() : known.registrationNo}/activation-code`);
      },
    },
  },
  'GET /patients/{registrationNo}/access-log': {
    '': {
      call: (world, actor, absent) => get(`/patients/${numberOf(world, actor, absent)}/access-log`),
      sees: (body) => labels({ target: itemsOf(body).length > 0 }),
    },
  },
  'GET /access-log': {
    '': {
      call: (world, actor) => get(`/access-log?ledgerId=${targetOf(world, actor).ledgerId}`),
      sees: (body) =>
        labels({
          target: itemsOf(body).length > 0,
          names: itemsOf(body).some(({ readerName }) => there(readerName)),
        }),
    },
  },
  'GET /patients/{registrationNo}/access-log/choices': {
    '': {
      call: (world, actor, absent) => get(`/patients/${numberOf(world, actor, absent)}/access-log/choices`),
      sees: (body) => labels({ target: readersOf(body).length > 0 }),
    },
  },
  'GET /access-log/choices': {
    '': {
      call: (world, actor) => get(`/access-log/choices?ledgerId=${targetOf(world, actor).ledgerId}`),
      sees: (body) =>
        labels({
          target: readersOf(body).length > 0,
          names: readersOf(body).some(({ readerName }) => there(readerName)),
        }),
    },
  },
  'GET /encounters': simple('/encounters?limit=200', {
    sees: (body, world, actor) => {
      const target = targetOf(world, actor).registrationNo;
      const known = itemsOf(body).filter(({ registrationNo }) => registrationNo === target);
      return labels({
        target: known.length > 0,
        name: actor.mspId !== 'CityMSP' && known.some(({ patientName }) => there(patientName)),
      });
    },
  }),
  'POST /patients/{registrationNo}/encounters': {
    'without the card': { call: (world, actor, absent) => encounter(world, actor, absent) },
    "with another patient's card": {
      call: (world, actor, absent) => {
        const isShared = actor.name.startsWith('treating-');
        const number = isShared ? world.unshared.registrationNo : numberOf(world, actor, absent);
        return {
          ...encounter(world, actor, absent, world.shared.card),
          path: `/patients/${absent ? absentNumber() : number}/encounters`,
        };
      },
    },
    'with a forged card': {
      call: (world, actor, absent) => encounter(world, actor, absent, forgedCard(world, actor)),
    },
  },
  'GET /patients/{registrationNo}/encounters': {
    '': {
      call: (world, actor, absent) => get(`/patients/${numberOf(world, actor, absent)}/encounters?limit=200`),
      sees: (body, world, actor) => {
        const isLakesides = actor.mspId === 'LakesideMSP';
        const [own, others] = [world.shared.lakesideEncounterId, targetOf(world, actor).cityEncounterId];
        const ids = itemsOf(body).map(({ id }) => id);
        return labels({
          own: ids.includes(isLakesides ? own : others),
          others: ids.includes(isLakesides ? others : own),
        });
      },
    },
  },
  'POST /patients/{registrationNo}/encounters/{encounterId}/close': {
    'of the own hospital; an end before the start': {
      call: (world, actor, absent) => close(world, actor, absent, true),
    },
    'of another hospital': { call: (world, actor, absent) => close(world, actor, absent, false) },
  },
  'POST /records/prepare': {
    '': {
      call: (world, actor, absent) =>
        post('/records/prepare', {
          registrationNo: numberOf(world, actor, absent),
          scope: 'general',
          recordType: 'OPConsultation',
          effectiveDate: '2024-06-07',
        }),
    },
  },
  'POST /records': {
    'hospital-sealed': {
      call: (world, actor, absent) => post('/records', written(numberOf(world, actor, absent))),
    },
    'device-sealed by the author': {
      call: (world, actor, absent) => {
        const body = world.deviceSealed[actor.name.startsWith('treating-') ? 'shared' : 'unshared'];
        return post('/records', absent ? { ...body, recordId: random(16) } : body);
      },
    },
  },
  'GET /records': {
    ...simple('/records?limit=200', {
      sees: (body, world, actor) => {
        const { recordId } = targetOf(world, actor);
        const view = itemsOf(body).find((one) => one['recordId'] === recordId);
        return labels({ target: view !== undefined, ...recordView(view) });
      },
    }),
    'to be sanitised by the caller': {
      call: () => get('/records?awaiting=sanitize&limit=200'),
      sees: (body, world) => {
        const item = itemsOf(body).find((one) => one['recordId'] === world.blinded);
        return labels({ blinded: item !== undefined, ...recordView(item) });
      },
    },
  },
  'GET /records/{id}': {
    '': {
      call: (world, actor, absent) => get(`/records/${recordOf(world, actor, absent)}`),
      sees: (view) => labels(recordView(view)),
    },
  },
  'GET /records/{id}/versions': {
    '': {
      call: (world, actor, absent) => get(`/records/${recordOf(world, actor, absent)}/versions`),
      sees: (body) => labels(recordView(itemsOf(body)[0])),
    },
  },
  'POST /records/{id}/blind': step('blind'),
  'GET /records/{id}/sanitizing': stepView('sanitizing'),
  'POST /records/{id}/sanitize': step('sanitize', OTHER_ROUND),
  'POST /records/{id}/upload': step('upload'),
  'GET /records/{id}/attesting': stepView('attesting'),
  'POST /records/{id}/attest': step('attest', OTHER_ROUND),
  'GET /records/{id}/sanitized': stepView('sanitized'),
  'POST /records/{id}/chain': {
    'a sealed one': {
      call: (world, actor, absent) => post(`/records/${workOf(world, actor, absent, 'toChain')}/chain`),
    },
  },
  'POST /records/{id}/complete': {
    'a sealed one': {
      call: (world, actor, absent) => post(`/records/${workOf(world, actor, absent, 'toComplete')}/complete`),
      sees: (body) => [String(body['status'])],
    },
  },
  'POST /records/{id}/amend': {
    'a chained one': {
      call: (world, actor, absent) =>
        post(`/records/${workOf(world, actor, absent, 'toAmend')}/amend`, {
          effectiveDate: '2024-06-07',
          disease: 'cough',
          document,
        }),
    },
  },
  'POST /records/{id}/open': {
    'for a device': {
      call: (world, actor, absent) =>
        post(`/records/${recordOf(world, actor, absent)}/open`, { purpose: 'TREATMENT' }),
      sees: (body) =>
        labels({
          sealed: there(body['sealed']),
          document: there(body['document']),
          receipt: there(body['receipt']),
        }),
    },
    decrypted: {
      call: (world, actor, absent) =>
        post(`/records/${recordOf(world, actor, absent)}/open?decrypt=true`, { purpose: 'TREATMENT' }),
      sees: (body) =>
        labels({
          sealed: there(body['sealed']),
          document: there(body['document']),
          receipt: there(body['receipt']),
        }),
    },
  },
  'POST /verify': {
    'a receipt that somebody made up': {
      call: () =>
        post('/verify', {
          format: 'medseal/receipt/1',
          channel: 'health',
          receiptId: random(32),
          reader: random(16),
          organization: 'CityMSP',
          basis: 'author',
          consentId: null,
          recordIds: [random(16)],
        }),
    },
  },
  'POST /transactions/{id}/sign': {
    "with another key's signature": {
      call: ({ pendingAct }, _, absent) =>
        post(`/transactions/${absent ? `city.${random(16)}` : pendingAct}/sign`, {
          signature: Buffer.from(`3006020101020101`, 'hex').toString('base64'),
        }),
    },
  },
  'GET /care-teams': simple('/care-teams'),
  'POST /care-teams': {
    'of somebody unknown': { call: () => post('/care-teams', { members: [random(16)] }) },
  },
  'PUT /care-teams/{id}': {
    'of nobody': {
      call: () => ({ method: 'PUT', path: `/care-teams/${random(16)}`, body: { members: [random(16)] } }),
    },
  },
  'POST /emergency-access': {
    'a malformed one': { call: () => post('/emergency-access', {}) },
    'without a grant': {
      call: (world, actor, absent) =>
        post('/emergency-access', {
          registrationNo: numberOf(world, actor, absent),
          reasonCode: 'URGENT',
          reason: 'Nobody knows.',
        }),
    },
  },
  'POST /audits': {
    'a malformed one': { call: () => post('/audits', {}) },
    'of no record': { call: () => post('/audits', { recordId: random(16), kind: 'sealed' }) },
  },
  'GET /audits': simple('/audits'),
  'GET /audits/{id}': { 'of nobody': { call: () => get(`/audits/${random(32)}`) } },
  'GET /emergency-access': simple('/emergency-access'),
  'GET /statistics': simple('/statistics', {
    sees: ({ visits, diseases, consents, audits, accesses }) =>
      labels({
        visits: there(visits),
        diseases: there(diseases),
        consents: there(consents),
        audits: there(audits),
        network: (accesses as Body)['of'] === 'network',
      }),
  }),
  'GET /network': simple('/network'),
  'GET /emergency-access/counts': simple('/emergency-access/counts'),
  'GET /emergency-access/{id}': { 'of nobody': { call: () => get(`/emergency-access/${random(16)}`) } },
  'GET /emergency-access/{id}/records': {
    'of nobody': { call: () => get(`/emergency-access/${random(16)}/records`) },
  },
  'POST /emergency-access/{id}/close': {
    'of nobody': { call: () => post(`/emergency-access/${random(16)}/close`, { verdict: 'justified' }) },
  },
  'GET /consents': simple('/consents'),
  'GET /settings': simple('/settings'),
  'PUT /settings': {
    'keys at the gateway': {
      call: () => ({ method: 'PUT', path: '/settings', body: { staffKeys: 'gateway' } }),
    },
  },
  'GET /staff-keys': { own: { call: () => get('/staff-keys') } },
  'POST /staff-keys': {
    'keys at the gateway': { call: () => post('/staff-keys', { receivingKey: random(32) }) },
  },
  'POST /staff-keys/certificate': {
    'keys at the gateway': {
      call: () =>
        post('/staff-keys/certificate', { enrollmentId: `u-${random(10)}`, csr: 'none', wrapped: {} }),
    },
  },
  'GET /guardian/key': { own: { call: () => get('/guardian/key') } },
  'POST /guardian/key': { 'a malformed one': { call: () => post('/guardian/key', {}) } },
  'POST /guardian/records/{id}/read': {
    'under no consent': {
      call: () => post(`/guardian/records/${random(16)}/read`, { consentId: random(16) }),
    },
  },
  'POST /guardian/records/{id}/answers': {
    'a malformed one': { call: () => post(`/guardian/records/${random(16)}/answers`, {}) },
  },
  'GET /scopes': { own: { call: () => get('/scopes') } },
  'GET /scopes/slots': { own: { call: () => get('/scopes/slots') } },
  'POST /scopes/slots': { 'a malformed one': { call: () => post('/scopes/slots', {}) } },
  'POST /scopes/{scopeId}/advance': {
    'of nobody': {
      call: () => post(`/scopes/${random(16)}/advance`, { epoch: 2, publicKey: 'ab'.repeat(48) }),
    },
  },
  'GET /consents/choices': { own: { call: () => get('/consents/choices') } },
  'POST /consents/choices': { 'a malformed one': { call: () => post('/consents/choices', {}) } },
  'GET /consents/requests': simple('/consents/requests'),
  'POST /consents/requests': { 'a malformed one': { call: () => post('/consents/requests', {}) } },
  'GET /consents/preview': {
    'of a doctor': { call: ({ doctor }) => get(`/consents/preview?grantee=${doctor.id}`) },
  },
  'GET /consents/grantees/{id}': { 'without a key': { call: () => get(`/consents/grantees/${random(16)}`) } },
  'GET /consents/{id}/records': { 'of nobody': { call: () => get(`/consents/${random(16)}/records`) } },
  'GET /consents/{id}': { 'of nobody': { call: () => get(`/consents/${random(16)}`) } },
  'POST /consents/grants': { 'a malformed one': { call: () => post('/consents/grants', { fields: {} }) } },
  'POST /consents/requests/{id}/grant': {
    'a malformed one': { call: () => post(`/consents/requests/${random(16)}/grant`, { fields: {} }) },
  },
  'POST /consents/requests/{id}/deny': {
    'of a malformed id': { call: () => post(`/consents/requests/x/deny`) },
  },
  'POST /consents/{id}/resume': { 'of nobody': { call: () => post(`/consents/${random(16)}/resume`) } },
  'POST /consents/{id}/revoke': { 'of nobody': { call: () => post(`/consents/${random(16)}/revoke`) } },
  'GET /events': simple('/events', { headOnly: true }),
  'GET /blockchain/report': {
    '': { call: () => get('/blockchain/report?limit=200'), sees: reportRow },
    'of one patient': {
      call: (world, actor) =>
        get(`/blockchain/report?limit=200&registrationNo=${targetOf(world, actor).registrationNo}`),
      sees: reportRow,
    },
  },
  'GET /blockchain/verify': {
    '': {
      call: () => ({ ...get('/blockchain/verify'), headers: { accept: 'application/x-ndjson' } }),
      headOnly: true,
    },
  },
  'GET /blockchain/blocks': simple('/blockchain/blocks?limit=2'),
  'GET /blockchain/blocks/{number}': {
    '': { call: (_, __, absent) => get(`/blockchain/blocks/${absent ? 999_999 : 1}`) },
  },
  'GET /blockchain/blocks/{number}/bytes': {
    '': { call: (_, __, absent) => get(`/blockchain/blocks/${absent ? 999_999 : 1}/bytes`) },
  },
  'GET /blockchain/transactions/{id}': {
    '': {
      call: ({ transactionId }, _, absent) =>
        get(`/blockchain/transactions/${absent ? random(32) : transactionId}`),
    },
  },
};

export interface RestAnswer {
  status: number;
  body: Body;
}

/** One request as the actor would make it. */
export async function ask(
  url: string,
  actor: Actor,
  { method, path, body, headers, token }: RestCall,
  headOnly = false,
): Promise<RestAnswer> {
  const bearer = token ?? actor.token;
  const left = new AbortController();
  const response = await fetch(`${url}${/^\/(health|metrics)/.test(path) ? '' : '/api/v1'}${path}`, {
    method,
    headers: {
      ...headers,
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: left.signal,
  });
  if (headOnly && response.ok) {
    left.abort();
    return { status: response.status, body: {} };
  }
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  return { status: response.status, body: isJson && text !== '' ? (JSON.parse(text) as Body) : {} };
}
