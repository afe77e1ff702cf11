import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AgentAnswer,
  type CapsuleOnLedger,
  commitDataKey,
  decodeHeader,
  encapsulate,
  encodeHeader,
  fromHex,
  grantedCapsules,
  headerDigest,
  type LedgerFacts,
  mclEngine,
  newDataKey,
  newReceivingKeyPair,
  nobleEngine,
  openAsOwner,
  openAsReader,
  openAsRecipient,
  openDataKeyAsReader,
  openReencrypted,
  openStream,
  type PairingEngine,
  randomBytes,
  reencapsulate,
  type ScopeKeyPair,
  scopeKeyPair,
  type SealedKeys,
  type SealedRecord,
  sealingContext,
  sealRecord,
  sealRecordStream,
  slotContext,
  utf8,
  utf8Decode,
  wrapDataKey,
} from '../src/index.js';
import {
  answersOf,
  CHANNEL,
  type Consent,
  newAgents,
  newConsent,
  newReader,
  OWNER,
} from './support/consent.js';
import { refusal } from './support/refusal.js';

const NAMES = ['mcl', 'noble'] as const;
const CONTENT = utf8('{"resourceType":"Bundle"}');
const noble = nobleEngine();
let mcl: PairingEngine;
const engineOf = (name: (typeof NAMES)[number]): PairingEngine => (name === 'mcl' ? mcl : noble);

let consent: Consent;
let made: SealedRecord;
const author = newReceivingKeyPair();

const recordOf = (
  recordId: string,
): { channel: string; recordId: string; version: number; owner: string } => ({
  channel: CHANNEL,
  recordId,
  version: 1,
  owner: OWNER,
});
const seal = async (owner: ScopeKeyPair, recordId = 'r-1'): Promise<SealedRecord> =>
  sealRecord(mcl, {
    plaintext: CONTENT,
    record: recordOf(recordId),
    to: { owner },
    recipients: [{ kind: 'author', id: 's-1', publicKey: author.publicKey }],
  });
const factsOf = (record: SealedRecord, keys: SealedKeys = record, recordId = 'r-1'): LedgerFacts => ({
  record: recordOf(recordId),
  sealedDigest: record.sealedDigest,
  dekCommitment: record.dekCommitment,
  headerDigest: keys.headerDigest,
});
const read = async (
  engine: PairingEngine,
  change: Partial<Parameters<typeof openAsReader>[1]> & { answers: AgentAnswer[] },
): Promise<string> => {
  const facts = factsOf(made);
  const { grant, reader } = consent;
  const [granted] = grantedCapsules({ header: made.header, facts }, grant);
  const input = {
    ...made,
    facts,
    grant,
    readerSecretKey: reader.secretKey,
    capsule: granted?.capsule ?? new Uint8Array(0),
  };
  const { content, culprits } = await openAsReader(engine, { ...input, ...change });
  expect(culprits).toEqual([]);
  return utf8Decode(content);
};

beforeAll(async () => {
  mcl = await mclEngine();
  consent = await newConsent(mcl);
  made = await seal(consent.scopeKey);
});

