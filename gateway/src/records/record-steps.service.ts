import { Injectable, Logger } from '@nestjs/common';
import type { RecordEntry, RecordStep } from '@medseal/chaincode';
import type { Committed, LedgerIdentity } from '../fabric/ledger-client.js';
import type { BusinessRequest } from '../http/business-request.js';
import { notFound } from '../http/problem.js';
import { noteCommit } from '../http/request-context.js';
import type { SessionUser } from '../http/session-user.js';
import { AttestStep } from '../integrity/attest-step.js';
import { BlindStep } from '../integrity/blind-step.js';
import { chainEntry } from '../integrity/chain-entry.js';
import { SanitizeStep } from '../integrity/sanitize-step.js';
import { UploadStep } from '../integrity/upload-step.js';
import type { Organization } from '../organizations/organization.js';
import { RecordReader } from './record-reader.js';
import { nextStep, type RecordStatus, statusOf } from './record-status.js';
import { outOfOrder, requireStep } from './step-order.js';

/** Status before the author's steps, and after. */
const AUTHOR_STEPS = {
  blind: { from: 'sealed', to: 'blinded' },
  upload: { from: 'sanitized', to: 'uploaded' },
  chain: { from: 'attested', to: 'chained' },
} as const satisfies Partial<Record<RecordStep, { from: RecordEntry['status']; to: RecordEntry['status'] }>>;

export type AuthorStep = keyof typeof AUTHOR_STEPS;

/** What comes after sealing, as far as it is the author's or the hospital's own. */
@Injectable()
export class RecordStepsService {
  private readonly logger = new Logger(RecordStepsService.name);

  constructor(
    private readonly reader: RecordReader,
    private readonly blinding: BlindStep,
    private readonly uploading: UploadStep,
    private readonly sanitizing: SanitizeStep,
    private readonly attesting: AttestStep,
  ) {}

  /**
   * A step that is done already, by the hospital's service or an earlier request, is answered as it stands.
   *
   * @throws ProblemException 409 `STEP_NOT_REQUIRED`, `RECORD_STATUS` out of order; as the step does
   */
  async take(user: SessionUser, recordId: string, step: AuthorStep): Promise<RecordStatus> {
    const entry = await this.reader.ownLatest(user, recordId);
    requireStep(entry, step);
    const { from, to } = stepOf(entry, step);
    if (entry.status === from) return this.run(user, entry, step);
    if (step === 'blind' && (await this.blinding.mustBeginAnew(user, entry)))
      return this.run(user, entry, step);
    if (entry.status === to && entry.panel !== undefined) return statusOf(entry);
    throw outOfOrder(entry, step, from);
  }

  /** Runs what the caller may run now, and what the hospital's service then does by itself; the rest is in `next`. */
  async complete(user: SessionUser, business: BusinessRequest, recordId: string): Promise<RecordStatus> {
    const row = await this.reader.find(user, recordId);
    if (row === undefined) throw notFound();
    let entry = (await this.reader.current(user.organization, recordId, row.entry.version)) ?? row.entry;
    let answer = statusOf(entry);
    if (row.relation !== 'author') {
      const done = await this.completeAsOther(user, business, entry);
      return done === undefined ? answer : this.byService(user.organization, entry, done);
    }
    for (;;) {
      const step = (await this.blinding.mustBeginAnew(user, entry)) ? 'blind' : nextStep(entry)?.step;
      if (step !== 'blind' && step !== 'upload' && step !== 'chain') return answer;
      answer = await this.run(user, entry, step);
      entry = (await this.reader.current(user.organization, recordId, entry.version)) ?? entry;
    }
  }

  /** Sanitises, or approves, where the record waits for just this person. */
  private async completeAsOther(
    user: SessionUser,
    business: BusinessRequest,
    entry: RecordEntry,
  ): Promise<RecordStatus | undefined> {
    if (this.sanitizing.awaits(user, entry)) return this.sanitizing.run(user, entry.recordId);
    if (this.attesting.awaits(user, entry)) return this.attesting.run(user, business, entry.recordId);
    return undefined;
  }

  /** The hospital's next step at once, so that the answer names the next person; where it fails, it stays a duty. */
  private async byService(
    organization: Organization,
    { recordId, version }: RecordEntry,
    answer: RecordStatus,
  ): Promise<RecordStatus> {
    const step = answer.next?.step;
    const entry = await this.reader.current(organization, recordId, version);
    if (entry === null || (step !== 'upload' && step !== 'chain')) return answer;
    try {
      const committed = await this.serve(organization, organization.service, entry, step);
      return { ...answer, ...statusOf(await this.reader.entryAfter(organization, entry, committed)) };
    } catch (error) {
      this.logger.warn(`A record waits ${entry.status}: ${(error as Error).message}`);
      return answer;
    }
  }

  /** The first blinding in the request that sealed the record; where it fails, it is left to the author's `complete`. */
  async blindAtOnce(
    user: SessionUser,
    entry: RecordEntry,
    document: unknown,
  ): Promise<RecordStatus | undefined> {
    if (entry.status !== 'sealed' || entry.integrity !== undefined || nextStep(entry)?.step !== 'blind')
      return undefined;
    try {
      const committed = await this.blinding.run(user, entry, document);
      return statusOf(await this.reader.entryAfter(user.organization, entry, committed), committed);
    } catch (error) {
      this.logger.warn(`A record waits sealed: ${(error as Error).message}`);
      return undefined;
    }
  }

  private async run(user: SessionUser, entry: RecordEntry, step: AuthorStep): Promise<RecordStatus> {
    const { organization } = user;
    const committed =
      step === 'blind'
        ? await this.blinding.run(user, entry)
        : await this.serve(organization, user.identity(), entry, step);
    return statusOf(await this.reader.entryAfter(organization, entry, committed), committed);
  }

  private async serve(
    organization: Organization,
    identity: LedgerIdentity,
    entry: RecordEntry,
    step: 'upload' | 'chain',
  ): Promise<Committed | undefined> {
    const committed =
      step === 'upload'
        ? await this.uploading.run(organization, identity, entry)
        : await chainEntry(organization, identity, entry);
    // The hospital's service may have been at it already, in nobody's request.
    const block = committed?.blockNumber ?? (await organization.ledger.height()) - 1;
    noteCommit(organization.mspId, block);
    return committed;
  }
}

/** Without the integrity steps a sealed record is chained. */
const stepOf = (entry: RecordEntry, step: AuthorStep) =>
  step === 'chain' && entry.panel === undefined
    ? ({ from: 'sealed', to: 'chained' } as const)
    : AUTHOR_STEPS[step];
