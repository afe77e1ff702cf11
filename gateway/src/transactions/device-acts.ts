import { randomBytes } from 'node:crypto';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../clock.js';
import type { Queries } from '../database/database.js';
import { type CallOptions, type Committed, LedgerError } from '../fabric/ledger-client.js';
import { type LedgerAnswer, ledgerAnswer } from '../http/ledger-answer.js';
import { notFound, problem, type ProblemBody, ProblemException } from '../http/problem.js';
import { type Organization, OrganizationRegistry } from '../organizations/organization.js';
import { onceSeen } from '../records/asking.js';
import { checkSignature } from './device-signature.js';

/** Bytes that a device has to sign next. */
export interface Signing {
  id: string;
  stage: 'proposal' | 'transaction';
  /** Base64 of a marshalled `protos.Proposal` or `common.Payload`; the signature is over their SHA-256. */
  bytes: string;
}

export interface ActAnswer {
  signing?: Signing;
  ledger?: LedgerAnswer;
  [name: string]: unknown;
}

export interface NewAct {
  /** Up to a slash it names the handler; what follows tells a person's acts of that kind apart. */
  kind: string;
  /** Who signs: ledgerId or staff id. */
  subject: string;
  /** PEM. */
  certificate: string;
  /** `contract:function`. */
  fn: string;
  args: string[];
  /** Who endorses, and what only they are given; kept encrypted. */
  options?: CallOptions;
  /** What the act's handler needs after the commit; kept encrypted. */
  payload: object;
}

/** Does what follows the commit. Called again after a crash, so every part of it must bear a repetition. */
export interface ActHandler {
  committed(
    organization: Organization,
    payload: object,
    committed: Committed,
  ): Promise<{ answer?: object; next?: NewAct }>;
}

type Stage = 'proposal' | 'transaction' | 'submitted' | 'committed' | 'refused';

interface Row {
  id: string;
  kind: string;
  subject: string;
  certificate: string;
  fn: string;
  args: string;
  payload: Uint8Array;
  stage: Stage;
  bytes: Uint8Array;
  signed_bytes: Uint8Array;
  transaction_id: string;
  prepared_at: string;
  begun_at: string;
  answer: Uint8Array | null;
  call_options: Uint8Array | null;
}

/** Kind of what is only asked: one signature, nothing written. */
export const QUESTION = 'question';

interface KeptOptions {
  /** Base64. */
  transient: Record<string, string>;
  endorsingOrganizations: string[] | null;
  /** Missing where it is the profile's. */
  chaincode?: string;
}

/** What came of an act or a question of this kind. */
export type Settled = ActAnswer & { answer?: string };

/** The contracts refuse a proposal of more than five minutes. */
const BYTES_LIVE_MS = 5 * 60_000;
/** After this an act that nobody signed is forgotten. */
const ACT_LIVES_MS = 24 * 60 * 60_000;
/** An answer is of use for as long as its receipt. */
const QUESTION_LIVES_MS = 15 * 60_000;
/** After this a submission of which the ledger knows nothing was lost on the way. */
const SUBMISSION_LIVES_MS = 2 * BYTES_LIVE_MS;
const RESUME_INTERVAL_MS = 20_000;

/**
 * Acts that a person's own device signs: proposal first, then the endorsed transaction. Pending ones are rows of the
 * organisation's database, so they survive a restart; what is submitted is looked up, never submitted blindly again.
 */