describe.each(NAMES)('reading a record in %s', (name) => {
  it('takes the capsule from the header, answers from agents, and ends at the content', async () => {
    const engine = engineOf(name);
    const [granted] = grantedCapsules({ header: made.header, facts: factsOf(made) }, consent.grant);
    if (granted === undefined) throw new Error('no capsule');
    expect(granted.context).toEqual(made.context);
    const answers = await answersOf(engine, consent, granted, [2, 3]);
    expect(await read(engine, { answers })).toBe(utf8Decode(CONTENT));
    expect(await refusal(() => read(engine, { answers: answers.slice(1) }))).toBe('TOO_FEW_ANSWERS');
    expect(await refusal(() => read(engine, { answers, readerSecretKey: newReader().secretKey }))).toBe(
      'WRONG_CONTEXT',
    );
    expect(await refusal(() => read(engine, { answers, capsule: randomBytes(144) }))).toBe('NO_SLOT');
    expect(await refusal(() => read(engine, { answers, sealed: randomBytes(40) }))).toBe('DIGEST_MISMATCH');
    const facts = { ...factsOf(made), headerDigest: '00'.repeat(32) };
    expect(await refusal(() => read(engine, { answers, facts }))).toBe('DIGEST_MISMATCH');
  });

  it('serves no share for a mauled capsule that a reader registers as a record of their own', async () => {
    const engine = engineOf(name);
    // The victim's record is not covered by the consent; the reader may write, and copies its C1, scaled by 7.
    const victim = await seal(consent.scopeKey, 'r-victim');
    const stolen = victim.capsule ?? new Uint8Array(0);
    const c1 = engine.encodeG1(engine.multiplyG1(engine.decodeG1(stolen.subarray(0, 48)), 7n));
    const own = { ...made.context, recordId: 'r-own' };
    for (const capsule of [stolen, Uint8Array.of(...c1, ...stolen.subarray(48))]) {
      for (const index of [1, 2, 3])
        expect(await refusal(() => answersOf(engine, consent, { capsule, context: own }, [index]))).toBe(
          'BAD_CAPSULE',
        );
    }
  });
});

describe('strong revocation', () => {
  const nextEpoch = async (): Promise<{ next: ScopeKeyPair; keys: SealedKeys }> => {
    const next = scopeKeyPair(mcl, consent.seed, consent.scopeKey.scopeId, 2);
    const facts = factsOf(made);
    const keys = await reencapsulate(mcl, {
      header: made.header,
      facts,
      opener: { scopeKeys: [consent.scopeKey] },
      owner: next,
    });
    return { next, keys };
  };

  it('re-encapsulates the same data key for the next epoch, its commitment unchanged and no content moved', async () => {
    const { next, keys } = await nextEpoch();
    expect(keys.dekCommitment).toBe(made.dekCommitment);
    const opening = { sealed: made.sealed, header: keys.header, facts: factsOf(made, keys) };
    expect(await openAsOwner(noble, { ...opening, scopeKeys: [next] })).toEqual(CONTENT);
    const recipient = { kind: 'author' as const, id: 's-1', secretKey: author.secretKey };
    expect(await openAsRecipient({ ...opening, recipient })).toEqual(CONTENT);
  });

  it('shuts out old grants: their shares open no capsule of the next epoch, new ones do', async () => {
    const { next, keys } = await nextEpoch();
    const stored = { header: keys.header, facts: factsOf(made, keys) };
    const [slot] = grantedCapsules(stored, next);
    if (slot === undefined) throw new Error('no slot');
    expect(await refusal(() => answersOf(mcl, consent, slot, [1, 2]))).toBe('WRONG_CONTEXT');
    // Agents that forget to compare epochs find a capsule that is not of their grant's key.
    const lied = { capsule: slot.capsule, context: { ...slot.context, epoch: 1 } };
    expect(await refusal(() => answersOf(mcl, consent, lied, [1, 2]))).toBe('BAD_CAPSULE');
    const later = await newConsent(mcl, { ...consent, scopeKey: next, change: { grantId: 'g-2' } });
    const answers = await answersOf(mcl, later, slot, [1, 2]);
    const opened = await openAsReader(noble, {
      ...stored,
      sealed: made.sealed,
      grant: later.grant,
      readerSecretKey: later.reader.secretKey,
      capsule: slot.capsule,
      answers,
    });
    expect(opened.content).toEqual(CONTENT);
  });

  it('shuts out a record of the next epoch from an old grant', async () => {
    const { next } = await nextEpoch();
    const record = await seal(next, 'r-2');
    const stored = { header: record.header, facts: factsOf(record, record, 'r-2') };
    expect(await refusal(() => grantedCapsules(stored, consent.grant))).toBe('NO_SLOT');
    const [slot] = grantedCapsules(stored, next);
    expect(await refusal(() => answersOf(mcl, consent, slot as CapsuleOnLedger, [1]))).toBe('WRONG_CONTEXT');
  });

  it('refuses a slot with another data key than the ledger’s', async () => {
    const { next } = await nextEpoch();
    const header = decodeHeader(made.header);
    const context = sealingContext(slotContext(header, next));
    const { capsule, kek } = encapsulate(mcl, { ownerPublicKey: next.publicKey, context });
    const other = newDataKey();
    const slot = {
      scopeId: next.scopeId,
      epoch: 2,
      capsule,
      recipients: [],
      wrappedDataKey: await wrapDataKey(kek, other, context),
    };
    const forged = encodeHeader({ ...header, slots: [...header.slots, slot] });
    const facts = { ...factsOf(made), headerDigest: headerDigest(forged) };
    const later = await newConsent(mcl, { ...consent, scopeKey: next, change: { grantId: 'g-2' } });
    const [granted] = grantedCapsules({ header: forged, facts }, later.grant);
    if (granted === undefined) throw new Error('no slot');
    const answers = await answersOf(mcl, later, granted, [1, 3]);
    const input = {
      header: forged,
      facts,
      grant: later.grant,
      readerSecretKey: later.reader.secretKey,
      capsule,
      answers,
    };
    expect(await refusal(() => openDataKeyAsReader(mcl, input))).toBe('KEY_COMMITMENT_MISMATCH');
    expect(commitDataKey(other, 'r-1', 1)).not.toBe(facts.dekCommitment);
  });
});

