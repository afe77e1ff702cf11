import type { PackageReturnReason } from '@medseal/chaincode';
import type { CryptoError } from '@medseal/crypto';
import type { FieldError } from '../http/problem.js';
import type { SanitisedFiles } from './sanitising-work.js';

/** Why a package cannot be sanitised as it is; the sanitiser may give it back with this code. */
export interface PackageFault {
  code: PackageReturnReason;
  detail: string;
  errors?: FieldError[];
}

/** Of a package that does not open or does not hold. */
export const refusalFault = ({ code, message }: CryptoError): PackageFault => {
  const isForged = code === 'BAD_AUTHENTICATOR' || code === 'BAD_TAG';
  return {
    code: isForged ? 'BAD_AUTHENTICATOR' : 'BAD_PACKAGE',
    detail: `The package is not as its author must make it (${code}): ${message}.`,
  };
};

/** By the published table alone: names in free text only a reader finds. */
export const leftFault = ({ left }: Pick<SanitisedFiles, 'left'>): PackageFault | null =>
  left.length === 0
    ? null
    : {
        code: 'PERSONAL_DATA_LEFT',
        detail: 'The document would still show what its profile replaces.',
        errors: left.map(({ path, field }) => ({ field: path, message: `is replaced as ${field}` })),
      };
