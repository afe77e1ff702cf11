import { X509Certificate } from 'node:crypto';
import type { ConsentKeyEntry } from '@medseal/chaincode';
import { mclEngine, proveReaderKey, readerKeyPairFrom, sha256Hex, toHex } from '@medseal/crypto';
import { evaluateJson } from '../fabric/evaluate-json.js';
import { LedgerError, type LedgerIdentity } from '../fabric/ledger-client.js';
import type { Organization } from '../organizations/organization.js';

const ATTEMPTS_MAX = 3;
const REPEATED: readonly string[] = ['COMMIT_UNKNOWN', 'VERSION_CONFLICT'];

/**
 * Puts a member of staff's reader key on the ledger, with a proof of possession bound to the certificate, as the next
 * epoch if another one is there, or one without its certificate as 0.1.0 put it. Does nothing when it is there already:
 * a renewed certificate leaves a key in force.
 *
 * @throws LedgerError
 */
export const registerReaderKey = async (
  organization: Organization,
  identity: LedgerIdentity,
  readerKey: Uint8Array,
): Promise<void> => {
  const engine = await mclEngine();
  const publicKey = toHex(readerKeyPairFrom(engine, readerKey).publicKey);
  // Most sign-ins end here, without asking the peer.
  const known = await organization.database.query(
    `SELECT 1 FROM consent_keys WHERE subject = $1 AND public_key = $2 AND entry ->> 'certificate' IS NOT NULL`,
    [identity.subject, publicKey],
  );
  if (known.length > 0) return;
  const certificateHash = sha256Hex(new X509Certificate(identity.certificate).raw);
  const { proof } = proveReaderKey(engine, readerKey, { mspId: organization.mspId, certificateHash });
  await putReaderKey(organization, identity, { publicKey, proof: toHex(proof) });
};

/**
 * As `registerReaderKey`, for a key that is not here.
 *
 * @param proven public key (compressed G2 point) and proof of possession, hex
 */
export const putReaderKey = async (
  organization: Organization,
  identity: LedgerIdentity,
  { publicKey, proof }: { publicKey: string; proof: string },
): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    const current = await evaluateJson<ConsentKeyEntry | null>(organization, 'consent:getConsentKey', [
      identity.subject,
    ]);
    if (current?.publicKey === publicKey && current.certificate !== undefined) return;
    const epoch = String((current?.epoch ?? 0) + 1);
    try {
      await organization.ledger.submit(identity, 'consent:registerKey', [publicKey, proof, epoch]);
      return;
    } catch (error) {
      // After an unseen commit, or beside another sign-in, the ledger itself tells whether the key is there.
      const again = error instanceof LedgerError && REPEATED.includes(error.code);
      if (!again || attempt >= ATTEMPTS_MAX) throw error;
    }
  }
};
