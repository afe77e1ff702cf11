import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EndorseError, GatewayError } from '@hyperledger/fabric-gateway';
import { classifyFailure } from '../src/fabric/failures';

interface Recorded {
  case: string;
  op: string;
  cls: string;
  code: number;
  message: string;
  details: { address: string; mspId: string; message: string }[];
}

/** What real peers answered (network/embedded/test/golden/README.md). */
const recorded = readFileSync(join(__dirname, '../../network/embedded/test/golden/errors.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded);

const errorOf = ({ cls, code, message, details }: Omit<Recorded, 'case' | 'op'>): GatewayError => {
  const properties = { code, message, details, cause: new Error(message) as never };
  return cls === 'EndorseError'
    ? new EndorseError({ ...properties, transactionId: 'ab'.repeat(32) })
    : new GatewayError(properties);
};

const refusedBy = (...mspIds: string[]): GatewayError =>
  errorOf({
    cls: 'EndorseError',
    code: 10,
    message:
      '10 ABORTED: failed to collect enough transaction endorsements, see attached details for more info',
    details: mspIds.map((mspId) => ({
      address: '127.0.0.1:7051',
      mspId,
      message: 'chaincode response 500, PRIVATE_PART_MISSING: no private step is committed: submit it first',
    })),
  });

describe('what failed, and whether to try again', () => {
  test.each([
    ['chaincode process down', 'endorse'],
    ['MAJORITY, other org peer down', 'endorse'],
    ['gateway peer down', 'evaluate'],
  ])('%s, %s: nobody is there yet, worth a longer wait', (name, op) => {
    const found = recorded.find((one) => one.case === name && one.op === op);
    expect(classifyFailure(errorOf(found!), 'Hosp1MSP')).toMatchObject({
      retry: true,
      patient: true,
      error: { code: 'LEDGER_UNAVAILABLE' },
    });
  });

  test('a chaincode process that dies on the way to its answer is nobody there, not a refusal', () => {
    const message = 'error sending: chaincode stream terminated';
    const details = [{ address: '127.0.0.1:7051', mspId: 'Hosp1MSP', message }];
    const died = { cls: 'GatewayError', code: 10, message: `10 ABORTED: ${message}`, details };
    expect(classifyFailure(errorOf(died))).toMatchObject({ error: { code: 'LEDGER_UNAVAILABLE' } });
  });

  test('a bad signature is refused once', () => {
    const found = recorded.find((one) => one.case.startsWith('bad signature') && one.op === 'endorse');
    expect(classifyFailure(errorOf(found!), 'Hosp1MSP')).toMatchObject({
      retry: false,
      error: { code: 'LEDGER_REFUSED' },
    });
  });

  test('a refusal by the own peer is final', () => {
    expect(classifyFailure(refusedBy('CityMSP'), 'CityMSP')).toMatchObject({
      retry: false,
      error: { code: 'PRIVATE_PART_MISSING' },
    });
    expect(classifyFailure(refusedBy('LakesideMSP', 'CityMSP'), 'CityMSP').retry).toBe(false);
  });

  test('a refusal by other peers after the own one endorsed: they have yet to see what it has', () => {
    expect(classifyFailure(refusedBy('LakesideMSP', 'MinistryMSP'), 'CityMSP')).toMatchObject({
      retry: true,
      patient: true,
      error: { code: 'PRIVATE_PART_MISSING' },
    });
  });

  test('nor is it when others were asked alone', () => {
    expect(classifyFailure(refusedBy('LakesideMSP')).retry).toBe(false);
  });
});
