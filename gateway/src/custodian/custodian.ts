import { Injectable } from '@nestjs/common';
import { fromHex, type LedgerFacts, mclEngine, reencapsulate, type SealedKeys } from '@medseal/crypto';
import type { ScopeKey } from '@medseal/chaincode';
import type { Organization } from '../organizations/organization.js';

export interface Handover {
  /** Header object with the custodian's slot. */
  header: Uint8Array;
  /** What the ledger says about the record. */
  facts: LedgerFacts;
  /** The owner's current key, from the ledger. */
  owner: ScopeKey;
}

/**
 * The organisation's custodian of records whose owner had no keys yet. Its key is in a file of its own and leaves this
 * class in no form: the one thing it can do is to wrap a record's key again for the record's owner. It is never given
 * content.
 */
@Injectable()
export class Custodian {
  /**
   * @returns the header with one more slot, and that slot's capsule
   * @throws CryptoError when header and ledger disagree or no slot is the custodian's
   */
  async reencapsulate(organization: Organization, { header, facts, owner }: Handover): Promise<SealedKeys> {
    const secretKey = organization.keystore.custodianSecretKey();
    try {
      return await reencapsulate(await mclEngine(), {
        header,
        facts,
        opener: { recipient: { kind: 'custodian', id: organization.mspId, secretKey } },
        owner: { scopeId: owner.scopeId, epoch: owner.epoch, publicKey: fromHex(owner.publicKey) },
      });
    } finally {
      secretKey.fill(0);
    }
  }
}
