import { erase, fromHex, type SignerIdentity, toBase64 } from '@medseal/crypto';
import type { Context } from 'fabric-contract-api';
import { ContractError } from '../../errors.js';
import { agentSecretKey } from '../../ledger/agent-key.js';
import { countExtraction, countRefusal } from '../../ledger/agent-log.js';
import { extractShare } from '../../ledger/audit-checks.js';
import {
  authorizeAct,
  authorizeFreshQuery,
  authorizeQuery,
  EVERYONE,
  type Query,
} from '../../ledger/authorization.js';
import { requireNextEpoch } from '../../ledger/epochs.js';
import { privateKeys, worldKeys } from '../../ledger/keys.js';
import { PeerPrivateValues } from '../../ledger/private-values.js';
import type { WorldReader } from '../../ledger/store.js';
import { subjectKeyDigest } from '../../ledger/subject-key.js';
import type { ExtractedShare, IdentityKeyEntry } from '../../model/integrity-entries.js';
import { parseInteger, subject as subjectArgument, version } from '../../model/validation.js';
import { requireParameters } from './parameters.js';

/**
 * By a doctor, for themselves: the first key epoch, or the next one, which ends the one before. Pins the key of the
 * certificate, so that another certificate in the same name extracts nothing.
 */
export const enrollIdentityKey = async (ctx: Context, keyEpoch: string): Promise<IdentityKeyEntry> => {
  const { world, caller } = await authorizeAct(ctx, { roles: ['doctor'], organization: 'hospital' });
  const epoch = parseInteger(keyEpoch, version, 'keyEpoch');
  const parameters = await world.require(
    worldKeys.auditParameters(),
    'AUDIT_PARAMETERS_MISSING',
    'the ministry has put no audit parameters yet',
  );
  const key = worldKeys.identityKey(caller.subject);
  requireNextEpoch((await world.get(key))?.keyEpoch, epoch);
  return world.put(key, {
    subject: caller.subject,
    mspId: caller.mspId,
    keyEpoch: epoch,
    parametersVersion: parameters.version,
    status: 'active',
    subjectKey: subjectKeyDigest(caller.certificate),
  });
};

/** By an administrator of the same organisation, or of the ministry: no tag of that key is registered any more. */
export const revokeIdentityKey = async (ctx: Context, subject: string): Promise<IdentityKeyEntry> => {
  const { world, caller } = await authorizeAct(ctx, { roles: ['hospital-admin', 'system-manager'] });
  const entry = await world.require(
    worldKeys.identityKey(subjectArgument(subject, 'subject')),
    'IDENTITY_KEY_MISSING',
    'no identity key is enrolled for this subject',
  );
  if (caller.role !== 'system-manager' && entry.mspId !== caller.mspId) {
    throw new ContractError('NOT_ALLOWED', 'a hospital revokes the identity keys of its own staff only');
  }
  return world.put(worldKeys.identityKey(entry.subject), { ...entry, status: 'revoked' });
};

export const getIdentityKey = async (ctx: Context, subject: string): Promise<IdentityKeyEntry | null> => {
  const { world } = await authorizeQuery(ctx, { roles: EVERYONE });
  return (await world.get(worldKeys.identityKey(subjectArgument(subject, 'subject')))) ?? null;
};

/**
 * An extractor's part in a doctor's identity key, evaluated at each: every check is from this extractor's own ledger, in
 * the order of `docs/flows.md`, and only then is its share of the master key opened. Nothing is stored; a refusal is a
 * line in the log.
 */
export const extract = async (ctx: Context, keyEpoch: string): Promise<ExtractedShare> => {
  try {
    const share = await answer(ctx, keyEpoch);
    countExtraction();
    return share;
  } catch (error) {
    countRefusal(ctx, error, 'integrity:extract');
    throw error;
  }
};

const answer = async (ctx: Context, epoch: string): Promise<ExtractedShare> => {
  const query = await authorizeFreshQuery(ctx, { roles: ['doctor'], organization: 'hospital' });
  const { world, caller, channel } = query;
  const { mspId, subject: userId } = caller;
  const enrolled = await requireOwnKey(query, parseInteger(epoch, version, 'keyEpoch'));
  const receiving = await world.get(worldKeys.receivingKey(userId));
  if (receiving?.mspId !== mspId) {
    throw new ContractError('KEY_NOT_REGISTERED', 'the caller has no receiving key: register one');
  }
  const { keyEpoch, parametersVersion } = enrolled;
  const { parameters, shares } = await requireParameters(world, parametersVersion);
  const at = new PeerPrivateValues(ctx.stub);
  if (!shares.some((share) => share.mspId === at.mspId)) {
    throw new ContractError('NOT_AN_EXTRACTOR', `${at.mspId} extracts no keys under these parameters`);
  }
  const sealedShare = await at.read(privateKeys.masterShare(parametersVersion));
  if (sealedShare === undefined) {
    throw new ContractError('SHARE_MISSING', `${at.mspId} has no share of the master key yet`);
  }
  const agentKey = agentSecretKey();
  try {
    const sealed = await extractShare({
      parameters,
      mspId: at.mspId,
      agentKey,
      sealedShare,
      identity: { channel, mspId, userId, keyEpoch },
      receivingKey: fromHex(receiving.publicKey),
    });
    return { mspId: at.mspId, keyEpoch, parametersVersion, sealed: toBase64(sealed) };
  } finally {
    erase(agentKey);
  }
};

/** The caller's identity key of that epoch, which the key of the caller's certificate enrolled. */
const requireOwnKey = async (
  { world, caller }: Pick<Query, 'world' | 'caller'>,
  keyEpoch: number,
): Promise<IdentityKeyEntry> => {
  const enrolled = await requireIdentityKey(world, caller);
  if (enrolled.keyEpoch !== keyEpoch) {
    throw new ContractError('VERSION_CONFLICT', `the key epoch is ${enrolled.keyEpoch}: read the key again`);
  }
  if (enrolled.subjectKey !== subjectKeyDigest(caller.certificate)) {
    throw new ContractError(
      'IDENTITY_KEY_DIFFERS',
      'the certificate is not for the key that enrolled this identity key: enrol the next epoch',
    );
  }
  return enrolled;
};

/** The active identity key of a doctor of that organisation. */
export const requireIdentityKey = async (
  world: WorldReader,
  { mspId, subject }: { mspId: string; subject: string },
): Promise<IdentityKeyEntry> => {
  const entry = await world.get(worldKeys.identityKey(subject));
  if (entry?.mspId !== mspId) {
    throw new ContractError('IDENTITY_KEY_MISSING', 'no identity key is enrolled: enrol one');
  }
  if (entry.status !== 'active') {
    throw new ContractError('IDENTITY_KEY_REVOKED', 'the identity key is revoked: enrol the next epoch');
  }
  return entry;
};

/** Who signs, as tags name it. */
export const signerOf = (
  channel: string,
  { hospital, author }: { hospital: string; author: string },
  keyEpoch: number,
): SignerIdentity => ({ channel, mspId: hospital, userId: author, keyEpoch });
