/** Why somebody read, by the receipt's code. */
export const BASES: Readonly<Record<string, string>> = {
  author: 'Wrote the record',
  verifier: 'Checks the record as a verifier',
  sanitized: 'Read the document without personal data',
  titleLine: 'Saw the title line in a report',
  consent: 'By consent',
  custodian: 'Treats the patient, whose account is not activated',
  emergency: 'Emergency access',
};

/** In words. */
export const basisText = (basis: string): string => BASES[basis] ?? basis;
