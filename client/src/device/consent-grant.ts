import {
  canonicalJson,
  commit,
  concat,
  encodeHpke,
  fromBase64,
  fromHex,
  hpkeSeal,
  lp,
  type MadeGrant,
  makeGrant,
  newSalt,
  type PairingEngine,
  randomBytes,
  type ScopeKeyPair,
  toBase64,
  toHex,
  utf8,
} from '@medseal/crypto';
import type { ConsentFields, GrantBody, GranteeKey, GranteeReference, TermsOfConsent } from '../api.js';
import { DeviceRefusal, type IntendedAct } from './signed-act.js';

/** What the owner decided: a request as it was made or narrowed, or a consent of their own accord. */
export interface ConsentWish {
  /** The request that this answers, if any. */
  requestId?: string;
  grantee: GranteeReference & { mspId: string };
  scopes: ('general' | 'sensitive')[];
  /** Null in an emergency grant, and in no other: it covers its scopes altogether. */
  terms: TermsOfConsent | null;
  expiresAt: string;
}

/** A key that the device has accepted as its organisation's, hex. */
export interface AcceptedKey {
  mspId: string;
  publicKey: string;
}

export interface GrantInput {
  channel: string;
  ledgerId: string;
  wish: ConsentWish;
  /** One a scope of the wish. */
  scopeKeys: ScopeKeyPair[];
  /** As it is registered on the ledger; its proof of possession is checked. */
  reader: GranteeKey;
  agents: AcceptedKey[];
  threshold: number;
  /** Seals the owner's own copy of the wish, once its consentId and the terms' salt are drawn. */
  ownCopy: (consentId: string, salt: Uint8Array) => Promise<string>;
  /** Hand-over keys of the organisations that must know the terms. */
  receivers: AcceptedKey[];
}

/** Stands for the commitment where there are no terms. */
const NO_TERMS = '0'.repeat(64);

const newId = (): string => toHex(randomBytes(16));
const byMspId = (left: AcceptedKey, right: AcceptedKey): number => (left.mspId < right.mspId ? -1 : 1);

/** HPKE info of what is handed over to an organisation. */
const deliveryInfo = (receiver: string, deliveryId: string): Uint8Array =>
  concat(lp('MS-DELIVERY'), lp(receiver), lp(deliveryId));

/**
 * Makes a consent on the owner's device: one grant a scope, all of one consentId, a sealed share for each agent, and the
 * terms, which the ledger only commits to, sealed to each organisation that must know them. Nothing secret leaves.
 *
 * @throws CryptoError `BAD_KEY_PROOF` for a reader's key without proof; DeviceRefusal for a key of somebody else or too
 *   few agents
 */
