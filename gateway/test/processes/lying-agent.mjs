import { createRequire } from 'node:module';

/** The chaincode process of an organisation whose agent lies: whatever it is asked, it answers with the same element. */

const require = createRequire(import.meta.url);
const { mclEngine } = require('@medseal/crypto');
const checks = require('../../../chaincode/dist/ledger/reencryption-checks.js');

const { reencryptCapsule } = checks;
checks.reencryptCapsule = async (...input) => {
  const engine = await mclEngine();
  const answer = Uint8Array.from(await reencryptCapsule(...input));
  answer.set(engine.encodeGT(engine.pair(engine.generatorG1, engine.generatorG2)));
  return answer;
};
require('../../../chaincode/dist/main.js');
