/** The peer's side of the chaincode stream against a chaincode that speaks the protocol by hand. */
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { peer } from '@hyperledger/fabric-protos';
import { GatewayError } from '@hyperledger/fabric-gateway';
import { createNetwork, type EmbeddedNetwork } from '../src/index';
import { CITY, CHANNEL, TestNetwork, temporaryDirectory } from './harness';

type Stream = ServerDuplexStream<peer.ChaincodeMessage, peer.ChaincodeMessage>;
const { Type } = peer.ChaincodeMessage;

function message(type: number, payload: Uint8Array = Buffer.alloc(0), about?: peer.ChaincodeMessage) {
  const result = new peer.ChaincodeMessage();
  result.setType(type as never);
  result.setPayload(payload);
  result.setTxid(about?.getTxid() ?? '');
  result.setChannelId(about?.getChannelId() ?? '');
  return result;
}

/** Chaincode by hand: registers, and runs `onTransaction` with a way to ask the peer. */
class HandWrittenChaincode {
  readonly received: peer.ChaincodeMessage[] = [];
  connections = 0;
  port = 0;
  registration: peer.ChaincodeMessage = message(Type.REGISTER, packageId('hand_1:made'));
  onTransaction: (
    ask: (type: number, payload: Uint8Array) => Promise<peer.ChaincodeMessage>,
  ) => Promise<Uint8Array> = () => Promise.resolve(Buffer.alloc(0));
  private readonly server = new Server();

  async start(): Promise<void> {
    this.server.addService(peer.ChaincodeService, {
      connect: (stream: Stream) => this.serve(stream),
    } as never);
    this.port = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
  }

  stop(): void {
    this.server.forceShutdown();
  }

  private serve(stream: Stream): void {
    this.connections += 1;
    let answered: ((reply: peer.ChaincodeMessage) => void) | undefined;
    stream.on('error', () => undefined);
    stream.on('data', (incoming: peer.ChaincodeMessage) => {
      this.received.push(incoming);
      if (incoming.getType() === Type.TRANSACTION) {
        const ask = (type: number, payload: Uint8Array) =>
          new Promise<peer.ChaincodeMessage>((resolve) => {
            answered = resolve;
            stream.write(message(type, payload, incoming));
          });
        void this.onTransaction(ask).then((result) => {
          const response = new peer.Response();
          response.setStatus(200);
          response.setPayload(result);
          stream.write(message(Type.COMPLETED, response.serializeBinary(), incoming));
        });
      } else {
        answered?.(incoming);
      }
    });
    stream.write(this.registration);
  }
}

function packageId(name: string): Uint8Array {
  const id = new peer.ChaincodeID();
  id.setName(name);
  return id.serializeBinary();
}

