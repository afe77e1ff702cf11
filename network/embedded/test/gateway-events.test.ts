import { Client, credentials } from '@grpc/grpc-js';
import { GatewayError } from '@hyperledger/fabric-gateway';
import { common, orderer, peer } from '@hyperledger/fabric-protos';
import { CHANNEL, CITY, LAKESIDE, TestNetwork, type TestClient } from './harness';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

describe('events and blocks', () => {
  let net: TestNetwork;
  let city: TestClient;
  const emit = async (id: string) => {
    const commit = await city.contract().submitAsync('Event', { arguments: [id] });
    const { blockNumber } = await commit.getStatus();
    return { blockNumber, transactionId: commit.getTransactionId() };
  };
  const take = async <T>(events: AsyncIterable<T> & { close(): void }, count: number): Promise<T[]> => {
    const taken: T[] = [];
    try {
      for await (const event of events) {
        taken.push(event);
        if (taken.length === count) return taken;
      }
      return taken;
    } finally {
      events.close();
    }
  };

  beforeAll(async () => {
    net = await TestNetwork.start();
    city = net.client(net.admin(CITY));
  });
  afterAll(() => net?.stop());

  it('sends chaincode events from now on', async () => {
    const events = await city.gateway.getNetwork(CHANNEL).getChaincodeEvents('asset');
    const { blockNumber, transactionId } = await emit('now');
    await city.contract().submitTransaction('Put', 'silent', '1');
    const [event] = await take(events, 1);
    expect(event).toMatchObject({ chaincodeName: 'asset', eventName: 'Ev', blockNumber, transactionId });
    expect(text(event!.payload)).toBe('{"id":"now"}');
  });

  it('sends chaincode events from a block, and after a transaction', async () => {
    const first = await emit('first');
    const second = await emit('second');
    const network = city.gateway.getNetwork(CHANNEL);
    const fromBlock = await take(
      await network.getChaincodeEvents('asset', { startBlock: first.blockNumber }),
      2,
    );
    expect(fromBlock.map(({ transactionId }) => transactionId)).toEqual([
      first.transactionId,
      second.transactionId,
    ]);
    const checkpoint = {
      getBlockNumber: () => first.blockNumber,
      getTransactionId: () => first.transactionId,
    };
    const [after] = await take(await network.getChaincodeEvents('asset', { checkpoint }), 1);
    expect(after?.transactionId).toBe(second.transactionId);
  });

  it('filters blocks: ids, codes, events without payload', async () => {
    const { blockNumber, transactionId } = await emit('filtered');
    const network = city.gateway.getNetwork(CHANNEL);
    const [block] = await take(await network.getFilteredBlockEvents({ startBlock: blockNumber }), 1);
    expect(block?.getChannelId()).toBe(CHANNEL);
    const [transaction] = block!.getFilteredTransactionsList();
    expect(transaction?.getTxid()).toBe(transactionId);
    expect(transaction?.getTxValidationCode()).toBe(0);
    const event = transaction?.getTransactionActions()?.getChaincodeActionsList()[0]?.getChaincodeEvent();
    expect(event?.getEventName()).toBe('Ev');
    expect(event?.getPayload_asU8()).toHaveLength(0);
  });

  it('follows the chain: old blocks, then new ones as they commit', async () => {
    const blocks = take(
      await city.gateway.getNetwork(CHANNEL).getBlockEvents({ startBlock: 0n }),
      net.network.ledger.height + 1,
    );
    await emit('followed');
    const numbers = (await blocks).map((block) => block.getHeader()?.getNumber());
    expect(numbers).toEqual(numbers.map((_, i) => i));
  });

  it('refuses a reader whose signature is wrong, with a status message', async () => {
    const wrong = net.client({ ...net.admin(CITY), signer: net.admin(LAKESIDE).signer });
    const blocks = await wrong.gateway.getNetwork(CHANNEL).getBlockEvents({ startBlock: 0n });
    await expect(take(blocks, 1)).rejects.toThrow('403');
    const events = await wrong.gateway.getNetwork(CHANNEL).getChaincodeEvents('asset');
    await expect(take(events, 1)).rejects.toMatchObject({ code: 7 });
    const elsewhere = await city.gateway.getNetwork('nowhere').getBlockEvents({ startBlock: 0n });
    await expect(take(elsewhere, 1)).rejects.toThrow('404');
  });

  it('answers qscc', async () => {
    const qscc = city.contract('qscc');
    const info = common.BlockchainInfo.deserializeBinary(
      await qscc.evaluateTransaction('GetChainInfo', CHANNEL),
    );
    expect(info.getHeight()).toBe(net.network.ledger.height);
    const { blockNumber, transactionId } = await emit('queried');
    const block = common.Block.deserializeBinary(
      await qscc.evaluateTransaction('GetBlockByNumber', CHANNEL, String(blockNumber)),
    );
    expect(block.getHeader()?.getNumber()).toBe(Number(blockNumber));
    const byTransaction = await qscc.evaluateTransaction('GetBlockByTxID', CHANNEL, transactionId);
    expect(Buffer.from(byTransaction).equals(net.network.ledger.readBlock(Number(blockNumber)))).toBe(true);
    const processed = peer.ProcessedTransaction.deserializeBinary(
      await qscc.evaluateTransaction('GetTransactionByID', CHANNEL, transactionId),
    );
    expect(processed.getValidationcode()).toBe(0);
    const unknown = qscc.evaluateTransaction('GetTransactionByID', CHANNEL, 'no such');
    await expect(unknown).rejects.toThrow('no such transaction ID [no such] in index');
    const byHash = qscc.evaluate('GetBlockByHash', { arguments: [CHANNEL, info.getCurrentblockhash_asU8()] });
    expect(
      common.Block.deserializeBinary(await byHash)
        .getHeader()
        ?.getNumber(),
    ).toBe(info.getHeight() - 1);
  });

  it('has no ordering or discovery service, and says what to use', async () => {
    const { peer: endpoint } = net.profile(CITY);
    const client = new Client(endpoint.endpoint, credentials.createSsl(Buffer.from(endpoint.tlsCaCert)));
    const call = (path: string) =>
      new Promise((resolve) => {
        client.makeUnaryRequest(
          path,
          (bytes: Buffer) => bytes,
          (bytes) => bytes,
          Buffer.alloc(0),
          (error) => resolve({ code: error?.code, details: error?.details }),
        );
      });
    expect(await call('/discovery.Discovery/Discover')).toEqual({
      code: 12,
      details:
        'discovery.Discovery/Discover is not part of the embedded network: the gateway chooses the endorsers',
    });
    expect(await call('/orderer.AtomicBroadcast/Broadcast')).toMatchObject({ code: 12 });
    expect(await call('/some.Other/Thing')).toMatchObject({ code: 12 });
    client.close();
  });

  it('refuses a seek without stop, and one that ends before it starts', async () => {
    const statusOf = async (seek: orderer.SeekInfo) => {
      const { peer: endpoint } = net.profile(CITY);
      const client = new Client(endpoint.endpoint, credentials.createSsl(Buffer.from(endpoint.tlsCaCert)));
      const { admin } = net.organization(CITY);
      const channelHeader = new common.ChannelHeader();
      channelHeader.setChannelId(CHANNEL);
      channelHeader.setType(common.HeaderType.DELIVER_SEEK_INFO);
      const { Timestamp } = await import('google-protobuf/google/protobuf/timestamp_pb.js');
      channelHeader.setTimestamp(Timestamp.fromDate(new Date()));
      const signatureHeader = new common.SignatureHeader();
      signatureHeader.setCreator(admin.serialized);
      const header = new common.Header();
      header.setChannelHeader(channelHeader.serializeBinary());
      header.setSignatureHeader(signatureHeader.serializeBinary());
      const payload = new common.Payload();
      payload.setHeader(header);
      payload.setData(seek.serializeBinary());
      const envelope = new common.Envelope();
      envelope.setPayload(payload.serializeBinary());
      envelope.setSignature(admin.sign(Buffer.from(payload.serializeBinary())));
      const stream = client.makeBidiStreamRequest(
        '/protos.Deliver/Deliver',
        (bytes: Buffer) => bytes,
        (bytes) => peer.DeliverResponse.deserializeBinary(bytes),
      );
      stream.write(Buffer.from(envelope.serializeBinary()));
      const answers: number[] = [];
      for await (const answer of stream as AsyncIterable<peer.DeliverResponse>) {
        answers.push(answer.getStatus());
        if (answer.getStatus()) break;
      }
      stream.cancel();
      client.close();
      return answers.at(-1);
    };
    const at = (number: number) => {
      const specified = new orderer.SeekSpecified();
      specified.setNumber(number);
      const position = new orderer.SeekPosition();
      position.setSpecified(specified);
      return position;
    };
    const seek = new orderer.SeekInfo();
    seek.setStart(at(1));
    expect(await statusOf(seek)).toBe(400);
    seek.setStop(at(0));
    expect(await statusOf(seek)).toBe(400);
    seek.setStop(at(1));
    expect(await statusOf(seek)).toBe(200);
    seek.setStart(at(10_000));
    seek.setStop(at(10_000));
    seek.setBehavior(orderer.SeekInfo.SeekBehavior.FAIL_IF_NOT_READY);
    expect(await statusOf(seek)).toBe(404);
  });

  it('counts the calls of one gateway', async () => {
    const calls = Array.from({ length: 520 }, () =>
      city
        .contract()
        .evaluateTransaction('Slow', '4000')
        .then(
          () => 'ok',
          (error: unknown) => error,
        ),
    );
    const refused = (await Promise.all(calls)).filter((outcome) => outcome instanceof GatewayError);
    expect(refused).toHaveLength(20);
    expect(refused[0]?.message).toBe(
      '2 UNKNOWN: too many requests for /gateway.Gateway, exceeding concurrency limit (500)',
    );
  }, 30_000);
});
