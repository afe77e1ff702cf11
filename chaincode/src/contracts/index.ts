import { AccessContract } from './access.js';
import { ConsentContract } from './consent.js';
import { IntegrityContract } from './integrity.js';
import { RecordsContract } from './records.js';
import { RegistryContract } from './registry.js';

/** Every contract of the chaincode `ehr`. */
export const contracts = {
  registry: RegistryContract,
  records: RecordsContract,
  access: AccessContract,
  consent: ConsentContract,
  integrity: IntegrityContract,
} as const;
