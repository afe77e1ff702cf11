import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { common } from '@hyperledger/fabric-protos';
import fc from 'fast-check';
import { ChainVerifier, type ChainAnchor } from '../src/blockchain/verifier/chain-verifier';
import {
  blockFingerprint,
  examineBlock,
  type BlockExamination,
} from '../src/blockchain/verifier/block-verifier';
import { dataHash, headerHash, parseBlock, METADATA_SLOTS } from '../src/blockchain/verifier/block-bytes';
import { channelTrust } from '../src/blockchain/verifier/channel-trust';
import { commitHash } from '../src/blockchain/verifier/commit-hash';
import { parseTransaction } from '../src/blockchain/verifier/transaction-bytes';

/** Recorded from a Hyperledger Fabric 3.1.5 peer: genesis, life cycle and fifteen blocks with flags 0, 9, 10, 11. */
const golden = join(__dirname, 'golden');
const chain: Buffer[] = readdirSync(golden)
  .sort()
  .map((file) => readFileSync(join(golden, file)));

const walk = (blocks: readonly (Buffer | undefined)[], anchor?: ChainAnchor): BlockExamination[] => {
  const verifier = new ChainVerifier(anchor);
  return blocks.map((block) => verifier.accept(block));
};
const invalid = (
  examinations: readonly BlockExamination[],
): { number: number; reason: string | undefined }[] =>
  examinations.filter(({ reason }) => reason !== undefined).map(({ number, reason }) => ({ number, reason }));
const replaced = (number: number, block: Buffer | undefined): (Buffer | undefined)[] =>
  chain.map((original, index) => (index === number ? block : original));

const edit = (bytes: Buffer, change: (block: common.Block) => void): Buffer => {
  const block = common.Block.deserializeBinary(bytes);
  change(block);
  return Buffer.from(block.serializeBinary());
};

/** Hashes and links as they must be, from `from` to the end; the orderer's signatures stay as they were. */
function rechain(blocks: readonly Buffer[], from: number): Buffer[] {
  const forged = [...blocks];
  for (let number = from; number < forged.length; number += 1) {
    forged[number] = edit(forged[number]!, (block) => {
      block.getHeader()!.setDataHash(dataHash(block.getData()!.getDataList_asU8()));
      if (number > 0) block.getHeader()!.setPreviousHash(headerHash(parseBlock(forged[number - 1]!)));
    });
  }
  return forged;
}

/** Commit hashes recomputed from `from` on, as a forger who holds the files can. */
function recommit(blocks: readonly Buffer[], from: number): Buffer[] {
  const forged = [...blocks];
  for (let number = from; number < forged.length; number += 1) {
    const parts = parseBlock(forged[number]!);
    const before = common.Metadata.deserializeBinary(
      parseBlock(forged[number - 1]!).metadata[METADATA_SLOTS.commitHash]!,
    );
    const hash = commitHash(
      number,
      parts.envelopes.map((envelope) => parseTransaction(envelope)),
      parts.metadata[METADATA_SLOTS.transactionsFilter]!,
      number === 1 ? Buffer.alloc(0) : Buffer.from(before.getValue_asU8()),
    );
    forged[number] = edit(forged[number]!, (block) =>
      setSlot(block, METADATA_SLOTS.commitHash, metadataOf(hash!)),
    );
  }
  return forged;
}

const metadataOf = (value: Buffer): Uint8Array => {
  const metadata = new common.Metadata();
  metadata.setValue(value);
  return metadata.serializeBinary();
};
const setSlot = (block: common.Block, slot: number, bytes: Uint8Array): void => {
  const slots = block.getMetadata()!.getMetadataList_asU8();
  slots[slot] = bytes;
  block.getMetadata()!.setMetadataList(slots);
};

test('a chain recorded from a real peer is valid: hashes, links, signatures, commit hashes', () => {
  const examinations = walk(chain);
  expect(invalid(examinations)).toEqual([]);
  expect(examinations.map(({ validationCodes }) => validationCodes).slice(12)).toEqual([
    [0],
    [0, 11],
    [0, 9],
    [9, 0],
    [10],
  ]);
  const recomputed = examinations.map(({ commitHash }) => commitHash?.length);
  expect(recomputed).toEqual([undefined, ...Array.from({ length: 16 }, () => 32)]);
  const trust = channelTrust(parseBlock(chain[0]!))!;
  expect([...trust.applicationMspIds].sort()).toEqual(['Hosp1MSP', 'Hosp2MSP']);
});

