import { mclEngine } from '@medseal/crypto';
import { runChaincode } from './process.js';

// The chaincode `ehr`, which is also the organisation's re-encryption agent.
runChaincode(async () => {
  const [{ contracts }] = await Promise.all([import('./contracts/index.js'), mclEngine()]);
  return contracts;
});
