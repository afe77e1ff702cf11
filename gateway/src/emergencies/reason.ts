import { argumentChecks, type HandedOver } from '@medseal/chaincode';
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

/** Longest text of a reason, in characters. */
export const REASON_MAX = 1_000;

const { id, object, parseJson, text } = argumentChecks;
/** What is sealed: canonical JSON {emergencyId, text}. */
const reasonCheck = object({ emergencyId: id, text: text(REASON_MAX) });

/** HPKE info: lp("MS-EMERGENCY-REASON") || lp(reviewer's MSP id) || lp(emergencyId). */
const reasonInfo = (reviewer: string, emergencyId: string): Uint8Array =>
  concat(lp('MS-EMERGENCY-REASON'), lp(reviewer), lp(emergencyId));

/** Transient `reason`: the text, sealed to the reviewing organisation's hand-over key (hex). */
export const sealReason = async (
  reviewer: { mspId: string; publicKey: string },
  emergencyId: string,
  reason: string,
): Promise<Uint8Array> => {
  const json = canonicalJson({ emergencyId, text: reason });
  parseJson(json, reasonCheck, 'reason');
  const publicKey = fromHex(reviewer.publicKey, 32, 'publicKey');
  return encodeHpke(await hpkeSeal(publicKey, utf8(json), reasonInfo(reviewer.mspId, emergencyId)));
};

/** @throws CryptoError for what was sealed to another key, organisation or case; ContractError for another form */
export const openReason = async (
  handoverSecretKey: Uint8Array,
  reviewer: string,
  emergencyId: string,
  { sealed }: Pick<HandedOver, 'sealed'>,
): Promise<string> => {
  const bytes = decodeHpke(Buffer.from(sealed, 'base64'));
  const opened = await hpkeOpen(handoverSecretKey, bytes, reasonInfo(reviewer, emergencyId));
  return parseJson(utf8Decode(opened), reasonCheck, 'reason').text;
};