export async function makeConsent(engine: PairingEngine, input: GrantInput): Promise<GrantBody> {
  const { channel, ledgerId, wish, reader, threshold } = input;
  const { kind, id, mspId } = wish.grantee;
  if (reader.kind !== kind || reader.id !== id || reader.mspId !== mspId) {
    throw new DeviceRefusal('the key is not that of the grantee that was chosen');
  }
  if ((kind === 'emergency') !== (wish.terms === null))
    throw new DeviceRefusal('an emergency grant has no terms, and every other consent has');
  const agents = input.agents.filter((agent) => agent.mspId !== mspId).sort(byMspId);
  if (agents.length < threshold) {
    throw new DeviceRefusal(
      `${threshold} agents are needed besides ${mspId}, but there are ${agents.length}`,
    );
  }
  const consentId = newId();
  const made: MadeGrant[] = [];
  for (const scopeKey of input.scopeKeys) {
    made.push(
      await makeGrant(engine, {
        grantId: consentId,
        channel,
        owner: ledgerId,
        scopeKey,
        reader: {
          mspId,
          certificateHash: reader.certificateHash,
          publicKey: fromHex(reader.publicKey),
          proof: fromHex(reader.proof),
        },
        agents: agents.map((agent) => ({ mspId: agent.mspId, publicKey: fromHex(agent.publicKey) })),
        threshold,
      }),
    );
  }
  const salt = newSalt();
  const termsId = newId();
  const { certificateHash, publicKey, epoch } = reader;
  const fields: ConsentFields = {
    consentId,
    requestId: wish.requestId ?? null,
    grantee: { kind, id, mspId, publicKey, certificateHash, epoch },
    scopes: made.map(({ grant }) => ({
      scopeId: grant.scopeId,
      epoch: grant.epoch,
      publicKey: toHex(grant.ownerPublicKey),
      points: grant.agents.map(({ check }) => toHex(check)),
      shareDigests: grant.agents.map(({ shareDigest }) => shareDigest),
    })),
    agents: agents.map((agent) => ({ mspId: agent.mspId, publicKey: agent.publicKey })),
    threshold,
    expiresAt: wish.expiresAt,
    termsCommitment: wish.terms === null ? NO_TERMS : commit(wish.terms, salt),
    ...(wish.terms === null ? {} : { termsId }),
  };
  const sealedShares = agents.map((agent, at) => ({
    mspId: agent.mspId,
    bytes: toBase64(
      utf8(
        canonicalJson({
          scopes: made.map(({ grant, sealedShares: shares }) => ({
            scopeId: grant.scopeId,
            epoch: grant.epoch,
            sealedShare: toBase64(shares[at]!.sealed),
          })),
        }),
      ),
    ),
  }));
  const ownTerms = await input.ownCopy(consentId, salt);
  if (wish.terms === null) return { fields, sealedShares, sealedOpenings: [], ownTerms };
  const delivery = utf8(
    canonicalJson({ kind: 'terms', consentId, terms: { ...wish.terms, salt: toHex(salt) } }),
  );
  const sealedOpenings: GrantBody['sealedOpenings'] = [];
  for (const receiver of [...input.receivers].sort(byMspId)) {
    const deliveryId = receiver.mspId === mspId ? termsId : newId();
    const info = deliveryInfo(receiver.mspId, deliveryId);
    const sealed = encodeHpke(await hpkeSeal(fromHex(receiver.publicKey), delivery, info));
    sealedOpenings.push({ mspId: receiver.mspId, deliveryId, bytes: toBase64(sealed) });
  }
  return { fields, sealedShares, sealedOpenings, ownTerms };
}

export interface Signer {
  channel: string;
  mspId: string;
}

/** Every transaction of a grant as this device made it: the consent, each agent's share, each organisation's terms. */
export function actsOfGrant(body: GrantBody, { channel, mspId }: Signer): IntendedAct[] {
  const { consentId } = body.fields;
  const act = (
    functionName: string,
    checkArguments: (args: string[]) => boolean,
    transient: IntendedAct['transient'] = {},
  ): IntendedAct => ({
    channel,
    mspId,
    functionName,
    transient,
    checkArguments: (args) => {
      if (!checkArguments(args)) throw new DeviceRefusal(`${functionName} has other arguments than decided`);
    },
  });
  return [
    // The business id is the gateway's and means nothing to the owner.
    act(
      'consent:grant',
      ([businessId, json, ...others]) =>
        others.length === 0 && /^[0-9a-f]{64}$/.test(businessId ?? '') && json === canonicalJson(body.fields),
    ),
    ...body.sealedShares.map(({ bytes }) =>
      act('consent:depositShare', (args) => args.length === 1 && args[0] === consentId, {
        share: fromBase64(bytes, 'sealedShares.bytes'),
      }),
    ),
    ...body.sealedOpenings.map(({ deliveryId, bytes }) =>
      act('consent:deliver', (args) => args.length === 1 && args[0] === deliveryId, {
        delivery: fromBase64(bytes, 'sealedOpenings.bytes'),
      }),
    ),
  ];
}

/** An act whose only argument is the id that it is about. */
export const actOnOne = (
  functionName: 'consent:deny' | 'consent:revoke' | 'registry:requestErasure',
  id: string,
  { channel, mspId }: Signer,
): IntendedAct => ({
  channel,
  mspId,
  functionName,
  checkArguments: (args) => {
    if (args.length !== 1 || args[0] !== id)
      throw new DeviceRefusal(`${functionName} is for another id than decided`);
  },
});
