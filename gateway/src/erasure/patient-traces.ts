import type { EmergencyState } from '@medseal/chaincode';
import { evaluateJson } from '../fabric/evaluate-json.js';
import { LedgerError } from '../fabric/ledger-client.js';
import type { Organization } from '../organizations/organization.js';
import type { HeldNumber } from '../patients/patient-directory.js';
import { implicitCollection } from '../projection/ledger-namespace.js';

/** By what a patient is found in the places where an organisation keeps anything. */
export interface PatientTraces {
  readonly ledgerId: string;
  /** Undefined where it was never known, or is not any more. */
  readonly registrationNo: string | undefined;
  readonly recordIds: readonly string[];
  readonly consentIds: readonly string[];
  /** Of visits that are not purged yet. */
  readonly encounterIds: readonly string[];
  /** Of requests for consent that the patient answered. */
  readonly requestIds: readonly string[];
}

/** Out of public entries and, as long as there is an erasure key, the number that the organisation keeps. */
export const tracesOf = async (organization: Organization, ledgerId: string): Promise<PatientTraces> => {
  const { database, keystore, mspId } = organization;
  const ids = async (sql: string): Promise<string[]> =>
    (await database.query<{ id: string }>(sql, [ledgerId])).map(({ id }) => id);
  const numbers = await database.query<{ key: string; value: Uint8Array }>(
    `SELECT key, value FROM private_values
      WHERE collection = $1 AND kind = 'number' AND ledger_id = $2 AND value IS NOT NULL`,
    [implicitCollection(mspId), ledgerId],
  );
  let registrationNo: string | undefined;
  for (const { key, value } of numbers) {
    const held = await keystore.openValue<HeldNumber>(ledgerId, key, value).catch(() => undefined);
    registrationNo ??= held?.number;
  }
  return {
    ledgerId,
    registrationNo,
    recordIds: await ids('SELECT record_id AS id FROM records WHERE ledger_id = $1'),
    consentIds: await ids('SELECT consent_id AS id FROM consents WHERE ledger_id = $1'),
    encounterIds: await ids(
      `SELECT DISTINCT split_part(key, '/', 3) AS id FROM private_values
        WHERE kind IN ('visit', 'encounter') AND key IS NOT NULL AND ledger_id = $1`,
    ),
    requestIds: await ids('SELECT request_id AS id FROM consent_answers WHERE ledger_id = $1'),
  };
};

/** Everything that names the patient in a text. */
export const wordsOf = (traces: PatientTraces): string[] => [
  traces.ledgerId,
  ...(traces.registrationNo === undefined ? [] : [traces.registrationNo]),
  ...traces.recordIds,
  ...traces.consentIds,
  ...traces.encounterIds,
];

/**
 * Names of the patient's private values at the organisation, as its peer still has them or once had: the marker of a
 * closed encounter is gone, but what was written under it is still in the peer's history. Visits come last, because they
 * name the encounters.
 */
export const privateKeysOf = async (
  organization: Organization,
  { ledgerId, recordIds, consentIds }: PatientTraces,
): Promise<string[]> => {
  const { database, mspId } = organization;
  const rows = await database.query<{ key: string; kind: string }>(
    `SELECT key, kind FROM private_values v WHERE collection = $1 AND key IS NOT NULL AND (
       ledger_id = $2
       OR (kind IN ('selector', 'titleLine') AND split_part(key, '/', 2) = ANY($3))
       OR (kind = 'share' AND split_part(key, '/', 2) = ANY($4))
       OR (kind = 'held' AND EXISTS (
            SELECT 1 FROM held_values h WHERE h.ledger_id = $2 AND v.key = 'held/' || h.delivery_id))
       OR CASE WHEN kind = 'pending' AND value IS NOT NULL
            THEN convert_from(value, 'UTF8')::jsonb->>'ledgerId' = $2
              OR convert_from(value, 'UTF8')::jsonb->>'recordId' = ANY($3)
            ELSE false END)
     ORDER BY key`,
    [implicitCollection(mspId), ledgerId, [...recordIds], [...consentIds]],
  );
  const visits = rows.filter(({ kind }) => kind === 'visit').map(({ key }) => key);
  const encounters = visits.map((key) => key.replace(/^visit/, 'encounter'));
  const others = rows.filter(({ kind }) => kind !== 'visit').map(({ key }) => key);
  const reasons = await reasonsOf(organization, ledgerId);
  return [...new Set([...encounters, ...others, ...reasons, ...visits])];
};

/** Reasons of emergencies that wait here for their review; whose they are says the case on the ledger. */
const reasonsOf = async (organization: Organization, ledgerId: string): Promise<string[]> => {
  const waiting = await organization.database.query<{ key: string }>(
    `SELECT key FROM private_values WHERE collection = $1 AND kind = 'emergencyReason' AND key IS NOT NULL`,
    [implicitCollection(organization.mspId)],
  );
  const found: string[] = [];
  for (const { key } of waiting) {
    try {
      const [, emergencyId = ''] = key.split('/');
      const { emergency } = await evaluateJson<EmergencyState>(organization, 'access:getEmergency', [
        emergencyId,
      ]);
      if (emergency.ledgerId === ledgerId) found.push(key);
    } catch (error) {
      // A reason without a case is nobody's.
      if (!(error instanceof LedgerError && error.code === 'EMERGENCY_NOT_FOUND')) throw error;
    }
  }
  return found;
};
