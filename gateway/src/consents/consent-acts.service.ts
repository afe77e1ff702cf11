import { Injectable, type OnModuleInit } from '@nestjs/common';
import { canonicalJson, sha256Hex } from '@medseal/crypto';
import { Clock } from '../clock.js';
import type { Queries } from '../database/database.js';
import { businessId } from '../http/business-request.js';
import { invalid, notFound, problem } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';
import { type ActAnswer, DeviceActs, type NewAct, type Signing } from '../transactions/device-acts.js';
import type { GrantConsentRequest } from './consents.dto.js';

/** What of a consent's transactions is still to be signed: `grant`, `share/<mspId>`, `terms/<mspId>`. */
export type GrantStep = 'grant' | `share/${string}` | `terms/${string}`;

const GRANT = 'consent-grant';
const DENY = 'consent-deny';
const REVOKE = 'consent-revoke';

interface Row {
  consent_id: string;
  owner: string;
  business_id: string;
  body: Uint8Array;
  done: string;
}

/** For whom an act is prepared. */
export type Signer = Pick<SessionUser, 'organization' | 'subject' | 'certificate'>;

export interface StepPayload {
  consentId: string;
  step: GrantStep;
  certificate: string;
}

/** After this a consent that was never granted on the ledger is forgotten. */
const BEGUN_LIVES_MS = 24 * 60 * 60_000;

/**
 * The owner's decisions as transactions that the owner's device signs. A grant is several: the consent, each agent's
 * share, the terms to each organisation that must know them. What is not yet signed is kept, so that it can be resumed.
 */
@Injectable()
export class ConsentActs implements OnModuleInit {
  constructor(
    private readonly acts: DeviceActs,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.acts.handle(GRANT, {
      committed: (organization, payload) => this.stepDone(organization, payload as StepPayload),
    });
    this.acts.handle(DENY, {
      committed: (_organization, payload) => Promise.resolve({ answer: payload }),
    });
    this.acts.handle(REVOKE, {
      committed: (organization, payload) => this.revoked(organization, payload as { consentId: string }),
    });
  }

  /**
   * Begins, or goes on with, a grant; repeated with the same body it goes on where it stopped.
   *
   * @throws ProblemException 400 naming a field; 409 for a consentId in use with another body
   */
  async grant(user: SessionUser, body: GrantConsentRequest): Promise<ActAnswer> {
    const { row, isKept } = await this.rowFor(user, body);
    return this.begin(user, row, isKept ? undefined : (queries) => this.keep(row, body, queries));
  }

  /**
   * The first transaction of a grant that another act begins; `stepDone` gives those that follow.
   *
   * @throws as `grant`
   */
  async firstStep(signer: Signer, body: GrantConsentRequest): Promise<NewAct | undefined> {
    const { organization, certificate } = signer;
    const { row, isKept } = await this.rowFor(signer, body);
    if (!isKept) await this.keep(row, body, organization.database);
    const [next] = missingOf(body, row);
    return next && actOf(row, await this.bodyOf(organization, row), next, certificate);
  }

  /** Goes on with a grant where it stopped. @throws ProblemException 404 when nothing of it is missing */
  async resume(user: SessionUser, consentId: string): Promise<ActAnswer> {
    const row = await this.find(user.organization, consentId);
    if (row?.owner !== user.subject) throw notFound();
    return this.begin(user, row);
  }

  async deny(user: SessionUser, requestId: string): Promise<ActAnswer> {
    return this.one(user, DENY, 'consent:deny', requestId, { requestId });
  }

  async revoke(user: SessionUser, consentId: string): Promise<ActAnswer> {
    return this.one(user, REVOKE, 'consent:revoke', consentId, { consentId });
  }

  /** Steps that the owner's device has yet to sign, by consentId. */
  async missing(organization: Organization, owner: string): Promise<Map<string, GrantStep[]>> {
    const rows = await organization.database.query<Row>('SELECT * FROM consent_grants WHERE owner = $1', [
      owner,
    ]);
    const missing = new Map<string, GrantStep[]>();
    for (const row of rows) {
      missing.set(row.consent_id, missingOf(await this.bodyOf(organization, row), row));
    }
    return missing;
  }

  /** Base64 of what the owner's device sealed to itself, by consentId. */
  async ownTerms({ database }: Organization, owner: string): Promise<Map<string, string>> {
    const rows = await database.query<{ consent_id: string; sealed: Uint8Array }>(
      'SELECT consent_id, sealed FROM consent_own_terms WHERE owner = $1',
      [owner],
    );
    return new Map(
      rows.map(({ consent_id, sealed }) => [consent_id, Buffer.from(sealed).toString('base64')]),
    );
  }

