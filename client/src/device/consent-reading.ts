import {
  type Culprit,
  fromBase64,
  type GrantValues,
  grantValuesOf,
  mclEngine,
  openAsReader,
} from '@medseal/crypto';
import type { OpenedUnderConsent } from '../api.js';
import { checkedContent, type RecordContent, sealedPartsOf } from './record-content.js';
import { DeviceRefusal } from './signed-act.js';

/**
 * Opens the answer of `POST /records/{id}/open` under a consent on the reader's own device, from the agents' elements.
 *
 * @param readerSecretKey of the key that the consent names, 32 bytes
 * @returns the content, and agents whose element was wrong although enough others were right
 * @throws CryptoError naming who is at fault; DeviceRefusal for a consent of somebody else
 */
export async function openRecordAsReader(
  opened: OpenedUnderConsent,
  readerSecretKey: Uint8Array,
): Promise<{ content: RecordContent; culprits: Culprit[] }> {
  const { consent } = opened;
  if (consent.ledgerId !== opened.ledgerId) throw new DeviceRefusal("the consent is another owner's");
  const { content, culprits } = await openAsReader(await mclEngine(), {
    ...sealedPartsOf(opened),
    grant: grantOf(opened),
    readerSecretKey,
    capsule: fromBase64(opened.capsule, 'capsule'),
    answers: opened.elements.map(({ mspId, element }) => ({ mspId, answer: fromBase64(element, 'element') })),
  });
  return { content: checkedContent(content, opened), culprits };
}

/** The scope that the agents answered for, as the re-encryption scheme has it. */
export function grantOf({ channel, consent, elements }: OpenedUnderConsent): GrantValues {
  const [first] = elements;
  const scope = consent.scopes.find(
    ({ scopeId, epoch }) => scopeId === first?.scopeId && epoch === first.epoch,
  );
  if (scope === undefined) throw new DeviceRefusal('the elements are of no scope of the consent');
  return grantValuesOf(channel, consent, scope);
}
