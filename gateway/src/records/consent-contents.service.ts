import { Injectable } from '@nestjs/common';
import {
  type ConsentTerms,
  type DemographicGroup,
  grantedScopes,
  type RecordEntry,
} from '@medseal/chaincode';
import { HeldOpenings } from '../consents/held-openings.js';
import { type Page, type PageRequest, pageOfArray } from '../http/paging.js';
import { notFound } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import { ConsentedRecords } from './consented-records.service.js';

/** A record that a consent opens for its grantee; date and type as they were handed over. */
export interface ConsentedRecordView {
  recordId: string;
  version: number;
  date: string;
  recordType: string;
  /** MSP id. */
  hospital: string;
  /** Staff id. */
  author: string;
}

export interface ConsentContents extends Page<ConsentedRecordView> {
  consentId: string;
  ledgerId: string;
  status: string;
  expiresAt: string;
  /** Null until they have been handed over, and after the consent's end. */
  terms: Omit<ConsentTerms, 'salt'> | null;
  /** Groups of the owner's data that the home hospital handed over. */
  patient: Partial<Record<DemographicGroup, Record<string, unknown>>>;
}

/** What a consent opens, for its grantee's list: nothing is opened, so there is no receipt. */
@Injectable()
export class ConsentContentsService {
  constructor(
    private readonly records: ConsentedRecords,
    private readonly held: HeldOpenings,
  ) {}

  /** Newest first. @throws ProblemException 404 for everybody but the grantee */
  async list(user: SessionUser, consentId: string, request: PageRequest): Promise<ConsentContents> {
    const { organization } = user;
    if (!/^[0-9a-f]{32}$/.test(consentId)) throw notFound();
    const { consent, status } = await this.records.consentOf(user, consentId);
    const { ledgerId, expiresAt } = consent;
    const isOpen = status === 'active';
    const held = isOpen ? await this.held.termsOf(organization, consentId) : undefined;
    const views: ConsentedRecordView[] = [];
    if (held !== undefined) {
      const selectors = await this.held.selectorsOf(organization, consentId);
      const seen = new Set<string>();
      for (const entry of await this.versions(user, ledgerId)) {
        const { recordId, version, hospital, author } = entry;
        // The newest version that the consent covers, as opening takes it.
        if (seen.has(recordId) || entry.sealed === null || grantedScopes(entry, consent).length === 0)
          continue;
        const selector =
          selectors.get(`${recordId}/${version}`) ??
          (hospital === organization.mspId
            ? await this.held.selectorOf(organization, recordId, version, consentId)
            : undefined);
        seen.add(recordId);
        if (selector === undefined || !isInTerms(held, selector)) continue;
        const { date, recordType } = selector;
        views.push({ recordId, version, date, recordType, hospital, author });
      }
    }
    views.sort(
      (left, right) => right.date.localeCompare(left.date) || (left.recordId < right.recordId ? -1 : 1),
    );
    const { salt: _salt, ...terms } = held ?? { salt: '' };
    return {
      consentId,
      ledgerId,
      status,
      expiresAt,
      terms: held === undefined ? null : (terms as Omit<ConsentTerms, 'salt'>),
      patient: isOpen ? await this.held.demographicsOf(organization, consentId) : {},
      ...pageOfArray(views, request, ({ recordId }) => recordId),
    };
  }

  private async versions({ organization }: SessionUser, ledgerId: string): Promise<RecordEntry[]> {
    const rows = await organization.database.query<{ entry: RecordEntry }>(
      'SELECT entry FROM record_versions WHERE ledger_id = $1 ORDER BY record_id, version DESC',
      [ledgerId],
    );
    return rows.map(({ entry }) => entry);
  }
}

const isInTerms = (
  { recordTypes, dateRange }: ConsentTerms,
  { recordType, date }: { recordType: string; date: string },
): boolean => recordTypes.includes(recordType) && date >= dateRange.from && date <= dateRange.to;
