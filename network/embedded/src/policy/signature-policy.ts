import {
  SignaturePolicy,
  SignaturePolicyEnvelope,
} from '@hyperledger/fabric-protos/lib/common/policies_pb.js';
import { MSPPrincipal, MSPRole } from '@hyperledger/fabric-protos/lib/msp/msp_principal_pb.js';
import type { Identity, Policy, SignedData } from '../types.js';
import { minimal, outOfSets, type OrganizationSet } from './organization-sets.js';

export type DeserializeIdentity = (serialized: Buffer) => Identity;

/**
 * Identities whose signatures hold, in order; what cannot be read, repeats an identity or is not signed by it is
 * left out (common/policies SignatureSetToValidIdentities).
 */
export const validIdentities = (
  signatures: readonly SignedData[],
  deserialize: DeserializeIdentity,
): Identity[] => {
  const found = new Map<string, Identity>();
  for (const { data, identity: serialized, signature } of signatures) {
    let identity: Identity;
    try {
      identity = deserialize(serialized);
    } catch {
      continue;
    }
    if (found.has(identity.id) || !identity.verify(data, signature)) continue;
    found.set(identity.id, identity);
  }
  return [...found.values()];
};

type Evaluator = (identities: readonly Identity[], used: boolean[]) => boolean;

/**
 * Fabric's greedy evaluation (common/cauthdsl): every rule of a gate is tried in order, each identity counts for one
 * principal only, and a gate's failing rule gives back what it used.
 */
const compile = (rule: SignaturePolicy | undefined, principals: readonly Buffer[]): Evaluator => {
  const gate = rule?.getNOutOf();
  if (gate) {
    const rules = gate.getRulesList().map((inner) => compile(inner, principals));
    const threshold = gate.getN();
    return (identities, used) => {
      let satisfied = 0;
      for (const inner of rules) {
        const attempt = [...used];
        if (!inner(identities, attempt)) continue;
        satisfied++;
        used.splice(0, used.length, ...attempt);
      }
      return satisfied >= threshold;
    };
  }
  if (rule?.getTypeCase() !== SignaturePolicy.TypeCase.SIGNED_BY) throw new Error('Empty policy element');
  const principal = principals[rule.getSignedBy()];
  if (!principal) {
    throw new Error(
      `identity index out of range, requested ${rule.getSignedBy()}, but identities length is ${principals.length}`,
    );
  }
  return (identities, used) => {
    const index = identities.findIndex((identity, at) => !used[at] && identity.satisfies(principal));
    if (index < 0) return false;
    used[index] = true;
    return true;
  };
};

/** Organisation whose peer satisfies the principal; undefined when no peer can. */
const peerOrganization = (principal: MSPPrincipal): string | undefined => {
  if (principal.getPrincipalClassification() !== MSPPrincipal.Classification.ROLE) return undefined;
  const role = MSPRole.deserializeBinary(principal.getPrincipal_asU8());
  const { MEMBER, PEER } = MSPRole.MSPRoleType;
  return role.getRole() === MEMBER || role.getRole() === PEER ? role.getMspIdentifier() : undefined;
};

const setsOf = (rule: SignaturePolicy, organizations: readonly (string | undefined)[]): OrganizationSet[] => {
  const gate = rule.getNOutOf();
  if (gate) {
    return outOfSets(
      gate.getN(),
      gate.getRulesList().map((inner) => setsOf(inner, organizations)),
      false,
    );
  }
  const organization = organizations[rule.getSignedBy()];
  return organization === undefined ? [] : [[organization]];
};

export class SignaturePolicyEvaluator implements Policy {
  private readonly evaluate: Evaluator;
  private readonly envelope: SignaturePolicyEnvelope;
  private sets: string[][] | undefined;

  /** @param bytes marshalled `common.SignaturePolicyEnvelope`. @throws Error with Fabric's text. */
  constructor(
    bytes: Buffer,
    private readonly deserialize: DeserializeIdentity,
  ) {
    try {
      this.envelope = SignaturePolicyEnvelope.deserializeBinary(bytes);
    } catch (error) {
      throw new Error(`Error unmarshalling to SignaturePolicy: ${(error as Error).message}`, {
        cause: error,
      });
    }
    if (this.envelope.getVersion() !== 0) {
      throw new Error(
        `This evaluator only understands messages of version 0, but version was ${this.envelope.getVersion()}`,
      );
    }
    this.evaluate = compile(
      this.envelope.getRule(),
      this.envelope.getIdentitiesList().map((principal) => Buffer.from(principal.serializeBinary())),
    );
  }

  refusal(signatures: readonly SignedData[]): string | undefined {
    return this.refusalOfIdentities(validIdentities(signatures, this.deserialize));
  }

  refusalOfIdentities(identities: readonly Identity[]): string | undefined {
    const satisfied = this.evaluate(
      identities,
      identities.map(() => false),
    );
    return satisfied ? undefined : 'signature set did not satisfy policy';
  }

  organizationSets(): string[][] {
    const rule = this.envelope.getRule();
    this.sets ??= rule ? minimal(setsOf(rule, this.envelope.getIdentitiesList().map(peerOrganization))) : [];
    return this.sets.map((set) => [...set]);
  }
}
