import { common, msp, peer } from '@hyperledger/fabric-protos';
import type { ChannelTrust } from './channel-trust.js';
import type { Member } from './msp-trust.js';
import type { LedgerTransaction, NamespaceWrites } from './transaction-bytes.js';

const LIFECYCLE = '_lifecycle';
const LIFECYCLE_POLICY = '/Channel/Application/LifecycleEndorsement';
const APPLICATION = '/Channel/Application/';
const IMPLICIT = '_implicit_org_';
const ENDORSEMENT = 'Endorsement';

/** Whether some members together satisfy a policy; undefined where the policy cannot be found. */
type Evaluation = boolean | undefined;

interface Definition {
  policy?: common.ApplicationPolicy;
  readonly collections: Map<string, common.ApplicationPolicy>;
}

/**
 * Who must endorse what, as committed chaincode definitions and the channel's configuration say; learnt from the
 * blocks themselves, so hand in every VALID transaction in order.
 */
export class EndorsementPolicies {
  readonly #definitions = new Map<string, Definition>();
  /** Namespaces with policies of single keys: those are in the state, not in the blocks to be checked. */
  readonly #keyPolicies = new Set<string>();

  /** @returns why the endorsements do not suffice; undefined when they do, or when that cannot be told */
  refusal(transaction: LedgerTransaction, trust: ChannelTrust): string | undefined {
    const { action } = transaction;
    if (!action) return undefined;
    const members = distinctMembers(transaction, trust);
    const written = action.namespaces.filter(hasWrites);
    const invoked = action.namespaces.find(({ namespace }) => namespace === action.chaincode);
    for (const namespace of new Set([...(invoked ? [invoked] : []), ...written])) {
      if (this.#keyPolicies.has(namespace.namespace) || hasMetadataWrites(namespace)) continue;
      if (this.#satisfied(namespace, members, trust) === false) {
        return `the endorsements do not satisfy the policy of ${namespace.namespace}`;
      }
    }
    return undefined;
  }

  /** Takes in what a VALID transaction defines. */
  learn({ action }: LedgerTransaction): void {
    for (const namespace of action?.namespaces ?? []) {
      if (hasMetadataWrites(namespace)) this.#keyPolicies.add(namespace.namespace);
      if (namespace.namespace !== LIFECYCLE) continue;
      for (const { key, value } of namespace.writes) {
        const [, chaincode, field] =
          /^namespaces\/fields\/([^/]+)\/(ValidationInfo|Collections)$/.exec(key) ?? [];
        if (chaincode === undefined) continue;
        const definition: Definition = this.#definitions.get(chaincode) ?? { collections: new Map() };
        this.#definitions.set(chaincode, definition);
        const bytes = peer.lifecycle.StateData.deserializeBinary(value).getBytes_asU8();
        if (field === 'ValidationInfo') {
          const info = peer.lifecycle.ChaincodeValidationInfo.deserializeBinary(bytes);
          definition.policy = common.ApplicationPolicy.deserializeBinary(info.getValidationParameter_asU8());
        } else {
          definition.collections.clear();
          for (const config of common.CollectionConfigPackage.deserializeBinary(bytes).getConfigList()) {
            const collection = config.getStaticCollectionConfig();
            const policy = collection?.getEndorsementPolicy()?.serializeBinary();
            if (collection && policy && policy.length > 0) {
              definition.collections.set(
                collection.getName(),
                common.ApplicationPolicy.deserializeBinary(policy),
              );
            }
          }
        }
      }
    }
  }

  /** Fabric's rule (statebased/v20.go): each written collection's policy, the chaincode's for all the rest. */
  #satisfied(namespace: NamespaceWrites, members: readonly Member[], trust: ChannelTrust): Evaluation {
    const definition = this.#definitions.get(namespace.namespace);
    let chaincodeToo = namespace.writes.length > 0;
    let checked = false;
    for (const { collection } of namespace.collections.filter(({ writes }) => writes.length > 0)) {
      const explicit = definition?.collections.get(collection);
      let evaluation: Evaluation;
      if (explicit) evaluation = ofApplicationPolicy(explicit, members, trust);
      else if (collection.startsWith(IMPLICIT)) {
        evaluation = ofPolicy(
          trust.policies.ofOrganization(collection.slice(IMPLICIT.length), ENDORSEMENT),
          members,
          trust,
        );
      } else {
        chaincodeToo = true;
        continue;
      }
      if (evaluation === false) return false;
      checked = true;
    }
    if (checked && !chaincodeToo) return true;
    if (namespace.namespace === LIFECYCLE) return ofReference(LIFECYCLE_POLICY, members, trust);
    return definition?.policy && ofApplicationPolicy(definition.policy, members, trust);
  }
}

