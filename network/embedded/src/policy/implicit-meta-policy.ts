import { ImplicitMetaPolicy } from '@hyperledger/fabric-protos/lib/common/policies_pb.js';
import type { Identity, Policy, SignedData } from '../types.js';
import { minimal, outOfSets } from './organization-sets.js';
import { validIdentities, type DeserializeIdentity } from './signature-policy.js';

/** ANY, ALL or MAJORITY of the policies of one name in the groups below (common/policies/implicitmeta.go). */
export class ImplicitMetaEvaluator implements Policy {
  private readonly threshold: number;
  private readonly name: string;
  private readonly policies: readonly (Policy | undefined)[];

  /**
   * @param bytes marshalled `common.ImplicitMetaPolicy`
   * @param subPolicies the policy of that name in each group below; undefined where there is none, which counts as refused
   */
  constructor(
    bytes: Buffer,
    subPolicies: (name: string) => readonly (Policy | undefined)[],
    private readonly deserialize: DeserializeIdentity,
  ) {
    const definition = ImplicitMetaPolicy.deserializeBinary(bytes);
    this.name = definition.getSubPolicy();
    this.policies = subPolicies(this.name);
    const count = this.policies.length;
    const { ANY, ALL } = ImplicitMetaPolicy.Rule;
    const rule = definition.getRule();
    this.threshold = count === 0 ? 0 : rule === ANY ? 1 : rule === ALL ? count : Math.floor(count / 2) + 1;
  }

  refusal(signatures: readonly SignedData[]): string | undefined {
    return this.refusalOfIdentities(validIdentities(signatures, this.deserialize));
  }

  refusalOfIdentities(identities: readonly Identity[]): string | undefined {
    let satisfied = 0;
    for (const policy of this.policies) {
      if (satisfied === this.threshold) break;
      if (policy && policy.refusalOfIdentities(identities) === undefined) satisfied++;
    }
    if (satisfied === this.threshold) return undefined;
    return (
      `implicit policy evaluation failed - ${satisfied} sub-policies were satisfied, but this policy requires ` +
      `${this.threshold} of the '${this.name}' sub-policies to be satisfied`
    );
  }

  organizationSets(): string[][] {
    return minimal(
      outOfSets(
        this.threshold,
        this.policies.map((policy) => policy?.organizationSets() ?? []),
        true,
      ),
    );
  }
}
