import { hmac } from '@noble/hashes/hmac.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concat, erase, exactly, randomBytes, u32 } from '../canonical/bytes.js';
import { hedgedScalar } from '../functions.js';
import { bytesToBigint, GROUP_ORDER } from '../scalar.js';
import type { RecordReference } from '../sealing/context.js';
import type { PairingEngine } from '../sealing/engine/index.js';
import { authenticate, type BlockValues } from './authenticators.js';
import { type Generators, generatorsOf } from './generators.js';
import { type SignerIdentity, signerIdentityDigest } from './identity.js';
import { checkIdentityKey, type IdentityKey } from './identity-key.js';
import type { AuditParameters } from './parameters.js';
import { encodeReplacedSet, type SectorPosition, replacedSetDigest, withWildcards } from './replaced-set.js';
import { blockRange, type BlockLayout, layoutOf, sectorsOf } from './sectors.js';
import { auditedObjectDigest, auditedRecordHash, encodeT0, type FileKind, fileName, signTag } from './tag.js';
import { u16 } from './wire.js';

/** Fresh randomness of one signature, 32 bytes each. Given only to reproduce a recorded vector. */
export interface SigningRandomness {
  nonce: Uint8Array;
  salt: Uint8Array;
  r: Uint8Array;
  q: Uint8Array;
  k1: Uint8Array;
}

export interface SignInput {
  parameters: AuditParameters;
  identity: SignerIdentity;
  key: IdentityKey;
  record: RecordReference;
  kind: FileKind;
  /** The object before anything is replaced in it. */
  content: Uint8Array;
  /** Sectors whose value the next step must not see, and sectors that it sees but does not pass on. */
  personal: SectorPosition[];
  organisation: SectorPosition[];
  random?: SigningRandomness;
}

/** A sector of the replaced set as it is signed: blinded if it is personal. */
export interface SignedSector extends SectorPosition {
  kind: 'personal' | 'organisation';
  value: bigint;
}

export interface Signed {
  layout: BlockLayout;
  tag: Uint8Array;
  salt: Uint8Array;
  replacedSet: Uint8Array;
  /** The object with wildcards, whose digest the tag has. */
  stored: Uint8Array;
  sectors: SignedSector[];
  authenticators: Uint8Array[];
  /** beta_j = [r]w_j of the columns that hold replaced sectors, ascending. */
  transformation: { sector: number; point: Uint8Array }[];
}

/**
 * SigGen with its tag. Nonce, salt and randomness are fresh every time; r, q and the blinding key are used up here and
 * are no part of the answer, because r or q and one authenticator give the identity key away (cryptography.md T6).
 */
export const signFile = (engine: PairingEngine, input: SignInput): Signed => {
  const { parameters, identity, key, record, kind, content } = input;
  checkIdentityKey(engine, parameters, identity, key);
  const generators = generatorsOf(engine, parameters.sectorsPerBlock);
  const layout = layoutOf(content.length, parameters.sectorsPerBlock);
  const positions = inOrder([...input.personal, ...input.organisation]);
  const replacedSet = encodeReplacedSet(layout, positions);
  const stored = withWildcards(layout, positions, content);
  const nonce = exactly(input.random?.nonce ?? randomBytes(32), 32, 'nonce');
  const salt = exactly(input.random?.salt ?? randomBytes(32), 32, 'salt');
  const objectDigest = auditedObjectDigest(salt, stored);
  const hedged = (label: string, fresh: Uint8Array | undefined): bigint =>
    hedgedScalar({
      label,
      secret: key.secret,
      nonce,
      objectDigest,
      ...(fresh !== undefined && { fresh }),
    });
  const r = hedged('MS-PDP-R', input.random?.r);
  const t0 = encodeT0({
    kind,
    sectorsPerBlock: layout.sectorsPerBlock,
    blocks: layout.blocks,
    byteLength: layout.byteLength,
    nonce,
    recordHash: auditedRecordHash(record),
    objectDigest,
    replacedDigest: replacedSetDigest(replacedSet),
    generatorDigest: generators.digest,
    identityDigest: signerIdentityDigest(identity),
    signerPart: key.publicPart,
    filePart: engine.encodeG2(engine.multiplyG2(engine.generatorG2, r)),
  });
  const name = fileName(t0);
  const sectors = signedSectors(layout, name, input);
  const secret = engine.decodeG1(key.secret, 'secret');
  const valuesOf = blockValues(layout, content, sectors);
  const authenticators = Array.from({ length: layout.blocks }, (_, block) =>
    authenticate(engine, generators, { secret, r, name, block, values: valuesOf(block) }),
  );
  return {
    layout,
    tag: signTag(engine, key, t0, hedged('MS-PDP-Q', input.random?.q)),
    salt,
    replacedSet,
    stored,
    sectors,
    authenticators,
    transformation: transformationOf(engine, generators, sectors, r),
  };
};

/** The values of a block: of the object where it stays, of `sectors` where it is replaced. */
export const blockValues = (
  layout: BlockLayout,
  content: Uint8Array,
  sectors: (SectorPosition & { value: bigint })[],
): ((block: number) => BlockValues) => {
  const byBlock = new Map<number, Map<number, bigint>>();
  for (const { block, sector, value } of sectors) {
    const replaced = byBlock.get(block) ?? new Map<number, bigint>();
    byBlock.set(block, replaced.set(sector, value));
  }
  return (block) => {
    const { start, end } = blockRange(layout, block);
    const kept = sectorsOf(layout, content.subarray(start, end));
    const replaced = byBlock.get(block) ?? new Map<number, bigint>();
    for (const sector of replaced.keys()) kept[sector] = 0n;
    return { kept, replaced };
  };
};

const inOrder = <P extends SectorPosition>(positions: P[]): P[] =>
  [...positions].sort((left, right) => left.block - right.block || left.sector - right.sector);

/** m* of the replaced set: m + f_k1(name, i, j) where it is personal, m where it is the organisation's. */
const signedSectors = (
  layout: BlockLayout,
  name: Uint8Array,
  { content, personal, organisation, random }: SignInput,
): SignedSector[] => {
  const k1 = random === undefined ? randomBytes(32) : exactly(random.k1, 32, 'k1');
  const valueAt = ({ block, sector }: SectorPosition): bigint => {
    const { start, end } = blockRange(layout, block);
    return sectorsOf(layout, content.subarray(start, end))[sector] ?? 0n;
  };
  const blinded = personal.map((at) => ({
    ...at,
    kind: 'personal' as const,
    value: (valueAt(at) + blinding(k1, name, at)) % GROUP_ORDER,
  }));
  const clear = organisation.map((at) => ({ ...at, kind: 'organisation' as const, value: valueAt(at) }));
  erase(k1);
  return inOrder([...blinded, ...clear]);
};

/** f_k1(name, i, j) = HMAC-SHA-512(k1, name || u32 i || u16 j) mod r. */
const blinding = (k1: Uint8Array, name: Uint8Array, { block, sector }: SectorPosition): bigint =>
  bytesToBigint(hmac(sha512, k1, concat(name, u32(block), u16(sector)))) % GROUP_ORDER;

const transformationOf = (
  engine: PairingEngine,
  { w }: Generators,
  sectors: SignedSector[],
  r: bigint,
): Signed['transformation'] =>
  [...new Set(sectors.map(({ sector }) => sector))]
    .sort((left, right) => left - right)
    .map((sector) => ({
      sector,
      point: engine.encodeG1(engine.multiplyG1(w[sector] ?? engine.generatorG1, r)),
    }));
