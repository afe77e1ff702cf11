import {
  canonicalJson,
  CryptoError,
  decodeHeader,
  fromBase64,
  type PairingEngine,
  reencapsulate,
  type ScopeKeyPair,
  scopeKeyPair,
  toBase64,
  toHex,
} from '@medseal/crypto';
import type { LackingSlot } from '../api.js';
import { type Signer } from './consent-grant.js';
import { DeviceRefusal, type IntendedAct } from './signed-act.js';

/** A slot that the device made, and the transaction that it means to sign for it. */
export interface MadeSlot {
  slot: { recordId: string; version: number; header: string };
  scopeId: string;
  epoch: number;
  headerDigest: string;
  capsule: Uint8Array;
}

/** Of a scope and epoch, for as many as a header names. */
export const keysOfHeader = (
  engine: PairingEngine,
  seed: Uint8Array,
  scopeIds: readonly string[],
  header: Uint8Array,
): ScopeKeyPair[] => {
  const named = decodeHeader(header).slots.filter(
    ({ capsule, scopeId }) => capsule !== null && scopeIds.includes(scopeId),
  );
  const distinct = new Map(named.map(({ scopeId, epoch }) => [`${scopeId}/${epoch}`, { scopeId, epoch }]));
  return [...distinct.values()].map(({ scopeId, epoch }) => scopeKeyPair(engine, seed, scopeId, epoch));
};

/**
 * Opens a former slot and wraps the same data key for the current epoch's key, which the device derives itself.
 *
 * @returns undefined for a record that does not open: its header is lost, altered or not made for this owner
 */
export const makeSlot = async (
  engine: PairingEngine,
  seed: Uint8Array,
  lacking: LackingSlot,
): Promise<MadeSlot | undefined> => {
  if (lacking.header === null) return undefined;
  const { recordId, version, scopeId, epoch } = lacking;
  try {
    const header = fromBase64(lacking.header, 'header');
    const { publicKey } = scopeKeyPair(engine, seed, scopeId, epoch);
    const made = await reencapsulate(engine, {
      header,
      facts: {
        record: { channel: lacking.channel, recordId, version, owner: lacking.ledgerId },
        sealedDigest: lacking.sealedDigest,
        dekCommitment: lacking.dekCommitment,
        headerDigest: lacking.headerDigest,
      },
      opener: { scopeKeys: keysOfHeader(engine, seed, [scopeId], header) },
      owner: { scopeId, epoch, publicKey },
    });
    if (made.capsule === null) return undefined;
    const slot = { recordId, version, header: toBase64(made.header) };
    return { slot, scopeId, epoch, headerDigest: made.headerDigest, capsule: made.capsule };
  } catch (error) {
    if (error instanceof CryptoError) return undefined;
    throw error;
  }
};

/** `records:addKeySlot` of a slot that this device made; who else has a slot is the ledger's to keep. */
export const actOfSlot = (made: MadeSlot, { channel, mspId }: Signer): IntendedAct => ({
  channel,
  mspId,
  functionName: 'records:addKeySlot',
  transient: { capsule: made.capsule },
  checkArguments: ([businessId, json, ...others]) => {
    const { recordId, version, scopeId, epoch, headerDigest } = JSON.parse(json ?? 'null') as Record<
      string,
      unknown
    >;
    const isMade =
      others.length === 0 &&
      /^[0-9a-f]{64}$/.test(businessId ?? '') &&
      canonicalJson({ recordId, version, scopeId, epoch, headerDigest }) ===
        canonicalJson({
          recordId: made.slot.recordId,
          version: made.slot.version,
          scopeId: made.scopeId,
          epoch: made.epoch,
          headerDigest: made.headerDigest,
        });
    if (!isMade) throw new DeviceRefusal('the key slot is another one than this device made');
  },
});

/** The next key of a scope, and the transaction that puts it on the ledger. */
export const nextScopeKey = (
  engine: PairingEngine,
  seed: Uint8Array,
  scopeId: string,
  epoch: number,
): {
  key: { scopeId: string; epoch: number; publicKey: string };
  actFor: (signer: Signer) => IntendedAct;
} => {
  const key = { scopeId, epoch, publicKey: toHex(scopeKeyPair(engine, seed, scopeId, epoch).publicKey) };
  return {
    key,
    actFor: ({ channel, mspId }) => ({
      channel,
      mspId,
      functionName: 'registry:advanceScope',
      checkArguments: (args) => {
        if (args.length !== 1 || args[0] !== canonicalJson(key))
          throw new DeviceRefusal('the scope gets another key than this device made');
      },
    }),
  };
};
