import { createPrivateKey, randomBytes, sign } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GrantBody } from '@medseal/client';
import {
  canonicalJson,
  fromBase64,
  fromHex,
  newReaderKeyPair,
  nobleEngine,
  openShare,
  toHex,
} from '@medseal/crypto';
import { type Caller, type Colleague, type Json, type Slug, TestBed } from './harness';
import { CommandedProcess } from './process-commands';
import { SecretSearch } from './secret-search';

jest.setTimeout(240_000);

/**
 * Two gateways, two databases, one network: ministry and City at the first, Lakeside at the second, which is hostile where
 * a relay before it does to its patients' devices all that a gateway can. Devices are processes of their own.
 */

const PASSPHRASE = 'planted passphrase of nobody else';
const PASSWORD = 'a password of the patient';
const TERMS = {
  purpose: 'CAREMGT',
  recordTypes: ['OPConsultation'],
  dateRange: { from: '2020-01-01', to: '2030-12-31' },
  dataEraseAt: '2039-01-01T00:00:00.000Z',
};
const FLIPS = 5;
const EXPIRES_AT = '2038-01-01T00:00:00.000Z';

let bed: TestBed;
let sundar: Colleague;
let rajini: Colleague;
const started: CommandedProcess[] = [];
/** Every port on this machine that a gateway had a connection to, by its site. */
const contacted = { first: new Set<number>(), lakeside: new Set<number>() };
/** Ports at which each site took calls. */
const served = { first: new Set<number>(), lakeside: new Set<number>() };
let watching: NodeJS.Timeout;

