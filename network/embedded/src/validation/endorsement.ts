import type { ChannelConfig, Identity, Policy } from '../types.js';
import type { NamespaceRwSet } from '../rwset/messages.js';
import { Reader } from '../protos/wire.js';
import { decodeEntry } from '../rwset/messages.js';
import type { CommittedView } from './committed-view.js';
import { TxCode } from './codes.js';
import type { ParsedTransaction } from './transaction.js';

const VALIDATION_PARAMETER = 'VALIDATION_PARAMETER';
const LIFECYCLE = '_lifecycle';
const IMPLICIT = '_implicit_org_';

class PolicyNotSatisfied extends Error {}

/** Identities whose endorsement is genuine, each once, in the order of the endorsements. */
export function verifiedEndorsers(transaction: ParsedTransaction, config: ChannelConfig): Identity[] {
  const identities: Identity[] = [];
  const seen = new Set<string>();
  for (const { endorser, signature } of transaction.endorsements) {
    try {
      const identity = config.deserializeIdentity(endorser);
      const id = `${identity.mspId}\u0000${identity.certificatePem}`;
      if (seen.has(id)) continue;
      if (!identity.verify(Buffer.concat([transaction.responsePayload, endorser]), signature)) continue;
      seen.add(id);
      identities.push(identity);
    } catch {
      // An endorsement nobody can verify counts for nothing, as in Fabric.
    }
  }
  return identities;
}

/**
 * Endorsement policies of one block's transactions (core/common/validation/statebased, V2.0): for every written key the
 * key's own policy if it has one, else the collection's, else the chaincode's; the chaincode's in any case when nothing
 * else was checked. Policies are read from the state before the block. A key whose policy an earlier, well endorsed
 * transaction of the block changes cannot be written by a later one.
 */
export class EndorsementChecker {
  /** Keys whose metadata a well endorsed earlier transaction of this block writes. */
  private readonly changedKeyPolicies = new Set<string>();

  constructor(
    private readonly config: ChannelConfig,
    private readonly view: CommittedView,
  ) {}

  /** Validation code of the transaction; call in block order. */
  check(transaction: ParsedTransaction): number {
    const endorsers = verifiedEndorsers(transaction, this.config);
    const written = new Set([
      transaction.chaincode,
      ...transaction.rwset.filter(writes).map((set) => set.namespace),
    ]);
    let code: number = TxCode.valid;
    const passed = new Set<string>();
    for (const namespace of written) {
      const outcome = this.checkNamespace(namespace, transaction, endorsers);
      if (outcome === TxCode.valid) passed.add(namespace);
      else if (code === TxCode.valid) code = outcome;
    }
    this.noteKeyPolicies(transaction, passed);
    return code;
  }

  private checkNamespace(
    namespace: string,
    transaction: ParsedTransaction,
    endorsers: readonly Identity[],
  ): number {
    const definition = namespace === LIFECYCLE ? undefined : this.view.definition(namespace);
    if (namespace !== LIFECYCLE && definition === undefined) return TxCode.invalidChaincode;
    try {
      const chaincodePolicy = definition?.endorsementPolicy ?? this.view.lifecyclePolicy();
      const checked = new Set<string>();
      const require = (name: string, policy: Policy): void => {
        if (checked.has(name)) return;
        const refusal = policy.refusalOfIdentities(endorsers);
        if (refusal !== undefined) throw new PolicyNotSatisfied(refusal);
        checked.add(name);
      };
      const set = transaction.rwset.find((candidate) => candidate.namespace === namespace);
      for (const { collection, key } of writtenKeys(set)) {
        const keyPolicy = this.keyPolicy(namespace, collection, key);
        if (keyPolicy !== undefined) {
          const refusal = keyPolicy.refusalOfIdentities(endorsers);
          if (refusal !== undefined) throw new PolicyNotSatisfied(refusal);
          checked.add('key');
          continue;
        }
        const collectionPolicy =
          collection === '' ? undefined : this.collectionPolicy(definition, collection);
        if (collectionPolicy === undefined) require('chaincode', chaincodePolicy);
        else require(`collection ${collection}`, collectionPolicy);
      }
      if (checked.size === 0) require('chaincode', chaincodePolicy);
      return TxCode.valid;
    } catch (error) {
      if (error instanceof PolicyNotSatisfied) return TxCode.endorsementPolicyFailure;
      throw error;
    }
  }

