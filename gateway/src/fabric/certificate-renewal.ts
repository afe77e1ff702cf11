import { X509Certificate } from 'node:crypto';

const RENEW_BEFORE_MS = 30 * 24 * 3_600_000;

/** Whether a certificate (PEM) ends within 30 days of `now` (ms), or has ended. */
export const needsRenewal = (certificate: string, now: number): boolean =>
  Date.parse(new X509Certificate(certificate).validTo) - now < RENEW_BEFORE_MS;
