import { GROUP_ORDER } from '../scalar.js';
import type { G1Point, G2Point, PairingEngine } from '../sealing/engine/index.js';

/** Whether e(signature, G) is the product of the pairings: the form of every equation here. */
export const signatureHolds = (
  engine: PairingEngine,
  signature: G1Point,
  pairs: [G1Point, G2Point][],
): boolean =>
  engine.isOneGT(
    engine.pairAll(
      [engine.multiplyG1(signature, GROUP_ORDER - 1n), ...pairs.map(([left]) => left)],
      [engine.generatorG2, ...pairs.map(([, right]) => right)],
    ),
  );
