import { t, textOfCode } from '../i18n';

/** Codes of receipts: why somebody read. */
const BASES = ['author', 'verifier', 'sanitized', 'titleLine', 'consent', 'custodian', 'emergency'] as const;

/** In words; a code that is not known here as it is. */
export const basisText = (basis: string): string => textOfCode('basis', basis) ?? basis;

/** To choose from. */
export const basisOptions = () => BASES.map((basis) => [basis, t(`basis.${basis}`)] as const);
