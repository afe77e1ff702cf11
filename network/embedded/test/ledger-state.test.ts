import { join } from 'node:path';
import { channelConfigFromBlock } from '../src/config/channel-config';
import { BlockFiles } from '../src/ledger/block-files';
import { type Record, type Savepoint, SetDigest, recordCheck } from '../src/ledger/records';
import { StateDatabase } from '../src/ledger/state-database';
import { openDatabase } from '../src/ledger/storage';
import { WorldIndex, stateKeys } from '../src/ledger/world-index';
import { WorldState } from '../src/ledger/world-state';
import { parsePolicy } from '../src/policy/policy-language';
import { applicationGroups } from '../src/protos/config-groups';
import type { DamageReport } from '../src/types';
import { CC, CITY, LedgerRig } from './ledger-rig';

const value = (text: string): Buffer => Buffer.from(text);

/** A closed ledger: k0 to k4, k1 written twice, k2 with a policy of its own, k3 deleted. */
async function closedLedger(rig: LedgerRig): Promise<string> {
  const folder = rig.folder();
  const ledger = await rig.open(folder);
  await ledger.define();
  for (let i = 0; i < 5; i += 1)
    await ledger.submit((builder) => builder.addWrite(CC, `k${i}`, value(`value ${i}`)));
  await ledger.submit((builder) => builder.addWrite(CC, 'k1', value('newer')));
  const policy = new Map([['VALIDATION_PARAMETER', parsePolicy(`OR('${CITY}.peer')`)]]);
  await ledger.submit((builder) => builder.addMetadataWrite(CC, 'k2', policy));
  await ledger.submit((builder) => builder.addDelete(CC, 'k3'));
  await ledger.close();
  return folder;
}

describe('a state database', () => {
  let rig: LedgerRig;
  beforeAll(async () => (rig = await LedgerRig.create()));
  afterAll(() => rig.remove());

  it('that was rewritten with checks and digest that fit is found, and made again from the blocks', async () => {
    const folder = await closedLedger(rig);
    const database = await StateDatabase.open(join(folder, 'state'));
    const key = stateKeys.public(CC, 'k0');
    const forged = { ...(database.get(key) as Record), value: value('forged') };
    const check = recordCheck(key, forged);
    const digest = new SetDigest();
    const { savepoint } = await database.read((other, record) =>
      digest.add(other.equals(key) ? check : record.check),
    );
    database.stage({ key, record: { ...forged, check } });
    await database.write({ ...(savepoint as Savepoint), digest: digest.bytes() });
    await database.close();

    const ledger = await rig.open(folder);
    expect(ledger.damage).toEqual([{ where: 'state', what: `state ${CC}/k0`, remedy: 'rebuilt' }]);
    expect(ledger.get(CC, 'k0')?.value).toEqual(value('value 0'));
    await ledger.close();
    const again = await rig.open(folder);
    expect(again.damage).toEqual([]);
    await again.close();
  });

  it('gives up a record that is altered or lost while the network runs, and the blocks give it back', async () => {
    const folder = await closedLedger(rig);
    const location = join(folder, 'state');
    const sound = await StateDatabase.open(location);
    const records: [Buffer, Record][] = [];
    await sound.read((key, record) => records.push([key, record]));
    const before = new Map(['k1', 'k2', 'k4'].map((key) => [key, sound.get(stateKeys.public(CC, key))]));
    await sound.close();
    const raw = await openDatabase(location);
    for (const key of ['k1', 'k2']) await raw.put(stateKeys.public(CC, key), value('nonsense'));
    await raw.del(stateKeys.public(CC, 'k4'));
    await raw.close();

    const reports: DamageReport[] = [];
    const blocks = new BlockFiles(join(folder, 'blocks'));
    blocks.scan(() => undefined);
    const { genesisBlock } = rig.network;
    const world = new WorldState(
      blocks,
      channelConfigFromBlock(genesisBlock),
      applicationGroups(genesisBlock),
      (damage) => reports.push(damage),
    );
    const altered = await StateDatabase.open(location);
    const loading = WorldIndex.loading(altered, world.recover);
    for (const [key, record] of records) loading.load(key, record);
    world.use(altered, loading.finish(new SetDigest()));
    for (const [key, record] of before) {
      expect(world.index.entry(CC, '', key)).toEqual(record);
      expect(world.state(CC, key)?.metadata?.has('VALIDATION_PARAMETER')).toBe(
        key === 'k2' ? true : undefined,
      );
    }
    expect(world.state(CC, 'k3')).toBeUndefined();
    expect(reports.map(({ what, remedy }) => [what, remedy])).toEqual(
      ['k1', 'k2', 'k4'].map((key) => [`state ${CC}/${key}`, 'rebuilt']),
    );
    await altered.close();
  });

  it('holds the history of a key through deletions and restarts', async () => {
    const folder = await closedLedger(rig);
    const ledger = await rig.open(folder);
    await ledger.submit((builder) => builder.addWrite(CC, 'k3', value('again')));
    const values = (key: string) => ledger.history(CC, key).map((entry) => entry.value.toString());
    expect(values('k3')).toEqual(['again', '', 'value 3']);
    expect(values('k1')).toEqual(['newer', 'value 1']);
    expect(values('k0')).toEqual(['value 0']);
    expect(values('never')).toEqual([]);
    await ledger.close();
  });
});
