import { randomBytes } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import type { AuditEntry } from '@medseal/chaincode';
import { fromBase64, toBase64 } from '@medseal/crypto';
import { Clock } from '../clock.js';
import { type Duty, type DutySource, submitAsService } from '../consents/duty.js';
import { LedgerError } from '../fabric/ledger-client.js';
import { readAuditParameters } from '../integrity/audit-parameters.js';
import { FileQueue } from '../integrity/file-queue.js';
import type { Organization } from '../organizations/organization.js';
import { ObjectAlteredError, ObjectMissingError } from '../storage/object-store.js';
import { orAltered, readChallenged, type StoredProof } from '../storage/prover.js';
import { AuditRepairs } from './audit-repairs.js';
import { fileOfAudit } from './audited-file.js';
import { nonceOf } from './nonce.js';

/** What is due is asked again after these, so that what is quick does not wait behind many proofs. */
const AT_ONCE_MAX = 20;
/** The auditor's organisation closes what is overdue; after this long anybody does. */
const OTHERS_EXPIRE_AFTER_MS = 10 * 60_000;
/** Somebody else, or an earlier try, was first. */
const DONE: readonly string[] = ['AUDIT_STATUS', 'AUDIT_OVERDUE'];

/** The organisation's parts in audits that are open: contributor, auditor, prover, and closing what is overdue. */
@Injectable()
export class AuditDuties implements DutySource {
  private readonly logger = new Logger(AuditDuties.name);
  /** Base64, by version: a set never changes. */
  private readonly parameters = new Map<number, string>();

  constructor(
    private readonly clock: Clock,
    private readonly repairs: AuditRepairs,
    private readonly files: FileQueue,
  ) {}

  async due(organization: Organization): Promise<Duty[]> {
    const { mspId, database } = organization;
    const now = this.clock.now();
    const rows = await database.query<{ entry: AuditEntry }>(
      `SELECT entry FROM audits
        WHERE closed_at IS NULL AND (
              (status = 'opened' AND contributor = $1) OR (status = 'contributed' AND auditor_msp = $1)
           OR (status = 'revealed' AND hospital = $1)
           OR CASE status WHEN 'opened' THEN contribute_by WHEN 'contributed' THEN reveal_by ELSE prove_by END
              < CASE auditor_msp WHEN $1 THEN $2 ELSE $3 END::timestamptz)
        ORDER BY status, opened_at, audit_id`,
      [mspId, new Date(now), new Date(now - OTHERS_EXPIRE_AFTER_MS)],
    );
    const duties = rows.flatMap(({ entry }) => this.dutyOf(organization, entry, now) ?? []);
    return duties.slice(0, AT_ONCE_MAX);
  }

  private dutyOf(organization: Organization, audit: AuditEntry, now: number): Duty | undefined {
    const { auditId, status } = audit;
    const by = { opened: audit.contributeBy, contributed: audit.revealBy }[status as string] ?? audit.proveBy;
    if (Date.parse(by) < now)
      return { key: `expireAudit/${auditId}`, run: () => act(organization, 'integrity:expire', [auditId]) };
    switch (status) {
      case 'opened':
        return {
          key: `contributeToAudit/${auditId}`,
          run: () => act(organization, 'integrity:contribute', [auditId, randomBytes(32).toString('hex')]),
        };
      case 'contributed':
        return { key: `revealAudit/${auditId}`, run: () => this.reveal(organization, audit) };
      case 'revealed':
        return { key: `proveAudit/${auditId}`, run: () => this.prove(organization, audit) };
      default:
        return undefined;
    }
  }

  private async reveal(organization: Organization, audit: AuditEntry): Promise<void> {
    const nonce = await nonceOf(organization, audit);
    if (nonce === undefined) throw new Error('the nonce was drawn with another keystore than this one');
    await act(organization, 'integrity:reveal', [audit.auditId, nonce]);
  }

  private async prove(organization: Organization, audit: AuditEntry): Promise<void> {
    await this.repairs.before(organization, audit);
    const made = await this.proofOf(organization, audit);
    await act(
      organization,
      'integrity:prove',
      [audit.auditId, made === undefined ? '' : toBase64(made.proof)],
      made !== undefined && audit.kind === 'sanitized' ? { replacedSet: made.replacedSet } : {},
    );
  }

  /** Undefined where the storage has lost the file; what cannot be asked now is asked again until the deadline. */
  private async proofOf(organization: Organization, audit: AuditEntry): Promise<StoredProof | undefined> {
    const file = await fileOfAudit(organization, audit);
    const parameters = await this.parametersOf(organization, file.parametersVersion);
    const { auditId, size, seed } = audit;
    const asked = { tag: fromBase64(file.tag), challenge: { auditId, size, seed: seed! } };
    try {
      const read = await readChallenged(organization.objects, { ...file, ...asked });
      const proof = await orAltered(file.signedFile, () =>
        this.files.run('prove', { ...asked, ...read, parameters }),
      );
      return { proof, replacedSet: read.replacedSet };
    } catch (error) {
      if (!(error instanceof ObjectMissingError) && !(error instanceof ObjectAlteredError)) throw error;
      this.logger.error(`An audit of ${organization.mspId} has no proof: ${error.message}`);
      return undefined;
    }
  }

  private async parametersOf(organization: Organization, version: number): Promise<string> {
    const known = this.parameters.get(version);
    if (known !== undefined) return known;
    const entry = await readAuditParameters(organization, version);
    if (entry === null) throw new Error(`audit parameters ${version} are not on the ledger`);
    this.parameters.set(version, entry.parameters);
    return entry.parameters;
  }
}

const act = async (
  organization: Organization,
  fn: string,
  args: string[],
  transient?: Record<string, Uint8Array>,
): Promise<void> => {
  try {
    await submitAsService(organization, fn, args, transient === undefined ? {} : { transient });
  } catch (error) {
    if (!(error instanceof LedgerError && DONE.includes(error.code))) throw error;
  }
};
