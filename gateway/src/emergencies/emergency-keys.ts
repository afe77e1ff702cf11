import { Injectable } from '@nestjs/common';
import { type EmergencyKeyEntry, organizationKeyStatement, privateKeys } from '@medseal/chaincode';
import {
  canonicalJson,
  type EmergencyKey,
  emergencyKeyDigest,
  makeEmergencyKey,
  mclEngine,
  toBase64,
  toHex,
} from '@medseal/crypto';
import { evaluateJson } from '../fabric/evaluate-json.js';
import { LedgerError } from '../fabric/ledger-client.js';
import type { Organization } from '../organizations/organization.js';
import { keysOfActive, putOrganizationKey } from '../organizations/organization-keys.js';
import { custodianStatus, keepShare } from './custodian-service.js';
import { readEmergencyKey } from './emergency-key.js';

const THRESHOLD = 2;

/** What the ceremony leaves behind: public values, and shares that only the custodian services open. */
interface Ceremony {
  key: Pick<EmergencyKeyEntry, 'publicKey' | 'proof' | 'threshold' | 'custodians'>;
  /** Base64, by MSP id. */
  shares: Record<string, string>;
}

/**
 * The emergency key from its ceremony to the custodian services. Every step looks at the ledger first, so that what was
 * cut short goes on, and nothing is done twice.
 */
@Injectable()
export class EmergencyKeys {
  /** The key of the organisation's custodian service on the ledger, vouched for by its service. */
  async registerCustodian(organization: Organization): Promise<void> {
    const { publicKey } = await custodianStatus(organization);
    await putOrganizationKey(organization, 'custodianService', publicKey);
  }

  /**
   * By the ministry: makes the key once every admitted organisation has a custodian service, and there are two or more;
   * goes on with what an earlier start made. @returns whether there is a key now, with every share deposited
   */
  async hold(ministry: Organization): Promise<boolean> {
    const begun = await this.begun(ministry);
    if (begun === undefined && (await readEmergencyKey(ministry)) !== null) return true;
    const { digest, made } = begun ?? (await this.make(ministry)) ?? {};
    if (digest === undefined || made === undefined) return false;
    if ((await readEmergencyKey(ministry, digest)) === null) {
      try {
        await put(ministry, digest, made);
      } catch (error) {
        // A custodian service has another key by now: the next round begins anew.
        if (error instanceof LedgerError && error.code === 'EMERGENCY_KEY_INVALID')
          await this.forget(ministry, digest);
        throw error;
      }
    }
    await Promise.all(
      Object.entries(made.shares).map(([mspId, share]) =>
        depositShare(ministry, digest, mspId, Buffer.from(share, 'base64')),
      ),
    );
    await this.forget(ministry, digest);
    return true;
  }

  private async forget({ database }: Organization, digest: string): Promise<void> {
    await database.query('DELETE FROM emergency_ceremonies WHERE digest = $1', [digest]);
  }

  /** Gives the own custodian service its share of the current key. @returns whether it has one now */
  async handOver(organization: Organization): Promise<boolean> {
    const key = await readEmergencyKey(organization);
    const isCustodian = key?.custodians.some(({ mspId }) => mspId === organization.mspId);
    if (key === null || isCustodian !== true) return false;
    const { shares } = await custodianStatus(organization);
    if (shares.includes(key.digest)) return true;
    const name = privateKeys.custodianShare(key.digest);
    const held = await evaluateJson<Record<string, string | null>>(organization, 'registry:getPrivate', [
      canonicalJson([name]),
    ]);
    const share = held[name];
    if (share === null || share === undefined) return false;
    await keepShare(organization, key.digest, Buffer.from(share, 'base64'));
    return true;
  }

  private async begun({ database }: Organization): Promise<{ digest: string; made: Ceremony } | undefined> {
    const [row] = await database.query<{ digest: string; made: string }>(
      'SELECT digest, made FROM emergency_ceremonies',
    );
    return row && { digest: row.digest, made: JSON.parse(row.made) as Ceremony };
  }

  /** The ceremony itself: the secret and the shares exist only within `makeEmergencyKey`. */
  private async make(ministry: Organization): Promise<{ digest: string; made: Ceremony } | undefined> {
    const custodians = await keysOfActive(ministry, 'custodianService');
    if (custodians === undefined || custodians.length < THRESHOLD) return undefined;
    const { key, sealedShares } = await makeEmergencyKey(await mclEngine(), {
      channel: ministry.ledger.channel,
      custodians,
      threshold: THRESHOLD,
    });
    const digest = emergencyKeyDigest(key);
    const made: Ceremony = {
      key: fieldsOf(key),
      shares: Object.fromEntries(sealedShares.map(({ mspId, sealed }) => [mspId, toBase64(sealed)])),
    };
    await ministry.database.query('INSERT INTO emergency_ceremonies (digest, made) VALUES ($1, $2)', [
      digest,
      JSON.stringify(made),
    ]);
    return { digest, made };
  }
}

const fieldsOf = ({ publicKey, proof, threshold, custodians }: EmergencyKey): Ceremony['key'] => ({
  publicKey: toHex(publicKey),
  proof: toHex(proof),
  threshold,
  custodians: custodians.map((custodian) => ({
    mspId: custodian.mspId,
    publicKey: toHex(custodian.publicKey),
    check: toHex(custodian.check),
    shareDigest: custodian.shareDigest,
  })),
});

const put = async (ministry: Organization, digest: string, { key }: Ceremony): Promise<void> => {
  const { ledger, mspId, service } = ministry;
  const epoch = ((await readEmergencyKey(ministry))?.epoch ?? 0) + 1;
  const statement = organizationKeyStatement({ mspId, kind: 'emergency', epoch, publicKey: digest });
  const signature = Buffer.from(service.sign(statement)).toString('base64');
  await ledger.submit(service, 'registry:putEmergencyKey', [
    canonicalJson({ ...key, epoch, certificate: service.certificate, signature }),
  ]);
};

const depositShare = async (
  { ledger, service }: Organization,
  digest: string,
  mspId: string,
  share: Uint8Array,
): Promise<void> => {
  try {
    await ledger.submit(service, 'registry:depositCustodianShare', [digest], {
      transient: { share },
      endorsingOrganizations: [mspId],
    });
  } catch (error) {
    if (!(error instanceof LedgerError && error.code === 'PRIVATE_VALUE_EXISTS')) throw error;
  }
};
