import { erase, exactly, lp, randomBytes, u32, utf8 } from '../canonical/bytes.js';
import { sha256Hex } from '../canonical/commitment.js';
import { CryptoError } from '../errors.js';
import { Hr } from '../functions.js';
import type { ScopeKeyPair } from '../keys/scope.js';
import { decodeNonZeroScalar, invertScalar } from '../scalar.js';
import type { PairingEngine } from '../sealing/engine/index.js';
import { checkGrant, type Grant, type GrantAgent, problemOfAgents } from './grant.js';
import { checkReaderKey, type ReaderKey } from './reader-key.js';
import { evaluatePolynomial } from './shamir.js';
import { sealShare } from './share.js';

const FRESH_BYTES = 32;

/** An agent as the ledger certifies it. */
export interface AgentKey {
  mspId: string;
  /** X25519, 32 bytes. */
  publicKey: Uint8Array;
}

export interface MakeGrantInput {
  /** Never used before. */
  grantId: string;
  channel: string;
  /** ledgerId of the patient. */
  owner: string;
  scopeKey: ScopeKeyPair;
  /** As registered on the ledger; its proof is checked here once more. */
  reader: ReaderKey;
  /** In the order of their indices; none of the reader's organisation. */
  agents: AgentKey[];
  /** How many of them open, at least 2. */
  threshold: number;
  /** 32 fresh random bytes; given only to reproduce a recorded vector. */
  random?: Uint8Array;
}

export interface SealedShare {
  mspId: string;
  /** For that agent alone, 144 bytes. */
  sealed: Uint8Array;
}

export interface MadeGrant {
  grant: Grant;
  sealedShares: SealedShare[];
}

/**
 * Made on the owner's device (cryptography.md C.4, T3): a fresh polynomial f of degree t - 1 with f(0) = 1/a, shares
 * rk_i = [f(i)]pkB2 sealed to each agent, checks V_i = [f(i)]pk1.
 *
 * @throws CryptoError `BAD_KEY_PROOF` for a reader's key without its proof, `BAD_ARGUMENT`
 */
export const makeGrant = async (engine: PairingEngine, input: MakeGrantInput): Promise<MadeGrant> => {
  const { scopeKey, reader } = input;
  const problem = problemOfAgents(input);
  if (problem !== undefined) throw new CryptoError('BAD_ARGUMENT', problem.join(' '));
  if (!checkReaderKey(engine, reader)) {
    throw new CryptoError(
      'BAD_KEY_PROOF',
      'the reader’s key has no proof of possession for this organisation and certificate',
    );
  }
  const polynomial = freshPolynomial(input);
  const ownerKey = engine.decodeG1(scopeKey.publicKey, 'scopeKey.publicKey');
  const readerKey = engine.decodeG2(reader.publicKey, 'reader.publicKey');
  const agents: GrantAgent[] = [];
  const sealedShares: SealedShare[] = [];
  for (const [i, { mspId, publicKey }] of input.agents.entries()) {
    const value = evaluatePolynomial(polynomial, i + 1);
    const share = engine.encodeG2(engine.multiplyG2(readerKey, value));
    const sealed = await sealShare(
      publicKey,
      share,
      { grantId: input.grantId, scopeId: scopeKey.scopeId, epoch: scopeKey.epoch },
      i + 1,
    );
    erase(share);
    const check = engine.encodeG1(engine.multiplyG1(ownerKey, value));
    agents.push({ mspId, publicKey, check, shareDigest: sha256Hex(sealed) });
    sealedShares.push({ mspId, sealed });
  }
  const { grantId, channel, owner, threshold } = input;
  const { mspId, certificateHash, publicKey } = reader;
  const grant: Grant = {
    grantId,
    channel,
    owner,
    scopeId: scopeKey.scopeId,
    epoch: scopeKey.epoch,
    ownerPublicKey: scopeKey.publicKey,
    reader: { mspId, certificateHash, publicKey },
    threshold,
    agents,
  };
  checkGrant(engine, grant);
  return { grant, sealedShares };
};

/** Coefficients from fresh randomness hedged with the scope's secret key, so that a weak generator alone gives nothing away. */
const freshPolynomial = ({
  grantId,
  scopeKey,
  reader,
  agents,
  threshold,
  random,
}: MakeGrantInput): bigint[] => {
  const fresh = exactly(random ?? randomBytes(FRESH_BYTES), FRESH_BYTES, 'random');
  const coefficients = Array.from({ length: threshold - 1 }, (_, j) =>
    Hr('MS-GRANT-F', [
      fresh,
      scopeKey.secretKey,
      utf8(grantId),
      scopeKey.publicKey,
      reader.publicKey,
      u32(threshold, 'threshold'),
      ...agents.map(({ mspId, publicKey }) => Uint8Array.of(...lp(mspId), ...lp(publicKey))),
      u32(j + 1),
    ]),
  );
  erase(fresh);
  return [invertScalar(decodeNonZeroScalar(scopeKey.secretKey, 'scopeKey.secretKey')), ...coefficients];
};
