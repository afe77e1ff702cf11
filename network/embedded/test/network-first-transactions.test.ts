import { CITY, LAKESIDE, TestNetwork, type TestClient } from './harness';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

describe('a network of a ministry and two hospitals', () => {
  let net: TestNetwork;
  let city: TestClient;
  let lakeside: TestClient;

  beforeAll(async () => {
    net = await TestNetwork.start();
    city = net.client(net.admin(CITY));
    lakeside = net.client(net.admin(LAKESIDE));
  });
  afterAll(() => net.stop());

  it('commits what one hospital submits and shows it to the other', async () => {
    await city.contract().submitTransaction('Create', 'a1', 'hello');
    expect(text(await lakeside.contract().evaluateTransaction('Read', 'a1'))).toBe('{"ID":"a1","P":"hello"}');
  });

  it('gives the commit status of a submitted transaction', async () => {
    const commit = await city.contract().submitAsync('Put', { arguments: ['a2', 'x'] });
    const status = await commit.getStatus();
    expect(status).toMatchObject({ code: 0, successful: true, transactionId: commit.getTransactionId() });
    expect(status.blockNumber).toBeGreaterThan(1n);
  });

  it('keeps a private value in the implicit collection of the organisation that endorsed it', async () => {
    const collection = `_implicit_org_${CITY}`;
    await lakeside.contract().submit('PutPrivate', {
      arguments: [collection, 'p1'],
      transientData: { asset: 'secret' },
      endorsingOrganizations: [CITY],
    });
    expect(text(await city.contract().evaluateTransaction('ReadPrivate', collection, 'p1'))).toBe('secret');
    await expect(lakeside.contract().evaluateTransaction('ReadPrivate', collection, 'p1')).rejects.toThrow(
      'private data matching public hash version is not available',
    );
  });

  it('delivers blocks, with private data to the organisation that holds it', async () => {
    const collection = `_implicit_org_${CITY}`;
    const commit = await city.contract().submitAsync('PutPrivate', {
      arguments: [collection, 'p2'],
      transientData: { asset: 'to be seen' },
      endorsingOrganizations: [CITY],
    });
    const { blockNumber } = await commit.getStatus();
    const network = city.gateway.getNetwork('health');
    const blocks = await network.getBlockEvents({ startBlock: blockNumber });
    for await (const block of blocks) {
      expect(block.getHeader()?.getNumber()).toBe(Number(blockNumber));
      break;
    }
    blocks.close();
    const withPrivate = await network.getBlockAndPrivateDataEvents({ startBlock: blockNumber });
    for await (const both of withPrivate) {
      expect(both.getBlock()?.getHeader()?.getNumber()).toBe(Number(blockNumber));
      const writes = both.getPrivateDataMapMap().get(0);
      expect(writes?.getNsPvtRwsetList()[0]?.getCollectionPvtRwsetList()[0]?.getCollectionName()).toBe(
        collection,
      );
      break;
    }
    withPrivate.close();
  });

  it('serves a client enrolled at its certificate authority', async () => {
    const client = net.client(await net.enrol(LAKESIDE, 'reception'));
    const who = JSON.parse(text(await client.contract().evaluateTransaction('WhoAmI'))) as unknown;
    expect(who).toEqual({ client: LAKESIDE, peer: LAKESIDE });
  });
});
