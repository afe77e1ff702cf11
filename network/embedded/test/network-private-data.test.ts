/** The private-data patterns that were tried on a real network, one by one, with the outcomes it had. */
import { type CommitError, GatewayError } from '@hyperledger/fabric-gateway';
import { CITY, LAKESIDE, TestNetwork, type TestClient } from './harness';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const CITY_COLLECTION = `_implicit_org_${CITY}`;
const LAKESIDE_COLLECTION = `_implicit_org_${LAKESIDE}`;
const transientData = { asset: 'private words' };

describe('private data between two organisations of three', () => {
  let net: TestNetwork;
  let city: TestClient;
  let lakeside: TestClient;
  const failure = (run: Promise<unknown>): Promise<GatewayError> =>
    run.then(
      () => Promise.reject(new Error('was accepted')),
      (error: unknown) => error as GatewayError,
    );
  const put = (client: TestClient, collection: string, key: string, endorsingOrganizations?: string[]) =>
    client
      .contract()
      .submit('PutPrivate', { arguments: [collection, key], transientData, endorsingOrganizations });
  const hash = async (client: TestClient, collection: string, key: string) =>
    text(await client.contract().evaluateTransaction('ReadPrivateHash', collection, key));

  beforeAll(async () => {
    net = await TestNetwork.start({}, [
      {
        name: 'asset',
        version: '1',
        sequence: 1,
        collections: [
          { name: 'both', policy: `OR('${CITY}.member','${LAKESIDE}.member')` },
          { name: 'three', policy: `OR('${CITY}.member')`, requiredPeerCount: 1, maxPeerCount: 2 },
        ],
      },
    ]);
    city = net.client(net.admin(CITY));
    lakeside = net.client(net.admin(LAKESIDE));
  });
  afterAll(() => net?.stop());

  it('writes into the own implicit collection with the own endorsement alone', async () => {
    await put(city, CITY_COLLECTION, 'own', [CITY]);
    expect(await hash(lakeside, CITY_COLLECTION, 'own')).toHaveLength(64);
  });

  it("writes into another's implicit collection with that organisation's endorsement alone", async () => {
    await put(city, LAKESIDE_COLLECTION, 'foreign', [LAKESIDE]);
    const read = lakeside.contract().evaluateTransaction('ReadPrivate', LAKESIDE_COLLECTION, 'foreign');
    expect(text(await read)).toBe('private words');
  });

  it.each([
    ['own', CITY_COLLECTION],
    ['foreign', LAKESIDE_COLLECTION],
  ])(
    'then links a public entry to the %s value by its hash, endorsed by the majority',
    async (key, collection) => {
      await city.contract().submitTransaction('Link', collection, key);
      expect(text(await lakeside.contract().evaluateTransaction('Read', `link-${key}`))).toHaveLength(64);
    },
  );

  it('refuses the public entry without the private part, in the words of the contract', async () => {
    const refused = await failure(city.contract().submitTransaction('Link', CITY_COLLECTION, 'missing'));
    expect(refused.code).toBe(10);
    expect(refused.details[0]?.message).toContain('nothing private under missing');
  });

  it('fails the public entry with one endorsement forced', async () => {
    const refused = await failure(
      city.contract().submit('Link', { arguments: [CITY_COLLECTION, 'own'], endorsingOrganizations: [CITY] }),
    );
    expect((refused as unknown as CommitError).code).toBe(10);
  });

  it('refuses public and private writes with transient data when no organisations are named', async () => {
    const both = { arguments: [CITY_COLLECTION, 'mixed'], transientData };
    const refused = await failure(city.contract().submit('PutBoth', both));
    expect(refused.code).toBe(9);
    expect(refused.message).toContain(`collection(s): [${CITY_COLLECTION}]; retry specifying`);
    await city.contract().submit('PutBoth', { ...both, endorsingOrganizations: [CITY, LAKESIDE] });
    expect(await hash(city, CITY_COLLECTION, 'mixed')).toHaveLength(64);
  });

  it("purges in another organisation's implicit collection with its endorsement alone", async () => {
    await put(city, LAKESIDE_COLLECTION, 'purged', [LAKESIDE]);
    const commit = await city.contract().submitAsync('PurgePrivate', {
      arguments: [LAKESIDE_COLLECTION, 'purged'],
      endorsingOrganizations: [LAKESIDE],
    });
    expect((await commit.getStatus()).code).toBe(0);
    expect(await hash(lakeside, LAKESIDE_COLLECTION, 'purged')).toBe('');
    const read = lakeside.contract().evaluateTransaction('ReadPrivate', LAKESIDE_COLLECTION, 'purged');
    expect(text(await read)).toBe('');
  });

  it('lets a foreign client purge through the own peer: only a contract can refuse it', async () => {
    await put(city, CITY_COLLECTION, 'by foreigner', [CITY]);
    await lakeside.contract().submit('PurgePrivate', {
      arguments: [CITY_COLLECTION, 'by foreigner'],
      endorsingOrganizations: [CITY],
    });
    expect(await hash(city, CITY_COLLECTION, 'by foreigner')).toBe('');
  });

  it("lets a foreign client read an implicit collection on its owner's peer, as Fabric does", async () => {
    const foreign = net.client(net.admin(LAKESIDE), CITY).contract();
    expect(text(await foreign.evaluateTransaction('ReadPrivate', CITY_COLLECTION, 'own'))).toBe(
      'private words',
    );
  });

  it('leaves the purged value out of delivered private data, and shows others nothing', async () => {
    const commit = await city.contract().submitAsync('PutPrivate', {
      arguments: [CITY_COLLECTION, 'delivered'],
      transientData,
      endorsingOrganizations: [CITY],
    });
    const { blockNumber } = await commit.getStatus();
    const delivered = async (client: TestClient) => {
      const events = await client.gateway
        .getNetwork('health')
        .getBlockAndPrivateDataEvents({ startBlock: blockNumber });
      try {
        for await (const event of events) return event.getPrivateDataMapMap().getLength();
        throw new Error('the stream ended');
      } finally {
        events.close();
      }
    };
    expect(await delivered(city)).toBe(1);
    expect(await delivered(lakeside)).toBe(0);
    expect(await delivered(net.client(net.admin(LAKESIDE), CITY))).toBe(0);
    await city.contract().submit('PurgePrivate', {
      arguments: [CITY_COLLECTION, 'delivered'],
      endorsingOrganizations: [CITY],
    });
    expect(await delivered(city)).toBe(0);
  });

  it('gives a shared collection to both members whoever endorses', async () => {
    await put(city, 'both', 'shared', [CITY, LAKESIDE]);
    for (const client of [city, lakeside]) {
      const read = client.contract().evaluateTransaction('ReadPrivate', 'both', 'shared');
      expect(text(await read)).toBe('private words');
    }
  });

  it('refuses to endorse what cannot reach enough members', async () => {
    const refused = await failure(put(city, 'three', 'lonely', [CITY]));
    expect(refused.details[0]?.message).toBe(
      'error in simulation: could not build private data dissemination plan for chaincode asset and collection three: ' +
        'required to disseminate to at least 1 peers, but know of only 0 eligible peers',
    );
  });

  it('reads private ranges in read-only transactions', async () => {
    await put(city, CITY_COLLECTION, 'r1', [CITY]);
    await put(city, CITY_COLLECTION, 'r2', [CITY]);
    const keys = await city.contract().evaluateTransaction('RangePrivate', CITY_COLLECTION, 'r', 's');
    expect(JSON.parse(text(keys))).toEqual(['r1', 'r2']);
  });

  it('deletes a private value and keeps earlier blocks', async () => {
    await put(city, CITY_COLLECTION, 'gone', [CITY]);
    await city
      .contract()
      .submit('DelPrivate', { arguments: [CITY_COLLECTION, 'gone'], endorsingOrganizations: [CITY] });
    expect(await hash(city, CITY_COLLECTION, 'gone')).toBe('');
  });
});
