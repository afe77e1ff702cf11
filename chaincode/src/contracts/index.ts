import { AccessContract } from './access.js';
import { RecordsContract } from './records.js';
import { RegistryContract } from './registry.js';

/** Every contract of the chaincode. */
export const contracts = [RegistryContract, RecordsContract, AccessContract];

export const CONTRACT_NAMES = ['registry', 'records', 'access'] as const;
