import { Injectable } from '@nestjs/common';
import {
  type ConsentEntry,
  type ConsentState,
  type CustodianAnswerEntry,
  type EmergencyCaseEntry,
  type EmergencyState,
  grantOf,
  type RecordEntry,
} from '@medseal/chaincode';
import {
  canonicalJson,
  checkAnswer,
  CryptoError,
  emergencyKeyOf,
  fromBase64,
  mclEngine,
  openInEmergency,
  utf8,
} from '@medseal/crypto';
import { CUSTODIAN_CHAINCODE } from '../emergencies/custodian-service.js';
import { readEmergencyKey, type PublicEmergencyKey } from '../emergencies/emergency-key.js';
import { evaluateJson } from '../fabric/evaluate-json.js';
import { type Committed, LedgerError } from '../fabric/ledger-client.js';
import type { BusinessRequest } from '../http/business-request.js';
import { page, type Page, type PageRequest } from '../http/paging.js';
import { invalid, notFound, problem, type ProblemException } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import { submitOnce } from '../outbox/submit-once.js';
import { answersOf } from './asking.js';
import {
  type AgentElement,
  type ConsentedObjects,
  elementOf,
  wrongAnswer,
  wrongAnswersOf,
} from './consented-records.service.js';
import {
  capsuleOf,
  type CoveredRecord,
  factsOf,
  newestCovered,
  scopeOf,
  versionsOf,
  versionsOfOwner,
} from './covered-record.js';
import { referenceOf } from './record-writer.js';

/** A record that an open case of the caller's opens. */
export interface EmergencyRecord extends CoveredRecord {
  emergency: EmergencyCaseEntry;
  emergencyKey: PublicEmergencyKey;
}

/** What opens the record, for who holds the reader's receiving key. */
export interface EmergencyAnswers {
  /** Proven elements of agents. */
  elements: AgentElement[];
  /** Of custodians, sealed to the reader. */
  custodianAnswers: CustodianAnswerEntry[];
}

/** What a doctor chooses from in an emergency; date and type are not known before a record is opened. */
export interface EmergencyRecordView {
  recordId: string;
  version: number;
  /** MSP id. */
  hospital: string;
  /** Staff id. */
  author: string;
  createdAt: string | null;
}

/** The reader's side of an emergency: which records the case opens, the receipt, agents' and custodians' answers. */
@Injectable()
export class EmergencyRecords {
  /** Newest first. @throws as `find` for the case */
  async list(
    user: SessionUser,
    emergencyId: string,
    { limit, cursor }: Pick<PageRequest, 'limit' | 'cursor'>,
  ): Promise<Page<EmergencyRecordView>> {
    const { consent } = await this.openCase(user, emergencyId);
    const place = cursor === undefined ? undefined : PLACE.exec(cursor);
    if (place === null) throw invalid('cursor', 'is unknown: start again without it.');
    const [, block = null, recordId = null] = place ?? [];
    const rows = await user.organization.database.query<CoveredRow>(COVERED_PAGE, [
      consent.ledgerId,
      canonicalJson(consent.scopes),
      block === null ? null : Number(block),
      recordId,
      limit + 1,
    ]);
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const next =
      rows.length > limit && last !== undefined ? `${last.created_block}:${last.entry.recordId}` : null;
    const views = shown.map(
      ({
        entry: { recordId: id, version, hospital, author },
        created_at: createdAt,
      }): EmergencyRecordView => ({
        recordId: id,
        version,
        hospital,
        author,
        createdAt: createdAt?.toISOString() ?? null,
      }),
    );
    return page(views, next, rows[0]?.total ?? 0);
  }

