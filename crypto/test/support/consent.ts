import {
  type AgentAnswer,
  type CapsuleOnLedger,
  encapsulate,
  type Encapsulation,
  type Grant,
  type KeyPair,
  makeGrant,
  type MakeGrantInput,
  newReaderKeyPair,
  newReceivingKeyPair,
  newScopeId,
  newSeed,
  nobleEngine,
  type PairingEngine,
  proveReaderKey,
  type ReaderKey,
  reencrypt,
  type ScopeKeyPair,
  scopeKeyPair,
  type SealedShare,
  type SealingContext,
  sealingContext,
  sha256Hex,
} from '../../src/index.js';

export const OWNER = 'l-1';
export const CHANNEL = 'health';
const noble = nobleEngine();

export interface Agent extends KeyPair {
  mspId: string;
}

export interface Reader extends KeyPair {
  key: ReaderKey;
}

/** One owner, one reader, agents with their sealed shares: what a grant is about. */
export interface Consent {
  seed: Uint8Array;
  scopeKey: ScopeKeyPair;
  reader: Reader;
  agents: Agent[];
  grant: Grant;
  sealedShares: SealedShare[];
}

export const newReader = (name = 'doctor', mspId = 'CityMSP'): Reader => {
  const pair = newReaderKeyPair(noble);
  return { ...pair, key: proveReaderKey(noble, pair.secretKey, { mspId, certificateHash: sha256Hex(name) }) };
};

export const newAgents = (count: number): Agent[] =>
  Array.from({ length: count }, (_, i) => ({ mspId: `Agent${i + 1}MSP`, ...newReceivingKeyPair() }));

export const newConsent = async (
  engine: PairingEngine,
  { threshold = 2, agents = newAgents(3), reader = newReader(), ...rest }: Partial<Given> = {},
): Promise<Consent> => {
  const seed = rest.seed ?? newSeed();
  const scopeKey = rest.scopeKey ?? scopeKeyPair(noble, seed, newScopeId(), 1);
  const { grant, sealedShares } = await makeGrant(engine, {
    grantId: 'g-1',
    channel: CHANNEL,
    owner: OWNER,
    scopeKey,
    reader: reader.key,
    agents,
    threshold,
    ...rest.change,
  });
  return { seed, scopeKey, reader, agents, grant, sealedShares };
};

interface Given {
  threshold: number;
  agents: Agent[];
  reader: Reader;
  seed: Uint8Array;
  scopeKey: ScopeKeyPair;
  change: Partial<MakeGrantInput>;
}

export const contextOf = (
  { scopeId, epoch }: Pick<ScopeKeyPair, 'scopeId' | 'epoch'>,
  change: Partial<SealingContext> = {},
): SealingContext => ({
  channel: CHANNEL,
  recordId: 'r-1',
  version: 1,
  owner: OWNER,
  scopeId,
  epoch,
  sealedDigest: sha256Hex('content'),
  ...change,
});

/** A record's key for a scope, registered on the ledger. */
export const newCapsule = (
  engine: PairingEngine,
  scopeKey: ScopeKeyPair,
  change: Partial<SealingContext> = {},
): CapsuleOnLedger & Encapsulation => {
  const context = contextOf(scopeKey, change);
  const made = encapsulate(engine, {
    ownerPublicKey: scopeKey.publicKey,
    context: sealingContext(context),
  });
  return { ...made, context };
};

/** The answers of agents with these indices, as their own processes would give them. */
export const answersOf = async (
  engine: PairingEngine,
  { grant, agents, sealedShares }: Consent,
  { capsule, context }: CapsuleOnLedger,
  indices: number[],
  withProof = false,
): Promise<AgentAnswer[]> =>
  Promise.all(
    indices.map(async (index) => {
      const agent = agents[index - 1];
      const sealedShare = sealedShares[index - 1]?.sealed;
      if (agent === undefined || sealedShare === undefined) throw new Error(`no agent ${index}`);
      const { mspId, secretKey: agentSecretKey } = agent;
      const input = { grant, mspId, agentSecretKey, sealedShare, capsule, context, withProof };
      return { mspId, answer: await reencrypt(engine, input) };
    }),
  );
