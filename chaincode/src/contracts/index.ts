import { AccessContract } from './access.js';
import { ConsentContract } from './consent.js';
import { RecordsContract } from './records.js';
import { RegistryContract } from './registry.js';

/** Every contract of the chaincode. */
export const contracts = [RegistryContract, RecordsContract, AccessContract, ConsentContract];

export const CONTRACT_NAMES = ['registry', 'records', 'access', 'consent'] as const;