  private async one(
    user: SessionUser,
    kind: string,
    fn: string,
    id: string,
    payload: object,
  ): Promise<ActAnswer> {
    const { organization, subject, certificate } = user;
    const signing = await this.acts.begin(organization, {
      kind,
      subject,
      certificate,
      fn,
      args: [id],
      payload,
    });
    return { ...payload, signing };
  }

  private async begin(
    { organization, certificate }: SessionUser,
    row: Row,
    alongside?: Parameters<DeviceActs['begin']>[2],
  ): Promise<ActAnswer & { signing: Signing }> {
    const body = await this.bodyOf(organization, row);
    const [next] = missingOf(body, row);
    if (next === undefined) throw notFound();
    const signing = await this.acts.begin(organization, actOf(row, body, next, certificate), alongside);
    return { consentId: row.consent_id, missing: missingOf(body, row), signing };
  }

  /** After the commit of one of a grant's transactions; bears a repetition. */
  async stepDone(
    organization: Organization,
    { consentId, step, certificate }: StepPayload,
  ): Promise<{ answer: object; next?: NewAct }> {
    const { database } = organization;
    const row = await this.find(organization, consentId);
    if (row === undefined) return { answer: { consentId, missing: [] } };
    const done = [...new Set([...(JSON.parse(row.done) as GrantStep[]), step])];
    const now = { ...row, done: JSON.stringify(done) };
    const body = await this.bodyOf(organization, row);
    const missing = missingOf(body, now);
    const [next] = missing;
    if (next === undefined) {
      await database.query('DELETE FROM consent_grants WHERE consent_id = $1', [consentId]);
      return { answer: { consentId, missing } };
    }
    await database.query('UPDATE consent_grants SET done = $2 WHERE consent_id = $1', [consentId, now.done]);
    return { answer: { consentId, missing }, next: actOf(now, body, next, certificate) };
  }

  /** Nothing more of it can be deposited. */
  private async revoked(
    { database }: Organization,
    { consentId }: { consentId: string },
  ): Promise<{ answer: object }> {
    await database.query('DELETE FROM consent_grants WHERE consent_id = $1', [consentId]);
    return { answer: { consentId } };
  }

  /** The row that a grant has, or will have: its body must be the same each time. */
  private async rowFor(
    { organization, subject }: Signer,
    body: GrantConsentRequest,
  ): Promise<{ row: Row; isKept: boolean }> {
    requireComplete(body);
    const { keystore } = organization;
    const { consentId } = body.fields;
    const kept = await this.find(organization, consentId);
    if (kept !== undefined) {
      const same =
        kept.owner === subject &&
        canonicalJson(await this.bodyOf(organization, kept)) === canonicalJson(plain(body));
      if (same) return { row: kept, isKept: true };
      throw problem(409, 'CONSENT_EXISTS', 'Another consent has this consentId: draw another.', [
        { field: 'fields.consentId', message: 'is in use: draw another' },
      ]);
    }
    const row: Row = {
      consent_id: consentId,
      owner: subject,
      business_id: keystore.indexHmac('businessId', businessId(GRANT, subject, consentId)),
      body: await keystore.sealRow(bodyContext(consentId), plain(body)),
      done: '[]',
    };
    return { row, isKept: false };
  }

  private async keep(row: Row, { ownTerms }: GrantConsentRequest, queries: Queries): Promise<void> {
    const now = this.clock.now();
    await queries.query(`DELETE FROM consent_grants WHERE done = '[]' AND begun_at < $1`, [
      now - BEGUN_LIVES_MS,
    ]);
    await queries.query(
      `INSERT INTO consent_grants (consent_id, owner, business_id, body, done, begun_at)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (consent_id) DO NOTHING`,
      [row.consent_id, row.owner, row.business_id, row.body, row.done, now],
    );
    if (ownTerms === undefined) return;
    await queries.query(
      `INSERT INTO consent_own_terms (consent_id, owner, sealed) VALUES ($1, $2, $3)
       ON CONFLICT (consent_id) DO NOTHING`,
      [row.consent_id, row.owner, Buffer.from(ownTerms, 'base64')],
    );
  }

