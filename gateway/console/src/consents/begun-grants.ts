import type { GrantBody } from '@medseal/client';

// What the device made is kept here until all of it is signed. Shares and terms in it are sealed to the organisations
// that they are for; nothing in it opens anything in this browser.

const PREFIX = 'medseal.grant.';
/** The service forgets a consent that was begun and never granted after as long. */
const KEPT_MS = 24 * 3_600_000;

interface Kept {
  at: number;
  owner: string;
  body: GrantBody;
}

export function keepGrant(owner: string, body: GrantBody): void {
  for (const name of Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)))
    if (Date.now() - (read(name)?.at ?? 0) > KEPT_MS) localStorage.removeItem(name);
  const kept: Kept = { at: Date.now(), owner, body };
  localStorage.setItem(`${PREFIX}${body.fields.consentId}`, JSON.stringify(kept));
}

/** The body of a consent that was begun in this browser. */
export function begunGrant(owner: string, consentId: string): GrantBody | undefined {
  const kept = read(`${PREFIX}${consentId}`);
  return kept?.owner === owner ? kept.body : undefined;
}

export const dropGrant = (consentId: string): void => localStorage.removeItem(`${PREFIX}${consentId}`);

function read(name: string): Kept | undefined {
  try {
    return JSON.parse(localStorage.getItem(name) ?? 'null') as Kept | undefined;
  } catch {
    return undefined;
  }
}
