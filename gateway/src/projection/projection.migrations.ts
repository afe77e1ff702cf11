import type { Migration } from '../database/migrations.js';

/**
 * The read model. Every row comes out of a VALID transaction of a block; personal values are the ciphertexts of the
 * ledger. Nothing here is a source of truth: `Projection.reset` empties all of it and reads the blocks again.
 */
export const projectionMigrations: readonly Migration[] = [
  {
    name: 'projection-1-read-model',
    sql: `
      CREATE TABLE projection_checkpoint (
        one integer PRIMARY KEY CHECK (one = 1),
        height integer NOT NULL
      );
      CREATE TABLE ledger_blocks (
        number integer PRIMARY KEY,
        header_hash bytea NOT NULL,
        commit_hash bytea,
        fingerprint bytea NOT NULL,
        transactions integer NOT NULL,
        is_config boolean NOT NULL
      );
      CREATE TABLE ledger_transactions (
        block_number integer NOT NULL,
        position integer NOT NULL,
        transaction_id text NOT NULL,
        validation_code integer NOT NULL,
        type integer NOT NULL,
        chaincode text NOT NULL,
        fn text NOT NULL,
        creator_msp text NOT NULL,
        endorsers text[] NOT NULL,
        committed_at timestamptz,
        PRIMARY KEY (block_number, position)
      );
      CREATE INDEX ledger_transactions_id ON ledger_transactions (transaction_id, block_number, position);
      CREATE TABLE organizations (
        msp_id text PRIMARY KEY,
        kind text NOT NULL,
        code text NOT NULL,
        status text NOT NULL,
        entry jsonb NOT NULL
      );
      CREATE TABLE organization_keys (
        msp_id text NOT NULL,
        kind text NOT NULL,
        entry jsonb NOT NULL,
        PRIMARY KEY (msp_id, kind)
      );
      CREATE TABLE parameters (
        policy_version integer PRIMARY KEY,
        entry jsonb NOT NULL
      );
      CREATE TABLE staff (
        staff_id text PRIMARY KEY,
        msp_id text NOT NULL,
        role text NOT NULL,
        status text NOT NULL,
        version integer NOT NULL,
        entry jsonb NOT NULL
      );
      CREATE INDEX staff_msp ON staff (msp_id, role);
      CREATE TABLE receiving_keys (
        subject text PRIMARY KEY,
        msp_id text NOT NULL,
        public_key text NOT NULL,
        entry jsonb NOT NULL
      );
      CREATE TABLE patients (
        ledger_id text PRIMARY KEY,
        home_msp text NOT NULL,
        status text NOT NULL,
        version integer NOT NULL,
        entry jsonb NOT NULL,
        block_number integer NOT NULL,
        position integer NOT NULL,
        transaction_id text NOT NULL
      );
      CREATE INDEX patients_home ON patients (home_msp);
      CREATE TABLE records (
        record_id text PRIMARY KEY,
        ledger_id text NOT NULL,
        hospital text NOT NULL,
        author text NOT NULL,
        version integer NOT NULL,
        entry jsonb NOT NULL
      );
      CREATE INDEX records_patient ON records (ledger_id);
      CREATE TABLE record_versions (
        record_id text NOT NULL,
        version integer NOT NULL,
        ledger_id text NOT NULL,
        hospital text NOT NULL,
        author text NOT NULL,
        status text NOT NULL,
        chain_index integer,
        content_hash text,
        entry jsonb NOT NULL,
        created_at timestamptz,
        created_block integer NOT NULL,
        chained_at timestamptz,
        chained_block integer,
        chained_position integer,
        last_block integer NOT NULL,
        last_position integer NOT NULL,
        last_transaction_id text NOT NULL,
        PRIMARY KEY (record_id, version)
      );
      CREATE INDEX record_versions_patient ON record_versions (ledger_id, chain_index);
      CREATE INDEX record_versions_chained ON record_versions (chained_block, chained_position);
      CREATE TABLE record_writes (
        record_id text NOT NULL,
        version integer NOT NULL,
        block_number integer NOT NULL,
        position integer NOT NULL,
        PRIMARY KEY (record_id, version, block_number, position)
      );
      CREATE TABLE chain_heads (
        ledger_id text PRIMARY KEY,
        content_hash text NOT NULL,
        count integer NOT NULL
      );
      CREATE TABLE receipts (
        receipt_id text PRIMARY KEY,
        reader text NOT NULL,
        msp_id text NOT NULL,
        basis text NOT NULL,
        consent_id text,
        record_ids text[] NOT NULL,
        block_number integer NOT NULL,
        position integer NOT NULL,
        committed_at timestamptz
      );
      CREATE TABLE receipt_records (
        ledger_id text NOT NULL,
        receipt_id text NOT NULL,
        record_id text NOT NULL,
        PRIMARY KEY (ledger_id, receipt_id, record_id)
      );
      CREATE INDEX receipt_records_receipt ON receipt_records (receipt_id);
      CREATE TABLE business_acts (
        msp_id text NOT NULL,
        business_id text NOT NULL,
        transaction_id text NOT NULL,
        PRIMARY KEY (msp_id, business_id)
      );
      CREATE TABLE private_values (
        collection text NOT NULL,
        key_hash text NOT NULL,
        key text,
        kind text,
        ledger_id text,
        value bytea,
        value_hash text NOT NULL,
        block_number integer NOT NULL,
        PRIMARY KEY (collection, key_hash)
      );
      CREATE INDEX private_values_key ON private_values (key);
      CREATE INDEX private_values_patient ON private_values (ledger_id, kind);
      CREATE INDEX private_values_kind ON private_values (kind);
    `,
  },
  {
    name: 'projection-2-consents',
    // Emptied, so that the next start reads the blocks again, consents of earlier blocks among them.
    sql: `
      CREATE TABLE consents (
        consent_id text PRIMARY KEY,
        ledger_id text NOT NULL,
        grantee_id text NOT NULL,
        grantee_msp text NOT NULL,
        threshold integer NOT NULL,
        expires_at timestamptz NOT NULL,
        revoked_at timestamptz,
        entry jsonb NOT NULL
      );
      CREATE INDEX consents_patient ON consents (ledger_id);
      CREATE INDEX consents_grantee ON consents (grantee_id);
      CREATE TABLE share_answers (
        consent_id text NOT NULL,
        msp_id text NOT NULL,
        answer text NOT NULL,
        PRIMARY KEY (consent_id, msp_id)
      );
      CREATE TABLE consent_answers (
        request_id text NOT NULL,
        ledger_id text NOT NULL,
        answer text NOT NULL,
        consent_id text,
        PRIMARY KEY (request_id, ledger_id)
      );
      CREATE TABLE consent_keys (
        subject text PRIMARY KEY,
        msp_id text NOT NULL,
        public_key text NOT NULL,
        entry jsonb NOT NULL
      );
      DELETE FROM projection_checkpoint;
      DELETE FROM ledger_blocks;
      DELETE FROM ledger_transactions;
      DELETE FROM organizations;
      DELETE FROM organization_keys;
      DELETE FROM parameters;
      DELETE FROM staff;
      DELETE FROM receiving_keys;
      DELETE FROM patients;
      DELETE FROM records;
      DELETE FROM record_versions;
      DELETE FROM record_writes;
      DELETE FROM chain_heads;
      DELETE FROM receipts;
      DELETE FROM receipt_records;
      DELETE FROM business_acts;
      DELETE FROM private_values;
    `,
  },
  {
    name: 'projection-3-share-answer-positions',
    // Null for those that were read before: earlier than any that has one.
    sql: `
      ALTER TABLE share_answers ADD COLUMN block_number integer, ADD COLUMN position integer;
    `,
  },
  {
    name: 'projection-4-care-teams',
    // Not read again: no gateway before this one has put a team.
    sql: `
      CREATE TABLE care_teams (
        team_id text PRIMARY KEY,
        msp_id text NOT NULL,
        kind text NOT NULL,
        public_key text NOT NULL,
        entry jsonb NOT NULL
      );
      CREATE INDEX care_teams_msp ON care_teams (msp_id);
    `,
  },
  {
    name: 'projection-4-erasures',
    // Not read again: nothing before this version has erased anybody.
    sql: `
      CREATE TABLE erasures (
        ledger_id text PRIMARY KEY,
        organizations text[] NOT NULL,
        erased_at timestamptz,
        block_number integer NOT NULL
      );
      CREATE TABLE erasure_attestations (
        ledger_id text NOT NULL,
        msp_id text NOT NULL,
        block_number integer NOT NULL,
        PRIMARY KEY (ledger_id, msp_id)
      );
      CREATE TABLE data_erasure_attestations (
        consent_id text PRIMARY KEY,
        block_number integer NOT NULL
      );
    `,
  },
  {
    name: 'projection-5-audits',
    // Not read again: no gateway before this one has opened an audit.
    sql: `
      CREATE TABLE audits (
        audit_id text PRIMARY KEY,
        record_id text NOT NULL,
        version integer NOT NULL,
        kind text NOT NULL,
        hospital text NOT NULL,
        auditor text NOT NULL,
        auditor_msp text NOT NULL,
        contributor text NOT NULL,
        status text NOT NULL,
        reason text,
        opened_at timestamptz NOT NULL,
        contribute_by timestamptz NOT NULL,
        reveal_by timestamptz NOT NULL,
        prove_by timestamptz NOT NULL,
        closed_at timestamptz,
        entry jsonb NOT NULL
      );
      CREATE INDEX audits_file ON audits (record_id, version, kind, closed_at);
      CREATE INDEX audits_newest ON audits (opened_at, audit_id);
      CREATE INDEX audits_open ON audits (status) WHERE closed_at IS NULL;
      CREATE INDEX audits_not_intact ON audits (closed_at) WHERE status IN ('failed', 'aborted');
      CREATE INDEX business_acts_transaction ON business_acts (transaction_id);
    `,
  },
];

/** Tables that a rebuild empties. */
export const PROJECTION_TABLES = [
  'projection_checkpoint',
  'ledger_blocks',
  'ledger_transactions',
  'organizations',
  'organization_keys',
  'parameters',
  'staff',
  'receiving_keys',
  'patients',
  'records',
  'record_versions',
  'record_writes',
  'chain_heads',
  'receipts',
  'receipt_records',
  'business_acts',
  'private_values',
  'consents',
  'share_answers',
  'consent_answers',
  'consent_keys',
  'care_teams',
  'erasures',
  'erasure_attestations',
  'data_erasure_attestations',
  'audits',
] as const;
