import type { Context } from 'fabric-contract-api';
import { ContractError } from '../../errors.js';
import { authorizeAct, onOwnPeer } from '../../ledger/authorization.js';
import { requireConsent } from '../../ledger/consent-state.js';
import { type Deposited, DepositSlots } from '../../ledger/deposit-slots.js';
import { privateKeys, worldKeys } from '../../ledger/keys.js';
import { PeerPrivateValues } from '../../ledger/private-values.js';
import { idsArgument } from '../../model/consent-arguments.js';
import type { OpeningComplaintEntry } from '../../model/consent-entries.js';
import type { DataErasureEntry } from '../../model/erasure-entries.js';
import { id, parseInteger, parseJson, refuseArgument, version } from '../../model/validation.js';
import { type HandedOverPage, listHandedOver, handedOver } from './handed-over.js';
import { requireActivePatient } from '../patients.js';

/** Of one sender at one organisation: a hospital has one a record to hand over, an owner one a consent. */
const WAITING_DELIVERIES = { service: 1_000, patient: 20 };

/** By an owner (terms) or a service (demographics, openings): to the organisation whose peer is asked, sealed to it. */
export const deliver = async (ctx: Context, deliveryId: string): Promise<{ delivered: string }> => {
  const act = await authorizeAct(ctx, { roles: ['patient', 'service'] });
  if (act.caller.role === 'patient') await requireActivePatient(act);
  const key = privateKeys.delivery(id(deliveryId, 'deliveryId'));
  const peer = new PeerPrivateValues(ctx.stub);
  await peer.putNew(key, handedOver(act, act.transient.sealed('delivery')));
  const isTakenOver = async (before: Deposited): Promise<boolean> =>
    !(await peer.has(privateKeys.delivery(before.id)));
  const count = WAITING_DELIVERIES[act.caller.role === 'patient' ? 'patient' : 'service'];
  const slots = new DepositSlots(peer, 'delivery', count, isTakenOver);
  await slots.take(act.caller, { id: deliveryId, at: act.at });
  return { delivered: deliveryId };
};

/** Deliveries that wait at the caller's own organisation, after a deliveryId ('' for the first page). */
export const listDeliveries = async (ctx: Context, after: string): Promise<HandedOverPage> =>
  listHandedOver(ctx, 'delivery', after);

/** Purges a delivery and keeps it under the own erasure key, or keeps nothing of one that does not open. */
export const takeOver = async (ctx: Context, deliveryId: string): Promise<{ takenOver: string }> => {
  const act = onOwnPeer(ctx, await authorizeAct(ctx, { roles: ['service'] }));
  const key = privateKeys.delivery(id(deliveryId, 'deliveryId'));
  if ((await act.own.hash(act.caller.mspId, key)) === undefined) {
    throw new ContractError('DELIVERY_NOT_FOUND', 'no delivery of that id waits here');
  }
  await act.own.purge(key);
  await act.own.write(act.transient.privateValues(), [
    { key: privateKeys.held(deliveryId), mode: 'new', required: false },
  ]);
  return { takenOver: deliveryId };
};

/** The grantee's hospital has to keep nothing of a consent that has ended. */
export const purgeHeld = async (ctx: Context, deliveryIdsJson: string): Promise<{ purged: string[] }> => {
  const act = onOwnPeer(ctx, await authorizeAct(ctx, { roles: ['service'] }));
  const deliveryIds = parseJson(deliveryIdsJson, idsArgument, 'deliveryIds');
  for (const deliveryId of deliveryIds) await act.own.purge(privateKeys.held(deliveryId));
  return { purged: deliveryIds };
};

/**
 * By the grantee's organisation, when it holds nothing of the consent any more: the consent is over at this commit. It
 * names the delivery of its terms, without which no agent answers.
 */
export const attestDataErased = async (
  ctx: Context,
  consentId: string,
  termsId: string,
): Promise<DataErasureEntry> => {
  const act = await authorizeAct(ctx, { roles: ['service'] });
  const { mspId } = act.caller;
  const consent = await requireConsent(act.world, consentId);
  if (consent.grantee.mspId !== mspId) {
    throw new ContractError('NOT_ALLOWED', "only the grantee's organisation attests that it erased the data");
  }
  const key = worldKeys.dataErasure(consentId);
  if ((await act.world.get(key)) !== undefined) {
    throw new ContractError('ERASURE_ATTESTED', 'the organisation has attested this erasure');
  }
  id(termsId, 'termsId');
  if (consent.termsId !== undefined && consent.termsId !== termsId)
    refuseArgument('termsId', 'must be the delivery of the terms that the consent names');
  for (const name of [privateKeys.held(termsId), privateKeys.delivery(termsId)]) {
    if ((await act.hashes.hash(mspId, name)) !== undefined) {
      throw new ContractError('ERASURE_INCOMPLETE', `${mspId} still holds the terms: purge them first`);
    }
  }
  return act.world.put(key, { consentId, mspId, at: act.at, transactionId: act.transactionId });
};

/** By the grantee's hospital: an opening that was handed over does not fit the record's commitment. */
export const complainOpening = async (
  ctx: Context,
  consentId: string,
  recordId: string,
  versionNumber: string,
): Promise<OpeningComplaintEntry> => {
  const { world, caller } = await authorizeAct(ctx, { roles: ['service'] });
  const consent = await requireConsent(world, consentId);
  if (consent.grantee.mspId !== caller.mspId) {
    throw new ContractError('NOT_ALLOWED', "only the grantee's organisation complains of an opening");
  }
  const wanted = {
    recordId: id(recordId, 'recordId'),
    version: parseInteger(versionNumber, version, 'version'),
  };
  const entry = await world.get(worldKeys.recordVersion(wanted.recordId, wanted.version));
  if (entry === undefined || entry.ledgerId !== consent.ledgerId) {
    throw new ContractError('RECORD_NOT_FOUND', "the consent's owner has no such record version");
  }
  return world.put(worldKeys.openingComplaint(consentId, wanted.recordId, wanted.version), {
    consentId,
    ...wanted,
    mspId: caller.mspId,
  });
};
