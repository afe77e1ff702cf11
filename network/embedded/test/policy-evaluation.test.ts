import fc from 'fast-check';
import {
  ImplicitMetaPolicy,
  SignaturePolicyEnvelope,
} from '@hyperledger/fabric-protos/lib/common/policies_pb';
import { MSPPrincipal, MSPRole } from '@hyperledger/fabric-protos/lib/msp/msp_principal_pb';
import { channelConfigFromBlock } from '../src/config/channel-config';
import { prepareOrganizations, type PreparedNetwork } from '../src/config/organizations';
import { minimal } from '../src/policy/organization-sets';
import { parsePolicy } from '../src/policy/policy-language';
import type { ChannelConfig, SignedData } from '../src/types';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const names = ['A', 'B', 'C', 'D'];

describe('policies', () => {
  const directory = mkdtempSync(join(tmpdir(), 'policy-'));
  let network: PreparedNetwork;
  let config: ChannelConfig;
  const data = Buffer.from('endorsed bytes');
  const signedBy = (name: string): SignedData => {
    const { peer } = network.organizations[names.indexOf(name)]!;
    return { data, identity: peer.serialized, signature: peer.sign(data) };
  };
  const accepts = (policy: string, ...signers: string[]): boolean =>
    config.signaturePolicy(parsePolicy(policy)).refusal(signers.map(signedBy)) === undefined;

  beforeAll(async () => {
    const organizations = names.map((name) => ({
      mspId: name,
      name,
      domain: `${name.toLowerCase()}.example`,
    }));
    network = await prepareOrganizations(directory, organizations, { channelId: 'policies' });
    config = channelConfigFromBlock(network.genesisBlock);
  });
  afterAll(async () => {
    await Promise.all(network.organizations.map(({ ca }) => ca.close()));
    rmSync(directory, { recursive: true });
  });

  it('numbers principals as Fabric does: inner gates first, none merged', () => {
    const envelope = SignaturePolicyEnvelope.deserializeBinary(
      parsePolicy("AND('A.member', OR('B.peer', 'A.member'), OutOf(1, \"C.admin\"))"),
    );
    const principals = envelope.getIdentitiesList().map((principal: MSPPrincipal) => {
      const role = MSPRole.deserializeBinary(principal.getPrincipal_asU8());
      return `${role.getMspIdentifier()}.${role.getRole()}`;
    });
    expect(principals).toEqual(['B.3', 'A.0', 'C.1', 'A.0']);
    const rules = envelope.getRule()!.getNOutOf()!;
    expect(rules.getN()).toBe(3);
    expect(rules.getRulesList()[0]!.getSignedBy()).toBe(3);
  });

  it('has the bytes of the recorded network for OR of two members', () => {
    expect(parsePolicy("OR('Hosp1MSP.member','Hosp2MSP.member')").toString('hex')).toBe(
      '120c120a080112020800120208011a0c120a0a08486f7370314d53501a0c120a0a08486f7370324d5350',
    );
  });

  it.each([
    ["OR('A.member'", 'invalid policy string'],
    ["XOR('A.member')", "unrecognized token 'XOR'"],
    ["OR('A.boss')", 'error parsing principal A.boss'],
    ["'A.member'", 'invalid policy string'],
    ["OutOf(4,'A.member','B.member')", 'invalid t-out-of-n predicate, t 4, n 2'],
    ['OutOf(1)', 'expected at least two arguments'],
    ['', 'invalid policy string'],
    ["OR('A.member') trailing", 'invalid policy string'],
    ["OR('A.member' ? )", 'unrecognized token at character'],
  ])('refuses %s', (policy, text) => {
    expect(() => parsePolicy(policy)).toThrow(text);
  });

  it('evaluates gates, in any case of letters', () => {
    expect(accepts("OR('A.peer','B.peer')", 'B')).toBe(true);
    expect(accepts("and('A.peer','B.peer')", 'B')).toBe(false);
    expect(accepts("AND('A.peer','B.peer')", 'B', 'A')).toBe(true);
    expect(accepts("OutOf(2,'A.peer','B.peer','C.peer')", 'C', 'A')).toBe(true);
    expect(accepts("OR('A.client')", 'A')).toBe(false);
    expect(accepts("OutOf(2,'A.peer','A.peer')", 'A', 'A')).toBe(false);
    expect(accepts("OutOf(3,'A.peer','B.peer')", 'A', 'B')).toBe(false);
  });

  it('lets an early gate use up identities, as Fabric does', () => {
    expect(accepts("AND(OR('A.peer','B.peer'),'A.peer')", 'A', 'B')).toBe(false);
    expect(accepts("AND('A.peer',OR('A.peer','B.peer'))", 'A', 'B')).toBe(true);
  });

  it('counts neither bad signatures nor unreadable identities', () => {
    const policy = config.signaturePolicy(parsePolicy("OR('A.peer')"));
    const good = signedBy('A');
    expect(policy.refusal([{ ...good, data: Buffer.from('other') }])).toBe(
      'signature set did not satisfy policy',
    );
    expect(policy.refusal([{ ...good, identity: Buffer.from('junk') }, good])).toBeUndefined();
  });

  it('gives for every policy exactly the sets of organisations that satisfy it', () => {
    interface Gate {
      n: number;
      rules: (string | Gate)[];
    }
    // Each organisation stands once, where greedy evaluation and sets agree.
    const gates = fc
      .shuffledSubarray(names, { minLength: 1 })
      .chain((chosen) =>
        fc.tuple(
          fc.constant(chosen),
          fc.integer({ min: 0, max: chosen.length }),
          fc.integer({ min: 1, max: 3 }),
          fc.integer({ min: 1, max: 3 }),
        ),
      )
      .map(([chosen, split, outer, inner]): Gate => {
        const nested = chosen.slice(split);
        const rules: (string | Gate)[] = chosen.slice(0, split);
        if (nested.length > 0) rules.push({ n: Math.min(inner, nested.length), rules: nested });
        return { n: Math.min(outer, rules.length), rules };
      });
    const text = ({ n, rules }: Gate): string =>
      `OutOf(${n},${rules.map((rule) => (typeof rule === 'string' ? `'${rule}.peer'` : text(rule))).join(',')})`;
    const subsets = Array.from({ length: 16 }, (_, bits) =>
      names.filter((_name, index) => bits & (1 << index)),
    );
    fc.assert(
      fc.property(gates, (gate) => {
        const policy = config.signaturePolicy(parsePolicy(text(gate)));
        const identities = new Map(
          names.map((name) => [
            name,
            config.deserializeIdentity(network.organizations[names.indexOf(name)]!.peer.serialized),
          ]),
        );
        const satisfying = subsets.filter(
          (subset) => policy.refusalOfIdentities(subset.map((name) => identities.get(name)!)) === undefined,
        );
        expect(policy.organizationSets()).toEqual(minimal(satisfying));
      }),
    );
  });

  it('needs a majority of the organisations for endorsement', () => {
    const policy = config.policy('/Channel/Application/Endorsement');
    expect(policy.organizationSets()).toHaveLength(4);
    expect(policy.refusal(['A', 'B'].map(signedBy))).toBe(
      "implicit policy evaluation failed - 2 sub-policies were satisfied, but this policy requires 3 of the 'Endorsement' sub-policies to be satisfied",
    );
    expect(policy.refusal(['A', 'B', 'D'].map(signedBy))).toBeUndefined();
    expect(ImplicitMetaPolicy.Rule.MAJORITY).toBe(2);
  });
});
