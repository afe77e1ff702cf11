import { readFileSync, readdirSync, statSync } from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { decodePrivateRwSet } from '../src/rwset/messages';
import type { RWSetBuilder } from '../src/rwset/builder';
import { encodePayload } from '../src/protos/envelopes';
import { parsePolicy } from '../src/policy/policy-language';
import { TxCode } from '../src/validation/codes';
import { CC, CITY, LAKESIDE, LedgerRig, MINISTRY, type TestLedger } from './ledger-rig';

const value = (text: string): Buffer => Buffer.from(text);
const put = (key: string, text: string) => (builder: RWSetBuilder) => builder.addWrite(CC, key, value(text));
const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest();

/** All bytes below a folder, to search for what must not be there. */
function everyFile(folder: string): Buffer {
  const parts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path));
  return Buffer.concat(parts);
}

describe('the ledger', () => {
  let rig: LedgerRig;
  let ledger: TestLedger;
  let folder: string;
  const reopen = async (): Promise<void> => {
    await ledger.close();
    ledger = await rig.open(folder);
    expect(ledger.damage).toEqual([]);
  };

  beforeAll(async () => {
    rig = await LedgerRig.create();
    folder = rig.folder();
    ledger = await rig.open(folder);
    await ledger.define();
  });
  afterAll(async () => {
    await ledger.close();
    rig.remove();
  });

  it('begins with the genesis block and knows its definition', () => {
    expect(ledger.readBlock(0).length).toBeGreaterThan(1000);
    expect(ledger.definition(CC)).toMatchObject({ name: CC, version: '1', sequence: 1 });
    expect(ledger.definition(CC)?.collection('shared')).toMatchObject({
      memberOrgs: [CITY, LAKESIDE],
      memberOnlyRead: true,
      blockToLive: 0,
    });
    expect(ledger.definition(CC)?.collection(`_implicit_org_${CITY}`)?.memberOrgs).toEqual([CITY]);
    expect(ledger.definition(CC)?.collection('_implicit_org_NoMSP')).toBeUndefined();
    expect(ledger.definition('nothing')).toBeUndefined();
  });

  it('keeps values, versions, history and ranges over a restart', async () => {
    const first = await ledger.submit(put('k1', 'one'));
    const second = await ledger.submit(put('k1', 'two'));
    const third = await ledger.submit((builder) => builder.addDelete(CC, 'k1'));
    await ledger.submit(put('k\u{1F600}', 'emoji'));
    await ledger.submit(put('k\uFFFD', 'replacement'));
    const check = (): void => {
      expect(ledger.get(CC, 'k1')).toBeUndefined();
      expect(
        ledger.history(CC, 'k1').map(({ txId, value: v, isDelete }) => [txId, v.toString(), isDelete]),
      ).toEqual([
        [third.txId, '', true],
        [second.txId, 'two', false],
        [first.txId, 'one', false],
      ]);
      expect([...ledger.range(CC, 'k', 'l')].map(({ key }) => key)).toEqual(['k\uFFFD', 'k\u{1F600}']);
      expect(ledger.transaction(first.txId)).toEqual({ blockNum: first.block, txNum: 0, code: 0 });
    };
    check();
    await reopen();
    check();
  });

  it('refuses a stale read, in the block and after it', async () => {
    await ledger.submit(put('m', '1'));
    const { version } = ledger.get(CC, 'm')!;
    const bump = (): Buffer =>
      rig.transaction((builder) => {
        builder.addRead(CC, 'm', version);
        builder.addWrite(CC, 'm', value('2'));
      }).envelope;
    const late = bump();
    const { transactions } = await ledger.block([bump(), bump()]);
    expect(transactions.map(({ code }) => code)).toEqual([TxCode.valid, TxCode.mvccReadConflict]);
    expect((await ledger.block([late])).transactions[0]?.code).toBe(TxCode.mvccReadConflict);
  });

  it('marks copies of a transaction as duplicates, and its status stays the first one’s', async () => {
    const { envelope, txId } = rig.transaction(put('dup', '1'));
    const { transactions, number } = await ledger.block([envelope, Buffer.from(envelope)]);
    expect(transactions.map(({ code }) => code)).toEqual([TxCode.valid, TxCode.duplicateTxId]);
    expect((await ledger.block([Buffer.from(envelope)])).transactions[0]?.code).toBe(TxCode.duplicateTxId);
    expect(ledger.transaction(txId)).toEqual({ blockNum: number, txNum: 0, code: TxCode.valid });
  });

  it.each([49, 50, 51, 52, 100, 101, 2601])('sees phantoms in a range of %i keys', async (count) => {
    const prefix = `range${count}-`;
    const key = (i: number): string => `${prefix}${String(i).padStart(5, '0')}`;
    await ledger.submit((builder) => {
      for (let i = 0; i < count; i += 1) builder.addWrite(CC, key(i * 2), value(String(i)));
    });
    const query = (): Buffer =>
      rig.transaction((builder) => {
        const recorder = builder.startRangeQuery(CC, prefix, `${prefix}~`);
        for (const { key: found, version } of ledger.range(CC, prefix, `${prefix}~`))
          recorder.read(found, version);
        recorder.exhausted();
        builder.addWrite(CC, 'result', value(String(count)));
      }).envelope;
    const unchanged = query();
    expect((await ledger.block([unchanged])).transactions[0]?.code).toBe(TxCode.valid);
    for (const change of [
      put(key(count), 'inserted'),
      (builder: RWSetBuilder) => builder.addDelete(CC, key(0)),
      put(key((count >> 1) * 2), 'updated'),
    ]) {
      const stale = query();
      const { transactions } = await ledger.block([rig.transaction(change).envelope, stale]);
      expect(transactions.map(({ code }) => code)).toEqual([TxCode.valid, TxCode.phantomReadConflict]);
      expect((await ledger.block([query()])).transactions[0]?.code).toBe(TxCode.valid);
    }
  });

  it('refuses what its endorsers may not write', async () => {
    expect((await ledger.submit(put('e', '1'), { endorsers: [CITY] })).code).toBe(
      TxCode.endorsementPolicyFailure,
    );
    expect((await ledger.submit(put('e', '1'), { endorsers: [CITY, CITY] })).code).toBe(
      TxCode.endorsementPolicyFailure,
    );
    expect((await ledger.submit(put('e', '1'), { chaincode: 'nothing' })).code).toBe(TxCode.invalidChaincode);
    expect((await ledger.submit(put('e', '1'), { version: '' })).code).toBe(TxCode.invalidChaincode);
    expect((await ledger.submit(put('e', '1'), { txId: 'ab'.repeat(32) })).code).toBe(TxCode.badProposalTxId);
    expect((await ledger.submit(put('e', '1'), { proposalHash: Buffer.alloc(32) })).code).toBe(
      TxCode.invalidEndorserTransaction,
    );
    expect(
      (
        await ledger.submit(put('e', '1'), {
          tamper: ({ channelHeader, signatureHeader, data }) =>
            encodePayload(channelHeader, signatureHeader, Buffer.concat([data, data])),
        })
      ).code,
    ).toBe(TxCode.invalidEndorserTransaction);
    expect(ledger.get(CC, 'e')).toBeUndefined();
  });

  it('holds a key to its own endorsement policy', async () => {
    await ledger.submit(put('owned', '1'));
    const policy = new Map([['VALIDATION_PARAMETER', parsePolicy(`OR('${LAKESIDE}.peer')`)]]);
    expect((await ledger.submit((builder) => builder.addMetadataWrite(CC, 'owned', policy))).code).toBe(0);
    expect(ledger.get(CC, 'owned')?.metadata?.get('VALIDATION_PARAMETER')).toEqual(
      policy.get('VALIDATION_PARAMETER'),
    );
    expect((await ledger.submit(put('owned', '2'))).code).toBe(TxCode.endorsementPolicyFailure);
    expect((await ledger.submit(put('owned', '2'), { endorsers: [LAKESIDE] })).code).toBe(0);
    const change = rig.transaction((builder) => builder.addMetadataWrite(CC, 'owned'), {
      endorsers: [LAKESIDE],
    });
    const write = rig.transaction(put('owned', '3'), { endorsers: [LAKESIDE] });
    const { transactions } = await ledger.block([change.envelope, write.envelope]);
    expect(transactions.map(({ code }) => code)).toEqual([0, TxCode.endorsementPolicyFailure]);
    expect(ledger.get(CC, 'owned')).toMatchObject({ value: value('2'), metadata: undefined });
    expect((await ledger.submit(put('owned', '4'))).code).toBe(0);
  });

  it('keeps private values with the members that received or can pull them', async () => {
    const { code, block } = await ledger.submit(
      (builder) => builder.addPrivateWrite(CC, 'shared', 'p1', value('secret')),
      { endorsers: [CITY], holders: [CITY] },
    );
    expect(code).toBe(0);
    const check = (): void => {
      const expected = { value: value('secret'), version: { blockNum: block, txNum: 0 } };
      expect(ledger.getPrivate(CITY, CC, 'shared', 'p1')).toEqual(expected);
      expect(ledger.getPrivate(LAKESIDE, CC, 'shared', 'p1')).toEqual(expected);
      expect(ledger.getPrivate(MINISTRY, CC, 'shared', 'p1')).toBeUndefined();
      expect(ledger.getPrivateHash(CC, 'shared', hashOf('p1'))).toMatchObject({
        valueHash: hashOf('secret'),
        version: { blockNum: block, txNum: 0 },
      });
      expect([...ledger.rangePrivate(CITY, CC, 'shared', 'p', 'q')].map(({ key }) => key)).toEqual(['p1']);
      expect([...ledger.privateWrites(CITY, block).keys()]).toEqual([0]);
      expect(ledger.privateWrites(MINISTRY, block).size).toBe(0);
    };
    check();
    await reopen();
    check();
    expect(everyFile(join(folder, 'private', MINISTRY)).includes('secret')).toBe(false);
  });

  it('commits a private write whose value nobody has, and says nothing is lost', async () => {
    const { code } = await ledger.submit(
      (builder) => builder.addPrivateWrite(CC, 'shared', 'gone', value('x')),
      {
        endorsers: [CITY],
      },
    );
    expect(code).toBe(0);
    expect(ledger.getPrivate(CITY, CC, 'shared', 'gone')).toBeUndefined();
    expect(ledger.getPrivateHash(CC, 'shared', hashOf('gone'))).toBeDefined();
    await reopen();
  });

  it('erases a purged value, with all earlier ones, from every file', async () => {
    const markers = [randomBytes(24), randomBytes(24)];
    const blocks: number[] = [];
    for (const marker of markers) {
      const { block } = await ledger.submit(
        (builder) => {
          builder.addPrivateWrite(CC, 'shared', 'erase', marker);
          builder.addPrivateWrite(CC, 'shared', 'stay', value('stays'));
        },
        { endorsers: [CITY], holders: [CITY, LAKESIDE] },
      );
      blocks.push(block);
    }
    for (const marker of markers) expect(everyFile(folder).includes(marker)).toBe(true);
    await ledger.submit((builder) => builder.addPrivatePurge(CC, 'shared', 'erase'), {
      endorsers: [CITY],
      holders: [CITY, LAKESIDE],
    });
    await ledger.erased();
    for (const marker of markers) expect(everyFile(folder).includes(marker)).toBe(false);
    expect(ledger.getPrivate(CITY, CC, 'shared', 'erase')).toBeUndefined();
    expect(ledger.getPrivateHash(CC, 'shared', hashOf('erase'))).toBeUndefined();
    for (const block of blocks) {
      const rest = decodePrivateRwSet(ledger.privateWrites(LAKESIDE, block).get(0)!);
      expect(rest[0]?.collections[0]?.rwset.includes('stays')).toBe(true);
      expect(rest[0]?.collections[0]?.rwset.includes('erase')).toBe(false);
    }
    expect(ledger.getPrivate(LAKESIDE, CC, 'shared', 'stay')?.value).toEqual(value('stays'));
    await reopen();
  });

  it('lets values of a collection expire after their blocks to live', async () => {
    const marker = randomBytes(24);
    await ledger.submit((builder) => builder.addPrivateWrite(CC, 'brief', 'b', marker), {
      endorsers: [CITY],
      holders: [CITY, LAKESIDE],
    });
    for (let i = 0; i < 2; i += 1) {
      await ledger.submit(put('tick', String(i)));
      expect(ledger.getPrivate(CITY, CC, 'brief', 'b')?.value).toEqual(marker);
    }
    await reopen();
    await ledger.submit(put('tick', 'last'));
    expect(ledger.getPrivate(CITY, CC, 'brief', 'b')).toBeUndefined();
    expect(ledger.getPrivateHash(CC, 'brief', hashOf('b'))).toBeUndefined();
    await ledger.erased();
    expect(everyFile(folder).includes(marker)).toBe(false);
    await reopen();
  });

  it('refuses envelopes as the ordering service does', async () => {
    const { envelope } = rig.transaction(put('x', '1'));
    const cut = Buffer.from(envelope);
    cut.writeUInt8(cut.readUInt8(cut.length - 1) ^ 1, cut.length - 1);
    await expect(ledger.order(cut)).rejects.toMatchObject({
      status: 'FORBIDDEN',
      info: expect.stringMatching(
        /^implicit policy evaluation failed - 0 sub-policies.*: permission denied$/,
      ) as string,
    });
    await expect(ledger.order(Buffer.from('nonsense'))).rejects.toMatchObject({ status: 'BAD_REQUEST' });
    await expect(ledger.order(Buffer.alloc(0))).rejects.toMatchObject({
      status: 'BAD_REQUEST',
      info: 'message payload is empty',
    });
    await expect(
      ledger.order(rig.transaction(put('x', '1'), { channelId: 'other' }).envelope),
    ).rejects.toMatchObject({ status: 'NOT_FOUND' });
    const tooMuch = Buffer.alloc(ledger.config.batch.absoluteMaxBytes);
    const large = rig.transaction((builder) => builder.addWrite(CC, 'large', tooMuch));
    await expect(ledger.order(large.envelope)).rejects.toMatchObject({ status: 'BAD_REQUEST' });
  });

  it('finds nothing wrong when it validates everything again', async () => {
    expect(await ledger.scrub()).toEqual([]);
  });
});

