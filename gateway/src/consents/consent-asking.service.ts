import { Injectable } from '@nestjs/common';
import type { ConsentAnswerEntry, OrganizationEntry, OrganizationKeyEntry } from '@medseal/chaincode';
import { Clock } from '../clock.js';
import { evaluateJson, evaluateList } from '../fabric/evaluate-json.js';
import { type Committed, LedgerError } from '../fabric/ledger-client.js';
import type { BusinessRequest } from '../http/business-request.js';
import { type LedgerAnswer, ledgerAnswer } from '../http/ledger-answer.js';
import { type Page, type PageRequest, pageOfArray } from '../http/paging.js';
import { notFound, problem, tooManyRequests } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';
import { ConsentRequests, type TakenRequest } from './consent-requests.js';
import type { AskConsentRequest } from './consents.dto.js';
import { type RequestDelivery, sealDelivery } from './delivery-formats.js';

/** Requests of one person in 24 hours, whatever became of them. */
const REQUESTS_A_DAY = 20;
const DAY_MS = 24 * 60 * 60_000;

/** A request as its sender or the owner sees it. */
export interface RequestView extends Omit<RequestDelivery, 'kind'> {
  requestId: string;
  askedAt: string;
  /** MSP id and staff id of who asks. */
  from: { mspId: string; subject: string; role: string };
  answer: 'granted' | 'denied' | null;
  consentId: string | null;
}

interface Row {
  request_id: string;
  subject: string;
  asked_at: string;
  request: Uint8Array;
}

/**
 * Asking for a consent by registration number. The request is sealed to the organisation that the number's first digits
 * name; an unknown, foreign or own number has the same answer after the same work.
 */
@Injectable()
export class ConsentAsking {
  constructor(
    private readonly requests: ConsentRequests,
    private readonly clock: Clock,
  ) {}

  /** @throws ProblemException 429 after 20 requests of a person in 24 hours */
  async ask(
    user: SessionUser,
    business: BusinessRequest,
    { grantee = { kind: 'person', id: user.subject }, ...input }: AskConsentRequest,
  ): Promise<{ requestId: string; status: 'requested'; ledger?: LedgerAnswer }> {
    const { organization } = user;
    const requestId = business.deriveId('consentRequest');
    const request: RequestDelivery = JSON.parse(
      JSON.stringify({ kind: 'request', ...input, grantee }),
    ) as RequestDelivery;
    const receiver = await this.receiver(organization, input.registrationNo);
    const sealed = await sealDelivery(receiver, requestId, request);
    await this.count(user, requestId, request);
    const committed = await this.submit(user, requestId, receiver.mspId, sealed);
    return {
      requestId,
      status: 'requested',
      ...(committed === undefined ? {} : { ledger: ledgerAnswer(committed) }),
    };
  }

  /** Those the caller made, or that ask the caller; newest first. */
  async list(user: SessionUser, request: PageRequest): Promise<Page<RequestView>> {
    const views = user.role === 'patient' ? await this.addressedTo(user) : await this.madeBy(user);
    views.sort(
      (left, right) =>
        right.askedAt.localeCompare(left.askedAt) || left.requestId.localeCompare(right.requestId),
    );
    return pageOfArray(views, request, ({ requestId }) => requestId);
  }

  /** @throws ProblemException 404 unless the request asks the caller */
  async requireAddressed({ organization, subject }: SessionUser, requestId: string): Promise<TakenRequest> {
    const found = /^[0-9a-f]{32}$/.test(requestId)
      ? await this.requests.get(organization, requestId)
      : undefined;
    if (found?.ledgerId !== subject) throw notFound();
    return found;
  }

  private async addressedTo({ organization, subject }: SessionUser): Promise<RequestView[]> {
    const taken = await this.requests.listFor(organization, subject);
    return taken.map(({ requestId, from, request: { kind: _kind, ...fields }, answer }) => ({
      requestId,
      askedAt: from.at,
      from: { mspId: from.mspId, subject: from.subject, role: from.role },
      ...fields,
      answer: answer?.answer ?? null,
      consentId: answer?.consentId ?? null,
    }));
  }

