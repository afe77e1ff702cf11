import {
  SignaturePolicy,
  SignaturePolicyEnvelope,
} from '@hyperledger/fabric-protos/lib/common/policies_pb.js';
import { MSPPrincipal, MSPRole } from '@hyperledger/fabric-protos/lib/msp/msp_principal_pb.js';

/** Number of a `msp.MSPRole.MSPRoleType`. */
export type RoleType = MSPRole.MSPRoleTypeMap[keyof MSPRole.MSPRoleTypeMap];

const roles: Readonly<Record<string, RoleType>> = {
  member: MSPRole.MSPRoleType.MEMBER,
  admin: MSPRole.MSPRoleType.ADMIN,
  client: MSPRole.MSPRoleType.CLIENT,
  peer: MSPRole.MSPRoleType.PEER,
  orderer: MSPRole.MSPRoleType.ORDERER,
};

const gates: Readonly<Record<string, 'and' | 'or' | 'outof'>> = {
  AND: 'and',
  And: 'and',
  and: 'and',
  OR: 'or',
  Or: 'or',
  or: 'or',
  OutOf: 'outof',
  OUTOF: 'outof',
  outof: 'outof',
};

interface Gate {
  readonly threshold: number;
  /** A principal (`MSP.role`) or a gate. */
  readonly rules: readonly (string | Gate)[];
}

type Token = { kind: 'word' | 'string' | 'number' | 'mark'; text: string };

const tokenize = (policy: string): Token[] => {
  const tokens: Token[] = [];
  const pattern = /\s*(?:'([^'\\]*)'|"([^"\\]*)"|(\d+)|([A-Za-z_][A-Za-z0-9_]*)|([(),]))/y;
  let offset = 0;
  while (policy.slice(offset).trim() !== '') {
    pattern.lastIndex = offset;
    const match = pattern.exec(policy);
    if (!match) throw new Error(`unrecognized token at character ${offset + 1} in policy string '${policy}'`);
    const [, single, double, number, word, mark] = match;
    const text = single ?? double;
    if (text !== undefined) tokens.push({ kind: 'string', text });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else tokens.push({ kind: 'mark', text: mark ?? '' });
    offset = pattern.lastIndex;
  }
  return tokens;
};

const parseGates = (policy: string): Gate => {
  const tokens = tokenize(policy);
  let position = 0;
  const fail = (): never => {
    throw new Error(`invalid policy string '${policy}'`);
  };
  const accept = (text: string): boolean => {
    const token = tokens[position];
    if (token?.kind !== 'mark' || token.text !== text) return false;
    position++;
    return true;
  };
  const parseGate = (): Gate => {
    const name = tokens[position++];
    const gate = name?.kind === 'word' ? gates[name.text] : undefined;
    if (name?.kind === 'word' && !gate) throw new Error(`unrecognized token '${name.text}' in policy string`);
    if (!gate || !accept('(')) return fail();
    let threshold: number | undefined;
    if (gate === 'outof') {
      const count = tokens[position++];
      if (!count || !/^\d+$/.test(count.text)) return fail();
      threshold = Number(count.text);
      if (!accept(',')) throw new Error('expected at least two arguments to NOutOf. Given 1');
    }
    const rules: (string | Gate)[] = [];
    do {
      const token = tokens[position];
      if (token?.kind === 'string') {
        rules.push(token.text);
        position++;
      } else rules.push(parseGate());
    } while (accept(','));
    if (!accept(')')) return fail();
    threshold ??= gate === 'and' ? rules.length : 1;
    if (threshold > rules.length + 1) {
      throw new Error(`invalid t-out-of-n predicate, t ${threshold}, n ${rules.length}`);
    }
    return { threshold, rules };
  };
  const gate = parseGate();
  return position === tokens.length ? gate : fail();
};

/** `common.SignaturePolicy` that signer number `index` satisfies. */
export const signedBy = (index: number): SignaturePolicy => {
  const policy = new SignaturePolicy();
  policy.setSignedBy(index);
  return policy;
};

export const outOf = (threshold: number, rules: SignaturePolicy[]): SignaturePolicy => {
  const gate = new SignaturePolicy.NOutOf();
  gate.setN(threshold);
  gate.setRulesList(rules);
  const policy = new SignaturePolicy();
  policy.setNOutOf(gate);
  return policy;
};

export const rolePrincipal = (mspId: string, role: RoleType): MSPPrincipal => {
  const mspRole = new MSPRole();
  mspRole.setMspIdentifier(mspId);
  mspRole.setRole(role);
  const principal = new MSPPrincipal();
  principal.setPrincipalClassification(MSPPrincipal.Classification.ROLE);
  principal.setPrincipal(mspRole.serializeBinary());
  return principal;
};

/** Envelope of a policy that any one of `roles` of `mspId` satisfies. */
export const anyRoleOf = (mspId: string, ...permitted: RoleType[]): SignaturePolicyEnvelope => {
  const envelope = new SignaturePolicyEnvelope();
  envelope.setIdentitiesList(permitted.map((role) => rolePrincipal(mspId, role)));
  envelope.setRule(
    outOf(
      1,
      permitted.map((_, index) => signedBy(index)),
    ),
  );
  return envelope;
};

/**
 * Fabric's policy language (`OR('A.member', AND('B.peer', 'C.peer'))`, `OutOf(2, …)`) to a marshalled
 * `common.SignaturePolicyEnvelope`, byte for byte what Fabric's policydsl makes: principals are numbered inner
 * gates first and never merged. @throws Error naming what is not understood.
 */
export const parsePolicy = (policy: string): Buffer => {
  const principals: MSPPrincipal[] = [];
  const compile = (gate: Gate): SignaturePolicy => {
    const inner = gate.rules.map((rule) => (typeof rule === 'string' ? rule : compile(rule)));
    return outOf(
      gate.threshold,
      inner.map((rule) => {
        if (typeof rule !== 'string') return rule;
        const match = /^([A-Za-z0-9.-]+)\.(admin|member|client|peer|orderer)$/.exec(rule);
        const role = roles[match?.[2] ?? ''];
        if (!match?.[1] || role === undefined) throw new Error(`error parsing principal ${rule}`);
        principals.push(rolePrincipal(match[1], role));
        return signedBy(principals.length - 1);
      }),
    );
  };
  const rule = compile(parseGates(policy));
  const envelope = new SignaturePolicyEnvelope();
  envelope.setRule(rule);
  envelope.setIdentitiesList(principals);
  return Buffer.from(envelope.serializeBinary());
};