const hasMetadataWrites = (namespace: NamespaceWrites): boolean =>
  namespace.hasMetadataWrites || namespace.collections.some((collection) => collection.hasMetadataWrites);

const hasWrites = (namespace: NamespaceWrites): boolean =>
  namespace.writes.length > 0 || namespace.collections.some(({ writes }) => writes.length > 0);

/** An endorser counts once, however often it signed. */
function distinctMembers({ action }: LedgerTransaction, trust: ChannelTrust): Member[] {
  const identities = new Map(
    action?.endorsements.map(({ endorser }) => [endorser.bytes.toString('latin1'), endorser]),
  );
  return [...identities.values()].flatMap(({ bytes }) => trust.member(bytes) ?? []);
}

function ofApplicationPolicy(
  policy: common.ApplicationPolicy,
  members: readonly Member[],
  trust: ChannelTrust,
): Evaluation {
  const signature = policy.getSignaturePolicy();
  return signature
    ? ofSignaturePolicy(signature, members)
    : ofReference(policy.getChannelConfigPolicyReference(), members, trust);
}

/** `/Channel/Application/<name>` or `/Channel/Application/<organisation>/<name>`. */
function ofReference(path: string, members: readonly Member[], trust: ChannelTrust): Evaluation {
  if (!path.startsWith(APPLICATION)) return undefined;
  const [first = '', second] = path.slice(APPLICATION.length).split('/');
  const policy =
    second === undefined ? trust.policies.ofApplication(first) : trust.policies.ofOrganization(first, second);
  return ofPolicy(policy, members, trust);
}

function ofPolicy(
  policy: common.Policy | undefined,
  members: readonly Member[],
  trust: ChannelTrust,
): Evaluation {
  if (policy?.getType() === common.Policy.PolicyType.SIGNATURE) {
    return ofSignaturePolicy(
      common.SignaturePolicyEnvelope.deserializeBinary(policy.getValue_asU8()),
      members,
    );
  }
  if (policy?.getType() !== common.Policy.PolicyType.IMPLICIT_META) return undefined;
  const meta = common.ImplicitMetaPolicy.deserializeBinary(policy.getValue_asU8());
  const results = trust.applicationMspIds.map((mspId) =>
    ofPolicy(trust.policies.ofOrganization(mspId, meta.getSubPolicy()), members, trust),
  );
  const satisfied = results.filter((result) => result === true).length;
  switch (meta.getRule()) {
    case common.ImplicitMetaPolicy.Rule.ANY:
      return results.length === 0 || satisfied >= 1;
    case common.ImplicitMetaPolicy.Rule.ALL:
      return satisfied === results.length;
    default:
      return satisfied > Math.floor(results.length / 2);
  }
}

/** Each member stands for one principal only, taken in order (Fabric common/cauthdsl). */
function ofSignaturePolicy(policy: common.SignaturePolicyEnvelope, members: readonly Member[]): boolean {
  const principals = policy.getIdentitiesList();
  const evaluate = (rule: common.SignaturePolicy | undefined, used: boolean[]): boolean => {
    const outOf = rule?.getNOutOf();
    if (outOf) {
      let verified = 0;
      for (const each of outOf.getRulesList()) {
        const tentative = [...used];
        if (!evaluate(each, tentative)) continue;
        verified += 1;
        used.splice(0, used.length, ...tentative);
      }
      return verified >= outOf.getN();
    }
    const principal = principals[rule?.getSignedBy() ?? -1];
    const index = members.findIndex((member, at) => !used[at] && principal && satisfies(member, principal));
    if (index < 0) return false;
    used[index] = true;
    return true;
  };
  return evaluate(
    policy.getRule(),
    members.map(() => false),
  );
}

function satisfies(member: Member, principal: msp.MSPPrincipal): boolean {
  if (principal.getPrincipalClassification() !== msp.MSPPrincipal.Classification.ROLE) return false;
  const role = msp.MSPRole.deserializeBinary(principal.getPrincipal_asU8());
  if (role.getMspIdentifier() !== member.mspId) return false;
  switch (role.getRole()) {
    case msp.MSPRole.MSPRoleType.MEMBER:
      return true;
    case msp.MSPRole.MSPRoleType.ADMIN:
      return member.role === 'admin';
    case msp.MSPRole.MSPRoleType.CLIENT:
      return member.role === 'client';
    case msp.MSPRole.MSPRoleType.PEER:
      return member.role === 'peer';
    default:
      return member.role === 'orderer';
  }
}
