/** The recorded network's transactions, simulated anew on its own ledger: the read-write sets must be the same bytes. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { channelConfigFromBlock } from '../src/config/channel-config';
import { TxSimulator } from '../src/endorser/simulator';
import { BlockFiles } from '../src/ledger/block-files';
import { openLedger } from '../src/ledger/ledger';
import { decodeBlock } from '../src/protos/blocks';
import {
  decodeChaincodeAction,
  decodeEnvelope,
  decodePayload,
  decodeProposalResponsePayload,
  decodeSignatureHeader,
  decodeTransaction,
  decodeTransactionAction,
} from '../src/protos/envelopes';
import type { Identity, Ledger } from '../src/types';

const golden = (number: number) =>
  readFileSync(join(__dirname, 'golden/chain', `${String(number).padStart(4, '0')}.block`));

function transactionOf(block: Buffer) {
  const payload = decodePayload(decodeEnvelope(decodeBlock(block).data[0]!).payload);
  const [action] = decodeTransaction(payload.data);
  const response = decodeProposalResponsePayload(decodeTransactionAction(action!).responsePayload);
  return {
    creator: decodeSignatureHeader(payload.header!.signatureHeader).creator,
    results: decodeChaincodeAction(response.extension).results,
  };
}

const CHAINCODE = 'asset';
const KEY = 'golden-mws35pgn';
const asset = (value: string) => Buffer.from(JSON.stringify({ ID: KEY, P: value }));
const privately = (simulator: TxSimulator, collection: string, creator: Identity) =>
  expect(simulator.collectionPermission(CHAINCODE, collection, creator)).toEqual({ read: true, write: true });

/** What the contract did in each block. */
const CASES: [string, number, (simulator: TxSimulator, creator: Identity) => void][] = [
  [
    'create',
    4,
    (simulator) => {
      expect(simulator.getState(CHAINCODE, KEY)).toBeUndefined();
      simulator.setState(CHAINCODE, KEY, asset('hello'));
    },
  ],
  [
    'update',
    5,
    (simulator) => {
      expect(simulator.getState(CHAINCODE, KEY)).toEqual(asset('hello'));
      simulator.setState(CHAINCODE, KEY, asset('hello2'));
    },
  ],
  [
    'range',
    6,
    (simulator) => {
      const range = simulator.range(CHAINCODE, 'golden-', 'golden-~');
      while (range.next());
      range.close();
    },
  ],
  [
    'delete',
    7,
    (simulator) => {
      expect(simulator.getState(CHAINCODE, KEY)).toEqual(asset('hello2'));
      simulator.setState(CHAINCODE, KEY, Buffer.alloc(0));
    },
  ],
  ['event', 8, (simulator) => simulator.setState(CHAINCODE, 'goldenev-mws35pgn', Buffer.from('e'))],
  [
    'private and public',
    9,
    (simulator, creator) => {
      privately(simulator, 'shared', creator);
      simulator.setPrivateData(CHAINCODE, 'shared', 'gp-mws35pgn', Buffer.from('{"dx":"A00"}'));
      simulator.setState(CHAINCODE, 'pub-gp-mws35pgn', Buffer.from('{"ID":"gp-mws35pgn","coll":"shared"}'));
    },
  ],
  [
    'implicit',
    10,
    (simulator, creator) => {
      privately(simulator, '_implicit_org_Hosp1MSP', creator);
      simulator.setPrivateData(
        CHAINCODE,
        '_implicit_org_Hosp1MSP',
        'gi-mws35pgn',
        Buffer.from('{"dx":"B00"}'),
      );
    },
  ],
  [
    'purge',
    11,
    (simulator, creator) => {
      privately(simulator, 'shared', creator);
      simulator.purgePrivateData(CHAINCODE, 'shared', 'gp-mws35pgn');
    },
  ],
];

it.each(CASES)('%s', async (_, number, simulate) => {
  const directory = mkdtempSync(join(tmpdir(), 'recorded-'));
  let ledger: Ledger | undefined;
  try {
    mkdirSync(join(directory, 'blocks'));
    const blocks = new BlockFiles(join(directory, 'blocks'));
    for (let i = 0; i < number; i++) await blocks.append(i, golden(i));
    await blocks.close();
    ledger = await openLedger({
      directory,
      channelId: 'hospch',
      genesisBlock: golden(0),
      organizations: ['Hosp1MSP', 'Hosp2MSP'],
      orderer: undefined,
      loadConfig: channelConfigFromBlock,
      clock: { now: () => Date.now() },
    });
    expect(ledger.height).toBe(number);
    const { creator, results } = transactionOf(golden(number));
    const simulator = new TxSimulator(ledger, 'Hosp1MSP', 'tx');
    simulator.readSequence(CHAINCODE);
    simulate(simulator, ledger.config.deserializeIdentity(creator));
    expect(simulator.results().publicBytes.toString('hex')).toBe(results.toString('hex'));
  } finally {
    await ledger?.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
