/** What a chaincode may ask of its peer, through the unmodified shim. */
import { GatewayError } from '@hyperledger/fabric-gateway';
import { common, ledger as ledgerProtos, peer } from '@hyperledger/fabric-protos';
import { parsePolicy } from '../src/policy/policy-language';
import { CHANNEL, CITY, LAKESIDE, MINISTRY, TestNetwork, type TestClient } from './harness';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const json = (bytes: Uint8Array) => JSON.parse(text(bytes)) as unknown;

/** The read-write set of `namespace` in the only transaction of a block. */
function readWriteSet(block: Buffer, namespace: string) {
  const data = common.Block.deserializeBinary(block).getData()!.getDataList_asU8()[0]!;
  const payload = common.Payload.deserializeBinary(common.Envelope.deserializeBinary(data).getPayload_asU8());
  const action = peer.Transaction.deserializeBinary(payload.getData_asU8()).getActionsList()[0]!;
  const endorsed = peer.ChaincodeActionPayload.deserializeBinary(action.getPayload_asU8()).getAction()!;
  const response = peer.ProposalResponsePayload.deserializeBinary(endorsed.getProposalResponsePayload_asU8());
  const results = peer.ChaincodeAction.deserializeBinary(response.getExtension_asU8()).getResults_asU8();
  const sets = ledgerProtos.rwset.TxReadWriteSet.deserializeBinary(results).getNsRwsetList();
  const set = sets.find((candidate) => candidate.getNamespace() === namespace)!;
  return {
    endorsers: endorsed.getEndorsementsList().length,
    set: ledgerProtos.rwset.kvrwset.KVRWSet.deserializeBinary(set.getRwset_asU8()),
    namespaces: sets.map((candidate) => candidate.getNamespace()),
  };
}

