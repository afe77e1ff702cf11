import type { PatientEntry } from '@medseal/chaincode';
import { notFound } from '../http/problem.js';
import type { Organization } from '../organizations/organization.js';
import { type Card, cardOpens, decodeCard } from './card.js';
import { isGone, type PatientDirectory } from './patient-directory.js';

export interface KnownPatient {
  entry: PatientEntry;
  /** Given when this organisation does not hold the number yet: what the card says of it. */
  card?: Card;
}

/**
 * The living patient of a registration number that this organisation holds, or that a card proves.
 *
 * @param cardCode the code on the card
 * @throws ProblemException 404 alike for an unknown number and a card that does not prove it
 */
export const knownPatient = async (
  directory: PatientDirectory,
  organization: Organization,
  registrationNo: string,
  cardCode: string | undefined,
): Promise<KnownPatient> => {
  const card = cardCode === undefined ? undefined : decodeCard(cardCode);
  if (cardCode !== undefined && (card === undefined || card.number !== registrationNo)) throw notFound();
  const held = await directory.find(organization, registrationNo);
  const entry = held?.entry ?? (card && (await directory.entry(organization, card.ledgerId)));
  if (entry === undefined || isGone(entry)) throw notFound();
  if (card !== undefined && !cardOpens(entry.commitments.number, card)) throw notFound();
  return held === undefined ? { entry, ...(card && { card }) } : { entry };
};
