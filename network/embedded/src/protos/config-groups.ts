import { HeaderType, decodeChannelHeader, decodeEnvelope, decodePayload } from './envelopes.js';
import { decodeBlock } from './blocks.js';
import { Reader } from './wire.js';

/**
 * Application organisations of a configuration block: MSP id → name of the group, which the paths of policies use.
 * @throws MalformedMessageError
 */
export function applicationGroups(configBlock: Buffer): Map<string, string> {
  const groups = new Map<string, string>();
  const envelope = decodeBlock(configBlock).data[0];
  if (envelope === undefined) return groups;
  const payload = decodePayload(decodeEnvelope(envelope).payload);
  if (
    payload.header === undefined ||
    decodeChannelHeader(payload.header.channelHeader).type !== HeaderType.config
  ) {
    return groups;
  }
  const config = field(payload.data, 1);
  const channel = field(config, 2);
  const application = entry(channel, 2, 'Application');
  for (const [name, group] of entries(application, 2)) {
    const mspConfig = field(entry(group, 3, 'MSP'), 2);
    const mspId = field(field(mspConfig, 2), 1).toString('utf8');
    if (mspId !== '') groups.set(mspId, name);
  }
  return groups;
}

function field(bytes: Buffer, number: number): Buffer {
  const reader = new Reader(bytes, 'common.ConfigEnvelope');
  let found: Buffer = Buffer.alloc(0);
  while (reader.next()) if (reader.field === number) found = reader.slice();
  return found;
}

function entries(bytes: Buffer, number: number): [string, Buffer][] {
  const found: [string, Buffer][] = [];
  const reader = new Reader(bytes, 'common.ConfigGroup');
  while (reader.next()) {
    if (reader.field !== number) continue;
    const pair = reader.slice();
    found.push([field(pair, 1).toString('utf8'), field(pair, 2)]);
  }
  return found;
}

function entry(bytes: Buffer, number: number, name: string): Buffer {
  return entries(bytes, number).find(([key]) => key === name)?.[1] ?? Buffer.alloc(0);
}