describe('requests of a chaincode', () => {
  let net: TestNetwork;
  let city: TestClient;
  const asset = () => city.contract();
  const failure = async (run: Promise<unknown>): Promise<string> => {
    const error = await run.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof GatewayError)) throw new Error(`no gateway error but ${String(error)}`);
    return error.details[0]?.message ?? error.message;
  };
  const blockOf = async (name: string, ...args: string[]) => {
    const { blockNumber } = await (await asset().submitAsync(name, { arguments: args })).getStatus();
    return net.network.ledger.readBlock(Number(blockNumber));
  };

  beforeAll(async () => {
    net = await TestNetwork.start({ executionTimeoutMs: 2_000 }, [
      { name: 'asset', version: '1', sequence: 1 },
      { name: 'other', version: '1', sequence: 1 },
    ]);
    city = net.client(net.admin(CITY));
    await asset().submitTransaction('PutMany', 'many-', '120');
  });
  afterAll(() => net?.stop());

  it.each([1, 49, 50, 51, 99, 100, 101, 119])(
    'reads a range of %d keys whole and in order',
    async (count) => {
      const end = `many-${String(count).padStart(5, '0')}`;
      const keys = json(await asset().evaluateTransaction('Range', 'many-', end)) as string[];
      expect(keys).toEqual(Array.from({ length: count }, (_, i) => `many-${String(i).padStart(5, '0')}`));
    },
  );

  it.each([
    [50, 'raw'],
    [51, 'merkle'],
  ])('records a range of %d keys as %s reads', async (count, kind) => {
    const end = `many-${String(count).padStart(5, '0')}`;
    const { set } = readWriteSet(await blockOf('CountInto', 'many-', end, 'counted'), 'asset');
    const [query] = set.getRangeQueriesInfoList();
    expect(query?.getItrExhausted()).toBe(true);
    expect(query?.getEndKey()).toBe(end);
    expect(query?.getRawReads()?.getKvReadsList().length).toBe(kind === 'raw' ? count : undefined);
    expect(query?.hasReadsMerkleHashes()).toBe(kind === 'merkle');
  });

  it('pages through a range with bookmarks, in read-only transactions only', async () => {
    const first = json(await asset().evaluateTransaction('Page', 'many-', 'many-~', '70', '')) as {
      keys: string[];
      bookmark: string;
      count: number;
    };
    expect(first).toMatchObject({ bookmark: 'many-00070', count: 70 });
    const second = json(
      await asset().evaluateTransaction('Page', 'many-', 'many-~', '70', first.bookmark),
    ) as {
      keys: string[];
    };
    expect(second).toMatchObject({ bookmark: '', count: 50 });
    expect([...first.keys, ...second.keys]).toHaveLength(120);
    expect(await failure(asset().submitTransaction('PageAndPut', 'many-', 'many-~'))).toMatch(
      /PUT_STATE failed: transaction ID: \w+: txid \[\w+\]: unsuppored transaction\. Transaction has already performed a paginated query\. Writes are not allowed/,
    );
  });

  it('refuses rich queries in the words of LevelDB state', async () => {
    expect(await failure(asset().evaluateTransaction('Rich'))).toMatch(
      /GET_QUERY_RESULT failed: transaction ID: \w+: ExecuteQuery not supported for leveldb/,
    );
  });

  it('reads committed state only, never its own writes', async () => {
    await asset().submitTransaction('Create', 'twice', '1');
    expect(await failure(asset().submitTransaction('Create', 'twice', '2'))).toContain('already exists');
  });

  it('deletes a key that is written empty', async () => {
    await asset().submitTransaction('Put', 'emptied', 'x');
    await asset().submitTransaction('Put', 'emptied', '');
    expect(await failure(asset().evaluateTransaction('Read', 'emptied'))).toContain('does not exist');
  });

  it('sorts keys by their bytes, not by UTF-16 units', async () => {
    const astral = 'sort-\u{1F600}';
    const private_ = 'sort-\uFF5E';
    await asset().submitTransaction('Put', astral, '1');
    await asset().submitTransaction('Put', private_, '1');
    expect(json(await asset().evaluateTransaction('Range', 'sort-', 'sorv'))).toEqual([private_, astral]);
  });

  it('tells the history of a key, newest first', async () => {
    for (const value of ['1', '2']) await asset().submitTransaction('Put', 'told', value);
    await asset().submitTransaction('Delete', 'told');
    const history = json(await asset().evaluateTransaction('History', 'told')) as {
      v: string;
      del: boolean;
    }[];
    expect(history.map(({ del, v }) => ({ del, v }))).toEqual([
      { del: true, v: '' },
      { del: false, v: '2' },
      { del: false, v: '1' },
    ]);
  });

  it('calls another chaincode of the channel in the same transaction', async () => {
    const block = await blockOf('PutThere', 'other', 'crossed', 'there');
    expect(readWriteSet(block, 'other').namespaces).toEqual(['_lifecycle', 'asset', 'other']);
    expect(text(await asset().evaluateTransaction('Read', 'crossed'))).toBe('here');
    expect(text(await city.contract('other').evaluateTransaction('Read', 'crossed'))).toBe('there');
    expect(await failure(asset().submitTransaction('PutThere', 'missing', 'x', 'y'))).toMatch(
      /INVOKE_CHAINCODE failed: transaction ID: \w+: execute failed: invalid invocation: \[channel health\] failed to get chaincode container info for missing/,
    );
    expect(await failure(asset().submitTransaction('CallOtherChannel', 'other', 'elsewhere'))).toContain(
      'failed to find ledger for channel: elsewhere',
    );
    expect(await failure(asset().submitTransaction('PutThere', 'asset', 'x', 'y'))).toContain(
      `(${CHANNEL}) exists`,
    );
  });

  it('asks the endorsers that a key names, instead of the chaincode policy', async () => {
    await asset().submitTransaction('Put', 'ours', '1');
    const policy = parsePolicy(`AND('${CITY}.peer','${LAKESIDE}.peer','${MINISTRY}.peer')`).toString(
      'base64',
    );
    await asset().submitTransaction('SetEndorsement', 'ours', policy);
    expect(text(await asset().evaluateTransaction('GetEndorsement', 'ours'))).toBe(policy);
    expect(readWriteSet(await blockOf('Put', 'ours', '2'), 'asset').endorsers).toBe(3);
    const forced = asset().submit('Put', {
      arguments: ['ours', '3'],
      endorsingOrganizations: [CITY, LAKESIDE],
    });
    await expect(forced).rejects.toMatchObject({ code: 10 });
    const alone = parsePolicy(`OR('${CITY}.peer')`).toString('base64');
    await asset().submitTransaction('SetEndorsement', 'ours', alone);
    expect(readWriteSet(await blockOf('Put', 'ours', '4'), 'asset').endorsers).toBe(1);
  });

  it('ends a call that runs too long, and goes on', async () => {
    expect(await failure(asset().submitTransaction('Slow', '4000'))).toMatch(
      /^error in simulation: failed to execute transaction \w+: error sending: timeout expired while executing transaction$/,
    );
    await asset().submitTransaction('Put', 'after timeout', '1');
  });

  it('survives chaincode that ends in the middle of a call', async () => {
    const ended = await asset()
      .submitTransaction('Crash')
      .catch((error: unknown) => error as GatewayError);
    expect((ended as GatewayError).details).toEqual([
      expect.objectContaining({
        mspId: CITY,
        message: expect.stringMatching(/: error sending: chaincode stream terminated$/) as string,
      }),
    ]);
    await net.chaincodes.get(CITY)?.start();
    await asset().submitTransaction('Put', 'after crash', '1');
  });

  it('takes a new definition, and turns transactions of the old one down', async () => {
    const addresses = Object.fromEntries([...net.chaincodes].map(([mspId, { address }]) => [mspId, address]));
    const early = await asset()
      .newProposal('Put', { arguments: ['early', '1'] })
      .endorse();
    await net.network.defineChaincode({ name: 'asset', version: '2', sequence: 2 }, addresses);
    const status = await (await early.submit()).getStatus();
    expect(status.successful).toBe(false);
    await asset().submitTransaction('Put', 'late', '1');
    await net.network.defineChaincode({ name: 'asset', version: '2', sequence: 2 }, addresses);
    await expect(
      net.network.defineChaincode({ name: 'asset', version: '3', sequence: 2 }, addresses),
    ).rejects.toThrow('requested sequence is 2, but the new definition must be sequence 3');
  });

  it('refuses expired certificates when time has moved on', async () => {
    net.network.advanceTime(10 * 365 * 24 * 3600 * 1000);
    expect(await failure(asset().evaluateTransaction('Null'))).toBe('proposal client identity expired');
  });
});
