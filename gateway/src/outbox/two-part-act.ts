import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { canonicalJson, utf8 } from '@medseal/crypto';
import type { PrivateValue } from '@medseal/chaincode';
import { Clock } from '../clock.js';
import { LedgerError, type Committed, type LedgerIdentity } from '../fabric/ledger-client.js';
import { OrganizationRegistry, type Organization } from '../organizations/organization.js';
import { submitOnce } from './submit-once.js';

/** A fact with a private and a public part: two transactions under one business id, the private one first. */
export interface TwoPartAct {
  businessId: string;
  /** `contract:function` of the private step, endorsed by the own organisation alone. */
  privateFunction: string;
  privateArgs: string[];
  /** What goes into the implicit collection; transient `private`. */
  values?: PrivateValue[];
  /** The public entry as the private step announces it; transient `entry`, in canonical JSON. */
  entry: object;
  /** Staff details for the `hospitals` collection; transient `details`. */
  details?: object;
  publicFunction: string;
  publicArgs: string[];
  /** Reaches every endorser: nothing private. */
  publicTransient?: Record<string, Uint8Array>;
}

/** The public step as it rests in the database, in case the process ends between the two. */
interface StoredAct {
  publicFunction: string;
  publicArgs: string[];
  publicTransient?: Record<string, string>;
}

const SWEEP_INTERVAL_MS = 15_000;
/** A private step sent just before a crash may commit this much later. */
const FORGOTTEN_AFTER_MS = 120_000;

@Injectable()
export class TwoPartActs implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(TwoPartActs.name);
  private readonly running = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> = Promise.resolve();

  constructor(
    private readonly organizations: OrganizationRegistry,
    private readonly clock: Clock,
  ) {}

  /**
   * Runs both steps; a durable row lets the organisation's service finish the second one after a crash. Repeating a
   * finished act answers from its first transaction.
   * @returns the public step's commit (`result` is empty when it was done before)
   * @throws LedgerError of either step
   */
  async run(identity: LedgerIdentity, organization: Organization, act: TwoPartAct): Promise<Committed> {
    const key = `${organization.mspId}/${act.businessId}`;
    this.running.add(key);
    try {
      const begun = await this.remember(organization, act);
      const state = begun === undefined ? 'nothing' : await stateOf(organization, act.businessId);
      if (state === 'nothing') {
        if (begun !== undefined) await this.replace(organization, act);
        await this.submitPrivate(identity, organization, act);
      }
      // What was announced before the interruption is what the ledger accepts now.
      const announced = state === 'pending' && begun !== undefined ? begun : publicStep(act);
      // A device signs for the act itself; what it announced entitles the service to the rest.
      const author = identity.device === undefined ? identity : organization.service;
      const committed = await submitPublic(organization, author, announced);
      await this.forget(organization, act.businessId);
      return committed;
    } catch (error) {
      if (error instanceof LedgerError && isFinal(error)) await this.forget(organization, act.businessId);
      throw error;
    } finally {
      this.running.delete(key);
    }
  }

  onApplicationBootstrap(): void {
    const sweep = (): void => {
      this.sweeping = this.resumeAll().finally(() => {
        this.timer = setTimeout(sweep, SWEEP_INTERVAL_MS);
        this.timer.unref();
      });
    };
    sweep();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.sweeping;
    clearTimeout(this.timer);
  }

  /** Finishes what a crash left between the two steps. Safe to call at any time. */
  async resumeAll(): Promise<void> {
    for (const organization of this.organizations.all()) {
      try {
        const rows = await organization.database.query<{
          business_id: string;
          act: Uint8Array;
          created_at: Date;
        }>('SELECT business_id, act, created_at FROM two_part_acts ORDER BY created_at');
        for (const row of rows) {
          if (!this.running.has(`${organization.mspId}/${row.business_id}`))
            await this.resume(organization, row);
        }
      } catch (error) {
        this.logger.warn(`Outbox of ${organization.mspId} waits: ${(error as Error).message}`);
      }
    }
  }

  private async resume(
    organization: Organization,
    row: { business_id: string; act: Uint8Array; created_at: Date },
  ): Promise<void> {
    const state = await stateOf(organization, row.business_id);
    if (state === 'pending') {
      const stored = await this.open(organization, row);
      try {
        await submitPublic(organization, organization.service, stored);
      } catch (error) {
        if (!(error instanceof LedgerError) || !isFinal(error)) throw error;
        this.logger.warn(`An interrupted ${stored.publicFunction} is given up: ${error.code}`);
      }
    } else if (state === 'nothing' && this.clock.now() - row.created_at.getTime() < FORGOTTEN_AFTER_MS) {
      return;
    }
    await this.forget(organization, row.business_id);
  }

  private async submitPrivate(
    identity: LedgerIdentity,
    organization: Organization,
    act: TwoPartAct,
  ): Promise<void> {
    const transient: Record<string, Uint8Array> = { entry: utf8(canonicalJson(act.entry)) };
    if (act.values !== undefined) transient['private'] = utf8(canonicalJson(act.values));
    if (act.details !== undefined) transient['details'] = utf8(canonicalJson(act.details));
    await submitOnce(organization, identity, act.privateFunction, act.privateArgs, {
      transient,
      // Transient data reaches every endorser: nobody else may be asked.
      endorsingOrganizations: [organization.mspId],
    });
  }

  /** @returns the public step as it was kept when the act was begun before */
  private async remember(organization: Organization, act: TwoPartAct): Promise<StoredAct | undefined> {
    const kept = await organization.database.query(
      `INSERT INTO two_part_acts (business_id, act, created_at) VALUES ($1, $2, $3)
       ON CONFLICT (business_id) DO NOTHING RETURNING business_id`,
      [act.businessId, await sealed(organization, act), this.clock.date()],
    );
    if (kept.length === 1) return undefined;
    const [row] = await organization.database.query<{ business_id: string; act: Uint8Array }>(
      'SELECT business_id, act FROM two_part_acts WHERE business_id = $1',
      [act.businessId],
    );
    return row === undefined ? publicStep(act) : this.open(organization, row);
  }

  /** Nothing was announced yet, so this is what will be. */
  private async replace(organization: Organization, act: TwoPartAct): Promise<void> {
    await organization.database.query(
      'UPDATE two_part_acts SET act = $2, created_at = $3 WHERE business_id = $1',
      [act.businessId, await sealed(organization, act), this.clock.date()],
    );
  }

  private open(
    organization: Organization,
    row: { business_id: string; act: Uint8Array },
  ): Promise<StoredAct> {
    return organization.keystore.openRow<StoredAct>(actContext(row.business_id), row.act);
  }

  private async forget(organization: Organization, businessId: string): Promise<void> {
    await organization.database.query('DELETE FROM two_part_acts WHERE business_id = $1', [businessId]);
  }
}

