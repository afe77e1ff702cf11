import { canonicalJson, decodeHeader, fromBase64, sha256Hex, utf8, utf8Decode } from '@medseal/crypto';
import type { AuditInput, EmergencyInput, EmergencyVerdict, PreparedRecord } from '../api.js';
import type { Signer } from './consent-grant.js';
import { actWithArguments, actWithBusinessId } from './reading-acts.js';
import { DeviceRefusal, type IntendedAct } from './signed-act.js';

const ID = /^[0-9a-f]{32}$/;
const DIGEST = /^[0-9a-f]{64}$/;
const HOUR_MS = 60 * 60_000;
/** How far the gateway's clock may be from the device's. */
const CLOCK_MS = 10 * 60_000;

const idsOf = (value: unknown, ...names: string[]): boolean =>
  names.every((name) => ID.test(String((value as Record<string, unknown>)[name])));

/** Exactly these members, none of which is checked yet. */
const membersOf = (json: string, names: readonly string[]): Record<string, unknown> => {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new DeviceRefusal('an argument is not JSON');
  }
  const found = typeof value === 'object' && value !== null ? Object.keys(value).sort() : [];
  if (canonicalJson(found) !== canonicalJson([...names].sort()))
    throw new DeviceRefusal('an argument has other members than it should');
  return value as Record<string, unknown>;
};

/** X25519, hex. The ledger refuses every epoch but the next. */
export const actOfReceivingKey = (publicKey: string, signer: Signer): IntendedAct => ({
  ...signer,
  functionName: 'registry:registerReceivingKey',
  checkArguments: ([key, epoch, ...others]) => {
    if (others.length > 0 || key !== publicKey || !/^[1-9]\d{0,9}$/.test(epoch ?? ''))
      throw new DeviceRefusal('another key is to be registered than this device made');
  },
});

/** The request itself is sealed by the gateway to the organisation asked: the device sees only that it is one. */
export const actOfRequest = (signer: Signer): IntendedAct => ({
  ...signer,
  functionName: 'consent:request',
  unchecked: ['request'],
  checkArguments: (args) => {
    if (args.length !== 1 || !ID.test(args[0] ?? '')) throw new DeviceRefusal('the request has another form');
  },
});

/**
 * The reason's deposit, then the case. Whose case it is the device can tell by the patient's card only; the gateway finds
 * the patient of a bare number.
 */
export const actsOfEmergency = (
  { reasonCode, hours, card }: EmergencyInput,
  signer: Signer,
  now = Date.now(),
): IntendedAct[] => {
  let emergencyId: string | undefined;
  const holdsId = (id: unknown): boolean => {
    emergencyId ??= ID.test(String(id)) ? String(id) : undefined;
    return emergencyId !== undefined && id === emergencyId;
  };
  const ledgerId = card === undefined ? undefined : ledgerIdOfCard(card);
  const holdsUntil = (until: unknown): boolean =>
    hours === undefined
      ? until === null
      : typeof until === 'string' && Math.abs(Date.parse(until) - (now + hours * HOUR_MS)) <= CLOCK_MS;
  return [
    {
      ...signer,
      functionName: 'access:depositReason',
      unchecked: ['reason'],
      checkArguments: (args) => {
        if (args.length !== 1 || !holdsId(args[0])) throw new DeviceRefusal('the reason is for another case');
      },
    },
    actWithBusinessId(
      'access:openEmergency',
      signer,
      (json) => {
        const wanted = membersOf(json, ['emergencyId', 'ledgerId', 'consentId', 'reasonCode', 'until']);
        return (
          idsOf(wanted, 'ledgerId', 'consentId') &&
          holdsId(wanted['emergencyId']) &&
          wanted['reasonCode'] === reasonCode &&
          holdsUntil(wanted['until']) &&
          (ledgerId === undefined || wanted['ledgerId'] === ledgerId)
        );
      },
      'the case is another than decided',
    ),
  ];
};

