import { runChaincode } from './process.js';

// The chaincode `custodian`; its engine is loaded by the first emergency.
runChaincode(async () => ({ custodian: (await import('./contracts/custodian.js')).CustodianContract }));