const publicStep = (act: TwoPartAct): StoredAct => ({
  publicFunction: act.publicFunction,
  publicArgs: act.publicArgs,
  publicTransient: encodeTransient(act.publicTransient),
});

const sealed = (organization: Organization, act: TwoPartAct): Promise<Uint8Array> =>
  organization.keystore.sealRow(actContext(act.businessId), publicStep(act));

const submitPublic = (
  organization: Organization,
  identity: LedgerIdentity,
  step: StoredAct,
): Promise<Committed> =>
  submitOnce(organization, identity, step.publicFunction, step.publicArgs, {
    transient: decodeTransient(step.publicTransient),
  });

type ActState = 'nothing' | 'pending' | 'done';

const stateOf = async (organization: Organization, businessId: string): Promise<ActState> => {
  const { ledger, service, mspId } = organization;
  const done: unknown = parse(await ledger.evaluate(service, 'registry:getBusiness', [businessId]));
  if (done !== null) return 'done';
  return parse(await ledger.evaluate(service, 'registry:hasPending', [mspId, businessId])) === true
    ? 'pending'
    : 'nothing';
};

const parse = (bytes: Buffer): unknown => (bytes.length === 0 ? null : JSON.parse(bytes.toString()));

/** The ledger said no for good; anything else may still succeed or has unknown outcome. */
const isFinal = (error: LedgerError): boolean =>
  !['COMMIT_UNKNOWN', 'LEDGER_UNAVAILABLE', 'LEDGER_CONFLICT', 'PROPOSAL_STALE'].includes(error.code);

/** What an act at rest is sealed for. */
export const actContext = (businessId: string): string => `two_part_acts/${businessId}`;

const encodeTransient = (transient?: Record<string, Uint8Array>): Record<string, string> | undefined =>
  transient &&
  Object.fromEntries(
    Object.entries(transient).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]),
  );

const decodeTransient = (transient?: Record<string, string>): Record<string, Uint8Array> | undefined =>
  transient &&
  Object.fromEntries(Object.entries(transient).map(([name, text]) => [name, Buffer.from(text, 'base64')]));
