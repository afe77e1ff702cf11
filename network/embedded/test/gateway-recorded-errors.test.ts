/** Every recorded answer of a real network's gateway (golden/errors.jsonl), asked of this one by the same client. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommitError, type Contract, GatewayError, type Proposal } from '@hyperledger/fabric-gateway';
import { type Credentials, type TestClient, TestNetwork } from './harness';

const CITY = 'CityMSP';
const LAKESIDE = 'LakesideMSP';
/** The recorded network's first organisation is City here, its second Lakeside. */
const ORGANIZATIONS = [
  { mspId: CITY, name: 'City', domain: 'city.example', orderer: true },
  { mspId: LAKESIDE, name: 'Lakeside', domain: 'lakeside.example' },
];
const COLLECTIONS = [
  { name: 'shared', policy: `OR('${CITY}.member','${LAKESIDE}.member')`, requiredPeerCount: 1 },
  { name: 'shared0', policy: `OR('${CITY}.member','${LAKESIDE}.member')` },
  {
    name: 'hosp1only',
    policy: `OR('${CITY}.member')`,
    endorsementPolicy: { signaturePolicy: `OR('${CITY}.peer')` },
  },
].map((collection) => ({ ...collection, memberOnlyRead: true, memberOnlyWrite: true }));

interface Recorded {
  case: string;
  op: string;
  cls: string | null;
  code: number | null;
  message: string | null;
  grpcDetails?: string | null;
  details?: { address: string; message: string; mspId: string }[] | null;
  result?: string;
  txcode?: number;
  status?: { code: number };
}

