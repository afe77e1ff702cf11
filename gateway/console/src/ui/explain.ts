import { ProblemError } from '@medseal/client';

/** Codes whose meaning the person at the screen knows by other words than the service's. */
const PLAIN: Readonly<Record<string, string>> = {
  NOT_SIGNED_IN: 'Your session has ended. Sign in again; what you entered stays here.',
  WRONG_PASSPHRASE: 'The passphrase is not right. Upper and lower case count.',
  TOO_MANY_REQUESTS: 'Too many requests in a short time. Wait a few seconds and try again.',
  UNEXPECTED: 'Something went wrong in the service. What you entered is still here; try again.',
  LEDGER_UNAVAILABLE: 'The ledger does not answer at the moment. What you entered is still here; try again.',
};

/** What went wrong and what to do, in plain words. */
export function explain(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (error instanceof ProblemError) {
    if (error.status === 429 && error.retryAfter !== undefined && error.code !== 'TOO_MANY_REQUESTS')
      return `Too many failed attempts. Sign-in for this account from this computer opens again ${waitText(error.retryAfter)}; an administrator can reset the password.`;
    const words = PLAIN[error.code] ?? error.detail;
    return error.status >= 500 && error.requestId ? `${words} (Reference ${error.requestId})` : words;
  }
  if (typeof code === 'string' && code in PLAIN) return PLAIN[code] ?? '';
  if (error instanceof TypeError)
    return 'The service cannot be reached. What you entered is still here; check the connection and try again.';
  return error instanceof Error ? error.message : String(error);
}

const waitText = (seconds: number): string => {
  const at = new Date(Date.now() + seconds * 1_000);
  const minutes = Math.ceil(seconds / 60);
  return `in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}, at ${at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}`;
};