describe('the chaincode stream', () => {
  const chaincode = new HandWrittenChaincode();
  let net: TestNetwork;
  let network: EmbeddedNetwork;

  beforeAll(async () => {
    await chaincode.start();
    net = await TestNetwork.start(
      {
        organizations: [{ mspId: CITY, name: 'City', domain: 'city.example' }],
        directory: temporaryDirectory(),
        chaincodes: [
          {
            definition: { name: 'asset', version: '1', sequence: 1 },
            addresses: { [CITY]: `127.0.0.1:${chaincode.port}` },
          },
        ],
      },
      [],
      [],
    );
    network = net.network;
  });
  afterAll(async () => {
    await net?.stop();
    chaincode.stop();
  });
  const contract = () => net.client(net.admin(CITY)).contract();

  it('registers, then offers write batches and reads of several keys', async () => {
    await contract().evaluateTransaction('anything');
    const [registered, ready, transaction] = chaincode.received;
    expect(registered?.getType()).toBe(Type.REGISTERED);
    expect(ready?.getType()).toBe(Type.READY);
    const offered = peer.ChaincodeAdditionalParams.deserializeBinary(ready!.getPayload_asU8());
    expect(offered.toObject()).toEqual({
      useWriteBatch: true,
      maxSizeWriteBatch: 1000,
      useGetMultipleKeys: true,
      maxSizeGetMultipleKeys: 1000,
    });
    expect(transaction?.getProposal()?.getSignature_asU8().length).toBeGreaterThan(60);
    const input = peer.ChaincodeInput.deserializeBinary(transaction!.getPayload_asU8());
    expect(input.getArgsList_asU8().map((arg) => Buffer.from(arg).toString())).toEqual(['anything']);
  });

  it('takes a batch of writes and reads several keys at once', async () => {
    chaincode.onTransaction = async (ask) => {
      const batch = new peer.WriteBatchState();
      for (const key of ['b1', 'b2']) {
        const record = new peer.WriteRecord();
        record.setType(peer.WriteRecord.Type.PUT_STATE);
        record.setKey(key);
        record.setValue(Buffer.from(`value of ${key}`));
        batch.addRec(record);
      }
      const reply = await ask(Type.WRITE_BATCH_STATE, batch.serializeBinary());
      expect(reply.getType()).toBe(Type.RESPONSE);
      return Buffer.alloc(0);
    };
    await contract().submitTransaction('write');
    chaincode.onTransaction = async (ask) => {
      const request = new peer.GetStateMultiple();
      request.setKeysList(['b2', 'none', 'b1']);
      const reply = await ask(Type.GET_STATE_MULTIPLE, request.serializeBinary());
      const values = peer.GetStateMultipleResult.deserializeBinary(
        reply.getPayload_asU8(),
      ).getValuesList_asU8();
      return Buffer.from(values.map((value) => Buffer.from(value).toString()).join('|'));
    };
    const read = await contract().evaluateTransaction('read');
    expect(Buffer.from(read).toString()).toBe('value of b2||value of b1');
  });

  it('answers a bad request with the transaction it belongs to', async () => {
    chaincode.onTransaction = async (ask) => {
      const next = new peer.QueryStateNext();
      next.setId('none');
      const unknown = await ask(Type.QUERY_STATE_NEXT, next.serializeBinary());
      const request = new peer.DelState();
      request.setKey('k');
      const purge = await ask(Type.PURGE_PRIVATE_DATA, request.serializeBinary());
      const malformed = await ask(Type.GET_STATE, Buffer.from([0x0a, 0x7f]));
      return Buffer.from(
        [unknown, purge, malformed].map((m) => Buffer.from(m.getPayload_asU8()).toString()).join('\n'),
      );
    };
    const answers = Buffer.from(await contract().evaluateTransaction('ask'))
      .toString()
      .split('\n');
    expect(answers[0]).toMatch(
      /^QUERY_STATE_NEXT failed: transaction ID: [0-9a-f]{64}: query iterator not found$/,
    );
    expect(answers[1]).toMatch(/^PURGE_PRIVATE_DATA failed: .*: only applicable for private data$/);
    expect(answers[2]).toMatch(/^GET_STATE failed: transaction ID: /);
  });

  it('ends the stream of a chaincode that speaks out of turn, and dials again', async () => {
    chaincode.onTransaction = async (ask) => {
      await ask(Type.REGISTER, packageId('again'));
      return Buffer.alloc(0);
    };
    const before = chaincode.connections;
    const refused = await contract()
      .evaluateTransaction('speak')
      .catch((error: unknown) => error as GatewayError);
    expect((refused as GatewayError).details[0]?.message).toContain('chaincode stream terminated');
    chaincode.onTransaction = () => Promise.resolve(Buffer.from('back'));
    expect(Buffer.from(await contract().evaluateTransaction('again')).toString()).toBe('back');
    expect(chaincode.connections).toBe(before + 1);
  });

  it('refuses a chaincode without a name', async () => {
    const nameless = new HandWrittenChaincode();
    nameless.registration = message(Type.REGISTER, packageId(''));
    await nameless.start();
    await network.defineChaincode(
      { name: 'nameless', version: '1', sequence: 1 },
      { [CITY]: `127.0.0.1:${nameless.port}` },
    );
    const refused = await net
      .client(net.admin(CITY))
      .contract('nameless')
      .evaluateTransaction('x')
      .catch((error: unknown) => error as GatewayError);
    expect((refused as GatewayError).details[0]?.message).toContain('chaincodeID name is empty');
    nameless.stop();
  });

  it('refuses a second network in the same folder of the same process', async () => {
    const organizations = [{ mspId: CITY, name: 'City', domain: 'city.example' }];
    await expect(
      createNetwork({ directory: net.directory, channel: CHANNEL, organizations }),
    ).rejects.toThrow('in use');
  });
});
