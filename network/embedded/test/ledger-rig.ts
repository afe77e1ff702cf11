import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definitionTransaction } from '../src/chaincode/lifecycle';
import { channelConfigFromBlock } from '../src/config/channel-config';
import { type PreparedNetwork, type PrepareOptions, prepareOrganizations } from '../src/config/organizations';
import { type LedgerMaintenance, type LedgerOptions, openLedger } from '../src/ledger/ledger';
import {
  HeaderType,
  encodeChaincodeAction,
  encodeChannelHeader,
  encodeEnvelope,
  encodePayload,
  encodeProposalResponsePayload,
  encodeSignatureHeader,
  encodeTransaction,
  proposalHash,
  transactionId,
} from '../src/protos/envelopes';
import { Writer } from '../src/protos/wire';
import { RWSetBuilder } from '../src/rwset/builder';
import type { ChaincodeDefinition, CommittedBlock, Ledger, SigningIdentity } from '../src/types';

export const CHANNEL = 'health';
export const CC = 'asset';
export const MINISTRY = 'MinistryMSP';
export const CITY = 'CityMSP';
export const LAKESIDE = 'LakesideMSP';
export const ALL = [MINISTRY, CITY, LAKESIDE];

const NOTHING: Buffer = Buffer.alloc(0);

const ORGANIZATIONS = [
  { mspId: MINISTRY, name: 'Ministry of Health', domain: 'ministry.example', orderer: true },
  { mspId: CITY, name: 'City Hospital', domain: 'city.example' },
  { mspId: LAKESIDE, name: 'Lakeside Hospital', domain: 'lakeside.example' },
];

export const DEFINITION: ChaincodeDefinition = {
  name: CC,
  version: '1',
  sequence: 1,
  endorsementPolicy: { signaturePolicy: `OutOf(2, '${MINISTRY}.peer', '${CITY}.peer', '${LAKESIDE}.peer')` },
  collections: [
    {
      name: 'shared',
      policy: `OR('${CITY}.member', '${LAKESIDE}.member')`,
      memberOnlyRead: true,
      endorsementPolicy: { signaturePolicy: `OR('${CITY}.peer', '${LAKESIDE}.peer')` },
    },
    {
      name: 'brief',
      policy: `OR('${CITY}.member', '${LAKESIDE}.member')`,
      blockToLive: 2,
      endorsementPolicy: { signaturePolicy: `OR('${CITY}.peer', '${LAKESIDE}.peer')` },
    },
  ],
};

export interface TransactionOptions {
  readonly creator?: SigningIdentity;
  /** MSP ids whose peers endorse; the ministry's and the city's by default. */
  readonly endorsers?: readonly string[];
  /** MSP ids whose peers have received the private values; none by default. */
  readonly holders?: readonly string[];
  readonly chaincode?: string;
  readonly channelId?: string;
  readonly tamper?: (parts: { channelHeader: Buffer; signatureHeader: Buffer; data: Buffer }) => Buffer;
  readonly proposalHash?: Buffer;
  readonly version?: string;
  readonly txId?: string;
}

export interface BuiltTransaction {
  readonly txId: string;
  readonly envelope: Buffer;
  readonly privateBytes?: Buffer;
}

/** Organisations and genesis block made once; ledgers are opened on folders below it. */
export class LedgerRig {
  private constructor(
    readonly base: string,
    readonly network: PreparedNetwork,
  ) {}

  static async create(batch?: PrepareOptions['batch']): Promise<LedgerRig> {
    return LedgerRig.load(mkdtempSync(join(tmpdir(), 'ledger-')), batch);
  }

  /** The organisations in a folder, made when absent. */
  static async load(base: string, batch?: PrepareOptions['batch']): Promise<LedgerRig> {
    return new LedgerRig(
      base,
      await prepareOrganizations(base, ORGANIZATIONS, { channelId: CHANNEL, batch }),
    );
  }

  folder(name = `ledger-${randomBytes(4).toString('hex')}`): string {
    return join(this.base, name);
  }

  copy(folder: string): string {
    const target = this.folder();
    cpSync(folder, target, { recursive: true });
    return target;
  }

  open(directory: string, options: Partial<LedgerOptions> = {}): Promise<TestLedger> {
    return openTestLedger(this, {
      directory,
      channelId: CHANNEL,
      genesisBlock: this.network.genesisBlock,
      organizations: ALL,
      orderer: this.network.orderer,
      loadConfig: channelConfigFromBlock,
      clock: { now: () => Date.now() },
      ...options,
    });
  }

  peer(mspId: string): SigningIdentity {
    return this.organization(mspId).peer;
  }

