import { common } from '@hyperledger/fabric-protos';
import { generateKeyPairSync } from 'node:crypto';
import {
  checkProposal,
  checkTransaction,
  DeviceRefusal,
  type IntendedAct,
  signActs,
} from '../src/device/signed-act';
import { MedsealClient } from '../src/medseal-client';
import { type Parts, proposalOf, transactionOf } from './support/proposals';

/**
 * Adversary: a gateway that relays a patient's act and may give the device any bytes to sign. The device decodes them and
 * signs only what its user decided.
 */

const honest: Parts = {
  channel: 'health',
  type: common.HeaderType.ENDORSER_TRANSACTION,
  mspId: 'CityMSP',
  certificate: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  chaincode: 'ehr',
  args: ['registry:activatePatient', '{"ledgerId":"aa"}'],
  transient: {},
};

const intended: IntendedAct = {
  channel: 'health',
  functionName: 'registry:activatePatient',
  mspId: 'CityMSP',
  certificate: honest.certificate,
  checkArguments: (args) => {
    if (args.length !== 1 || args[0] !== '{"ledgerId":"aa"}') throw new DeviceRefusal('other arguments');
  },
};

const changes: [string, Partial<Parts>][] = [
  ['another channel', { channel: 'other' }],
  ['a configuration transaction', { type: common.HeaderType.CONFIG }],
  ['another creator', { mspId: 'LakesideMSP' }],
  ['another certificate', { certificate: honest.certificate.replace('AAAA', 'AAAB') }],
  ['another chaincode', { chaincode: '_lifecycle' }],
  ['another function', { args: ['registry:updatePatient', '{"ledgerId":"aa"}'] }],
  ['another argument', { args: ['registry:activatePatient', '{"ledgerId":"ab"}'] }],
  ['one argument more', { args: ['registry:activatePatient', '{"ledgerId":"aa"}', 'x'] }],
  ['no argument', { args: [] }],
];

describe('what a device signs', () => {
  test('the act as it was meant, stage by stage', () => {
    const proposal = checkProposal(proposalOf(honest), intended);
    expect(() => checkTransaction(transactionOf(honest), proposal, intended)).not.toThrow();
  });

  test.each(changes)('refused: a proposal with %s', (_title, change) => {
    expect(() => checkProposal(proposalOf({ ...honest, ...change }), intended)).toThrow(DeviceRefusal);
  });

  test('refused: a proposal with transient data', () => {
    expect(() => checkProposal(proposalOf({ ...honest, transient: { x: 'y' } }), intended)).toThrow(
      /transient/,
    );
  });

  describe('transient data', () => {
    const withShare = { ...intended, transient: { share: Buffer.from('sealed') } };

    test('signed as the device made it, in the proposal only', () => {
      const parts = { ...honest, transient: { share: 'sealed' } };
      const proposal = checkProposal(proposalOf(parts), withShare);
      expect(() => checkTransaction(transactionOf(honest), proposal, withShare)).not.toThrow();
      expect(() => checkTransaction(transactionOf(parts), proposal, withShare)).toThrow(/transient/);
    });

    test.each<[string, Record<string, string>]>([
      ['another value', { share: 'sealee' }],
      ['a longer value', { share: 'sealed!' }],
      ['another name', { shared: 'sealed' }],
      ['one value more', { share: 'sealed', terms: 'x' }],
      ['a name that every object has', { share: 'sealed', constructor: 'x' }],
      ['none', {}],
    ])('refused: %s', (_title, transient) => {
      expect(() => checkProposal(proposalOf({ ...honest, transient }), withShare)).toThrow(DeviceRefusal);
    });
  });

  test.each(changes)('refused: a transaction with %s', (_title, change) => {
    const proposal = checkProposal(proposalOf(honest), intended);
    expect(() => checkTransaction(transactionOf({ ...honest, ...change }), proposal, intended)).toThrow(
      DeviceRefusal,
    );
  });

  test('refused: a transaction with a second action, or none', () => {
    const proposal = checkProposal(proposalOf(honest), intended);
    expect(() => checkTransaction(transactionOf(honest, 2), proposal, intended)).toThrow(/2 actions/);
    expect(() => checkTransaction(transactionOf(honest, 0), proposal, intended)).toThrow(/0 actions/);
  });

  test.each([
    ['its header twice, which readers may take either way', [0x0a, 0x00]],
    ['a field that the device does not know', [0x22, 0x00]],
    ['bytes that end too early', [0x12, 0x05, 0x00]],
  ])('refused: a proposal with %s', (_title, added) => {
    const bytes = Buffer.concat([proposalOf(honest), Buffer.from(added)]);
    expect(() => checkProposal(bytes, intended)).toThrow(DeviceRefusal);
  });
});

describe('an act of several transactions', () => {
  const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  const secretKey = new Uint8Array(Buffer.from(jwk.d!, 'base64url'));
  const act = (functionName: string): IntendedAct => ({
    ...intended,
    functionName,
    checkArguments: (args) => {
      if (args[0] !== 'one') throw new DeviceRefusal('other arguments');
    },
  });
  const acts = [act('consent:grant'), act('consent:depositShare')];
  const parts = (functionName: string, argument = 'one'): Parts => ({
    ...honest,
    args: [functionName, argument],
  });

  /** A gateway that asks for these signatures one after the other, then says that all is done. */
  const gatewayAsking = (asked: [id: string, stage: string, bytes: Uint8Array][]) => {
    const answers = asked.map(([id, stage, bytes]) => ({
      signing: { id, stage, bytes: Buffer.from(bytes).toString('base64') },
    }));
    const [first, ...others] = [...answers, { ledger: {} }];
    const client = new MedsealClient('http://gateway.test', () =>
      Promise.resolve(Response.json(others.shift(), { status: 200 })),
    );
    return { run: () => signActs(client, first as never, acts, secretKey), left: () => others.length };
  };
  const both = (id: string, of: Parts): [string, string, Uint8Array][] => [
    [id, 'proposal', proposalOf(of)],
    [id, 'transaction', transactionOf(of)],
  ];

  test('each is signed once, also what is left of an act that is resumed', async () => {
    const whole = gatewayAsking([
      ...both('1', parts('consent:grant')),
      ...both('2', parts('consent:depositShare')),
    ]);
    expect(await whole.run()).toEqual({ ledger: {} });
    expect(whole.left()).toBe(0);
    expect(await gatewayAsking(both('2', parts('consent:depositShare'))).run()).toEqual({ ledger: {} });
  });

  test.each<[string, [string, string, Uint8Array][], RegExp]>([
    [
      'the same one again under another id',
      [...both('1', parts('consent:grant')), ...both('2', parts('consent:grant'))],
      /it calls consent:grant/,
    ],
    ['one that was not decided', both('1', parts('consent:revoke')), /it calls consent:revoke/],
    ['other arguments', both('1', parts('consent:grant', 'two')), /other arguments/],
    [
      'the transaction of another proposal',
      [
        ['1', 'proposal', proposalOf(parts('consent:grant'))],
        ...both('2', parts('consent:depositShare')).slice(1),
      ],
      /before its proposal/,
    ],
    [
      'another act where fresh bytes of this one were due',
      [
        ['1', 'proposal', proposalOf(parts('consent:grant'))],
        ['1', 'proposal', proposalOf(parts('consent:depositShare'))],
      ],
      /it calls consent:depositShare/,
    ],
  ])('refused: %s', async (_title, asked, reason) => {
    await expect(gatewayAsking(asked).run()).rejects.toThrow(reason);
  });
});