@Injectable()
export class DeviceActs implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(DeviceActs.name);
  private readonly handlers = new Map<string, ActHandler>();
  private readonly running = new Set<string>();

  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly organizations: OrganizationRegistry,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.resumeAll(), RESUME_INTERVAL_MS);
    this.timer.unref();
    void this.resumeAll();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** By a module's `onModuleInit`, once a kind. */
  handle(kind: string, handler: ActHandler): void {
    this.handlers.set(kind, handler);
  }

  /**
   * Prepares the proposal. An act of the same kind and subject that was not submitted is replaced.
   *
   * @param alongside what must be stored together with the act, or not at all
   * @throws ProblemException 409 while an act of the same kind and subject is on its way to the ledger
   */
  async begin(
    organization: Organization,
    act: NewAct,
    alongside?: (queries: Queries) => Promise<void>,
  ): Promise<Signing> {
    return this.prepare(organization, act, '', alongside);
  }

  /** Of a committed act, or an answered question (`answer`: base64); undefined for any other. */
  async settled(
    { database, keystore }: Organization,
    subject: string,
    kind: string,
  ): Promise<Settled | undefined> {
    const [row] = await database.query<Pick<Row, 'id' | 'answer'>>(
      `SELECT id, answer FROM device_acts WHERE subject = $1 AND kind = $2 AND stage = 'committed'`,
      [subject, kind],
    );
    return row && keystore.openRow<Settled>(answerContext(row.id), row.answer!);
  }

  /** Forgets a subject's acts of a kind, as far as they were not submitted. */
  async withdraw(subject: string, kind: string, queries: Queries): Promise<void> {
    await queries.query(
      `DELETE FROM device_acts WHERE subject = $1 AND kind = $2 AND stage IN ('proposal', 'transaction', 'refused')`,
      [subject, kind],
    );
  }

  /** @param before the act that this one follows; it may be of the same kind */
  private async prepare(
    organization: Organization,
    act: NewAct,
    before: string,
    alongside?: (queries: Queries) => Promise<void>,
  ): Promise<Signing> {
    const { ledger, database, keystore } = organization;
    const id = `${organization.slug}.${randomBytes(16).toString('hex')}`;
    const proposal = ledger.newProposal(
      { mspId: organization.mspId, certificate: act.certificate },
      act.fn,
      act.args,
      act.options,
    );
    const payload = await keystore.sealRow(payloadContext(id), act.payload);
    const options =
      act.options === undefined ? null : await keystore.sealRow(optionsContext(id), keptOptions(act.options));
    const now = this.clock.now();
    await database.transaction(async (queries) => {
      await alongside?.(queries);
      await this.withdraw(act.subject, act.kind, queries);
      await queries.query(
        `DELETE FROM device_acts WHERE begun_at < $1 OR (stage = 'submitted' AND prepared_at < $2 AND id <> $3)
          OR (kind LIKE '${QUESTION}/%' AND begun_at < $4)`,
        [now - ACT_LIVES_MS, now - SUBMISSION_LIVES_MS, before, now - QUESTION_LIVES_MS],
      );
      const submitted = await queries.query(
        `SELECT id FROM device_acts WHERE subject = $1 AND kind = $2 AND stage = 'submitted' AND id <> $3`,
        [act.subject, act.kind, before],
      );
      if (submitted.length > 0) throw inProgress();
      await queries.query(
        `INSERT INTO device_acts (id, kind, subject, msp_id, certificate, fn, args, payload, stage, bytes, signed_bytes, transaction_id, prepared_at, begun_at, call_options)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'proposal', $9, $10, $11, $12, $12, $13)`,
        [
          id,
          act.kind,
          act.subject,
          organization.mspId,
          act.certificate,
          act.fn,
          JSON.stringify(act.args),
          payload,
          proposal.bytes,
          proposal.signedBytes,
          proposal.transactionId,
          now,
          options,
        ],
      );
    });
    return signing(id, 'proposal', proposal.signedBytes);
  }

  /**
   * Takes the signature of the stage that the act is in.
   *
   * @param signature base64 of DER
   * @returns the transaction to sign, or the committed act with the next one's `signing` if there is one
   * @throws ProblemException 404 for an unknown or forgotten act; 400 for a signature that is not the device's or not
   *   low-S; 409 `SIGN_AGAIN` or `PROPOSAL_STALE` with fresh `signing`; LedgerError of the contract's refusal
   */
  async sign(organization: Organization, id: string, signature: string): Promise<ActAnswer> {
    if (this.running.has(id)) throw inProgress();
    this.running.add(id);
    try {
      return await this.signOnce(organization, id, Buffer.from(signature, 'base64'));
    } finally {
      this.running.delete(id);
    }
  }

  /** Finishes what was submitted and whose answer was lost, with the process or on the way. */
  async resumeAll(): Promise<void> {
    for (const organization of this.organizations.all()) {
      try {
        await this.resume(organization);
      } catch (error) {
        this.logger.warn(`Device-signed acts of ${organization.mspId} wait: ${(error as Error).message}`);
      }
    }
  }

  private async resume(organization: Organization): Promise<void> {
    const rows = await organization.database.query<Row>(
      `SELECT * FROM device_acts WHERE stage = 'submitted'`,
    );
    for (const row of rows.filter(({ id }) => !this.running.has(id))) {
      this.running.add(row.id);
      try {
        const committed = await organization.ledger.lookUp(row.transaction_id);
        if (committed !== undefined) await this.finish(organization, row, committed);
      } finally {
        this.running.delete(row.id);
      }
    }
  }

  private async signOnce(organization: Organization, id: string, signature: Uint8Array): Promise<ActAnswer> {
    const row = await this.find(organization, id);
    if (row.stage === 'refused') throw notFound();
    this.requireSignature(row, signature);
    if (row.stage === 'committed')
      return organization.keystore.openRow<ActAnswer>(answerContext(id), row.answer!);
    if (row.stage === 'submitted') return this.lookUp(organization, row);
    if (this.clock.now() - Number(row.prepared_at) > BYTES_LIVE_MS) {
      throw await this.again(organization, row, 'PROPOSAL_STALE');
    }
    try {
      if (handlerOf(row) === QUESTION) return await this.ask(organization, row, signature);
      return row.stage === 'proposal'
        ? await this.endorse(organization, row, signature)
        : await this.submit(organization, row, signature);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      if (error.code === 'SIGN_AGAIN' || error.code === 'PROPOSAL_STALE') {
        throw await this.again(organization, row, error.code);
      }
      if (!UNDECIDED.has(error.code)) await this.setStage(organization, id, 'refused');
      throw error;
    }
  }

  private async find(organization: Organization, id: string): Promise<Row> {
    const [row] = await organization.database.query<Row>('SELECT * FROM device_acts WHERE id = $1', [id]);
    if (row === undefined || this.clock.now() - Number(row.begun_at) > ACT_LIVES_MS) throw notFound();
    return row;
  }

  private requireSignature(row: Row, signature: Uint8Array): void {
    const verdict = checkSignature(row.certificate, row.signed_bytes, signature);
    if (verdict === 'valid') return;
    const message =
      verdict === 'high-s'
        ? 'has s above half the order: send n - s instead, as Fabric demands'
        : 'is not a base64 DER signature of this act’s certificate over SHA-256 of the last `signing.bytes`';
    const code = verdict === 'high-s' ? 'SIGNATURE_HIGH_S' : 'SIGNATURE_INVALID';
    throw problem(400, code, `signature ${message}`, [{ field: 'signature', message }]);
  }

  private async endorse(organization: Organization, row: Row, signature: Uint8Array): Promise<ActAnswer> {
    const transaction = await organization.ledger.endorseSigned(row.bytes, signature);
    await onlyWhileKept(
      organization.database.query(
        `UPDATE device_acts SET stage = 'transaction', bytes = $2, signed_bytes = $3, transaction_id = $4
         WHERE id = $1 AND stage = 'proposal' RETURNING id`,
        [row.id, transaction.bytes, transaction.signedBytes, transaction.transactionId],
      ),
    );
    return { signing: signing(row.id, 'transaction', transaction.signedBytes) };
  }

  private async ask(organization: Organization, row: Row, signature: Uint8Array): Promise<ActAnswer> {
    const bytes = await onceSeen(() => organization.ledger.evaluateSigned(row.bytes, signature));
    const answer: Settled = { status: 'answered', answer: bytes.toString('base64') };
    await this.keep(organization, row.id, answer);
    return answer;
  }

  private async submit(organization: Organization, row: Row, signature: Uint8Array): Promise<ActAnswer> {
    // Written first: after a crash from here on the transaction is looked up. An act that another one replaced
    // meanwhile, or that was withdrawn, goes nowhere.
    await onlyWhileKept(
      organization.database.query(
        `UPDATE device_acts SET stage = 'submitted' WHERE id = $1 AND stage = 'transaction' RETURNING id`,
        [row.id],
      ),
    );
    return this.finish(organization, row, await organization.ledger.submitSigned(row.bytes, signature));
  }

  /** The submission's answer was lost: what the ledger says decides. */
  private async lookUp(organization: Organization, row: Row): Promise<ActAnswer> {
    const committed = await organization.ledger.lookUp(row.transaction_id);
    if (committed !== undefined) return this.finish(organization, row, committed);
    if (this.clock.now() - Number(row.prepared_at) > BYTES_LIVE_MS) {
      throw await this.again(organization, row, 'PROPOSAL_STALE');
    }
    throw problem(
      504,
      'COMMIT_UNKNOWN',
      'The ledger has not yet told how the transaction ended: ask again in a moment.',
      undefined,
      {
        headers: { 'Retry-After': '2' },
      },
    );
  }

  private async finish(organization: Organization, row: Row, committed: Committed): Promise<ActAnswer> {
    const { keystore } = organization;
    const handler = this.handlers.get(handlerOf(row));
    if (handler === undefined) throw new Error(`There is no handler for acts of kind ${row.kind}.`);
    const payload = await keystore.openRow<object>(payloadContext(row.id), row.payload);
    const { answer, next } = await handler.committed(organization, payload, committed);
    const following = next === undefined ? undefined : await this.prepare(organization, next, row.id);
    const full: ActAnswer = {
      status: following === undefined ? 'committed' : 'continued',
      ...answer,
      ledger: ledgerAnswer(committed),
      ...(following === undefined ? {} : { signing: following }),
    };
    await this.keep(organization, row.id, full);
    return full;
  }

  private async keep({ database, keystore }: Organization, id: string, answer: Settled): Promise<void> {
    const kept = await keystore.sealRow(answerContext(id), answer);
    await database.query(`UPDATE device_acts SET stage = 'committed', answer = $2 WHERE id = $1`, [id, kept]);
  }

  /** Fresh bytes under the same id, as the problem that carries them. */
  private async again(
    organization: Organization,
    row: Row,
    code: 'SIGN_AGAIN' | 'PROPOSAL_STALE',
  ): Promise<ProblemException> {
    const creator = { mspId: organization.mspId, certificate: row.certificate };
    const args = JSON.parse(row.args) as string[];
    const options = await optionsOf(organization, row);
    const proposal = organization.ledger.newProposal(creator, row.fn, args, options);
    await onlyWhileKept(
      organization.database.query(
        `UPDATE device_acts SET stage = 'proposal', bytes = $2, signed_bytes = $3, transaction_id = $4, prepared_at = $5
         WHERE id = $1 RETURNING id`,
        [row.id, proposal.bytes, proposal.signedBytes, proposal.transactionId, this.clock.now()],
      ),
    );
    const reason =
      code === 'SIGN_AGAIN'
        ? 'Another transaction came first'
        : 'The bytes are more than five minutes old and the ledger takes them no longer';
    const { problem: body } = problem(409, code, `${reason}: sign the fresh bytes in "signing".`);
    const withSigning: ProblemBody & { signing: Signing } = {
      ...body,
      signing: signing(row.id, 'proposal', proposal.signedBytes),
    };
    return new ProblemException(withSigning);
  }

  private async setStage(organization: Organization, id: string, stage: Stage): Promise<void> {
    await organization.database.query('UPDATE device_acts SET stage = $2 WHERE id = $1', [id, stage]);
  }
}