  private keyPolicy(namespace: string, collection: string, key: string): Policy | undefined {
    if (this.changedKeyPolicies.has(keyId(namespace, collection, key))) {
      throw new PolicyNotSatisfied('the validation parameter of a key was updated earlier in the block');
    }
    const metadata = this.view.metadata(namespace, collection, key);
    const parameter = metadata === undefined ? undefined : metadataEntry(metadata, VALIDATION_PARAMETER);
    if (parameter === undefined || parameter.length === 0) return undefined;
    try {
      return this.config.signaturePolicy(parameter);
    } catch {
      throw new PolicyNotSatisfied('the validation parameter of a key is not a signature policy');
    }
  }

  private collectionPolicy(
    definition: ReturnType<CommittedView['definition']>,
    collection: string,
  ): Policy | undefined {
    if (collection.startsWith(IMPLICIT)) {
      const policy = this.view.implicitPolicy(collection.slice(IMPLICIT.length));
      if (policy === undefined) throw new PolicyNotSatisfied(`no organisation of collection '${collection}'`);
      return policy;
    }
    const found = definition?.collections.find(({ name }) => name === collection);
    if (found === undefined) throw new PolicyNotSatisfied(`no such collection '${collection}'`);
    return found.endorsementPolicy;
  }

  private noteKeyPolicies(transaction: ParsedTransaction, passed: ReadonlySet<string>): void {
    for (const { namespace, kv, collections } of transaction.rwset) {
      if (!passed.has(namespace)) continue;
      for (const { key } of kv.metadataWrites) this.changedKeyPolicies.add(keyId(namespace, '', key));
      for (const { collection, hashed } of collections) {
        for (const { keyHash } of hashed.metadataWrites) {
          this.changedKeyPolicies.add(keyId(namespace, collection, keyHash.toString('latin1')));
        }
      }
    }
  }
}

function keyId(namespace: string, collection: string, key: string): string {
  return `${namespace}\u0000${collection}\u0000${key}`;
}

function writes(set: NamespaceRwSet): boolean {
  return (
    set.kv.writes.length > 0 ||
    set.kv.metadataWrites.length > 0 ||
    set.collections.some(({ hashed }) => hashed.writes.length > 0 || hashed.metadataWrites.length > 0)
  );
}

/** Fabric's order: public values, public metadata, private values, private metadata. */
function* writtenKeys(
  set: NamespaceRwSet | undefined,
): IterableIterator<{ collection: string; key: string }> {
  if (set === undefined) return;
  for (const { key } of set.kv.writes) yield { collection: '', key };
  for (const { key } of set.kv.metadataWrites) yield { collection: '', key };
  for (const { collection, hashed } of set.collections) {
    for (const { keyHash } of hashed.writes) yield { collection, key: keyHash.toString('latin1') };
  }
  for (const { collection, hashed } of set.collections) {
    for (const { keyHash } of hashed.metadataWrites) yield { collection, key: keyHash.toString('latin1') };
  }
}

/** Value of a name in serialised state metadata; undefined when absent. @throws MalformedMessageError */
export function metadataEntry(metadata: Buffer, name: string): Buffer | undefined {
  if (metadata.length === 0) return undefined;
  const reader = new Reader(metadata, 'kvrwset.KVMetadataWrite');
  while (reader.next()) {
    if (reader.field !== 2) continue;
    const entry = decodeEntry(reader.slice());
    if (entry.name === name) return entry.value;
  }
  return undefined;
}
