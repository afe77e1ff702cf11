/** What endorsers a transaction needs, as Fabric's `protos.ChaincodeCall`. */
export interface ChaincodeCall {
  readonly name: string;
  readonly collections: readonly string[];
  /** Nothing private was read: organisations outside the collections may endorse too. */
  readonly noPrivateReads: boolean;
  readonly disregardNamespacePolicy: boolean;
  /** Marshalled `common.SignaturePolicyEnvelope` of the written keys that have one. */
  readonly keyPolicies: readonly Buffer[];
}

/** What a simulation touched, as far as it decides who must endorse. */
export interface TouchedKeys {
  /** Namespaces with any entry in the public read-write set. */
  readonly namespaces: Iterable<string>;
  /** Collections by namespace of which plain values were read. */
  readonly privateReads: ReadonlyMap<string, ReadonlySet<string>>;
  /** namespace → collection ('' public) → written key → its key-level policy, if it has one. */
  readonly writtenKeys: ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<string, Buffer | undefined>>>;
}

/** Namespaces of system chaincodes: they ask for no endorsement of their own. */
export const SYSTEM_NAMESPACES: ReadonlySet<string> = new Set(['_lifecycle', 'lscc', 'qscc', 'cscc']);

/** One call per touched namespace or collection (Fabric core/endorser/endorser.go, buildChaincodeInterest). */
export function chaincodeInterest(touched: TouchedKeys): ChaincodeCall[] {
  const required = new Map<string, Map<string, boolean>>();
  const keyPolicies = new Map<string, Buffer[]>();
  const require = (namespace: string, collection: string) => {
    const entry = required.get(namespace) ?? new Map<string, boolean>();
    required.set(namespace, entry.set(collection, true));
  };

  for (const [namespace, collections] of touched.writtenKeys) {
    required.set(namespace, new Map([['', false]]));
    for (const [collection, keys] of collections) {
      for (const policy of keys.values()) {
        if (policy) keyPolicies.set(namespace, [...(keyPolicies.get(namespace) ?? []), policy]);
        else require(namespace, collection);
      }
    }
  }
  for (const namespace of touched.namespaces) {
    if (!SYSTEM_NAMESPACES.has(namespace) && !required.has(namespace)) require(namespace, '');
  }
  for (const [namespace, collections] of touched.privateReads) {
    for (const collection of collections) require(namespace, collection);
  }

  const calls: ChaincodeCall[] = [];
  for (const [name, collections] of required) {
    if (SYSTEM_NAMESPACES.has(name)) continue;
    for (const collection of collections.keys()) {
      if (collection === '') {
        const policies = keyPolicies.get(name) ?? [];
        const namespacePolicy = collections.get('') === true;
        if (policies.length === 0 && !namespacePolicy) continue;
        calls.push({
          name,
          collections: [],
          noPrivateReads: false,
          disregardNamespacePolicy: !namespacePolicy,
          keyPolicies: policies,
        });
      } else {
        calls.push({
          name,
          collections: [collection],
          noPrivateReads: !touched.privateReads.get(name)?.has(collection),
          disregardNamespacePolicy: false,
          keyPolicies: [],
        });
      }
    }
  }
  return calls;
}
