import type {
  AuditEntry,
  BusinessEntry,
  CareTeamEntry,
  ChainHead,
  ConsentAnswerEntry,
  ConsentEntry,
  ConsentKeyEntry,
  DataErasureEntry,
  ErasureAttestationEntry,
  ErasureEntry,
  OrganizationEntry,
  OrganizationKeyEntry,
  ParametersEntry,
  PatientEntry,
  ReceiptEntry,
  ReceivingKeyEntry,
  RecordEntry,
  RecordHead,
  ShareAnswerEntry,
  StaffEntry,
} from '@medseal/chaincode';
import type { WorldChange } from './block-changes.js';
import type { Row, Upsert } from './rows.js';

/** One kind of ledger entry and the rows it becomes. */
export interface EntryTable {
  readonly target: Upsert;
  /** Key columns, from the parts of the ledger's key; undefined for a key of another form. */
  keyOf(parts: readonly string[]): Row | undefined;
  /** Undefined for an entry that makes no row here. */
  rowOf(change: WorldChange): Row | undefined;
}

const json = (value: unknown): string => JSON.stringify(value);

/** By type of the ledger's key; `recordVersion` has two tables. */
export const ENTRY_TABLES: Readonly<Record<string, readonly EntryTable[]>> = {
  organization: [
    {
      target: { table: 'organizations', key: ['msp_id'] },
      keyOf: ([mspId]) => ({ msp_id: mspId! }),
      rowOf: ({ entry }) => {
        const { mspId, kind, code, status } = entry as unknown as OrganizationEntry;
        return { msp_id: mspId, kind, code, status, entry: json(entry) };
      },
    },
  ],
  organizationKey: [
    {
      target: { table: 'organization_keys', key: ['msp_id', 'kind'] },
      keyOf: ([mspId, kind]) => ({ msp_id: mspId!, kind: kind! }),
      rowOf: ({ entry }) => {
        const { mspId, kind } = entry as unknown as OrganizationKeyEntry;
        return { msp_id: mspId, kind, entry: json(entry) };
      },
    },
  ],
  parameters: [
    {
      target: { table: 'parameters', key: ['policy_version'] },
      keyOf: ([version]) => (version === undefined ? undefined : { policy_version: Number(version) }),
      rowOf: ({ entry }) => ({
        policy_version: (entry as unknown as ParametersEntry).policyVersion,
        entry: json(entry),
      }),
    },
  ],
  staff: [
    {
      target: { table: 'staff', key: ['staff_id'] },
      keyOf: ([staffId]) => ({ staff_id: staffId! }),
      rowOf: ({ entry }) => {
        const { staffId, mspId, role, status, version } = entry as unknown as StaffEntry;
        return { staff_id: staffId, msp_id: mspId, role, status, version, entry: json(entry) };
      },
    },
  ],
  receivingKey: [
    {
      target: { table: 'receiving_keys', key: ['subject'] },
      keyOf: ([subject]) => ({ subject: subject! }),
      rowOf: ({ entry }) => {
        const { subject, mspId, publicKey } = entry as unknown as ReceivingKeyEntry;
        return { subject, msp_id: mspId, public_key: publicKey, entry: json(entry) };
      },
    },
  ],
  patient: [
    {
      target: { table: 'patients', key: ['ledger_id'] },
      keyOf: ([ledgerId]) => ({ ledger_id: ledgerId! }),
      rowOf: ({ entry, blockNumber, position, transactionId }) => {
        const { ledgerId, homeMsp, status, version } = entry as unknown as PatientEntry;
        return {
          ledger_id: ledgerId,
          home_msp: homeMsp,
          status,
          version,
          entry: json(entry),
          block_number: blockNumber,
          position,
          transaction_id: transactionId,
        };
      },
    },
  ],
  record: [
    {
      target: { table: 'records', key: ['record_id'] },
      keyOf: ([recordId]) => ({ record_id: recordId! }),
      rowOf: ({ entry }) => {
        const { recordId, ledgerId, hospital, author, version } = entry as unknown as RecordHead;
        return { record_id: recordId, ledger_id: ledgerId, hospital, author, version, entry: json(entry) };
      },
    },
  ],
  recordVersion: [
    {
      target: {
        table: 'record_versions',
        key: ['record_id', 'version'],
        first: ['created_at', 'created_block'],
        once: ['chained_at', 'chained_block', 'chained_position'],
      },
      keyOf: ([recordId, version]) => ({ record_id: recordId!, version: Number(version) }),
      rowOf: ({ entry, blockNumber, position, transactionId, committedAt }) => {
        const { recordId, version, ledgerId, hospital, author, status, chain } =
          entry as unknown as RecordEntry;
        const chained = status === 'chained';
        return {
          record_id: recordId,
          version,
          ledger_id: ledgerId,
          hospital,
          author,
          status,
          chain_index: chain?.index ?? null,
          content_hash: chain?.contentHash ?? null,
          entry: json(entry),
          created_at: committedAt,
          created_block: blockNumber,
          chained_at: chained ? committedAt : null,
          chained_block: chained ? blockNumber : null,
          chained_position: chained ? position : null,
          last_block: blockNumber,
          last_position: position,
          last_transaction_id: transactionId,
        };
      },
    },
    {
      target: { table: 'record_writes', key: ['record_id', 'version', 'block_number', 'position'] },
      keyOf: () => undefined,
      rowOf: ({ entry, blockNumber, position }) => {
        const { recordId, version } = entry as unknown as RecordEntry;
        return { record_id: recordId, version, block_number: blockNumber, position };
      },
    },
  ],
  chain: [
    {
      target: { table: 'chain_heads', key: ['ledger_id'] },
      keyOf: ([ledgerId]) => ({ ledger_id: ledgerId! }),
      rowOf: ({ entry }) => {
        const { ledgerId, contentHash, count } = entry as unknown as ChainHead;
        return { ledger_id: ledgerId, content_hash: contentHash, count };
      },
    },
  ],
  receipt: [
    {
      target: { table: 'receipts', key: ['receipt_id'] },
      keyOf: ([receiptId]) => ({ receipt_id: receiptId! }),
      rowOf: ({ entry, blockNumber, position, committedAt }) => {
        const { receiptId, reader, mspId, basis, consentId, recordIds } = entry as unknown as ReceiptEntry;
        return {
          receipt_id: receiptId,
          reader,
          msp_id: mspId,
          basis,
          consent_id: consentId,
          record_ids: recordIds,
          block_number: blockNumber,
          position,
          committed_at: committedAt,
        };
      },
    },
  ],
  receiptOf: [
    {
      target: { table: 'receipt_records', key: ['ledger_id', 'receipt_id', 'record_id'] },
      keyOf: ([ledgerId, receiptId, recordId]) => ({
        ledger_id: ledgerId!,
        receipt_id: receiptId!,
        record_id: recordId!,
      }),
      rowOf: ({ parts: [ledgerId, receiptId, recordId] }) => ({
        ledger_id: ledgerId!,
        receipt_id: receiptId!,
        record_id: recordId!,
      }),
    },
  ],
  consent: [
    {
      target: { table: 'consents', key: ['consent_id'] },
      keyOf: ([consentId]) => ({ consent_id: consentId! }),
      rowOf: ({ entry }) => {
        const { consentId, ledgerId, grantee, threshold, expiresAt, revokedAt } =
          entry as unknown as ConsentEntry;
        return {
          consent_id: consentId,
          ledger_id: ledgerId,
          grantee_id: grantee.id,
          grantee_msp: grantee.mspId,
          threshold,
          expires_at: expiresAt,
          revoked_at: revokedAt,
          entry: json(entry),
        };
      },
    },
  ],
  shareAnswer: [
    {
      target: { table: 'share_answers', key: ['consent_id', 'msp_id'] },
      keyOf: ([consentId, mspId]) => ({ consent_id: consentId!, msp_id: mspId! }),
      rowOf: ({ entry, blockNumber, position }) => {
        const { consentId, mspId, answer } = entry as unknown as ShareAnswerEntry;
        return { consent_id: consentId, msp_id: mspId, answer, block_number: blockNumber, position };
      },
    },
  ],
  consentAnswer: [
    {
      target: { table: 'consent_answers', key: ['request_id', 'ledger_id'] },
      keyOf: ([requestId, ledgerId]) => ({ request_id: requestId!, ledger_id: ledgerId! }),
      rowOf: ({ entry }) => {
        const { requestId, ledgerId, answer, consentId } = entry as unknown as ConsentAnswerEntry;
        return { request_id: requestId, ledger_id: ledgerId, answer, consent_id: consentId };
      },
    },
  ],
  consentKey: [
    {
      target: { table: 'consent_keys', key: ['subject'] },
      keyOf: ([subject]) => ({ subject: subject! }),
      rowOf: ({ entry }) => {
        const { subject, mspId, publicKey } = entry as unknown as ConsentKeyEntry;
        return { subject, msp_id: mspId, public_key: publicKey, entry: json(entry) };
      },
    },
  ],
  careTeam: [
    {
      target: { table: 'care_teams', key: ['team_id'] },
      keyOf: ([teamId]) => ({ team_id: teamId! }),
      rowOf: ({ entry }) => {
        const { teamId, mspId, kind, publicKey } = entry as unknown as CareTeamEntry;
        return { team_id: teamId, msp_id: mspId, kind, public_key: publicKey, entry: json(entry) };
      },
    },
  ],
  erasure: [
    {
      target: { table: 'erasures', key: ['ledger_id'] },
      keyOf: ([ledgerId]) => ({ ledger_id: ledgerId! }),
      rowOf: ({ entry, blockNumber }) => {
        const { ledgerId, organizations, erasedAt } = entry as unknown as ErasureEntry;
        return { ledger_id: ledgerId, organizations, erased_at: erasedAt, block_number: blockNumber };
      },
    },
  ],
  erasureAttestation: [
    {
      target: { table: 'erasure_attestations', key: ['ledger_id', 'msp_id'] },
      keyOf: ([ledgerId, mspId]) => ({ ledger_id: ledgerId!, msp_id: mspId! }),
      rowOf: ({ entry, blockNumber }) => {
        const { ledgerId, mspId } = entry as unknown as ErasureAttestationEntry;
        return { ledger_id: ledgerId, msp_id: mspId, block_number: blockNumber };
      },
    },
  ],
  dataErasure: [
    {
      target: { table: 'data_erasure_attestations', key: ['consent_id'] },
      keyOf: ([consentId]) => ({ consent_id: consentId! }),
      rowOf: ({ entry, blockNumber }) => {
        const { consentId } = entry as unknown as DataErasureEntry;
        return { consent_id: consentId, block_number: blockNumber };
      },
    },
  ],
  audit: [
    {
      target: { table: 'audits', key: ['audit_id'] },
      keyOf: ([auditId]) => ({ audit_id: auditId! }),
      rowOf: ({ entry }) => {
        const audit = entry as unknown as AuditEntry;
        return {
          audit_id: audit.auditId,
          record_id: audit.recordId,
          version: audit.version,
          kind: audit.kind,
          hospital: audit.hospital,
          auditor: audit.auditor,
          auditor_msp: audit.auditorMspId,
          contributor: audit.contributor,
          status: audit.status,
          reason: audit.reason,
          opened_at: audit.openedAt,
          contribute_by: audit.contributeBy,
          reveal_by: audit.revealBy,
          prove_by: audit.proveBy,
          closed_at: audit.closedAt,
          entry: json(entry),
        };
      },
    },
  ],
  business: [
    {
      target: { table: 'business_acts', key: ['msp_id', 'business_id'] },
      keyOf: ([mspId, businessId]) => ({ msp_id: mspId!, business_id: businessId! }),
      rowOf: ({ parts: [mspId, businessId], entry }) => ({
        msp_id: mspId!,
        business_id: businessId!,
        transaction_id: (entry as unknown as BusinessEntry).transactionId,
      }),
    },
  ],
};