it('a streamed study is read by its reader piece by piece', async () => {
  const content = randomBytes(300_000);
  const stream = await sealRecordStream(mcl, {
    source: [content],
    record: recordOf('r-3'),
    to: { owner: consent.scopeKey },
    recipients: [],
  });
  const sealed: Uint8Array[] = [];
  for await (const chunk of stream.chunks) sealed.push(chunk);
  const { header, headerDigest: digest, dekCommitment, sealedDigest } = await stream.keys();
  const facts = { record: recordOf('r-3'), sealedDigest, dekCommitment, headerDigest: digest };
  const [granted] = grantedCapsules({ header, facts }, consent.grant);
  if (granted === undefined) throw new Error('no capsule');
  const answers = await answersOf(mcl, consent, granted, [1, 2]);
  const input = {
    header,
    facts,
    grant: consent.grant,
    readerSecretKey: consent.reader.secretKey,
    capsule: granted.capsule,
    answers,
  };
  const { dataKey } = await openDataKeyAsReader(mcl, input);
  const opened: Uint8Array[] = [];
  for await (const piece of openStream(sealed, dataKey, sealedDigest)) opened.push(piece);
  expect(Buffer.compare(Buffer.concat(opened), content)).toBe(0);
});

describe('data of the first release', () => {
  interface Vectors {
    computed: Record<'scopeSecretKey' | 'scopePublicKey' | 'capsule' | 'context' | 'kek', string>;
  }
  const { computed } = JSON.parse(readFileSync(join(__dirname, 'vectors.json'), 'utf8')) as Vectors;

  it('is opened by a grant: its capsules are what agents answer for', async () => {
    const scopeKey: ScopeKeyPair = {
      scopeId: 'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf',
      epoch: 1,
      secretKey: fromHex(computed.scopeSecretKey),
      publicKey: fromHex(computed.scopePublicKey),
    };
    const sealedDigest = computed.context.slice(-64);
    const context = { ...recordOf('r-1'), scopeId: scopeKey.scopeId, epoch: 1, sealedDigest };
    expect(sealingContext(context)).toEqual(fromHex(computed.context));
    const older = await newConsent(mcl, { scopeKey, agents: newAgents(2) });
    const capsule = fromHex(computed.capsule);
    const answers = await answersOf(mcl, older, { capsule, context }, [1, 2]);
    const { grant, reader } = older;
    const opened = openReencrypted(mcl, {
      grant,
      readerSecretKey: reader.secretKey,
      capsule,
      context,
      answers,
    });
    expect(opened).toEqual({ kek: fromHex(computed.kek), culprits: [] });
  });
});