  private async madeBy({ organization, subject, role }: SessionUser): Promise<RequestView[]> {
    const { database, keystore, mspId } = organization;
    const rows = await database.query<Row>('SELECT * FROM consent_requests_made WHERE subject = $1', [
      subject,
    ]);
    return Promise.all(
      rows.map(async (row): Promise<RequestView> => {
        const { kind: _kind, ...fields } = await keystore.openRow<RequestDelivery>(
          requestContext(row.request_id),
          row.request,
        );
        const answers = await evaluateList<ConsentAnswerEntry>(organization, 'consent:getRequestAnswers', [
          row.request_id,
        ]);
        // Somebody who was not asked can answer too: a grant speaks for itself, a denial counts only without one.
        const answer = answers.find((one) => one.answer === 'granted') ?? answers[0];
        return {
          requestId: row.request_id,
          askedAt: new Date(Number(row.asked_at)).toISOString(),
          from: { mspId, subject, role },
          ...fields,
          answer: answer?.answer ?? null,
          consentId: answer?.consentId ?? null,
        };
      }),
    );
  }

  /** A number that no organisation has goes to the own one, which finds nobody by it. */
  private async receiver(
    organization: Organization,
    registrationNo: string,
  ): Promise<{ mspId: string; publicKey: string }> {
    const organizations = await evaluateJson<OrganizationEntry[]>(
      organization,
      'registry:getOrganizations',
      [],
    );
    const named = organizations.find(
      ({ code, kind, status }) =>
        kind === 'hospital' && status === 'active' && registrationNo.startsWith(code),
    );
    const mspId = named?.mspId ?? organization.mspId;
    const keys = await evaluateJson<OrganizationKeyEntry[]>(organization, 'registry:getOrganizationKeys', [
      mspId,
    ]);
    const key = keys.findLast(({ kind }) => kind === 'handover');
    if (key === undefined) {
      throw problem(503, 'HANDOVER_KEY_MISSING', `${mspId} has no hand-over key yet: try again later.`);
    }
    return { mspId, publicKey: key.publicKey };
  }

  private async count(
    { organization, subject }: SessionUser,
    requestId: string,
    request: RequestDelivery,
  ): Promise<void> {
    const now = this.clock.now();
    const sealed = await organization.keystore.sealRow(requestContext(requestId), request);
    await organization.database.transaction(async (queries) => {
      // One after the other, or two at once would both be the twentieth.
      await queries.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`consent-requests/${subject}`]);
      const recent = await queries.query<{ request_id: string; asked_at: string }>(
        `SELECT request_id, asked_at FROM consent_requests_made
          WHERE subject = $1 AND asked_at > $2 ORDER BY asked_at`,
        [subject, now - DAY_MS],
      );
      if (recent.some(({ request_id }) => request_id === requestId)) return;
      const [oldest] = recent;
      if (oldest !== undefined && recent.length >= REQUESTS_A_DAY) {
        throw tooManyRequests(
          'TOO_MANY_CONSENT_REQUESTS',
          `A person may ask for ${REQUESTS_A_DAY} consents in 24 hours: ask again later.`,
          (Number(oldest.asked_at) + DAY_MS - now) / 1_000,
        );
      }
      await queries.query(
        `INSERT INTO consent_requests_made (request_id, subject, asked_at, request) VALUES ($1, $2, $3, $4)
          ON CONFLICT (request_id) DO NOTHING`,
        [requestId, subject, now, sealed],
      );
    });
  }

  /** Undefined when an earlier try had arrived already. */
  private async submit(
    user: SessionUser,
    requestId: string,
    mspId: string,
    sealed: Uint8Array,
  ): Promise<Committed | undefined> {
    try {
      return await user.organization.ledger.submit(user.identity(), 'consent:request', [requestId], {
        transient: { request: sealed },
        endorsingOrganizations: [mspId],
      });
    } catch (error) {
      if (error instanceof LedgerError && error.code === 'PRIVATE_VALUE_EXISTS') return undefined;
      throw error;
    }
  }
}

/** What a request that was made here is sealed for. */
export const requestContext = (requestId: string): string => `consent_requests_made/${requestId}`;
