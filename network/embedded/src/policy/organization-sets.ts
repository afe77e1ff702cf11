/** A set of organisations, sorted. */
export type OrganizationSet = readonly string[];

const keyOf = (set: OrganizationSet): string => set.join('\u0000');

const union = (a: OrganizationSet, b: OrganizationSet): OrganizationSet => [...new Set([...a, ...b])].sort();

/** Without duplicates and supersets of other sets. */
export const minimal = (sets: readonly OrganizationSet[]): string[][] => {
  const distinct = [...new Map(sets.map((set) => [keyOf(set), set])).values()].sort(
    (a, b) => a.length - b.length || (keyOf(a) < keyOf(b) ? -1 : 1),
  );
  const kept: string[][] = [];
  for (const set of distinct) {
    if (!kept.some((smaller) => smaller.every((organization) => set.includes(organization))))
      kept.push([...set]);
  }
  return kept;
};

/**
 * Sets that satisfy at least `threshold` of `alternatives`, each given by the sets satisfying it.
 * @param mayOverlap false when one organisation's signature cannot count for two of the alternatives
 */
export const outOfSets = (
  threshold: number,
  alternatives: readonly (readonly OrganizationSet[])[],
  mayOverlap: boolean,
): OrganizationSet[] => {
  // partial[k]: sets that satisfy k of the alternatives seen so far.
  let partial: OrganizationSet[][] = [[[]], ...Array.from({ length: threshold }, () => [])];
  for (const alternative of alternatives) {
    partial = partial.map((same, count) => {
      const fewer = partial[count - 1] ?? [];
      const grown = fewer.flatMap((set) =>
        alternative
          .filter((other) => mayOverlap || !other.some((organization) => set.includes(organization)))
          .map((other) => union(set, other)),
      );
      return mayOverlap
        ? minimal([...same, ...grown])
        : [...new Map([...same, ...grown].map((set) => [keyOf(set), set])).values()];
    });
  }
  return partial[threshold] ?? [];
};