  /**
   * @throws ProblemException 404 unless the case is the caller's and the record its patient's; 403 `EMERGENCY_ENDED`, 409
   *   `EMERGENCY_CLOSED`, 403 for a grant that was revoked, or does not cover the record
   */
  async find(
    user: SessionUser,
    emergencyId: string,
    recordId: string,
    version: number | undefined,
  ): Promise<EmergencyRecord> {
    const { organization } = user;
    const [{ emergency, consent }, versions] = await Promise.all([
      this.openCase(user, emergencyId),
      versionsOf(organization, recordId),
    ]);
    const owned = versionsOfOwner(versions, emergency.ledgerId, version);
    const covered = newestCovered(owned, consent, 'The emergency grant does not cover this record.');
    const emergencyKey = await readEmergencyKey(organization, consent.grantee.id);
    if (emergencyKey === null) throw notFound();
    return { ...covered, emergency, emergencyKey };
  }

  /** On the ledger before anybody is asked. @throws LedgerError */
  async receipt(user: SessionUser, business: BusinessRequest, record: EmergencyRecord): Promise<Committed> {
    const { emergencyId } = record.emergency;
    return submitOnce(user.organization, user.identity(), 'access:receipt', [
      business.id,
      canonicalJson({ recordIds: [record.entry.recordId], basis: 'emergency', emergencyId }),
    ]);
  }

  /**
   * Elements of as many agents as the grant needs, each of which proves its own, then answers of as many custodians as
   * the emergency key needs, or of all.
   *
   * @throws LedgerError of a refusal; ProblemException 503 `AGENTS_UNAVAILABLE`, `CUSTODIANS_UNAVAILABLE`
   */
  async answers(
    user: SessionUser,
    record: EmergencyRecord,
    receiptId: string,
    capsule: Uint8Array,
    allCustodians = false,
  ): Promise<EmergencyAnswers> {
    const { consent, emergencyKey, entry } = record;
    const { ledger } = user.organization;
    const engine = await mclEngine();
    const grant = grantOf(ledger.channel, consent, scopeOf(record));
    const { scopeId, epoch } = grant;
    const { sealedDigest } = record.sealed;
    const context = { ...referenceOf(user.organization, entry), scopeId, epoch, sealedDigest };
    const args = [receiptId, entry.recordId, String(entry.version)];
    const elements = await answersOf<AgentElement>({
      organizations: consent.agents.map(({ mspId }) => mspId),
      threshold: consent.threshold,
      as: 'agents',
      ask: async (mspId) => {
        const options = { transient: { capsule }, endorsingOrganizations: [mspId] };
        const answer = await ledger.evaluate(user.identity(), 'consent:reencrypt', args, options);
        const element = elementOf(mspId, answer);
        if (!checkAnswer(engine, fromBase64(element.element), { grant, capsule, context, mspId }))
          throw wrongAnswersOf([mspId]);
        return { ...element, scopeId, epoch };
      },
    });
    const answers = utf8(canonicalJson(elements.map(({ mspId, element }) => ({ mspId, answer: element }))));
    const custodianAnswers = await answersOf<CustodianAnswerEntry>({
      organizations: emergencyKey.custodians.map(({ mspId }) => mspId),
      threshold: emergencyKey.threshold,
      as: 'custodians',
      all: allCustodians,
      ask: async (mspId) => {
        const answer = await ledger.evaluate(user.identity(), 'custodian:answer', args, {
          chaincode: CUSTODIAN_CHAINCODE,
          transient: { capsule, answers },
          endorsingOrganizations: [mspId],
        });
        return JSON.parse(answer.toString()) as CustodianAnswerEntry;
      },
    });
    return { elements, custodianAnswers };
  }

