import { t } from '../i18n';

const PASSPHRASE_LENGTH_MIN = 12;

/** What is wrong with a passphrase that is chosen. @param password where it is known here: the gateway sees it */
export function passphraseError(passphrase: string, password?: string): string | undefined {
  if (passphrase.length < PASSPHRASE_LENGTH_MIN)
    return t('passphrase.short', { count: PASSPHRASE_LENGTH_MIN });
  return passphrase === password ? t('passphrase.isPassword') : undefined;
}

export const againError = (passphrase: string, again: string): string | undefined =>
  passphrase === again ? undefined : t('passphrase.differ');
