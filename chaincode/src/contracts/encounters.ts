import type { Context } from 'fabric-contract-api';
import { authorizeAct, onOwnPeer } from '../ledger/authorization.js';
import { parsePrivateKey, privateKeys } from '../ledger/keys.js';
import type { WritableKey } from '../ledger/private-values.js';
import type { PrivateValue } from '../model/entries.js';
import { refuseArgument } from '../model/validation.js';
import { onlyKey } from './patients.js';

/**
 * Opens an encounter at the caller's hospital. Arguments and the keys of entries read are on every block, so neither
 * may name patient or encounter: the private values' keys do, and what members see is the hash of a key with a random
 * id or of one under the hospital's own index key. For the same reason the patient's public entry is not read here;
 * `records:create` reads it.
 */
export const openEncounter = async (ctx: Context): Promise<{ opened: true }> => {
  const act = onOwnPeer(
    ctx,
    await authorizeAct(ctx, { roles: ['hospital-admin', 'doctor'], organization: 'hospital' }),
  );
  const values = act.transient.privateValues();
  const { ledgerId, encounterId } = encounterIn(values, 'encounter');
  await act.own.write(values, [
    { key: privateKeys.encounter(ledgerId, encounterId), mode: 'new', required: true },
    { key: privateKeys.visit(ledgerId, encounterId), mode: 'new', required: true },
    ...cardKeys(values),
  ]);
  return { opened: true };
};

/**
 * What the card of another hospital's patient told: kept with the number on the first visit, replaced later. A key
 * made of the ledgerId alone (`scopes`, `demographics`) never is: every member can compute the hash of its name and
 * would find the patient at this hospital.
 */
const cardKeys = (values: readonly PrivateValue[]): WritableKey[] =>
  values.some(({ key }) => parsePrivateKey(key)?.type === 'number')
    ? [{ key: onlyKey(values, 'number'), mode: 'either', required: false }]
    : [];

/** Closes an encounter: its marker goes, its visit is replaced by one with an end. */
export const closeEncounter = async (ctx: Context): Promise<{ closed: true }> => {
  const act = onOwnPeer(
    ctx,
    await authorizeAct(ctx, { roles: ['hospital-admin', 'doctor', 'service'], organization: 'hospital' }),
  );
  const values = act.transient.privateValues();
  const { ledgerId, encounterId } = encounterIn(values, 'visit');
  await act.own.requireOpenEncounter(act.caller.mspId, ledgerId, encounterId);
  await act.own.write(values, [
    { key: privateKeys.visit(ledgerId, encounterId), mode: 'replace', required: true },
  ]);
  await act.own.remove(privateKeys.encounter(ledgerId, encounterId));
  return { closed: true };
};

const encounterIn = (
  values: readonly PrivateValue[],
  type: string,
): { ledgerId: string; encounterId: string } => {
  const [ledgerId, encounterId] = parsePrivateKey(onlyKey(values, type))?.parts ?? [];
  return ledgerId === undefined || encounterId === undefined
    ? refuseArgument('private', `must hold one ${type}`)
    : { ledgerId, encounterId };
};
