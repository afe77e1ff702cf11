import type { Json } from './json.js';

/** K1, which the sanitiser must not see either, or K2, which the sanitiser sees and does not pass on. */
export type ReplacedKind = 'personal' | 'organisation';

/** A value that lies in replaced sectors. */
export interface Replaced {
  original: Json;
  kind: ReplacedKind;
  /** What stands for it afterwards; without it the whole member or item is gone. */
  mask?: Json;
  /** Row of the published table that decided. */
  field: string;
}

/** What becomes of a value: as it is, or some of it replaced. */
export type Plan =
  | { is: 'kept'; value: Json }
  | { is: 'object'; members: PlannedMember[] }
  | { is: 'array'; items: Outcome[] };

export type Outcome = { kept: Plan } | { replaced: Replaced };
export type PlannedMember = Outcome & { name: string };

export const keep = (value: Json): Outcome => ({ kept: { is: 'kept', value } });

/** The value as the sanitised document has it. */
export const shownOf = (plan: Plan): Json => {
  if (plan.is === 'kept') return plan.value;
  if (plan.is === 'array')
    return plan.items.map(shownByOutcome).filter((value): value is Json => value !== undefined);
  return Object.fromEntries(
    plan.members
      .map((member) => [member.name, shownByOutcome(member)] as const)
      .filter((entry): entry is [string, Json] => entry[1] !== undefined),
  );
};

export const shownByOutcome = (outcome: Outcome): Json | undefined =>
  'kept' in outcome ? shownOf(outcome.kept) : outcome.replaced.mask;

/** Where something of a document is replaced, for whoever shows or checks it; never the value. */
export interface ReplacedField {
  /** Place in the document, for example `entry[1].resource.name`. */
  path: string;
  kind: ReplacedKind;
  /** Row of the published table, for example `Patient.name`. */
  field: string;
  /** True where a masked value stands in its place, false where the element is gone. */
  masked: boolean;
}

export const replacedFields = (
  plan: Plan,
  isWanted: (replaced: Replaced) => boolean = () => true,
): ReplacedField[] => {
  const found: ReplacedField[] = [];
  const visit = (part: Plan, at: string): void => {
    if (part.is === 'kept') return;
    const parts: (Outcome & { at: string })[] =
      part.is === 'array'
        ? part.items.map((item, i) => ({ ...item, at: `${at}[${i}]` }))
        : part.members.map((member) => ({ ...member, at: at === '' ? member.name : `${at}.${member.name}` }));
    for (const one of parts) {
      if ('kept' in one) visit(one.kept, one.at);
      else if (isWanted(one.replaced))
        found.push({
          path: one.at,
          kind: one.replaced.kind,
          field: one.replaced.field,
          masked: one.replaced.mask !== undefined,
        });
    }
  };
  visit(plan, '');
  return found;
};
