import { type Culprit, emergencyKeyOf, fromBase64, mclEngine, openInEmergency } from '@medseal/crypto';
import type { OpenedInEmergency } from '../api.js';
import { grantOf } from './consent-reading.js';
import { checkedContent, type RecordContent, sealedPartsOf } from './record-content.js';
import { DeviceRefusal } from './signed-act.js';

/**
 * Opens the answer of `POST /records/{id}/open` in an emergency on the reader's own device, from the agents' elements and
 * the custodians' answers.
 *
 * @param receivingSecretKey X25519 key that the reader registered, 32 bytes
 * @returns the content, and agents and custodians whose answer was wrong although enough others were right
 * @throws CryptoError naming who is at fault; DeviceRefusal for a grant of somebody else
 */
export async function openRecordInEmergency(
  opened: OpenedInEmergency,
  receivingSecretKey: Uint8Array,
): Promise<{ content: RecordContent; culprits: Culprit[] }> {
  const { channel, consent } = opened;
  if (consent.ledgerId !== opened.ledgerId) throw new DeviceRefusal("the emergency grant is another owner's");
  const { content, culprits } = await openInEmergency(await mclEngine(), {
    ...sealedPartsOf(opened),
    key: emergencyKeyOf(channel, opened.emergencyKey),
    grant: grantOf(opened),
    caseId: opened.receipt.emergencyId,
    capsule: fromBase64(opened.capsule, 'capsule'),
    agentAnswers: opened.elements.map(({ mspId, element }) => ({
      mspId,
      answer: fromBase64(element, 'element'),
    })),
    custodianAnswers: opened.custodianAnswers.map(({ mspId, sealed }) => ({
      mspId,
      sealed: fromBase64(sealed, 'sealed'),
    })),
    readerSecretKey: receivingSecretKey,
  });
  return { content: checkedContent(content, opened), culprits };
}