/** Remote ports of a process's TCP connections now (Linux). */
const remotePortsOf = (pid: number): number[] => {
  const own = new Set<string>();
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    try {
      own.add(/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${name}`))?.[1] ?? '');
    } catch {
      // Closed meanwhile.
    }
  }
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => own.has(fields[9]!))
      .map((fields) => parseInt(fields[2]!.split(':')[1]!, 16)),
  );
};

const look = (): void => {
  for (const [site, slug] of [
    ['first', 'city'],
    ['lakeside', 'lakeside'],
  ] as const) {
    try {
      const { pid, url } = bed.site(slug);
      for (const port of remotePortsOf(pid)) contacted[site].add(port);
      served[site].add(Number(new URL(url).port));
    } catch {
      // It is being started again.
    }
  }
};

const doctorAt = async (organization: Slug, name: string): Promise<Colleague> => {
  const administrator = await bed.administrator(organization);
  const { body } = await administrator.post('/doctors', { name, specialization: 'Heart' });
  return bed.colleague(organization, 'doctor', { doctorId: body['id'] });
};

const start = async (script: string, args?: string[]): Promise<CommandedProcess> => {
  const made = await CommandedProcess.start(script, args);
  started.push(made);
  return made;
};

/** What services do by themselves takes its time. */
const until = async <Result>(look: () => Promise<Result | undefined | false>): Promise<Result> => {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await sleep(200);
  }
};

const codeOf = (answer: Json): string | undefined => answer?.error?.code;

interface Registered {
  device: CommandedProcess;
  registrationNo: string;
  card: string;
  ledgerId: string;
  owner: Caller;
}

/** A patient of `organization`, whose device talks to `url`. */
const patient = async (organization: Slug, username: string, url: string): Promise<Registered> => {
  const administrator = await bed.administrator(organization);
  const { body } = await administrator.post('/patients', { name: `Name of ${username}` });
  const device = await start('device.mjs');
  const { ledgerId } = await device.must('activate', {
    ...{ url, organization, username, activationCode: body['activationCode'] },
    ...{ password: PASSWORD, passphrase: PASSPHRASE, rootFingerprint: body['rootFingerprint'] },
  });
  await device.must('login', { url, organization, username, password: PASSWORD });
  const owner = await bed.signIn(organization, username, PASSWORD);
  const { registrationNo, card } = body as { registrationNo: string; card: { code: string } };
  return { device, registrationNo, card: card.code, ledgerId, owner };
};

const write = async (author: Colleague, registrationNo: string, text: string): Promise<string> => {
  const { body } = await author.caller.post('/records', {
    ...{ registrationNo, effectiveDate: '2024-06-07', disease: 'Fever' },
    document: { problems: [{ text }] },
  });
  await author.caller.post(`/records/${body['recordId']}/complete`, {});
  return body['recordId'] as string;
};

const wishFor = ({ subject }: Colleague, mspId: string, requestId?: string) => ({
  ...{ grantee: { kind: 'person', id: subject, mspId }, scopes: ['general'], terms: TERMS },
  ...{ expiresAt: EXPIRES_AT, ...(requestId === undefined ? {} : { requestId }) },
});

const statusOf = async (owner: Caller, consentId: string): Promise<string> =>
  (await owner.get(`/consents/${consentId}`)).body['status'] as string;

const open = (reader: Colleague, recordId: string, consentId: string) =>
  reader.caller.post(`/records/${recordId}/open?decrypt=true`, { purpose: 'TREATMENT', consentId });

/** The answer once everything that is handed over has arrived. */
const read = (reader: Colleague, recordId: string, consentId: string) =>
  until(async () => {
    const answer = await open(reader, recordId, consentId);
    return !/PENDING$/.test(String(answer.body['code'])) && answer;
  });

beforeAll(async () => {
  bed = await TestBed.startSites(['lakeside']);
  watching = setInterval(look, 100);
  [sundar, rajini] = await Promise.all([doctorAt('city', 'Dr. Sundar'), doctorAt('lakeside', 'Dr. Rajini')]);
});

afterAll(async () => {
  clearInterval(watching);
  for (const one of started) one.stop();
  await bed?.stop();
});

describe('two sites', () => {
  let geetha: Registered;
  let consentId: string;
  let atCity: string;

  test('registered at City, seen at Lakeside with the card, which asks for what City wrote', async () => {
    geetha = await patient('city', 'geetha', bed.site('city').url);
    const path = `/patients/${geetha.registrationNo}/encounters`;
    const visit = { class: 'AMB', reason: 'Fever', period: { start: '2024-06-07T09:00:00Z' } };
    const administrator = await bed.administrator('city');
    await administrator.post(path, { ...visit, doctorId: sundar.subject });
    atCity = await write(sundar, geetha.registrationNo, 'Written at City');

    const at = { ...visit, doctorId: rajini.subject };
    expect((await rajini.caller.post(path, at)).status).toBe(404);
    expect((await rajini.caller.post(path, { ...at, card: geetha.card })).status).toBe(201);
    await write(rajini, geetha.registrationNo, 'Written at Lakeside');
    const request = await rajini.caller.post('/consents/requests', {
      ...{ registrationNo: geetha.registrationNo, expiresAt: EXPIRES_AT },
      ...TERMS,
    });
    expect(request.status).toBe(202);
    const { requestId } = await until(
      async () => (await geetha.owner.get('/consents/requests')).body['items'][0],
    );
    expect(requestId).toBe(request.body['requestId']);

    const { fields } = await geetha.device.must('grant', { wish: wishFor(rajini, 'LakesideMSP', requestId) });
    ({ consentId } = fields);
    await until(async () => (await statusOf(geetha.owner, consentId)) === 'active');
  });

  test('on `active` her demographics are handed over, and Lakeside reads; the receipt is in her log at City', async () => {
    const answer = await read(rajini, atCity, consentId);
    expect(answer).toMatchObject({
      status: 200,
      body: { document: { problems: [{ text: 'Written at City' }] } },
    });
    const contents = await until(async () => {
      const { body } = await rajini.caller.get(`/consents/${consentId}/records`);
      return body['patient']?.identity !== undefined && body;
    });
    expect(contents['patient'].identity).toMatchObject({ name: 'Name of geetha' });
    const log = await geetha.owner.get(`/patients/${geetha.registrationNo}/access-log`);
    expect(log.body['items'][0]).toMatchObject({ reader: rajini.subject, consentId, recordIds: [atCity] });
  });

  test('revoked, it counts at once, and shares and demographics are purged', async () => {
    await geetha.device.must('revoke', { consentId });
    expect(await open(rajini, atCity, consentId)).toMatchObject({
      status: 403,
      body: { code: 'CONSENT_REVOKED' },
    });
    await until(async () => (await geetha.owner.get(`/consents/${consentId}`)).body['purging'].length === 0);
    const { body } = await rajini.caller.get(`/consents/${consentId}/records`);
    expect(body['patient']?.identity).toBeUndefined();
  });
});

describe('a hostile gateway', () => {
  let relay: CommandedProcess;
  let mari: Registered;
  let recordId: string;
  /** Honestly granted to a doctor of City; agents are Lakeside, whose gateway is hostile, and the ministry. */
  let consentId: string;
  let fields: GrantBody['fields'];

  const all = async (): Promise<{ consentId: string; status: string }[]> =>
    (await mari.owner.get('/consents')).body['items'];
  const consents = async (): Promise<string[]> =>
    (await all()).filter(({ status }) => status !== 'revoked').map((one) => one.consentId);
  const grantWhile = async (command: object, to = sundar, mspId = 'CityMSP') => {
    await relay.must('honest');
    const { do: name, ...input } = { do: 'honest', ...command };
    await relay.must(name, input);
    const answer = await mari.device.tell('grant', { wish: wishFor(to, mspId) });
    await relay.must('honest');
    return answer;
  };
  const kept = async (): Promise<{ method: string; path: string; body: string; headers: Json }[]> =>
    relay.must('kept');
  const bodies = async (): Promise<GrantBody[]> =>
    (await kept())
      .filter(({ path }) => path.endsWith('/consents/grants'))
      .map(({ body }) => JSON.parse(body) as GrantBody);

  beforeAll(async () => {
    relay = await start('hostile-relay.mjs', [bed.site('lakeside').url]);
    mari = await patient('lakeside', 'mari', relay.ready.url);
    await (
      await bed.administrator('lakeside')
    ).post(`/patients/${mari.registrationNo}/encounters`, {
      ...{ class: 'AMB', doctorId: rajini.subject, reason: 'Fever' },
      period: { start: '2024-06-07T09:00:00Z' },
    });
    recordId = await write(rajini, mari.registrationNo, 'Written for Mari');
  });

  test('that does nothing hostile relays a grant, which is read under', async () => {
    ({ fields } = await mari.device.must('grant', { wish: wishFor(sundar, 'CityMSP') }));
    ({ consentId } = fields);
    await until(async () => (await statusOf(mari.owner, consentId)) === 'active');
    expect((await read(sundar, recordId, consentId)).status).toBe(200);
    expect(await consents()).toEqual([consentId]);
  });

  test.each(['proposal', 'transaction'])(
    'that changes a bit of a %s, wherever it is, gets no signature that counts',
    async (stage) => {
      for (let flips = 0; flips < FLIPS; flips++) {
        const share = (flips + Math.random()) / FLIPS;
        const answer = await grantWhile({ do: 'flip', stage, share });
        expect([share, codeOf(answer)]).toEqual([share, expect.any(String)]);
      }
      expect(await consents()).toEqual([consentId]);
    },
  );

  test.each<[string, () => object]>([
    [
      'the revocation of another consent',
      () => ({ do: 'exchange', otherPath: `/api/v1/consents/${consentId}/revoke`, body: {} }),
    ],
    [
      'a longer consent',
      () => ({ do: 'send', at: ['fields', 'expiresAt'], value: '2039-01-01T00:00:00.000Z' }),
    ],
    ['a consent to another', () => ({ do: 'send', at: ['fields', 'grantee', 'id'], value: rajini.subject })],
    ['other terms', () => ({ do: 'send', at: ['fields', 'termsCommitment'], value: 'ab'.repeat(32) })],
  ])('that puts %s in its place is not signed for', async (_what, command) => {
    const answer = await grantWhile({ method: 'POST', path: '/consents/grants$', ...command() });
    expect(codeOf(answer)).toEqual(expect.stringMatching(/^[A-Z_]+$/));
    expect(await consents()).toEqual([consentId]);
    expect(await statusOf(mari.owner, consentId)).toBe('active');
  });

  test("that puts another consent's share in its place has a consent which nobody reads under", async () => {
    const [share] = (await bodies())[0]!.sealedShares;
    const answer = await grantWhile({
      ...{ do: 'send', method: 'POST', path: '/consents/grants$', at: ['sealedShares', 0], value: share },
    });
    expect(codeOf(answer)).toEqual(expect.stringMatching(/^[A-Z_]+$/));
    for (const id of (await consents()).filter((one) => one !== consentId)) {
      expect(await statusOf(mari.owner, id)).toBe('granted');
      await mari.device.must('revoke', { consentId: id });
    }
    expect(await consents()).toEqual([consentId]);
  });

  describe('that shows other keys gets no share for them:', () => {
    const grantee = '/consents/grantees/';
    const organizations = async (): Promise<Json[]> => (await mari.owner.get('/organizations')).body['items'];
    const agentKeyOf = async (mspId: string) => {
      const all = await organizations();
      const at = all.findIndex((one) => one.mspId === mspId);
      const key = all[at].keys.findIndex(({ kind }: Json) => kind === 'agent');
      return { at: ['items', at, 'keys', key], key: all[at].keys[key] as Json, one: all[at] as Json };
    };
    /** With the key and certificate of its own organisation's service, which its gateway has. */
    const signedHere = (mspId: string, key: Json) => {
      const file = join(bed.site('lakeside').folder, 'LakesideMSP/keystore/service.json');
      const { certificate, privateKey } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
      const { kind, epoch, publicKey } = key;
      const statement = Buffer.from(canonicalJson({ mspId, kind, epoch, publicKey }));
      const signer = createPrivateKey(privateKey!);
      // The device takes low-S only.
      for (;;) {
        const signature = sign('sha256', statement, signer);
        if (signature.at(-32)! < 0x7f && signature.length <= 71)
          return { kind, epoch, publicKey, certificate, signature: signature.toString('base64') };
      }
    };

    test.each<[string, () => Promise<object>]>([
      [
        "a reader's key of its own",
        async () => ({ path: grantee, at: ['grantee', 'publicKey'], value: ownKey() }),
      ],
      [
        "its own doctor's key and certificate",
        async () => ({ path: grantee, at: [], value: (await granteeAnswer(rajini)).body }),
      ],
      [
        "its own doctor's key under the name that was chosen",
        async () => {
          const { body } = await granteeAnswer(rajini);
          const { id, mspId } = { id: sundar.subject, mspId: 'CityMSP' };
          return { path: grantee, at: [], value: { ...body, grantee: { ...body['grantee'], id, mspId } } };
        },
      ],
      ['a threshold of one', async () => ({ path: grantee, at: ['threshold'], value: 1 })],
      [
        "the ministry's agent with a key of its own",
        async () => {
          const { at } = await agentKeyOf('MinistryMSP');
          return { path: '/organizations$', at: [...at, 'publicKey'], value: newKey() };
        },
      ],
      [
        "the same, signed by its own organisation's service",
        async () => {
          const { at, key } = await agentKeyOf('MinistryMSP');
          const value = signedHere('MinistryMSP', { ...key, publicKey: newKey() });
          return { path: '/organizations$', at, value };
        },
      ],
      [
        'the same, with its own authorities for the ministry',
        async () => {
          const { at, key, one } = await agentKeyOf('MinistryMSP');
          const { one: own } = await agentKeyOf('LakesideMSP');
          const keys = [signedHere('MinistryMSP', { ...key, publicKey: newKey() })];
          const { authorities, caChain } = own;
          return {
            path: '/organizations$',
            at: at.slice(0, 2),
            value: { ...one, keys, authorities, caChain },
          };
        },
      ],
      [
        'an older agent key',
        async () => {
          const { at } = await agentKeyOf('MinistryMSP');
          return { path: '/organizations$', at: [...at, 'epoch'], value: 0 };
        },
      ],
      [
        'another root',
        async () => ({ path: '/organizations$', at: ['rootCertificate'], value: await ownRoot() }),
      ],
      [
        'too few agents',
        async () => {
          const all = await organizations();
          const value = all.filter(({ mspId }) => mspId !== 'MinistryMSP');
          return { path: '/organizations$', at: ['items'], value };
        },
      ],
    ])('%s', async (_what, command) => {
      const before = (await bodies()).length;
      const answer = await grantWhile({ do: 'edit', method: 'GET', ...(await command()) });
      expect(codeOf(answer)).toEqual(expect.stringMatching(/^(DEVICE_REFUSED|BAD_[A-Z_]+)$/));
      // The shares never left the device.
      expect((await bodies()).length).toBe(before);
      expect(await consents()).toEqual([consentId]);
    });

    const granteeAnswer = ({ subject }: Colleague) =>
      mari.owner.get(`/consents/grantees/${subject}?kind=person`);
    const newKey = () => randomBytes(32).toString('hex');
    const ownKey = () => toHex(newReaderKeyPair(nobleEngine()).publicKey);
    /** Lakeside's authority, which its gateway may show as the root. */
    const ownRoot = async () => (await agentKeyOf('LakesideMSP')).one.caChain[0] as string;

    test.each([
      ['facts of its own', 'facts', 'OPEN_FAILED', randomBytes(120).fill(1, 0, 1).toString('base64')],
      ['no facts, as if they were of an earlier version', 'facts', 'WRONG_CONTEXT', undefined],
    ])('the seed does not open with %s', async (_what, blob, refusal, value) => {
      await relay.must('edit', { method: 'GET', path: '/auth/keyring$', at: [blob], value });
      const unlocked = await mari.device.tell('unlock', { passphrase: PASSPHRASE });
      await relay.must('honest');
      expect(codeOf(unlocked)).toBe(refusal);
    });
  });

  test('that asks for every signature twice gets one consent, as it was decided', async () => {
    const answer = await grantWhile({ do: 'repeat' });
    const added = (await consents()).filter((id) => id !== consentId);
    expect(added.length).toBeLessThanOrEqual(1);
    const sent = (await bodies()).at(-1)!.fields;
    if (answer.error === undefined) expect(answer.fields).toEqual(sent);
    for (const id of added) {
      expect(id).toBe(sent.consentId);
      const { body } = await mari.owner.get(`/consents/${id}`);
      expect(body).toMatchObject({ grantee: sent.grantee, scopes: sent.scopes, expiresAt: sent.expiresAt });
      await mari.device.must('revoke', { consentId: id });
    }
  });

  test('that keeps signatures back has a consent which nobody reads under', async () => {
    const answer = await grantWhile({ do: 'withhold', after: 2 });
    const { consentId: withheld } = answer.fields;
    expect(await statusOf(mari.owner, withheld)).toBe('granted');
    const refused = await until(async () => {
      const tried = await open(sundar, recordId, withheld);
      return !/PENDING$/.test(String(tried.body['code'])) && tried;
    });
    expect(refused.body['code']).toBe('CONSENT_NOT_ACTIVE');
    await mari.device.must('revoke', { consentId: withheld });
  });

  test('learns no secret of the device and no share of another organisation', async () => {
    const { drawn, ...named } = await mari.device.must('secrets');
    const [own, ministrys] = await Promise.all(
      ['LakesideMSP', 'MinistryMSP'].map((mspId) => shareOf(consentOf(consentId), mspId, agentKeyOf(mspId))),
    );
    expect(drawn.length).toBeGreaterThan(3);
    const { folder, pid, log } = bed.site('lakeside');
    const bytes = (hex: string) => Buffer.from(hex, 'hex');
    const { passphrase, ...keys } = named as Record<string, string>;
    const search = new SecretSearch({
      passphrase: passphrase!,
      ...Object.fromEntries(Object.entries(keys).map(([name, hex]) => [name, bytes(hex)])),
      ...Object.fromEntries((drawn as string[]).map((hex, at) => [`drawn ${at}`, bytes(hex)])),
      "the ministry's share": ministrys!,
      // What the gateway does hold, to see that it would be found.
      indexKey: readFileSync(join(folder, 'LakesideMSP/keystore/index.key')),
    });
    expect(own).toBeDefined();
    expect([...search.inMemoryOf(mari.device.pid)]).toEqual(expect.arrayContaining(['passphrase', 'seed']));
    expect([...search.inMemoryOf(pid)]).toEqual(['indexKey']);
    expect([...search.inFilesAt(folder)]).toEqual([
      [join(folder, 'LakesideMSP/keystore/index.key'), ['indexKey']],
    ]);

    expect([...search.in(Buffer.from(JSON.stringify(await kept())))]).toEqual([]);
    expect([...search.in(Buffer.from(log))]).toEqual([]);
    for (const child of childrenOf(pid)) expect([...search.inMemoryOf(child)]).toEqual([]);
    expect([...search.inMemoryOf(relay.pid)]).toEqual([]);
    // Nor does any peer receive or keep them.
    for (const name of ['proposals.jsonl', 'network', 'objects', 'gateway'])
      expect(search.inFilesAt(join(bed.folder, name))).toEqual(new Map());
  });

  test("with its organisation's keys and a doctor's, holds fewer than t usable shares", async () => {
    // To a doctor of Lakeside, whose own gateway relays it: the agents are City and the ministry.
    const answer = await mari.device.must('grant', { wish: wishFor(rajini, 'LakesideMSP') });
    const own = answer.fields.consentId as string;
    sent = await bodies();
    const usable = async (id: string, keys: Uint8Array[]) => {
      const body = consentOf(id);
      let count = 0;
      for (const { mspId } of body.fields.agents)
        for (const key of keys) if ((await shareOf(body, mspId, key)) !== undefined) count++;
      return count;
    };
    const lakesideKeys = ['agent', 'custodian', 'handover', 'index', 'database'].map((name) =>
      readFileSync(join(bed.site('lakeside').folder, `LakesideMSP/keystore/${name}.key`)),
    );
    const { threshold } = answer.fields;
    expect(await usable(own, lakesideKeys)).toBe(0);
    expect(await usable(consentId, lakesideKeys)).toBe(1);
    expect(threshold).toBe(2);
    // The count counts: with the agents' own keys all of them are usable.
    expect(await usable(own, [agentKeyOf('CityMSP'), agentKeyOf('MinistryMSP')])).toBe(2);
    await mari.device.must('revoke', { consentId: own });
  });

  test('replays nothing that a revocation ended; an agent whose site was down purges when it is back', async () => {
    await bed.stopGateway('SIGKILL');
    await mari.device.must('revoke', { consentId });
    expect(await statusOf(mari.owner, consentId)).toBe('revoked');
    await until(async () => {
      const { purging } = (await mari.owner.get(`/consents/${consentId}`)).body;
      return canonicalJson(purging) === canonicalJson(['MinistryMSP']);
    });
    for (const { path, body, headers } of await kept()) {
      if (!/\/(sign|grants|revoke)$/.test(path)) continue;
      await fetch(`${bed.site('lakeside').url}${path}`, { method: 'POST', headers, body });
    }
    expect(new Set((await all()).map(({ status }) => status))).toEqual(new Set(['revoked']));

    await bed.startGateway();
    await until(async () => (await mari.owner.get(`/consents/${consentId}`)).body['purging'].length === 0);
    sundar.caller = await bed.signIn('city', sundar.username, sundar.password);
    expect((await open(sundar, recordId, consentId)).body['code']).toBe('CONSENT_REVOKED');
  });

  /** The secret key of an organisation's agent, where its gateway keeps it. */
  const agentKeyOf = (mspId: string): Uint8Array => {
    const slug = mspId === 'LakesideMSP' ? 'lakeside' : 'city';
    return readFileSync(join(bed.site(slug).folder, mspId, 'keystore/agent.key'));
  };
  /** A grant with its sealed shares, as the relay kept it. */
  let sent: GrantBody[] = [];
  const consentOf = (id: string): GrantBody => sent.find((body) => body.fields.consentId === id)!;
  beforeEach(async () => {
    sent = await bodies();
  });
});

/** What a key makes of an agent's sealed share: the share, or nothing. */
const shareOf = async (
  { fields, sealedShares }: GrantBody,
  mspId: string,
  agentSecretKey: Uint8Array,
): Promise<Buffer | undefined> => {
  const [scope] = fields.scopes;
  const { bytes } = sealedShares.find((one) => one.mspId === mspId)!;
  const { scopes } = JSON.parse(Buffer.from(bytes, 'base64').toString()) as Json;
  const grant = {
    grantId: fields.consentId,
    channel: 'health',
    owner: '',
    scopeId: scope!.scopeId,
    epoch: scope!.epoch,
    ownerPublicKey: fromHex(scope!.publicKey),
    threshold: fields.threshold,
    reader: {
      mspId: fields.grantee.mspId,
      certificateHash: fields.grantee.certificateHash,
      publicKey: fromHex(fields.grantee.publicKey),
    },
    agents: fields.agents.map((agent, at) => ({
      mspId: agent.mspId,
      publicKey: fromHex(agent.publicKey),
      check: fromHex(scope!.points[at]!),
      shareDigest: scope!.shareDigests[at]!,
    })),
  };
  const sealedShare = fromBase64(scopes[0].sealedShare);
  return openShare({ grant, mspId, agentSecretKey, sealedShare }).then(
    (share) => Buffer.from(share),
    () => undefined,
  );
};

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

describe('records with the five steps at City', () => {
  const STEPS = ['blind', 'sanitize', 'upload', 'attest', 'chain'];
  let recordId: string;

  test('are written and chained there, each step by somebody else, and seen at the other site', async () => {
    const ministry = await bed.administrator('ministry');
    expect((await ministry.call('PUT', '/parameters', { body: { recordSteps: STEPS } })).status).toBe(200);
    const [sanitizer, verifier] = [
      await bed.colleague('city', 'sanitizer'),
      await bed.colleague('city', 'verifier'),
    ];
    const { body: owner } = await (
      await bed.administrator('city')
    ).post('/patients', { name: 'Of two sites' });
    recordId = await write(sundar, owner['registrationNo'] as string, 'Fever of five steps');
    const at = async (caller: Caller) => (await caller.get(`/records/${recordId}`)).body;
    const reached = (caller: Caller, status: string) =>
      until(async () => {
        const record = await at(caller);
        return record['status'] === status && record;
      });
    await reached(sundar.caller, 'blinded');
    expect((await sanitizer.caller.post(`/records/${recordId}/sanitize`, {})).status).toBe(200);
    await reached(sundar.caller, 'uploaded');
    expect((await verifier.caller.post(`/records/${recordId}/attest`, {})).status).toBe(200);
    const chained = await reached(sundar.caller, 'chained');
    expect(chained['stepsDone'].map(({ step }: Json) => step)).toEqual(['create', 'seal', ...STEPS]);
    expect(new Set([sundar, sanitizer, verifier].map(({ subject }) => subject)).size).toBe(3);
    const elsewhere = await bed.colleague('lakeside', 'auditor');
    const seen = await until(async () => {
      const { status, body } = await elsewhere.caller.get(`/records/${recordId}/sanitized`);
      return status === 200 && body;
    });
    expect(JSON.stringify(seen['document'])).not.toContain('Of two sites');
  });

  test("are audited with the other gateway's contribution, which it makes by itself", async () => {
    for (const [organization, contributor, kind] of [
      ['ministry', 'LakesideMSP', 'sealed'],
      ['lakeside', 'MinistryMSP', 'sanitized'],
    ] as const) {
      const { caller } = await bed.colleague(organization, 'auditor');
      const opened = await caller.post('/audits', { recordId, kind });
      expect(opened.body).toMatchObject({ contributor, hospital: 'CityMSP' });
      const audit = await until(async () => {
        const one = (await caller.get(`/audits/${opened.body['auditId']}`)).body;
        return one['closedAt'] !== null && one;
      });
      expect(audit).toMatchObject({ status: 'intact', contributor });
    }
  });
});

describe('the two sites afterwards', () => {
  test('gateways never called each other: ledger and objects are the only ways between them', () => {
    const { first, lakeside } = contacted;
    const peers = (JSON.parse(readFileSync(join(bed.folder, 'network/ports.json'), 'utf8')) ?? {}) as Record<
      string,
      { peer: number }
    >;
    // The look finds connections: each gateway has one to its own peer.
    expect(first).toContain(peers['CityMSP']!.peer);
    expect(lakeside).toContain(peers['LakesideMSP']!.peer);
    for (const port of served.lakeside) expect(first).not.toContain(port);
    for (const port of served.first) expect(lakeside).not.toContain(port);
    expect([served.first.size, served.lakeside.size]).toEqual([2, 1]);
  });
});