test('header and data hashes are the recorded ones', () => {
  for (let number = 1; number < chain.length; number += 1) {
    const parts = parseBlock(chain[number]!);
    expect(parts.previousHash).toEqual(headerHash(parseBlock(chain[number - 1]!)));
    expect(dataHash(parts.envelopes)).toEqual(parts.dataHash);
  }
});

test('the first flipped bit anywhere in a block names that block', () => {
  const genesisHash = headerHash(parseBlock(chain[0]!));
  const anchor: ChainAnchor = { genesisHash };
  fc.assert(
    fc.property(
      fc
        .integer({ min: 0, max: chain.length - 1 })
        .chain((number) =>
          fc.tuple(
            fc.constant(number),
            fc.integer({ min: 0, max: chain[number]!.length - 1 }),
            fc.integer({ min: 0, max: 7 }),
          ),
        ),
      ([number, offset, bit]) => {
        const flipped = Buffer.from(chain[number]!);
        flipped[offset]! ^= 1 << bit;
        expect(invalid(walk(replaced(number, flipped), anchor))[0]?.number).toBe(number);
      },
    ),
    { numRuns: 150 },
  );
});

test.each([0, 1, 13, 16])('every byte of block %i is covered by a check of its own', (number) => {
  const context = {
    number,
    trust: number === 0 ? undefined : channelTrust(parseBlock(chain[0]!)),
    previousHash: number === 0 ? undefined : headerHash(parseBlock(chain[number - 1]!)),
    previousCommitHash: number === 0 ? undefined : walk(chain)[number - 1]!.commitHash,
    fingerprint: blockFingerprint(parseBlock(chain[number]!)),
  };
  // A stride that visits all positions modulo small structures without a minute of signatures.
  const stride = number === 0 ? 37 : 5;
  for (let offset = 0; offset < chain[number]!.length; offset += stride) {
    const flipped = Buffer.from(chain[number]!);
    flipped[offset]! ^= 0x01;
    expect([offset, examineBlock(flipped, context).reason]).not.toEqual([offset, undefined]);
  }
});

test('a forger with correct hashes but no orderer key is caught at the rewritten block', () => {
  const rewritten = [...chain];
  rewritten[9] = edit(chain[9]!, (block) =>
    block.getData()!.setDataList(parseBlock(chain[5]!).envelopes.slice()),
  );
  expect(invalid(walk(rewritten))[0]).toEqual({ number: 9, reason: 'data: hash differs from the header' });
  const forged = recommit(rechain(rewritten, 9), 9);
  const named = invalid(walk(forged));
  expect(named[0]).toEqual({ number: 9, reason: 'orderer signature: not valid for this header' });
  expect(named).toHaveLength(8);
});

test('a forger with a whole chain of another genesis is caught by the first block', () => {
  const forged = [...chain];
  forged[0] = edit(chain[0]!, (block) => {
    const envelope = common.Envelope.deserializeBinary(parseBlock(chain[0]!).envelopes[0]!);
    envelope.setSignature(Buffer.from('another'));
    block.getData()!.setDataList([envelope.serializeBinary()]);
  });
  const genesisHash = headerHash(parseBlock(chain[0]!));
  expect(invalid(walk(rechain(forged, 0), { genesisHash }))[0]).toEqual({
    number: 0,
    reason: 'block: not the first block of this channel',
  });
});

test('two swapped blocks, a dropped one and a repeated one are named', () => {
  const swapped = [...chain];
  [swapped[6], swapped[7]] = [chain[7]!, chain[6]!];
  expect(invalid(walk(swapped)).map(({ number }) => number)).toEqual(expect.arrayContaining([6, 7]));
  expect(invalid(walk(swapped))[0]!.reason).toBe('header: number 7 stands where 6 belongs');
  expect(invalid(walk([...chain.slice(0, 5), ...chain.slice(6)]))[0]!.number).toBe(5);
  expect(invalid(walk([...chain.slice(0, 6), chain[5]!, ...chain.slice(6)]))[0]!.number).toBe(6);
});

test('a block that the orderer signed, but that continues another block, is named', () => {
  const trust = channelTrust(parseBlock(chain[0]!));
  const other = { number: 5, trust, previousHash: headerHash(parseBlock(chain[3]!)) };
  expect(examineBlock(chain[5]!, other).reason).toBe(
    'header: previous hash is not the hash of the block before',
  );
  expect(examineBlock(chain[5]!, { number: 5, trust }).reason).toBeUndefined();
});