const ROWS = readFileSync(join(__dirname, 'golden/errors.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded);

/** What differs between two runs of the same network: transaction ids, identities, package ids. */
const withoutNames = (text: string): string =>
  text
    .replace(/Creator \[[0-9a-f]+\]/g, 'Creator [<identity>]')
    .replace(/asset_1:[0-9a-f]{64}/g, 'asset_1:<package>')
    .replace(/[0-9a-f]{64}/g, '<tx>')
    .replace(/\{BlockNum: \d+, TxNum: \d+\}/g, '<version>')
    .replace(/127\.0\.0\.1:1900\d/g, '<chaincode>')
    .replace(/(del|ad)-78daf6/g, '<key>');

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const failure = async (run: Promise<unknown>): Promise<GatewayError> => {
  const outcome = await run.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(outcome instanceof GatewayError)) throw new Error(`no gateway error but ${String(outcome)}`);
  return outcome;
};

describe('answers of the recorded network', () => {
  let net: TestNetwork;
  let cityAdmin: Credentials;
  let city: TestClient;
  let lakeside: TestClient;
  let asset: Contract;
  const seen = new Set<number>();

  const row = (name: string, op: string): Recorded => {
    const index = ROWS.findIndex((recorded) => recorded.case === name && recorded.op === op);
    if (index < 0) throw new Error(`no recorded row ${name}, ${op}`);
    seen.add(index);
    return ROWS[index] as Recorded;
  };
  /** The recorded text as this network must say it. */
  const here = (recorded: string): string =>
    withoutNames(recorded)
      .replaceAll('hospch', 'health')
      .replaceAll('127.0.0.1:17051', net.peerAddress(CITY))
      .replaceAll('127.0.0.1:18051', net.peerAddress(LAKESIDE))
      .replaceAll('127.0.0.1:17050', net.network.ledger.config.ordererEndpoints[0] ?? '')
      .replaceAll('OrdererMSP', CITY)
      .replaceAll('Hosp1MSP', CITY)
      .replaceAll('Hosp2MSP', LAKESIDE);
  const ours = (message: string): string => {
    const chaincodes = [...net.chaincodes.values()].map(({ address }) => address);
    return withoutNames(
      chaincodes.reduce((result, address) => result.replaceAll(address, '<chaincode>'), message),
    );
  };
  const expectRow = async (name: string, op: string, run: Promise<unknown>) => {
    const recorded = row(name, op);
    const error = await failure(run);
    expect(error.constructor.name).toBe(recorded.cls);
    expect(error.code).toBe(recorded.code);
    expect(ours(error.message)).toBe(here(recorded.message ?? ''));
    const details = error.details.map((detail) => ({
      address: ours(detail.address),
      message: ours(detail.message),
      mspId: detail.mspId,
    }));
    const wanted = (recorded.details ?? []).map((detail) => ({
      address: here(detail.address),
      message: here(detail.message),
      mspId: here(detail.mspId),
    }));
    expect(details).toEqual(wanted);
  };
  const expectResult = async (name: string, op: string, run: Promise<Uint8Array>) => {
    const recorded = row(name, op).result;
    // the recorder printed empty bytes of an evaluation as two quotes
    expect(text(await run)).toBe(recorded === '""' ? '' : recorded);
  };
  const endorsed = async (contract: Contract, name: string, ...args: string[]) =>
    contract.newProposal(name, { arguments: args }).endorse();

  beforeAll(async () => {
    net = await TestNetwork.start(
      { organizations: ORGANIZATIONS, idleCut: false, batch: { timeoutMs: 100 }, aliveExpirationMs: 1_000 },
      [
        { name: 'asset', version: '1', sequence: 1, collections: COLLECTIONS },
        {
          name: 'assetor',
          version: '1',
          sequence: 1,
          endorsementPolicy: { signaturePolicy: `OR('${CITY}.peer','${LAKESIDE}.peer')` },
        },
      ],
      [CITY, LAKESIDE],
    );
    cityAdmin = net.admin(CITY);
    city = net.client(cityAdmin);
    lakeside = net.client(net.admin(LAKESIDE));
    asset = city.contract();
  });
  afterAll(() => net?.stop());

  it('unknown chaincode', async () => {
    const unknown = city.contract('nosuchcc');
    await expectRow('unknown chaincode', 'evaluate', unknown.evaluateTransaction('Read', 'a'));
    await expectRow('unknown chaincode', 'endorse', unknown.submitTransaction('Put', 'a', 'b'));
  });

  it('chaincode throws', async () => {
    const message = 'boom: patient consent missing';
    await expectRow('chaincode throws Error', 'evaluate', asset.evaluateTransaction('Fail', message));
    await expectRow('chaincode throws Error', 'endorse', asset.submitTransaction('Fail', message));
    await expectRow(
      'chaincode throws, OR policy',
      'endorse',
      city.contract('assetor').submitTransaction('Fail', 'boom'),
    );
  });

  it('unknown function and wrong argument count', async () => {
    await expectRow('unknown function', 'endorse', asset.submitTransaction('NoSuchFn'));
    await expectRow('wrong arg count', 'endorse', asset.submitTransaction('Put', 'only one'));
  });

  it('unknown channel', async () => {
    const elsewhere = city.contract('asset', 'nosuchchannel');
    await expectRow('unknown channel', 'evaluate', elsewhere.evaluateTransaction('Read', 'a'));
    await expectRow('unknown channel', 'endorse', elsewhere.submitTransaction('Put', 'a', 'b'));
  });

  it('bad signatures', async () => {
    const wrongKey = net.client({ ...cityAdmin, signer: net.admin(LAKESIDE).signer });
    const contract = wrongKey.contract();
    await expectRow('bad signature (wrong key)', 'evaluate', contract.evaluateTransaction('Read', 'a'));
    await expectRow('bad signature (wrong key)', 'endorse', contract.submitTransaction('Put', 'a', 'b'));
    const wrong = Buffer.from(await net.admin(LAKESIDE).signer(Buffer.from('something else')));
    const transaction = await endorsed(asset, 'Put', 'signed', 'x');
    const badEnvelope = city.gateway.newSignedTransaction(transaction.getBytes(), wrong);
    await expectRow('bad envelope signature', 'submit', badEnvelope.submit());
    const commit = await transaction.submit();
    const badStatus = city.gateway.newSignedCommit(commit.getBytes(), wrong);
    await expectRow('bad commitstatus signature', 'commitStatus', badStatus.getStatus());
  });

  it('foreign certificates', async () => {
    const { credentials } = net.admin(LAKESIDE).identity;
    const foreign = net.client({ ...net.admin(LAKESIDE), identity: { mspId: CITY, credentials } }, CITY);
    await expectRow(
      'cert of other org under this mspId',
      'endorse',
      foreign.contract().submitTransaction('Put', 'a', 'b'),
    );
    const unknown = net.client({ ...cityAdmin, identity: { ...cityAdmin.identity, mspId: 'NopeMSP' } }, CITY);
    await expectRow('unknown MSP id', 'evaluate', unknown.contract().evaluateTransaction('Read', 'a'));
  });

  it('conflicting transactions', async () => {
    await asset.submitTransaction('Create', 'conflict', '0');
    const [first, second] = [
      await endorsed(asset, 'Update', 'conflict', '1'),
      await endorsed(asset, 'Update', 'conflict', '2'),
    ];
    const commits = [await first.submit(), await second.submit()];
    const [firstStatus, secondStatus] = await Promise.all(commits.map((commit) => commit.getStatus()));
    expect(firstStatus).toMatchObject({ code: 0, successful: true });
    row('MVCC conflict', 'commitStatus');
    expect(secondStatus).toMatchObject({
      code: 11,
      successful: false,
      blockNumber: firstStatus?.blockNumber,
    });

    const recorded = row('MVCC conflict', 'submitTransaction');
    const outcomes = await Promise.allSettled([
      asset.submitTransaction('Update', 'conflict', '3'),
      asset.submitTransaction('Update', 'conflict', '4'),
    ]);
    const refused = outcomes.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
    expect(refused.reason).toBeInstanceOf(CommitError);
    expect(ours((refused.reason as Error).message)).toBe(here(recorded.message ?? ''));
    expect((refused.reason as CommitError).code).toBe(recorded.txcode);
  });

  it('phantom read', async () => {
    const counting = await endorsed(asset, 'CountInto', 'range-a', 'range-z', 'count');
    await asset.submitTransaction('Put', 'range-m', '1');
    const commit = await counting.submit();
    expect((await commit.getStatus()).code).toBe(row('phantom read', 'commitStatus').status?.code);
  });

  it('duplicates', async () => {
    const proposal: Proposal = asset.newProposal('Put', { arguments: ['dup', '1'] });
    const transaction = await proposal.endorse();
    const commit = await transaction.submit();
    const status = await commit.getStatus();
    row('duplicate: same envelope submitted again', 'submit');
    const again = await (await transaction.submit()).getStatus();
    expect(again).toEqual(status);
    await expectRow('duplicate: same proposal endorsed again after commit', 'endorse', proposal.endorse());
    await expectRow('duplicate: same proposal evaluated after commit', 'evaluate', proposal.evaluate());

    row('duplicate: same envelope twice in one block', 'commitStatus');
    const twice = await endorsed(asset, 'Put', 'dup2', '1');
    const copies = await Promise.all(
      [await twice.submit(), await twice.submit()].map((copy) => copy.getStatus()),
    );
    expect(copies.map(({ code }) => code)).toEqual([0, 0]);
    expect(net.network.ledger.transaction(twice.getTransactionId())).toMatchObject({ code: 0 });
  });

  const implicit = `_implicit_org_${CITY}`;
  const transientData = { asset: '{"dx":"A00"}' };

  it('private data of one organisation', async () => {
    const put = (name: string, collection: string, key: string, endorsingOrganizations?: string[]) =>
      asset.submit(name, { arguments: [collection, key], transientData, endorsingOrganizations });
    await expectResult(
      'implicit Hosp1 write (endorsed by Hosp1 only)',
      'submit',
      put('PutPrivate', implicit, 'i', [CITY]),
    );
    await expectResult('hosp1only write', 'submit', put('PutPrivate', 'hosp1only', 'h', [CITY]));
    await expectResult(
      'hosp1only write, no endorsingOrganizations',
      'submit',
      put('PutPrivate', 'hosp1only', 'h2'),
    );
    await expectRow(
      'PutBoth hosp1only (public key + private), no endorsingOrganizations',
      'submit',
      put('PutBoth', 'hosp1only', 'h3'),
    );
    await expectResult(
      'PutBoth hosp1only, endorsingOrganizations=both',
      'submit',
      put('PutBoth', 'hosp1only', 'h4', [CITY, LAKESIDE]),
    );
    await expectResult(
      'read own implicit',
      'evaluate',
      asset.evaluateTransaction('ReadPrivate', implicit, 'i'),
    );
    await expectResult(
      'read hosp1only by member',
      'evaluate',
      asset.evaluateTransaction('ReadPrivate', 'hosp1only', 'h'),
    );
    const other = lakeside.contract();
    await expectRow(
      'read hosp1only by Hosp2 via Hosp2 peer',
      'evaluate',
      other.evaluateTransaction('ReadPrivate', 'hosp1only', 'h'),
    );
    await expectRow(
      'read implicit Hosp1 by Hosp2 via Hosp2 peer',
      'evaluate',
      other.evaluateTransaction('ReadPrivate', implicit, 'i'),
    );
    const through = net.client(net.admin(LAKESIDE), CITY).contract();
    await expectRow(
      'read hosp1only by Hosp2 client via Hosp1 gateway',
      'evaluate',
      through.evaluateTransaction('ReadPrivate', 'hosp1only', 'h'),
    );
    await expectRow(
      'write hosp1only by Hosp2 client',
      'endorse',
      other.submit('PutPrivate', { arguments: ['hosp1only', 'h5'], transientData }),
    );
    await expectResult(
      'private hash read by Hosp2',
      'evaluate',
      other.evaluateTransaction('ReadPrivateHash', 'hosp1only', 'h'),
    );
    await expectRow(
      'undefined collection',
      'evaluate',
      asset.evaluateTransaction('ReadPrivate', 'nocoll', 'h'),
    );
    await expectResult(
      'missing private key',
      'evaluate',
      asset.evaluateTransaction('ReadPrivate', 'shared', 'none'),
    );
    await expectResult(
      'purge private',
      'submit',
      asset.submit('PurgePrivate', { arguments: ['hosp1only', 'h'], endorsingOrganizations: [CITY] }),
    );
    await expectResult('read purged', 'evaluate', asset.evaluateTransaction('ReadPrivate', 'hosp1only', 'h'));
  });

  it('deleted keys', async () => {
    const key = 'del-78daf6';
    await asset.submitTransaction('Create', key, 'x');
    await asset.submitTransaction('Delete', key);
    await expectRow('evaluate Read on a deleted key', 'evaluate', asset.evaluateTransaction('Read', key));
    await expectRow('endorse Delete on a deleted key', 'endorse', asset.submitTransaction('Delete', key));
    const recorded = row('history of deleted key', 'evaluate').result ?? '';
    expect(ours(text(await asset.evaluateTransaction('History', key)))).toBe(here(recorded));
  });

  it('endorsers disagree, are unknown, are too few', async () => {
    await expectRow(
      'endorsers disagree (nondeterministic)',
      'endorse',
      asset.submitTransaction('Nondet', 'n'),
    );
    const forced = (endorsingOrganizations: string[]) =>
      asset.submit('Put', { arguments: ['forced', '1'], endorsingOrganizations });
    await expectRow('unknown endorsing org', 'endorse', forced(['NopeMSP']));
    const recorded = row('insufficient endorsers forced (Hosp1 only, MAJORITY)', 'commit');
    const refused = await forced([CITY]).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CommitError);
    expect((refused as CommitError).code).toBe(recorded.code);
    expect(ours((refused as Error).message)).toBe(here(recorded.message ?? ''));
  });

  it('client deadlines', async () => {
    // the client words its own deadlines and may see the cancelled call first
    row('client deadline during evaluate', 'evaluate');
    const evaluation = asset.newProposal('Slow', { arguments: ['2000'] });
    expect([1, 4]).toContain((await failure(evaluation.evaluate({ deadline: Date.now() + 300 }))).code);
    const endorsement = asset.newProposal('Slow', { arguments: ['2000'] });
    const late = await failure(endorsement.endorse({ deadline: Date.now() + 300 }));
    expect(late.code).toBe(row('client deadline during endorse', 'endorse').code);
    const commit = await (await endorsed(asset, 'Put', 'late', '1')).submit();
    const pending = await failure(commit.getStatus({ deadline: Date.now() + 5 }));
    expect(pending.code).toBe(row('client deadline during commitStatus', 'commitStatus').code);
    expect((await commit.getStatus()).code).toBe(0);
  });

  it('an administrator may submit', async () => {
    await expectResult('Admin identity', 'submit', asset.submitTransaction('Create', 'ad-78daf6', 'x'));
  });

  it('a chaincode process down', async () => {
    const chaincode = net.chaincodes.get(CITY);
    await asset.submitTransaction('Create', 'ad-5fbf11', 'x');
    await chaincode?.kill();
    await expectResult(
      'chaincode process down (evaluate via own peer)',
      'evaluate',
      asset.evaluateTransaction('Range', 'ad-', 'ae'),
    );
    await expectRow('chaincode process down', 'endorse', asset.submitTransaction('Put', 'down', '1'));
    await chaincode?.start();
    await asset.submitTransaction('Put', 'up again', '1');
  });

  it('a peer down', async () => {
    net.network.stopPeer(LAKESIDE);
    const just = await failure(asset.submitTransaction('Put', 'k', '1'));
    expect(just.code).toBe(10);
    expect(just.message).toContain('failed to collect enough transaction endorsements');
    expect(just.details).toEqual([
      expect.objectContaining({
        mspId: LAKESIDE,
        message: expect.stringMatching(
          /^rpc error: code = Unavailable desc = connection error.*connection refused"$/,
        ),
      }),
    ]);
    const between = await failure(asset.submitTransaction('Put', 'k', '1'));
    expect(between.message).toBe(
      '9 FAILED_PRECONDITION: failed to select a set of endorsers that satisfy the endorsement policy ' +
        `due to unavailability of peers: [${net.peerAddress(LAKESIDE)}]`,
    );
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await expectRow('MAJORITY, other org peer down', 'endorse', asset.submitTransaction('Put', 'k', '1'));
    await expectResult(
      'OR policy, other org peer down',
      'submit',
      city.contract('assetor').submitTransaction('Put', 'k', '1'),
    );
    const gone = await failure(net.client(net.admin(LAKESIDE)).contract().evaluateTransaction('Read', 'k'));
    expect(ours(gone.message).replace(/\s*Resolution note:.*/s, '')).toBe(
      here(row('gateway peer down', 'evaluate').message ?? '').replace(/\s*Resolution note:.*/s, ''),
    );
    await net.network.startPeer(LAKESIDE);
    await asset.submitTransaction('Put', 'k', '2');
  });

  it('the orderer down', async () => {
    net.network.setOrdererUp(false);
    await expectRow('orderer down', 'submit', asset.submitTransaction('Put', 'k', '1'));
    net.network.setOrdererUp(true);
    await asset.submitTransaction('Put', 'k', '1');
  });

  it('covers every recorded row', () => {
    const left = ROWS.filter((_, index) => !seen.has(index)).map(({ case: name, op }) => `${name}, ${op}`);
    expect(left).toEqual([]);
  });
});