  private async find({ database }: Organization, consentId: string): Promise<Row | undefined> {
    const [row] = await database.query<Row>('SELECT * FROM consent_grants WHERE consent_id = $1', [
      consentId,
    ]);
    return row;
  }

  private async bodyOf({ keystore }: Organization, row: Row): Promise<GrantConsentRequest> {
    return keystore.openRow<GrantConsentRequest>(bodyContext(row.consent_id), row.body);
  }
}

const bodyContext = (consentId: string): string => `consent_grants/${consentId}/body`;

/** Class instances of the validation as plain values; a consent of the owner's own accord answers no request. */
const plain = ({ fields, ...others }: GrantConsentRequest): GrantConsentRequest =>
  JSON.parse(
    JSON.stringify({ fields: { ...fields, requestId: fields.requestId ?? null }, ...others }),
  ) as GrantConsentRequest;

const stepsOf = ({ sealedShares, sealedOpenings }: GrantConsentRequest): GrantStep[] => [
  'grant',
  ...sealedShares.map(({ mspId }): GrantStep => `share/${mspId}`),
  ...sealedOpenings.map(({ mspId }): GrantStep => `terms/${mspId}`),
];

const missingOf = (body: GrantConsentRequest, { done }: Row): GrantStep[] => {
  const signed = JSON.parse(done) as GrantStep[];
  return stepsOf(body).filter((step) => !signed.includes(step));
};

const actOf = (row: Row, body: GrantConsentRequest, step: GrantStep, certificate: string): NewAct => {
  const { consent_id: consentId, owner: subject, business_id: business } = row;
  const base = {
    kind: GRANT,
    subject,
    certificate,
    payload: { consentId, step, certificate } satisfies StepPayload,
  };
  const [part, mspId] = step.split('/');
  if (part === 'share') {
    const share = body.sealedShares.find((one) => one.mspId === mspId)!;
    return {
      ...base,
      fn: 'consent:depositShare',
      args: [consentId],
      options: {
        transient: { share: Buffer.from(share.bytes, 'base64') },
        endorsingOrganizations: [share.mspId],
      },
    };
  }
  if (part === 'terms') {
    const opening = body.sealedOpenings.find((one) => one.mspId === mspId)!;
    return {
      ...base,
      fn: 'consent:deliver',
      args: [opening.deliveryId],
      options: {
        transient: { delivery: Buffer.from(opening.bytes, 'base64') },
        endorsingOrganizations: [opening.mspId],
      },
    };
  }
  return { ...base, fn: 'consent:grant', args: [business, canonicalJson(body.fields)] };
};

/** Whether an agent's bytes are the sealed shares that the grant names: the ledger looks only once the grant is on it. */
const holdsShares = (bytes: string, { scopes }: GrantConsentRequest['fields'], at: number): boolean => {
  try {
    const { scopes: shares } = JSON.parse(Buffer.from(bytes, 'base64').toString()) as {
      scopes: { scopeId: string; epoch: number; sealedShare: string }[];
    };
    return scopes.every(({ scopeId, epoch, shareDigests }) =>
      shares.some(
        (one) =>
          one.scopeId === scopeId &&
          one.epoch === epoch &&
          sha256Hex(Buffer.from(one.sealedShare, 'base64')) === shareDigests[at],
      ),
    );
  } catch {
    return false;
  }
};

/** What the ledger would refuse only after the first signature, or not at all. @throws ProblemException 400 */
export const requireComplete = ({ fields, sealedShares, sealedOpenings }: GrantConsentRequest): void => {
  const agents = fields.agents.map(({ mspId }) => mspId);
  const shares = sealedShares.map(({ mspId }) => mspId);
  if (canonicalJson(agents) !== canonicalJson(shares)) {
    throw invalid('sealedShares', 'must have one for each of fields.agents, in their order.');
  }
  if (!sealedShares.every(({ bytes }, at) => holdsShares(bytes, fields, at))) {
    throw invalid('sealedShares', 'must be the shares of which fields.scopes has the digests.');
  }
  const receivers = sealedOpenings.map(({ mspId }) => mspId);
  if (new Set(receivers).size !== receivers.length) {
    throw invalid('sealedOpenings', 'must have at most one for each organisation.');
  }
  if (fields.grantee.kind === 'emergency') {
    if (receivers.length > 0)
      throw invalid('sealedOpenings', 'must be empty: an emergency grant has no terms.');
    return;
  }
  if (!receivers.includes(fields.grantee.mspId)) {
    throw invalid('sealedOpenings', 'must have one for the grantee’s organisation.');
  }
};