test('an unreadable block is named, the later ones are still examined', () => {
  expect(invalid(walk(replaced(4, undefined)))).toEqual([
    { number: 4, reason: 'block: the peer cannot read it' },
  ]);
  expect(invalid(walk(replaced(4, Buffer.alloc(0))))[0]!.number).toBe(4);
  expect(invalid(walk(replaced(0, undefined)))[0]!.number).toBe(0);
});

test.each([
  [13, [0, 0], 'a conflict marked valid'],
  [16, [0], 'a policy failure marked valid'],
  [5, [11], 'a valid transaction marked invalid'],
])('an altered transactions filter of block %i is caught: %j', (number, codes) => {
  const altered = replaced(
    number,
    edit(chain[number]!, (block) => setSlot(block, METADATA_SLOTS.transactionsFilter, Buffer.from(codes))),
  ) as Buffer[];
  const reason = 'metadata: validation codes and writes do not give the commit hash';
  expect(invalid(walk(altered))[0]).toEqual({ number, reason });
  // Even with the commit hashes recomputed, what too few organisations endorsed cannot pass for valid.
  if (number === 16) {
    expect(invalid(walk(recommit(altered, number)))).toEqual([
      { number, reason: 'transaction 0: the endorsements do not satisfy the policy of asset' },
    ]);
  }
  // The commit hash is signed by nobody: against a forger who recomputes it stands what was seen at commit time.
  const forged = recommit(altered, number);
  const fingerprints = chain.map((block) => blockFingerprint(parseBlock(block)));
  expect(invalid(walk(forged, { fingerprint: (n) => fingerprints[n] }))[0]).toEqual({
    number,
    reason: 'block: differs from what was committed when it was first seen',
  });
});

test('a signature in high-S form or of another transaction is refused', () => {
  const trust = channelTrust(parseBlock(chain[0]!))!;
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const derInteger = (value: bigint): Buffer => {
    const hex = value.toString(16);
    const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
    const content = bytes[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
    return Buffer.concat([Buffer.of(2, content.length), content]);
  };
  const { payload, signature, creator } = parseTransaction(parseBlock(chain[5]!).envelopes[0]!);
  const member = trust.member(creator.bytes)!;
  expect(member.role).toBe('client');
  expect(member.verify(payload, signature)).toBe(true);
  const rLength = signature[3]!;
  const r = BigInt(`0x${signature.toString('hex', 4, 4 + rLength)}`);
  const s = BigInt(`0x${signature.toString('hex', 6 + rLength)}`);
  const content = Buffer.concat([derInteger(r), derInteger(order - s)]);
  expect(member.verify(payload, Buffer.concat([Buffer.of(0x30, content.length), content]))).toBe(false);
  expect(member.verify(payload, parseTransaction(parseBlock(chain[6]!).envelopes[0]!).signature)).toBe(false);
  expect(member.verify(payload, Buffer.alloc(0))).toBe(false);
});

test('a certificate that no organisation of the channel issued is nobody', () => {
  const trust = channelTrust(parseBlock(chain[0]!))!;
  const { creator } = parseTransaction(parseBlock(chain[5]!).envelopes[0]!);
  const renamed = Buffer.from(creator.bytes.toString('latin1').replace('Hosp1MSP', 'Hosp2MSP'), 'latin1');
  expect(trust.member(renamed)).toBeUndefined();
  expect(trust.ordererMember(creator.bytes)).toBeUndefined();
  expect(trust.member(Buffer.alloc(0))).toBeUndefined();
});

test('writes, private hashes and callers are read as recorded', () => {
  const put = parseTransaction(parseBlock(chain[4]!).envelopes[0]!);
  expect(put.transactionId).toBe('ce06934de6b947e942556f842fa1e7e88cc33d8b5ff980c677a4a821ab9409e4');
  expect(put.creator.mspId).toBe('Hosp1MSP');
  expect(put.action!.chaincode).toBe('asset');
  expect(put.action!.endorsements.map(({ endorser }) => endorser.mspId).sort()).toEqual([
    'Hosp1MSP',
    'Hosp2MSP',
  ]);
  const implicit = parseTransaction(parseBlock(chain[10]!).envelopes[0]!);
  const hashed = implicit.action!.namespaces.flatMap(({ collections }) => collections);
  expect(hashed[0]!.collection).toMatch(/^_implicit_org_Hosp/);
  expect(hashed[0]!.writes[0]!.keyHash).toHaveLength(32);
});

test('random bytes are never a block and never an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const examination = examineBlock(bytes, { number: 3, trust: undefined });
      expect(examination.reason).toBeDefined();
    }),
  );
});
