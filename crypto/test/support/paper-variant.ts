import type { G1Point, G2Point, PairingEngine } from '../../src/index.js';

/**
 * The scheme as its paper has it (Shen et al., TIFS 2019) and as one would write it down at first: one sector a block,
 * one generator, one multiplication at a time, authenticators checked one by one, proofs unmasked. It is insecure, for
 * comparison only, and never part of the product. Nothing is imported but types, so that the benchmark runs this file.
 */
export interface PaperTools {
  engine: PairingEngine;
  order: bigint;
  /** A secret scalar, not zero. */
  randomScalar(): bigint;
  utf8(text: string): Uint8Array;
}

export interface PaperSystem {
  /** g2, u, W(ID) and the public keys. */
  base: G1Point;
  u: G1Point;
  identity: G1Point;
  masterKey: G2Point;
  signerPart: G2Point;
  secret: G1Point;
}

export interface PaperFile {
  name: string;
  filePart: G2Point;
  authenticators: G1Point[];
  /** beta = [r]u, which the sanitiser is given. */
  transformation: G1Point;
}

export interface PaperChallenge {
  block: number;
  coefficient: bigint;
}

export const paperVariant = ({ engine, order, randomScalar, utf8 }: PaperTools): PaperVariant => {
  const point = (text: string): G1Point => engine.hashToG1(utf8(text));
  const minus = (scalar: bigint): bigint => (order - (scalar % order)) % order;
  const publicOf = (scalar: bigint): G2Point => engine.multiplyG2(engine.generatorG2, scalar);
  const blockPoint = (name: string, block: number): G1Point => point(`paper block ${name} ${block}`);
  const equationHolds = (
    { base, identity, masterKey, signerPart }: PaperSystem,
    signature: G1Point,
    weight: bigint,
    content: G1Point,
    filePart: G2Point,
  ): boolean =>
    engine.isOneGT(
      engine.pairAll(
        [
          engine.multiplyG1(signature, order - 1n),
          engine.multiplyG1(base, weight),
          engine.multiplyG1(identity, weight),
          content,
        ],
        [engine.generatorG2, masterKey, signerPart, filePart],
      ),
    );

  return {
    setUp: (userId) => {
      const [x, t] = [randomScalar(), randomScalar()];
      const [base, identity] = [point('paper g2'), point(`paper identity ${userId}`)];
      return {
        base,
        u: point('paper u'),
        identity,
        masterKey: publicOf(x),
        signerPart: publicOf(t),
        secret: engine.addG1(engine.multiplyG1(base, x), engine.multiplyG1(identity, t)),
      };
    },
    sign: ({ u, secret }, name, sectors) => {
      const r = randomScalar();
      const authenticators = sectors.map((sector, block) => {
        const content = engine.addG1(blockPoint(name, block), engine.multiplyG1(u, sector));
        return engine.addG1(secret, engine.multiplyG1(content, r));
      });
      return { name, filePart: publicOf(r), authenticators, transformation: engine.multiplyG1(u, r) };
    },
    check: (system, file, block, sector) =>
      equationHolds(
        system,
        file.authenticators[block] ?? system.base,
        1n,
        engine.addG1(blockPoint(file.name, block), engine.multiplyG1(system.u, sector)),
        file.filePart,
      ),
    sanitise: (file, block, from, to) =>
      engine.addG1(
        file.authenticators[block] ?? file.transformation,
        engine.multiplyG1(file.transformation, (to + minus(from)) % order),
      ),
    prove: (authenticators, sectors, challenge) => ({
      combination: challenge.reduce(
        (sum, { block, coefficient }) => (sum + coefficient * (sectors[block] ?? 0n)) % order,
        0n,
      ),
      authenticator: challenge
        .map(({ block, coefficient }) =>
          engine.multiplyG1(authenticators[block] ?? engine.generatorG1, coefficient),
        )
        .reduce((sum, one) => engine.addG1(sum, one)),
    }),
    verify: (system, { name, filePart }, challenge, { combination, authenticator }) => {
      const content = challenge
        .map(({ block, coefficient }) => engine.multiplyG1(blockPoint(name, block), coefficient))
        .reduce((sum, one) => engine.addG1(sum, one), engine.multiplyG1(system.u, combination));
      const weight = challenge.reduce((sum, { coefficient }) => (sum + coefficient) % order, 0n);
      return equationHolds(system, authenticator, weight, content, filePart);
    },
  };
};

export interface PaperProof {
  combination: bigint;
  authenticator: G1Point;
}

export interface PaperVariant {
  setUp(userId: string): PaperSystem;
  sign(system: PaperSystem, name: string, sectors: bigint[]): PaperFile;
  /** One authenticator against its sector. */
  check(system: PaperSystem, file: PaperFile, block: number, sector: bigint): boolean;
  /** The authenticator of a block whose sector becomes another: what the transformation value is for. */
  sanitise(file: PaperFile, block: number, from: bigint, to: bigint): G1Point;
  prove(authenticators: G1Point[], sectors: bigint[], challenge: PaperChallenge[]): PaperProof;
  verify(
    system: PaperSystem,
    file: Pick<PaperFile, 'name' | 'filePart'>,
    challenge: PaperChallenge[],
    proof: PaperProof,
  ): boolean;
}
