/** A field of which the sanitised document has less than the original, and how often. */
export interface ReplacedField {
  /** FHIR path without numbers, for example `Patient.name.family`. */
  path: string;
  count: number;
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** By comparing the two, member by member; in the order of the original. */
export function replacedFields(original: unknown, sanitised: unknown): ReplacedField[] {
  const counts = new Map<string, number>();
  compare(original as Json, sanitised as Json | undefined, '', counts);
  return [...counts].map(([path, count]) => ({ path, count }));
}

function compare(
  original: Json,
  sanitised: Json | undefined,
  path: string,
  counts: Map<string, number>,
): void {
  if (Array.isArray(original) && Array.isArray(sanitised) && original.length === sanitised.length) {
    original.forEach((item, index) => compare(item, sanitised[index], path, counts));
  } else if (isObject(original) && isObject(sanitised)) {
    const of = typeof original['resourceType'] === 'string' ? original['resourceType'] : path;
    for (const [name, value] of Object.entries(original))
      compare(value, sanitised[name], of === '' ? name : `${of}.${name}`, counts);
  } else if (JSON.stringify(original) !== JSON.stringify(sanitised)) {
    counts.set(path, (counts.get(path) ?? 0) + 1);
  }
}

const isObject = (value: Json | undefined): value is { [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
