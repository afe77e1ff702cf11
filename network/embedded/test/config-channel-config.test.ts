import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Block,
  Envelope,
  Payload,
  ChannelHeader,
  SignatureHeader,
} from '@hyperledger/fabric-protos/lib/common/common_pb';
import { channelConfigFromBlock } from '../src/config/channel-config';

const golden = (name: string): Buffer => readFileSync(join(__dirname, 'golden', 'chain', name));

/** Creator, payload and signature of the first transaction of a recorded block. */
const firstTransaction = (name: string) => {
  const envelope = Envelope.deserializeBinary(
    Block.deserializeBinary(golden(name)).getData()!.getDataList_asU8()[0]!,
  );
  const header = Payload.deserializeBinary(envelope.getPayload_asU8()).getHeader()!;
  return {
    txId: ChannelHeader.deserializeBinary(header.getChannelHeader_asU8()).getTxId(),
    creator: Buffer.from(
      SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8()).getCreator_asU8(),
    ),
    payload: Buffer.from(envelope.getPayload_asU8()),
    signature: Buffer.from(envelope.getSignature_asU8()),
  };
};

describe('the channel configuration of a recorded Fabric 3.1 network', () => {
  const config = channelConfigFromBlock(golden('0000.block'));

  it('names channel, organisations and batch settings', () => {
    expect(config).toMatchObject({
      channelId: 'hospch',
      sequence: 0,
      applicationMspIds: ['Hosp1MSP', 'Hosp2MSP'],
      ordererMspIds: ['OrdererMSP'],
      ordererEndpoints: ['127.0.0.1:17050'],
      batch: {
        maxMessageCount: 100,
        absoluteMaxBytes: 103809024,
        preferredMaxBytes: 2097152,
        timeoutMs: 100,
      },
    });
  });

  it.each(['0003.block', '0009.block', '0016.block'])('accepts the creator and signature of %s', (name) => {
    const { creator, payload, signature } = firstTransaction(name);
    const identity = config.deserializeIdentity(creator);
    expect(identity.mspId).toBe('Hosp1MSP');
    expect(identity.invalidity()).toBeUndefined();
    expect(identity.verify(payload, signature)).toBe(true);
    expect(identity.verify(Buffer.concat([payload, Buffer.from([0])]), signature)).toBe(false);
    const signed = [{ data: payload, identity: creator, signature }];
    expect(config.policy('/Channel/Application/Writers').refusal(signed)).toBeUndefined();
    expect(config.policy('/Channel/Writers').refusal(signed)).toBeUndefined();
    expect(config.policy('/Channel/Application/Admins').refusal(signed)).toMatch(
      /requires 2 of the 'Admins'/,
    );
  });

  it('gives the refusal text that Fabric gave for a bad envelope signature', () => {
    const { creator, payload, signature } = firstTransaction('0003.block');
    const signed = [{ data: Buffer.concat([payload, payload]), identity: creator, signature }];
    expect(config.policy('/Channel/Writers').refusal(signed)).toBe(
      "implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Writers' sub-policies to be satisfied",
    );
  });

  it('knows which organisations can endorse', () => {
    expect(config.policy('/Channel/Application/Endorsement').organizationSets()).toEqual([
      ['Hosp1MSP', 'Hosp2MSP'],
    ]);
    expect(config.policy('/Channel/Application/Hosp2MSP/Endorsement').organizationSets()).toEqual([
      ['Hosp2MSP'],
    ]);
    expect(() => config.policy('/Channel/Application/Nothing')).toThrow(
      "no such policy: '/Channel/Application/Nothing'",
    );
  });
});
