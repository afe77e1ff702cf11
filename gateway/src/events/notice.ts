import type { AuditedKind, AuditReason, GranteeKind, Role } from '@medseal/chaincode';

/** A person as the caller's own organisation knows them. */
export interface NoticePerson {
  /** Staff id. */
  readonly subject: string;
  /** Null where the own organisation does not know it. */
  readonly name: string | null;
  readonly mspId: string;
  readonly organizationName: string | null;
}

/** Whom a consent is to. */
export interface NoticeGrantee extends NoticePerson {
  readonly kind: GranteeKind;
}

/** What one is told about; instants are RFC 3339 in UTC. */
export type NoticeText =
  /** To the owner: somebody asks for a consent. */
  | { readonly type: 'consent.requested'; readonly requestId: string; readonly from: NoticePerson }
  /** To the grantee, the guardian or members of the care team: the owner has signed; agents have yet to accept their shares. */
  | { readonly type: 'consent.granted'; readonly consentId: string; readonly requestId: string | null }
  /** To who asked. */
  | { readonly type: 'consent.denied'; readonly requestId: string }
  /** To owner and grantee, as before. */
  | {
      readonly type: 'consent.active' | 'consent.revoked' | 'consent.expired';
      readonly consentId: string;
      readonly grantee: NoticeGrantee;
    }
  /** To the owner: an agent cannot use its share. */
  | {
      readonly type: 'consent.complained';
      readonly consentId: string;
      readonly mspId: string;
      readonly organizationName: string | null;
      readonly code: string | null;
    }
  /** To the owner and her guardians, who see her access log: a receipt names records of hers. */
  | {
      readonly type: 'record.read';
      readonly receiptId: string;
      /** The owner. */
      readonly ledgerId: string;
      readonly reader: NoticePerson;
      /** Whether the reader is a guardian of the owner's. */
      readonly byGuardian: boolean;
      readonly basis: string;
      readonly consentId: string | null;
      /** The owner's only. */
      readonly recordIds: readonly string[];
    }
  /** To the owner: her records are open to somebody for a while. */
  | {
      readonly type: 'emergency.opened';
      readonly emergencyId: string;
      readonly reader: NoticePerson;
      readonly until: string | null;
    }
  /** To administrators and auditors of the record's hospital and of who opened it: a file could not be proven. */
  | {
      readonly type: 'audit.failed';
      readonly auditId: string;
      readonly recordId: string;
      readonly version: number;
      readonly kind: AuditedKind;
      /** MSP id of the record's hospital. */
      readonly hospital: string;
      readonly organizationName: string | null;
      readonly reason: AuditReason | null;
    };

export type Notice = NoticeText & { readonly at: string | null };

/** Somebody who is signed in and listens. */
export interface NoticeListener {
  /** Staff id, or a patient's ledgerId. */
  readonly subject: string;
  readonly role: Role;
}

/** A notice, whom it is for, and where the ledger says it. */
export interface AddressedNotice {
  /** Staff id, or a patient's ledgerId. */
  readonly to: string;
  readonly blockNumber: number;
  readonly position: number;
  readonly index: number;
  readonly notice: Notice;
}
