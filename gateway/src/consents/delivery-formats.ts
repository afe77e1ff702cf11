import {
  argumentChecks,
  type ConsentTerms,
  DEMOGRAPHIC_GROUPS,
  type DemographicGroup,
  type Grantee,
  type HandedOver,
  type Purpose,
  PURPOSES,
  type SelectorOpening,
} from '@medseal/chaincode';
import {
  canonicalJson,
  concat,
  decodeHpke,
  encodeHpke,
  fromHex,
  hpkeOpen,
  hpkeSeal,
  lp,
  utf8,
  utf8Decode,
} from '@medseal/crypto';

/**
 * The plaintexts of what one organisation, or an owner's device, hands over to another organisation: canonical JSON
 * with exactly these fields, sealed by HPKE to the receiver's hand-over key; `sealDelivery` gives enc || ct.
 */

/** From the owner's device to the grantee's organisation. */
export interface TermsDelivery {
  kind: 'terms';
  consentId: string;
  /** Opens the consent's `termsCommitment`. */
  terms: ConsentTerms;
}

/** From the service of the hospital that wrote the record version. */
export interface SelectorDelivery {
  kind: 'selector';
  consentId: string;
  recordId: string;
  version: number;
  /** Opens the version's selector commitment. */
  selector: SelectorOpening;
}

/** From the service of the home hospital: one group of the owner's demographics. */
export interface DemographicsDelivery {
  kind: 'demographics';
  consentId: string;
  group: DemographicGroup;
  /** Canonical JSON of the group's fields: opens, with the salt, the patient's commitment to the group. */
  fields: string;
  /** 32 bytes, hex. */
  salt: string;
}

/** From a doctor or hospital-admin to the organisation that the registration number names. */
export interface RequestDelivery {
  kind: 'request';
  registrationNo: string;
  /** A person or care team of the organisation that asks. */
  grantee: Pick<Grantee, 'kind' | 'id'>;
  purpose: Purpose;
  recordTypes: string[];
  /** Days, YYYY-MM-DD, both included. */
  dateRange: { from: string; to: string };
  /** Instants, RFC 3339 in UTC with milliseconds. */
  expiresAt: string;
  dataEraseAt: string;
}

export type Delivery = TermsDelivery | SelectorDelivery | DemographicsDelivery | RequestDelivery;

const {
  day,
  digest,
  id,
  instant,
  listOf,
  object,
  oneOf,
  parseJson,
  selector,
  subject,
  terms,
  text,
  version,
} = argumentChecks;

const CHECKS = {
  terms: object({ kind: oneOf('terms'), consentId: id, terms }),
  selector: object({ kind: oneOf('selector'), consentId: id, recordId: id, version, selector }),
  demographics: object({
    kind: oneOf('demographics'),
    consentId: id,
    group: oneOf(...DEMOGRAPHIC_GROUPS),
    fields: text(8_192),
    salt: digest,
  }),
  request: object({
    kind: oneOf('request'),
    registrationNo: text(32),
    grantee: object({ kind: oneOf('person', 'careTeam'), id: subject }),
    purpose: oneOf(...PURPOSES),
    recordTypes: listOf(text(64), 1, 32, (type) => type),
    dateRange: object({ from: day, to: day }),
    expiresAt: instant,
    dataEraseAt: instant,
  }),
};

const kindOf = (value: unknown): keyof typeof CHECKS =>
  oneOf(
    'terms',
    'selector',
    'demographics',
    'request',
  )((value as { kind?: unknown } | null)?.kind, 'delivery.kind');

/** @throws ContractError BAD_ARGUMENT naming the field that is wrong */
export const parseDelivery = (json: string): Delivery =>
  parseJson<Delivery>(json, (value, path) => CHECKS[kindOf(value)](value, path), 'delivery');

/**
 * HPKE info: lp("MS-DELIVERY") || lp(receiver's MSP id) || lp(deliveryId, or requestId of a request).
 */
export const deliveryInfo = (receiverMspId: string, deliveryId: string): Uint8Array =>
  concat(lp('MS-DELIVERY'), lp(receiverMspId), lp(deliveryId));

export interface Receiver {
  mspId: string;
  /** X25519 hand-over key of the ledger, hex. */
  publicKey: string;
}

/** @returns the transient `delivery` or `request`: encapsulated key and ciphertext */
export const sealDelivery = async (
  receiver: Receiver,
  deliveryId: string,
  delivery: Delivery,
): Promise<Uint8Array> => {
  const json = canonicalJson(delivery);
  parseDelivery(json);
  const publicKey = fromHex(receiver.publicKey, 32, 'publicKey');
  return encodeHpke(await hpkeSeal(publicKey, utf8(json), deliveryInfo(receiver.mspId, deliveryId)));
};

/**
 * @throws CryptoError for what was sealed to another key, organisation or id; ContractError BAD_ARGUMENT for another
 *   form
 */
export const openDelivery = async (
  secretKey: Uint8Array,
  receiverMspId: string,
  { id: deliveryId, sealed }: { id: string } & Pick<HandedOver, 'sealed'>,
): Promise<Delivery> => {
  const bytes = decodeHpke(Buffer.from(sealed, 'base64'));
  return parseDelivery(utf8Decode(await hpkeOpen(secretKey, bytes, deliveryInfo(receiverMspId, deliveryId))));
};
