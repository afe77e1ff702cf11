import { CaCode, CaError } from './ca-error.js';

export interface Attribute {
  readonly name: string;
  readonly value: string;
  /** Whether every enrolment certificate shows it without being asked. */
  readonly ecert?: boolean;
}

export interface AttributeRequest {
  readonly name: string;
  readonly optional?: boolean;
}

export const Hf = {
  roles: 'hf.Registrar.Roles',
  delegateRoles: 'hf.Registrar.DelegateRoles',
  registrarAttributes: 'hf.Registrar.Attributes',
  revoker: 'hf.Revoker',
  genCrl: 'hf.GenCRL',
  intermediateCa: 'hf.IntermediateCA',
  affiliationManager: 'hf.AffiliationMgr',
  enrollmentId: 'hf.EnrollmentID',
  type: 'hf.Type',
  affiliation: 'hf.Affiliation',
} as const;

/** Attributes of the administrator that a CA starts with. */
export const bootstrapAttributes: readonly Attribute[] = [
  { name: Hf.roles, value: '*' },
  { name: Hf.delegateRoles, value: '*' },
  { name: Hf.registrarAttributes, value: '*' },
  { name: Hf.revoker, value: 'true' },
  { name: Hf.genCrl, value: 'true' },
  { name: Hf.intermediateCa, value: 'true' },
  { name: Hf.affiliationManager, value: 'true' },
];

const booleans: readonly string[] = [Hf.revoker, Hf.genCrl, Hf.intermediateCa, Hf.affiliationManager];
const lists: readonly string[] = [Hf.roles, Hf.delegateRoles, Hf.registrarAttributes];
const fixed: readonly string[] = [Hf.enrollmentId, Hf.type, Hf.affiliation];

export const attributeValue = (attributes: readonly Attribute[], name: string): string | undefined =>
  attributes.find((attribute) => attribute.name === name)?.value;

export const splitList = (list: string): string[] =>
  list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

/** Go's strconv.ParseBool; undefined for what it refuses. */
export const parseBoolean = (text: string): boolean | undefined => {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text) ? false : undefined;
};

const permitsName = (name: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );

const isSubset = (small: readonly string[], big: readonly string[]): boolean =>
  small.every((item) => big.some((other) => other.toLowerCase() === item.toLowerCase()));

const refuse = (reason: string): never => {
  throw CaError.authorization(CaCode.registerAttributeAuthority, `Failed to register attribute: ${reason}`);
};

const checkList = (
  { name, value }: Attribute,
  requested: readonly Attribute[],
  current: readonly Attribute[],
  owned: string,
  patterns: readonly string[],
): void => {
  const items = splitList(value);
  const ofIdentity = (attribute: string): string | undefined =>
    attributeValue(requested, attribute) ?? attributeValue(current, attribute);
  if (name === Hf.registrarAttributes) {
    for (const item of items) {
      if (!permitsName(item, patterns))
        refuse(`'${item}' is not among the attributes the registrar may register`);
      if (item.startsWith('hf.') && !item.endsWith('*') && ofIdentity(item) === undefined) {
        refuse(`the identity is not registered with '${item}', which its '${name}' names`);
      }
    }
    return;
  }
  if (!splitList(owned).includes('*') && !isSubset(items, splitList(owned))) {
    refuse(`the values of '${name}' go beyond the registrar's own`);
  }
  if (name === Hf.delegateRoles) {
    const roles = splitList(ofIdentity(Hf.roles) ?? '');
    if (!roles.includes('*') && !isSubset(items, roles))
      refuse('the delegateRoles field is a superset of roles');
  }
};

/**
 * Fabric CA's rules for what a registrar may hand out (fabric-ca lib/attr/attribute.go).
 * @param current attributes the identity already has; empty for a new one
 * @throws CaError
 */
export const checkRegistrableAttributes = (
  requested: readonly Attribute[],
  current: readonly Attribute[],
  registrar: readonly Attribute[],
): void => {
  if (requested.length === 0) return;
  const own = attributeValue(registrar, Hf.registrarAttributes);
  if (!own) return refuse(`the registrar has no '${Hf.registrarAttributes}'`);
  const patterns = splitList(own);
  for (const attribute of requested) {
    const { name, value } = attribute;
    if (!permitsName(name, patterns))
      refuse(`'${name}' is not among the attributes the registrar may register`);
    if (fixed.includes(name)) refuse(`Cannot register fixed value attribute '${name}'`);
    const isBoolean = booleans.includes(name);
    if (!isBoolean && !lists.includes(name)) {
      if (name.startsWith('hf.')) refuse(`'${name}' uses the reserved prefix 'hf.'`);
      continue;
    }
    const owned = attributeValue(registrar, name);
    if (owned === undefined) return refuse(`the registrar does not own '${name}'`);
    if (isBoolean) {
      if (parseBoolean(owned) !== true) refuse(`the registrar's '${name}' is not true`);
      if (value !== '' && parseBoolean(value) === undefined) refuse(`'${name}' must be true or false`);
    } else if (value !== '') checkList(attribute, requested, current, owned, patterns);
  }
};

/**
 * Attributes a certificate shows: those asked for, or those marked `ecert` when nothing was asked.
 * Undefined when there is nothing to show. @throws Error naming required ones that the identity lacks
 */
export const certificateAttributes = (
  owned: readonly Attribute[],
  requests: readonly AttributeRequest[] | undefined,
): ReadonlyMap<string, string> | undefined => {
  const byName = new Map(owned.map((attribute) => [attribute.name, attribute]));
  if (!requests) {
    const shown = owned.filter(({ ecert }) => ecert);
    return shown.length > 0 ? new Map(shown.map(({ name, value }) => [name, value])) : undefined;
  }
  const missing = requests
    .filter(({ name, optional }) => !optional && !byName.has(name))
    .map(({ name }) => name);
  if (missing.length > 0) {
    throw new Error(
      `Failed to find requested attributes: The following required attributes are missing: [${missing.join(' ')}]`,
    );
  }
  return new Map(
    requests.flatMap(({ name }) => {
      const attribute = byName.get(name);
      return attribute ? [[name, attribute.value] as const] : [];
    }),
  );
};
