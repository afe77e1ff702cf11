import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type ErasureState, privateKeys, PURGED_AT_ONCE } from '@medseal/chaincode';
import { canonicalJson, utf8 } from '@medseal/crypto';
import { type Duty, type DutySource, submitAsService } from '../consents/duty.js';
import { removeDeletedBytes } from '../database/deleted-bytes.js';
import { evaluateJson } from '../fabric/evaluate-json.js';
import { LedgerError } from '../fabric/ledger-client.js';
import type { Organization } from '../organizations/organization.js';
import { PatientDirectory } from '../patients/patient-directory.js';
import { implicitCollection } from '../projection/ledger-namespace.js';
import { Projections } from '../projection/projections.js';
import { objectsOf } from './patient-objects.js';
import { deleteHeldIndex, deletePatientRows, TABLES_OF_PATIENTS } from './patient-rows.js';
import { privateKeysOf, type PatientTraces, tracesOf } from './patient-traces.js';
import { RecentErasures } from './recent-erasures.js';

/** Every organisation purges at least so many names, and a power of two of them: the count tells nothing. */
const PURGED_AT_LEAST = 32;
/** Values that come in while others are purged are purged with the next round. */
const ROUNDS_MAX = 8;

/**
 * What an organisation does when a patient is erased: it keeps no key, value, object or row, and then says so. Each step
 * may be repeated, so that a crash anywhere only begins it again; what slipped in later is taken out again.
 */
@Injectable()
export class ErasureDuties implements DutySource {
  constructor(
    private readonly projections: Projections,
    private readonly directory: PatientDirectory,
    private readonly recent: RecentErasures,
  ) {}

  async due(organization: Organization): Promise<Duty[]> {
    const rows = await organization.database.query<{ ledger_id: string; attested: boolean }>(
      `SELECT ledger_id, attested FROM (
         SELECT e.ledger_id, EXISTS (
           SELECT 1 FROM erasure_attestations a WHERE a.ledger_id = e.ledger_id AND a.msp_id = $1) AS attested
           FROM erasures e WHERE $1 = ANY(e.organizations)) due
        WHERE NOT attested OR EXISTS (
          SELECT 1 FROM private_values v WHERE v.collection = $2 AND v.ledger_id = due.ledger_id)
        ORDER BY ledger_id`,
      [organization.mspId, implicitCollection(organization.mspId)],
    );
    const duties = rows.map(({ ledger_id: ledgerId, attested }) => ({
      key: `erase/${ledgerId}`,
      run: () => this.erase(organization, ledgerId, attested),
    }));
    return [...duties, ...(await completions(organization))];
  }

  private async erase(organization: Organization, ledgerId: string, attested: boolean): Promise<void> {
    // What the law has this hospital keep stays whole until then.
    const state = await evaluateJson<ErasureState | null>(organization, 'registry:getErasure', [ledgerId]);
    if (state?.keptUntil[organization.mspId] !== undefined) return;
    const traces = await tracesOf(organization, ledgerId);
    const isHome = (await this.directory.entry(organization, ledgerId))?.homeMsp === organization.mspId;
    if (isHome && traces.registrationNo !== undefined) {
      this.recent.remember(organization, traces.registrationNo, ledgerId);
    }
    await this.deleteObjects(organization, traces, await deletePatientRows(organization, traces));
    await organization.keystore.destroyErasureKey(ledgerId);
    await this.purge(organization, traces);
    this.projections.of(organization).personal.forget(ledgerId, traces.recordIds);
    this.directory.forget(organization, ledgerId);
    // Once more: an answer that was on its way is kept by now.
    await deletePatientRows(organization, traces);
    await deleteHeldIndex(organization.database, traces);
    await removeDeletedBytes(organization.database, TABLES_OF_PATIENTS);
    if (!attested) await attest(organization, ledgerId);
  }

  private async deleteObjects(
    organization: Organization,
    { ledgerId, recordIds }: PatientTraces,
    announced: readonly string[],
  ): Promise<void> {
    if (organization.kind !== 'hospital') return;
    const digests = new Set([...announced, ...(await objectsOf(organization, ledgerId))]);
    for (const digest of digests) await organization.objects.delete(digest);
    for (const recordId of recordIds) await organization.spool.clear(recordId);
  }

  /** At least one page, whether anything is held or not. */
  private async purge(organization: Organization, traces: PatientTraces): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const keys = await privateKeysOf(organization, traces);
      if (round > 0 && keys.length === 0) return;
      const filled = fillUp(keys);
      for (let at = 0; at < filled.length; at += PURGED_AT_ONCE) {
        const page = filled.slice(at, at + PURGED_AT_ONCE);
        await submitAsService(organization, 'registry:purgePatient', [traces.ledgerId], {
          at: organization.mspId,
          transient: { keys: utf8(canonicalJson(page)) },
        });
      }
    }
    throw new Error('more values of an erased patient came in than could be purged');
  }
}

/** To a power of two, with names that nothing is under. */
const fillUp = (keys: readonly string[]): string[] => {
  let wanted = PURGED_AT_LEAST;
  while (wanted < keys.length) wanted *= 2;
  const more = Array.from({ length: wanted - keys.length }, () =>
    privateKeys.held(randomBytes(16).toString('hex')),
  );
  return [...more, ...keys];
};

/** Erasures that only suspended organisations hold up: who has attested says so once more, which completes them. */
const completions = async (organization: Organization): Promise<Duty[]> => {
  const rows = await organization.database.query<{ ledger_id: string }>(
    `SELECT e.ledger_id FROM erasures e
      WHERE e.erased_at IS NULL
        AND EXISTS (
          SELECT 1 FROM erasure_attestations a WHERE a.ledger_id = e.ledger_id AND a.msp_id = $1)
        AND NOT EXISTS (
          SELECT 1 FROM organizations o
           WHERE o.msp_id = ANY(e.organizations) AND o.status = 'active' AND NOT EXISTS (
             SELECT 1 FROM erasure_attestations a WHERE a.ledger_id = e.ledger_id AND a.msp_id = o.msp_id))
      ORDER BY e.ledger_id`,
    [organization.mspId],
  );
  return rows.map(({ ledger_id: ledgerId }) => ({
    key: `completeErasure/${ledgerId}`,
    run: () => attest(organization, ledgerId),
  }));
};

const attest = async (organization: Organization, ledgerId: string): Promise<void> => {
  try {
    await submitAsService(organization, 'registry:attestErasure', [ledgerId]);
  } catch (error) {
    // An earlier try whose answer was lost.
    if (!(error instanceof LedgerError && error.code === 'ERASURE_ATTESTED')) throw error;
  }
};
