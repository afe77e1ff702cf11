import { canonicalJson, toBase64, utf8, utf8Decode } from '@medseal/crypto';
import type { Context } from 'fabric-contract-api';
import { type Act, authorizeQuery, onOwnPeer } from '../../ledger/authorization.js';
import type { HandedOver } from '../../model/consent-entries.js';
import { id } from '../../model/validation.js';

const PAGE = 100;

export interface HandedOverPage {
  items: ({ id: string } & HandedOver)[];
  /** For the next page; null after the last one. */
  next: string | null;
}

/** What is stored at the receiving organisation: the sealed bytes, and who gave them, from the certificate. */
export const handedOver = ({ caller, at }: Act, sealed: Uint8Array): Uint8Array => {
  const { mspId, role, subject } = caller;
  return utf8(canonicalJson({ mspId, role, subject, at, sealed: toBase64(sealed) }));
};

/** What waits at the caller's own organisation, oldest id first, after an id ('' for the first page). */
export const listHandedOver = async (
  ctx: Context,
  kind: 'consentRequest' | 'delivery',
  after: string,
): Promise<HandedOverPage> => {
  const { own } = onOwnPeer(ctx, await authorizeQuery(ctx, { roles: ['service'] }));
  const found = await own.list(kind, after === '' ? undefined : id(after, 'after'), PAGE);
  const items = found.map(({ key, value }) => ({
    id: key.slice(kind.length + 1),
    ...(JSON.parse(utf8Decode(value)) as HandedOver),
  }));
  return { items, next: items.length === PAGE ? (items.at(-1)?.id ?? null) : null };
};