  /**
   * The content, with the reader's receiving key that this gateway holds while the person is signed in.
   *
   * @throws ProblemException 409 `RECORD_UNOPENABLE`, 502 `AGENT_ANSWER_WRONG` naming the organisations
   */
  async open(
    user: SessionUser,
    record: EmergencyRecord,
    receiptId: string,
    { content, header }: ConsentedObjects,
  ): Promise<Uint8Array> {
    const { organization } = user;
    const capsule = capsuleOf(organization, record, header);
    const { channel } = organization.ledger;
    const openWith = async (allCustodians: boolean): Promise<Uint8Array> => {
      const { elements, custodianAnswers } = await this.answers(
        user,
        record,
        receiptId,
        capsule,
        allCustodians,
      );
      const opened = await openInEmergency(await mclEngine(), {
        sealed: content,
        header,
        facts: factsOf(organization, record),
        key: emergencyKeyOf(channel, record.emergencyKey),
        grant: grantOf(channel, record.consent, scopeOf(record)),
        caseId: record.emergency.emergencyId,
        capsule,
        agentAnswers: elements.map(({ mspId, element }) => ({ mspId, answer: fromBase64(element) })),
        custodianAnswers: custodianAnswers.map(({ mspId, sealed }) => ({
          mspId,
          sealed: fromBase64(sealed),
        })),
        readerSecretKey: user.receivingSecretKey(),
      });
      return opened.content;
    };
    try {
      // One that answers wrongly may have been the fastest.
      return await openWith(false).catch((error: unknown) => {
        if (error instanceof CryptoError && error.code === 'TOO_FEW_ANSWERS') return openWith(true);
        throw error;
      });
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      throw error.code === 'TOO_FEW_ANSWERS' ? wrongAnswer(error) : unopenable(record, error);
    }
  }

  /** @throws ProblemException 404 for everybody but the case's reader */
  private async openCase(
    user: SessionUser,
    emergencyId: string,
  ): Promise<{ emergency: EmergencyCaseEntry; consent: ConsentEntry }> {
    const { organization, subject } = user;
    if (!/^[0-9a-f]{32}$/.test(emergencyId))
      throw invalid('emergencyId', 'must be 32 lower-case hex characters.');
    const { emergency, status } = await this.caseOf(user, emergencyId);
    if (emergency.reader !== subject || emergency.mspId !== organization.mspId) throw notFound();
    if (status === 'closed')
      throw problem(
        409,
        'EMERGENCY_CLOSED',
        'The case was closed by its reviewer: nothing is read under it.',
      );
    if (status !== 'open')
      throw problem(403, 'EMERGENCY_ENDED', 'The case’s window is over: open another if the need goes on.');
    const granted = await evaluateJson<ConsentState>(organization, 'consent:getConsent', [
      emergency.consentId,
    ]);
    if (granted.status !== 'active')
      throw problem(403, 'CONSENT_REVOKED', 'The patient’s emergency grant is not active any more.');
    return { emergency, consent: granted.consent };
  }

  private async caseOf({ organization }: SessionUser, emergencyId: string): Promise<EmergencyState> {
    try {
      return await evaluateJson<EmergencyState>(organization, 'access:getEmergency', [emergencyId]);
    } catch (error) {
      if (error instanceof LedgerError && error.code === 'EMERGENCY_NOT_FOUND') throw notFound();
      throw error;
    }
  }
}

interface CoveredRow {
  entry: RecordEntry;
  created_at: Date | null;
  created_block: number;
  total: number;
}

/** `<block>:<recordId>` of a page's last record. */
const PLACE = /^(\d{1,9}):([0-9a-f]{1,64})$/;

/** Of each record of owner $1 the newest version with a slot of one of the scopes $2, as opening takes it. */
const COVERED_PAGE = `WITH covered AS (
    SELECT DISTINCT ON (record_id) record_id, entry, created_at, created_block FROM record_versions
     WHERE ledger_id = $1 AND jsonb_typeof(entry->'sealed') = 'object' AND EXISTS (
       SELECT 1 FROM jsonb_array_elements(entry->'ownerSlots') slot, jsonb_array_elements($2::jsonb) scope
        WHERE slot->>'scopeId' = scope->>'scopeId' AND slot->>'epoch' = scope->>'epoch')
     ORDER BY record_id, version DESC)
  SELECT entry, created_at, created_block, (SELECT count(*)::int FROM covered) AS total FROM covered
   WHERE $3::int IS NULL OR (created_block, record_id) < ($3::int, $4::text)
   ORDER BY created_block DESC, record_id DESC LIMIT $5::int`;

const unopenable = ({ entry }: EmergencyRecord, cause: CryptoError): ProblemException =>
  problem(
    409,
    'RECORD_UNOPENABLE',
    `Record ${entry.recordId}, version ${entry.version}, does not open under this emergency (${cause.code}).`,
    undefined,
    { cause },
  );
