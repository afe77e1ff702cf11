export interface Random {
  /** In [0, 1). */
  next(): number;
  oneOf<T>(list: readonly T[]): T;
  /** The usual one in 17 of 20 draws, so that one thing at a time is out of place. */
  mostly<T>(usual: T, others: readonly T[]): T;
}

/** Mulberry32: the same seed draws the same. */
export const randomFrom = (seed: number): Random => {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const oneOf = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
  return { next, oneOf, mostly: (usual, others) => (next() < 0.85 ? usual : oneOf(others)) };
};