  admin(mspId: string): SigningIdentity {
    return this.organization(mspId).admin;
  }

  remove(): void {
    rmSync(this.base, { recursive: true });
  }

  /** A transaction as gateway and endorsers would have made it. */
  transaction(fill: (builder: RWSetBuilder) => void, options: TransactionOptions = {}): BuiltTransaction {
    const creator = options.creator ?? this.admin(CITY);
    const chaincode = options.chaincode ?? CC;
    const builder = new RWSetBuilder();
    fill(builder);
    const results = builder.build();
    const nonce = randomBytes(24);
    const signature = { creator: creator.serialized, nonce };
    const txId = options.txId ?? transactionId(signature);
    const extension = new Writer().message(2, new Writer().string(2, chaincode).finish()).finish();
    const channelHeader = encodeChannelHeader({
      type: HeaderType.endorserTransaction,
      version: 0,
      timestamp: { seconds: Math.floor(Date.now() / 1000), nanos: 0 },
      channelId: options.channelId ?? CHANNEL,
      txId,
      epoch: 0,
      extension,
    });
    const signatureHeader = encodeSignatureHeader(signature);
    const proposalPayload = new Writer().bytes(1, Buffer.from('input')).finish();
    const responsePayload = encodeProposalResponsePayload({
      proposalHash: options.proposalHash ?? proposalHash({ channelHeader, signatureHeader }, proposalPayload),
      extension: encodeChaincodeAction({
        results: results.publicBytes,
        events: NOTHING,
        response: new Writer().number(1, 200).finish(),
        chaincodeId: { path: '', name: chaincode, version: options.version ?? '1' },
      }),
    });
    const data = encodeTransaction({
      header: signatureHeader,
      chaincodeProposalPayload: proposalPayload,
      responsePayload,
      endorsements: (options.endorsers ?? [MINISTRY, CITY]).map((mspId) => {
        const peer = this.peer(mspId);
        return {
          endorser: peer.serialized,
          signature: peer.sign(Buffer.concat([responsePayload, peer.serialized])),
        };
      }),
    });
    const payload =
      options.tamper?.({ channelHeader, signatureHeader, data }) ??
      encodePayload(channelHeader, signatureHeader, data);
    return {
      txId,
      envelope: encodeEnvelope({ payload, signature: creator.sign(payload) }),
      privateBytes: results.privateBytes,
    };
  }

  private organization(mspId: string) {
    const found = this.network.organizations.find((candidate) => candidate.mspId === mspId);
    if (found === undefined) throw new Error(`no organisation ${mspId}`);
    return found;
  }
}

/** A ledger with the shortcuts tests need. */
export interface TestLedger extends Ledger, LedgerMaintenance {
  /** Defines the test chaincode. */
  define(definition?: ChaincodeDefinition): Promise<void>;
  /** Orders a transaction and gives its validation code and block. */
  submit(
    fill: (builder: RWSetBuilder) => void,
    options?: TransactionOptions,
  ): Promise<{ code: number; block: number; txId: string }>;
  /** Orders envelopes together and gives the next block. */
  block(envelopes: readonly Buffer[]): Promise<CommittedBlock>;
  readonly rig: LedgerRig;
}

async function openTestLedger(rig: LedgerRig, options: LedgerOptions): Promise<TestLedger> {
  const ledger = await openLedger(options);
  const block = async (envelopes: readonly Buffer[]): Promise<CommittedBlock> => {
    const committed = new Promise<CommittedBlock>((resolve) => {
      const stop = ledger.onBlock((next) => {
        stop();
        resolve(next);
      });
    });
    await Promise.all(envelopes.map((envelope) => ledger.order(envelope)));
    return committed;
  };
  const define = async (definition = DEFINITION): Promise<void> => {
    const peers = ALL.map((mspId) => rig.peer(mspId));
    const { envelope } = definitionTransaction(definition, ledger, rig.admin(MINISTRY), peers, Date.now());
    const { transactions } = await block([envelope]);
    if (transactions[0]?.code !== 0) throw new Error(`the definition got code ${transactions[0]?.code}`);
  };
  const submit: TestLedger['submit'] = async (fill, transactionOptions = {}) => {
    const built = rig.transaction(fill, transactionOptions);
    if (built.privateBytes !== undefined) {
      await ledger.storeTransient(built.txId, built.privateBytes, transactionOptions.holders ?? []);
    }
    const { number, transactions } = await block([built.envelope]);
    return { code: transactions[0]?.code ?? -1, block: number, txId: built.txId };
  };
  return new Proxy(ledger, {
    get(target, property) {
      const extra = { define, submit, block, rig }[property as string];
      if (extra !== undefined) return extra;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  }) as TestLedger;
}
