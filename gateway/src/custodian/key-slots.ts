import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson } from '@medseal/crypto';
import type { PatientEntry, RecordEntry } from '@medseal/chaincode';
import { evaluateJson } from '../fabric/evaluate-json.js';
import { businessId } from '../http/business-request.js';
import { type Organization, OrganizationRegistry } from '../organizations/organization.js';
import { Jobs } from '../outbox/jobs.js';
import { submitOnce } from '../outbox/submit-once.js';
import { PatientDirectory } from '../patients/patient-directory.js';
import { patientKeys } from '../patients/patient-keys.js';
import { Custodian } from './custodian.js';

interface Job {
  recordId: string;
  version: number;
}

const KIND = 'addKeySlot';
const SWEEP_INTERVAL_MS = 15_000;
const WAIT_MS = 8_000;
const WAIT_STEP_MS = 150;

/**
 * Records that this organisation wrote while their patient had no keys, and whose patient has since activated: each
 * gets a key slot for its owner. The patient's activation is seen on the ledger, wherever it was done.
 */
@Injectable()
export class KeySlots implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(KeySlots.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly organizations: OrganizationRegistry,
    private readonly jobs: Jobs,
    private readonly directory: PatientDirectory,
    private readonly custodian: Custodian,
  ) {}

  onModuleInit(): void {
    this.jobs.register<Job>(KIND, (organization, job) => this.add(organization, job));
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.sweepAll(), SWEEP_INTERVAL_MS);
    this.timer.unref();
    void this.sweepAll();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Queues what the ledger shows to be due, of every organisation of this process. */
  async sweepAll(): Promise<void> {
    for (const organization of this.organizations.all()) {
      try {
        await this.sweep(organization);
      } catch (error) {
        this.logger.warn(`Key slots of ${organization.mspId} wait: ${(error as Error).message}`);
      }
    }
  }

  async sweep(organization: Organization): Promise<void> {
    if (organization.kind !== 'hospital') return;
    const due = await organization.database.query<{ record_id: string; version: number }>(
      `SELECT rv.record_id, rv.version FROM record_versions rv JOIN patients p ON p.ledger_id = rv.ledger_id
       WHERE rv.hospital = $1 AND p.status = 'active' AND rv.status <> 'created'
         AND jsonb_array_length(rv.entry->'ownerSlots') = 0`,
      [organization.mspId],
    );
    for (const { record_id: recordId, version } of due) {
      await this.jobs.add(organization, KIND, `${recordId}/${version}`, { recordId, version } satisfies Job);
    }
  }

  /** The entry once its owner has a slot, as far as that happens within some seconds. */
  async waitFor(organization: Organization, { recordId, version }: RecordEntry): Promise<RecordEntry | null> {
    await this.sweepAll();
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      const entry = await current(organization, recordId, version);
      if (entry === null || entry.ownerSlots.length > 0 || Date.now() > deadline) return entry;
      await sleep(WAIT_STEP_MS);
    }
  }

  private async add(organization: Organization, { recordId, version }: Job): Promise<void> {
    const entry = await current(organization, recordId, version);
    if (entry === null || entry.sealed === null || entry.ownerSlots.length > 0) return;
    const { sealed } = entry;
    const owner = await this.ownerKey(organization, entry);
    const made = await this.custodian.reencapsulate(organization, {
      header: await organization.objects.get(sealed.headerDigest),
      facts: {
        record: { channel: organization.ledger.channel, recordId, version, owner: entry.ledgerId },
        sealedDigest: sealed.sealedDigest,
        dekCommitment: sealed.dekCommitment,
        headerDigest: sealed.headerDigest,
      },
      owner,
    });
    if (made.capsule === null) throw new Error('a key slot for an owner has a capsule');
    await organization.objects.put(made.header);
    const { scopeId, epoch } = owner;
    const act = businessId(KIND, organization.mspId, recordId, String(version), scopeId, String(epoch));
    await submitOnce(
      organization,
      organization.service,
      'records:addKeySlot',
      [
        act,
        canonicalJson({
          recordId,
          version,
          scopeId,
          epoch,
          headerDigest: made.headerDigest,
          headerBytes: made.header.length,
          recipients: [...sealed.recipients, entry.ledgerId],
        }),
      ],
      { transient: { capsule: made.capsule } },
    );
  }

  /** The current key of the scope that the author chose; the choice is a private value of the writing hospital. */
  private async ownerKey(
    organization: Organization,
    entry: RecordEntry,
  ): Promise<PatientEntry['scopes'][number]> {
    const { ledgerId, recordId, version } = entry;
    const patient = await evaluateJson<PatientEntry | null>(organization, 'registry:getPatient', [ledgerId]);
    const key = patientKeys.selector(recordId, version);
    const selector = await this.directory.value<{ scope: string }>(organization, ledgerId, key);
    const held = await this.directory.scopes(organization, ledgerId);
    if (patient === null || selector === undefined || held === undefined) {
      throw new Error('the scope of the record is not known here yet');
    }
    const isGeneral = selector.scope === 'general';
    const owner = patient.scopes
      .filter(({ scopeId }) => (scopeId === held.general) === isGeneral)
      .sort((a, b) => b.epoch - a.epoch)[0];
    if (owner === undefined) throw new Error('the patient has no key of that scope');
    return owner;
  }
}

const current = (
  organization: Organization,
  recordId: string,
  version: number,
): Promise<RecordEntry | null> =>
  evaluateJson<RecordEntry | null>(organization, 'records:getVersion', [recordId, String(version)]);
