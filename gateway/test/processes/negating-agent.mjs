import { createRequire } from 'node:module';

/** The chaincode process of an organisation whose agent multiplies what it answers by -1: it opens all the same. */

const require = createRequire(import.meta.url);
const checks = require('../../../chaincode/dist/ledger/reencryption-checks.js');

const MODULUS = BigInt(
  '0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab',
);
const FIELD_BYTES = 48;
const GT_BYTES = 12 * FIELD_BYTES;

const { reencryptCapsule } = checks;
checks.reencryptCapsule = async (...input) => {
  const answer = Buffer.from(await reencryptCapsule(...input));
  for (let at = 0; at < GT_BYTES; at += FIELD_BYTES) {
    const value = BigInt(`0x${answer.toString('hex', at, at + FIELD_BYTES)}`);
    const negated = ((MODULUS - value) % MODULUS).toString(16).padStart(2 * FIELD_BYTES, '0');
    answer.write(negated, at, 'hex');
  }
  return answer;
};
require('../../../chaincode/dist/main.js');