const handlerOf = ({ kind }: Row): string => kind.split('/')[0]!;

const inProgress = (): ProblemException =>
  problem(409, 'IN_PROGRESS', 'This act is being carried out: ask again in a moment.', undefined, {
    headers: { 'Retry-After': '2' },
  });

/** @throws ProblemException 404 when the change found no row: the act was replaced or withdrawn meanwhile */
const onlyWhileKept = async (changed: Promise<object[]>): Promise<void> => {
  if ((await changed).length === 0) throw notFound();
};

/** Codes after which the act may still succeed. */
const UNDECIDED = new Set<string>(['COMMIT_UNKNOWN', 'LEDGER_UNAVAILABLE']);

/** Of an act's sealed payload. */
export const payloadContext = (id: string): string => `device_acts/${id}/payload`;
const answerContext = (id: string): string => `device_acts/${id}/answer`;
const optionsContext = (id: string): string => `device_acts/${id}/options`;

const keptOptions = ({ transient = {}, endorsingOrganizations, chaincode }: CallOptions): KeptOptions => ({
  transient: Object.fromEntries(
    Object.entries(transient).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]),
  ),
  endorsingOrganizations: endorsingOrganizations ?? null,
  ...(chaincode === undefined ? {} : { chaincode }),
});

const optionsOf = async ({ keystore }: Organization, row: Row): Promise<CallOptions> => {
  if (row.call_options === null) return {};
  const kept = await keystore.openRow<KeptOptions>(optionsContext(row.id), row.call_options);
  return {
    transient: Object.fromEntries(
      Object.entries(kept.transient).map(([name, text]) => [name, Buffer.from(text, 'base64')]),
    ),
    ...(kept.endorsingOrganizations === null ? {} : { endorsingOrganizations: kept.endorsingOrganizations }),
    ...(kept.chaincode === undefined ? {} : { chaincode: kept.chaincode }),
  };
};

const signing = (id: string, stage: Signing['stage'], bytes: Uint8Array): Signing => ({
  id,
  stage,
  bytes: Buffer.from(bytes).toString('base64'),
});
