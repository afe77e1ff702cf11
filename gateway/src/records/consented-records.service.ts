import { Injectable, Logger } from '@nestjs/common';
import {
  type ConsentState,
  type ConsentTerms,
  grantOf,
  type ReencryptedElement,
  type SelectorOpening,
} from '@medseal/chaincode';
import { canonicalJson, CryptoError, type Culprit, mclEngine, openAsReader, utf8 } from '@medseal/crypto';
import { TeamKeys } from '../care-teams/team-keys.js';
import { type Standing, TeamMembership } from '../care-teams/team-membership.js';
import { HeldOpenings } from '../consents/held-openings.js';
import { evaluateJson } from '../fabric/evaluate-json.js';
import { type Committed, LedgerError } from '../fabric/ledger-client.js';
import type { BusinessRequest } from '../http/business-request.js';
import { invalid, notFound, problem, ProblemException } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import { submitOnce } from '../outbox/submit-once.js';
import { answersOf } from './asking.js';
import {
  capsuleOf,
  type CoveredRecord,
  factsOf,
  newestCovered,
  scopeOf,
  versionsOf,
  versionsOfOwner,
} from './covered-record.js';

/** One agent's answer; only the reader's key makes something of it. */
export interface AgentElement {
  mspId: string;
  scopeId: string;
  epoch: number;
  /** Base64. */
  element: string;
}

/** A record that a consent opens for the caller, as far as public entries and the terms tell. */
export interface ConsentedRecord extends CoveredRecord {
  terms: ConsentTerms;
  selector: SelectorOpening;
  standing: Standing;
}

/** Who reads; of a guardian, whose device signs, no more is known here. */
export type Reader = Pick<SessionUser, 'organization' | 'subject' | 'role'>;

export interface ConsentedObjects {
  content: Uint8Array;
  header: Uint8Array;
}

/** The reader's side of a consent: which record it opens, its receipt, and the agents' elements. */
@Injectable()
export class ConsentedRecords {
  private readonly logger = new Logger(ConsentedRecords.name);

  constructor(
    private readonly held: HeldOpenings,
    private readonly membership: TeamMembership,
    private readonly teamKeys: TeamKeys,
  ) {}

  /** @throws ProblemException 404 unless the caller is the consent's grantee and the record its owner's; 403, 409 by name */
  async find(
    user: Reader,
    consentId: string,
    recordId: string,
    version: number | undefined,
  ): Promise<ConsentedRecord> {
    const { organization } = user;
    // The read model answers while the own peer does.
    const [{ consent, status, standing }, versions, terms] = await Promise.all([
      this.consentOf(user, consentId),
      versionsOf(organization, recordId),
      this.held.termsOf(organization, consentId),
    ]);
    const owned = versionsOfOwner(versions, consent.ledgerId, version);
    if (status !== 'active') throw notActive(status);
    const covered = newestCovered(
      owned,
      consent,
      'The consent does not cover this record: ask for one that does.',
    );
    if (terms === undefined) throw pending('CONSENT_TERMS_PENDING', 'the consent’s terms');
    const { entry } = covered;
    const selector = await this.held.selectorOf(organization, entry.recordId, entry.version, consentId);
    if (selector === undefined) throw pending('SELECTOR_PENDING', 'the record’s date and type');
    requireInTerms(terms, selector);
    return { ...covered, terms, selector, standing };
  }

  /** The record under the first consent to the caller, or to a care team that the caller is in, that opens it now. */
  async applicable(
    user: SessionUser,
    recordId: string,
    version: number | undefined,
  ): Promise<ConsentedRecord | undefined> {
    for (const consentId of await this.membership.consentIds(user, recordId)) {
      try {
        return await this.find(user, consentId, recordId, version);
      } catch (error) {
        if (!(error instanceof ProblemException)) throw error;
      }
    }
    return undefined;
  }

  /** On the ledger before any agent is asked. @throws LedgerError */
  async receipt(user: SessionUser, business: BusinessRequest, record: ConsentedRecord): Promise<Committed> {
    const args = [business.id, receiptOf(record)];
    const transient = encounterOf(record.standing);
    return submitOnce(user.organization, user.identity(), 'access:receipt', args, { transient });
  }

