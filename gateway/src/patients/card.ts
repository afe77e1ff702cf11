import { commit, isHex, openCommitment } from '@medseal/crypto';
import { isRegistrationNumber } from './registration-number.js';

/** What the code on a patient's card holds: enough for another hospital to check the number, nothing more. */
export interface Card {
  /** Registration number. */
  number: string;
  ledgerId: string;
  /** Hex of the 32-byte salt of the number's public commitment. */
  salt: string;
  /** Which of the patient's two scopes is the general one; the other is the sensitive one. */
  generalScopeId: string;
}

/** Base64url of the card's JSON. */
export const encodeCard = ({ number, ledgerId, salt, generalScopeId }: Card): string =>
  Buffer.from(JSON.stringify({ number, ledgerId, salt, generalScopeId })).toString('base64url');

/** The card of a code, or undefined for anything else. */
export function decodeCard(code: string): Card | undefined {
  let card: Partial<Record<keyof Card, unknown>> | null;
  try {
    card = JSON.parse(Buffer.from(code, 'base64url').toString('utf8')) as typeof card;
  } catch {
    return undefined;
  }
  if (typeof card !== 'object' || card === null) return undefined;
  const { number, ledgerId, salt, generalScopeId } = card;
  if (
    !isRegistrationNumber(number) ||
    !isHex(ledgerId, 16) ||
    !isHex(salt, 32) ||
    !isHex(generalScopeId, 16)
  ) {
    return undefined;
  }
  return { number, ledgerId, salt, generalScopeId };
}

/** Public commitment of a registration number: binds it to the patient's ledgerId. */
export const numberCommitment = (number: string, ledgerId: string, salt: string): string =>
  commit({ number, ledgerId }, Buffer.from(salt, 'hex'));

/** True if the card's number is the one that the ledger's commitment binds to the card's ledgerId. */
export const cardOpens = (commitment: string, card: Card): boolean =>
  openCommitment(commitment, { number: card.number, ledgerId: card.ledgerId }, Buffer.from(card.salt, 'hex'));