describe('a ledger with the batch settings of its channel', () => {
  it('commits a lone transaction without waiting for the batch timeout', async () => {
    const rig = await LedgerRig.create({ timeoutMs: 3_600_000 });
    const ledger = await rig.open(rig.folder());
    await ledger.define();
    expect((await ledger.submit(put('lone', 'x'))).code).toBe(TxCode.valid);
    await ledger.close();
    rig.remove();
  });

  it('cuts by count at once and by time otherwise', async () => {
    const rig = await LedgerRig.create({ maxMessageCount: 3, timeoutMs: 400 });
    const ledger = await rig.open(rig.folder(), { idleCut: false });
    const started = performance.now();
    await ledger.define();
    expect(performance.now() - started).toBeGreaterThan(390);
    const cuts: [size: number, after: number][] = [];
    const from = performance.now();
    ledger.onBlock(({ transactions }) => cuts.push([transactions.length, performance.now() - from]));
    for (let i = 0; i < 7; i += 1) await ledger.order(rig.transaction(put(`k${i}`, 'x')).envelope);
    while (cuts.length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(cuts.map(([size]) => size)).toEqual([3, 3, 1]);
    expect(cuts[2]![1] - cuts[0]![1]).toBeGreaterThan(200);
    await ledger.order(rig.transaction(put('last', 'x')).envelope);
    await ledger.close();
    expect(cuts.map(([size]) => size)).toEqual([3, 3, 1, 1]);
    rig.remove();
  });
});