  /**
   * Elements of as many agents as the consent needs, of all that answer when they have to prove them.
   *
   * @throws LedgerError of an agent's refusal; ProblemException 503 `AGENTS_UNAVAILABLE` naming who does not answer
   */
  async elements(
    user: SessionUser,
    record: ConsentedRecord,
    receiptId: string,
    capsule: Uint8Array,
    withProof = false,
  ): Promise<AgentElement[]> {
    const { agents, threshold } = record.consent;
    return answersOf({
      organizations: agents.map(({ mspId }) => mspId),
      threshold,
      all: withProof,
      as: 'agents',
      ask: (mspId) => this.ask(user, record, mspId, receiptId, capsule, withProof),
    });
  }

  /**
   * The content, with the reader's key that this gateway holds while the person is signed in. Wrong elements are told
   * from right ones by their proofs, once it does not open without.
   *
   * @param readerSecretKey as `readerKey` gives it
   * @throws ProblemException 409 `RECORD_UNOPENABLE`, 502 `AGENT_ANSWER_WRONG` naming the organisations
   */
  async open(
    user: SessionUser,
    record: ConsentedRecord,
    receiptId: string,
    { content, header }: ConsentedObjects,
    readerSecretKey: Uint8Array,
  ): Promise<Uint8Array> {
    const { organization } = user;
    const capsule = capsuleOf(organization, record, header);
    const engine = await mclEngine();
    const withElements = async (elements: AgentElement[]): Promise<Uint8Array> => {
      const opened = await openAsReader(engine, {
        sealed: content,
        header,
        facts: factsOf(organization, record),
        grant: grantOf(organization.ledger.channel, record.consent, scopeOf(record)),
        readerSecretKey,
        capsule,
        answers: elements.map(({ mspId, element }) => ({ mspId, answer: Buffer.from(element, 'base64') })),
      });
      // Costs as much as opening does, and the reader need not wait for it.
      setImmediate(() => this.report(opened.culprits));
      return opened.content;
    };
    try {
      return await withElements(await this.elements(user, record, receiptId, capsule));
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      if (error.code !== 'BAD_ANSWER') throw unopenable(record, error);
    }
    try {
      return await withElements(await this.elements(user, record, receiptId, capsule, true));
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      throw error.code === 'BAD_ANSWER' ? wrongAnswer(error) : unopenable(record, error);
    }
  }

  private report(culprits: readonly Culprit[]): void {
    if (culprits.length === 0) return;
    const agents = culprits.map(({ id }) => id).sort();
    this.logger.warn(
      `Wrong answers of ${agents.join(', ')} to a read under a consent, which opened all the same: have their agents looked at`,
    );
  }

  /** The person's own, or the care team's as this person holds it. @throws ProblemException 409 `TEAM_KEY_PENDING` */
  async readerKey(user: SessionUser, { consent: { grantee } }: ConsentedRecord): Promise<Uint8Array> {
    if (grantee.kind === 'person') return user.readerSecretKey();
    const holder = { subject: user.subject, receivingSecretKey: user.receivingSecretKey() };
    const key = await this.teamKeys.open(user.organization, grantee.publicKey, holder);
    if (key !== undefined) return key;
    throw teamKeyPending();
  }

  /**
   * Of a consent to a care team, for a member whose device holds the keys: the team's key, sealed to that device.
   *
   * @throws ProblemException 409 `TEAM_KEY_PENDING`
   */
  async sealedTeamKey(
    { organization, subject, keyHolder }: SessionUser,
    { consent: { grantee } }: ConsentedRecord,
  ): Promise<Uint8Array | undefined> {
    if (keyHolder === 'gateway' || grantee.kind !== 'careTeam') return undefined;
    const sealed = await this.teamKeys.sealedCopy(organization, grantee.publicKey, subject);
    if (sealed === undefined) throw teamKeyPending();
    return sealed;
  }

  /** @throws ProblemException 404 unless the caller is its grantee, or in the care team that is */
  async consentOf(user: Reader, consentId: string): Promise<ConsentState & { standing: Standing }> {
    if (!/^[0-9a-f]{32}$/.test(consentId))
      throw invalid('consentId', 'must be 32 lower-case hex characters.');
    let state: ConsentState;
    try {
      state = await evaluateJson<ConsentState>(user.organization, 'consent:getConsent', [consentId]);
    } catch (error) {
      if (error instanceof LedgerError && error.code === 'CONSENT_NOT_FOUND') throw notFound();
      throw error;
    }
    const standing = await this.membership.standing(user, state.consent);
    if (standing === undefined) throw notFound();
    return { ...state, standing };
  }

