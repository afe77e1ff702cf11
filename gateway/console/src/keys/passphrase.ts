const PASSPHRASE_LENGTH_MIN = 12;

/** What is wrong with a passphrase that is chosen. @param password where it is known here: the gateway sees it */
export function passphraseError(passphrase: string, password?: string): string | undefined {
  if (passphrase.length < PASSPHRASE_LENGTH_MIN)
    return `Choose at least ${PASSPHRASE_LENGTH_MIN} characters; several words are good.`;
  return passphrase === password
    ? 'Choose another one than the password, which the hospital’s gateway sees.'
    : undefined;
}

export const againError = (passphrase: string, again: string): string | undefined =>
  passphrase === again ? undefined : 'The two passphrases differ.';