const ledgerIdOfCard = (card: string): unknown => {
  try {
    const bytes = fromBase64(card.replace(/-/g, '+').replace(/_/g, '/').replace(/=+$/, ''), 'card');
    return (JSON.parse(utf8Decode(bytes)) as { ledgerId?: unknown }).ledgerId;
  } catch {
    throw new DeviceRefusal('the card cannot be read');
  }
};

export const actOfReview = (emergencyId: string, verdict: EmergencyVerdict, signer: Signer): IntendedAct =>
  actWithArguments(
    'access:closeEmergency',
    [emergencyId, verdict],
    signer,
    'the review is another than decided',
  );

/** The nonce that the auditor's hospital committed to is its own: what it gives later is bound by this. */
export const actOfAudit = ({ recordId, kind, version }: AuditInput, signer: Signer): IntendedAct => ({
  ...signer,
  functionName: 'integrity:openAudit',
  checkArguments: (args) => {
    const [businessId = '', of, ofVersion = '', ofKind, commitment = ''] = args;
    const isWanted =
      args.length === 5 && of === recordId && ofKind === kind && ofVersion === String(version ?? ofVersion);
    if (
      !isWanted ||
      !/^[1-9]\d{0,9}$/.test(ofVersion) ||
      ![businessId, commitment].every((one) => DIGEST.test(one))
    )
      throw new DeviceRefusal('the audit is of another file than decided');
  },
});

/** The first step of a new record. @param onRecord told the id that was signed for */
export const actOfCreation = (signer: Signer, onRecord: (recordId: string) => void): IntendedAct => ({
  ...actWithBusinessId(
    'records:create',
    signer,
    (json) => {
      const wanted = membersOf(json, ['recordId', 'version', 'ledgerId', 'scopeId', 'epoch']);
      const holds = idsOf(wanted, 'recordId', 'ledgerId', 'scopeId') && wanted['version'] === 1;
      if (holds) onRecord(String(wanted['recordId']));
      return holds;
    },
    'another record is to be created than decided',
  ),
  unchecked: ['encounter'],
});

/**
 * What this device sealed is announced, exactly; the hospital's own copies of date and title line go with it, under keys
 * that the hospital alone has.
 *
 * @param author staff id
 * @param sealed body of `POST /records`, see `sealOnDevice`
 */
export const actOfSealing = (
  prepared: PreparedRecord,
  author: string,
  sealed: Record<string, unknown>,
  signer: Signer,
): IntendedAct => {
  const { recordId, version, ledgerId, ownerKey, custodian } = prepared;
  const [content, header] = ['sealed', 'header'].map((name) => fromBase64(String(sealed[name]), name));
  const entry = {
    recordId,
    version,
    author,
    sealed: {
      sealedBy: 'device',
      sealedDigest: sha256Hex(content!),
      sealedBytes: content!.length,
      headerDigest: sha256Hex(header!),
      headerBytes: header!.length,
      dekCommitment: decodeHeader(header!).dekCommitment,
      commitments: sealed['commitments'],
      recipients: [ownerKey ? ledgerId : `custodian:${custodian}`, author],
    },
  };
  return {
    ...signer,
    functionName: 'records:sealPrivate',
    transient: { entry: utf8(canonicalJson(entry)) },
    unchecked: ['private'],
    checkArguments: ([businessId, ...args]) => {
      const wanted = canonicalJson([recordId, String(version)]);
      if (!/^[0-9a-f]{64}$/.test(businessId ?? '') || canonicalJson(args) !== wanted)
        throw new DeviceRefusal('another record is to be sealed than this device sealed');
    },
  };
};

export const actOfChaining = (recordId: string, version: number, signer: Signer): IntendedAct =>
  actWithArguments(
    'records:chain',
    [recordId, String(version)],
    signer,
    'another record is to be chained than decided',
  );