  private async ask(
    user: SessionUser,
    record: ConsentedRecord,
    mspId: string,
    receiptId: string,
    capsule: Uint8Array,
    withProof: boolean,
  ): Promise<AgentElement> {
    const { recordId, version } = record.entry;
    const transient = { ...questionOf(record, capsule), ...(withProof ? { withProof: utf8('1') } : {}) };
    return elementOf(
      mspId,
      await user.organization.ledger.evaluate(
        user.identity(),
        'consent:reencrypt',
        [receiptId, recordId, String(version)],
        { transient, endorsingOrganizations: [mspId] },
      ),
    );
  }
}

const teamKeyPending = (): ProblemException =>
  problem(
    409,
    'TEAM_KEY_PENDING',
    'Nobody has handed you the key of this care team yet: a colleague who holds it does so by signing in.',
  );

const encounterOf = ({ encounterId }: Standing): Record<string, Uint8Array> =>
  encounterId === undefined ? {} : { encounter: utf8(encounterId) };

/** Argument of the receipt that the read of a record leaves. */
export const receiptOf = ({ consent: { consentId }, entry: { recordId } }: ConsentedRecord): string =>
  canonicalJson({ recordIds: [recordId], basis: 'consent', consentId });

/** What each agent is told besides, for this read alone. */
export const questionOf = (
  { terms, selector, standing }: ConsentedRecord,
  capsule: Uint8Array,
): Record<string, Uint8Array> => ({
  capsule,
  selector: utf8(canonicalJson(selector)),
  terms: utf8(canonicalJson(terms)),
  ...encounterOf(standing),
});

/** An agent's answer as it came. */
export const elementOf = (mspId: string, answer: Buffer): AgentElement => {
  const { scopeId, epoch, element } = JSON.parse(answer.toString()) as ReencryptedElement;
  return { mspId, scopeId, epoch, element };
};

/** What every agent checks too; here, so that no receipt says that something was read which cannot be. */
const requireInTerms = (
  { recordTypes, dateRange }: ConsentTerms,
  { recordType, date }: SelectorOpening,
): void => {
  if (recordTypes.includes(recordType) && date >= dateRange.from && date <= dateRange.to) return;
  throw problem(403, 'NOT_IN_TERMS', 'The consent does not cover records of this type and date.');
};

const notActive = (status: ConsentState['status']): ProblemException => {
  switch (status) {
    case 'revoked':
      return problem(403, 'CONSENT_REVOKED', 'The owner has revoked this consent.');
    case 'ended':
      return problem(
        403,
        'TERMS_ENDED',
        'What was read under this consent is erased, and it opens nothing more: ask for another.',
      );
    case 'expired':
      return problem(403, 'CONSENT_EXPIRED', 'The consent has expired: ask for another.');
    default:
      return problem(
        403,
        'CONSENT_NOT_ACTIVE',
        'Too few agents have accepted their share yet: try again later.',
      );
  }
};

const pending = (code: string, what: string): ProblemException =>
  problem(409, code, `Your hospital has not yet been handed ${what}: try again later.`, undefined, {
    headers: { 'Retry-After': '5' },
  });

export const wrongAnswer = (cause: CryptoError): ProblemException =>
  wrongAnswersOf(cause.culprits.map(({ id }) => id).sort(), cause);

export const wrongAnswersOf = (agents: string[], cause?: CryptoError): ProblemException =>
  problem(
    502,
    'AGENT_ANSWER_WRONG',
    `The record does not open: the answers of ${agents.join(', ')} are wrong.`,
    agents.map((mspId) => ({ field: 'agents', message: mspId })),
    { cause },
  );

const unopenable = ({ entry }: ConsentedRecord, cause: CryptoError): ProblemException =>
  problem(
    409,
    'RECORD_UNOPENABLE',
    `Record ${entry.recordId}, version ${entry.version}, does not open under this consent (${cause.code}): ` +
      'after a password reset the owner has to grant another.',
    undefined,
    { cause },
  );
