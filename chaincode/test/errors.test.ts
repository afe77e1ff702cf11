import fc from 'fast-check';
import { CONTRACT_ERROR_CODES, ContractError, parseContractError } from '../src/errors';

test('every refusal is read back, bare and inside a gateway error', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...CONTRACT_ERROR_CODES),
      fc.stringMatching(/^[a-z][a-z :.,]{0,60}$/),
      (code, sentence) => {
        const { message } = new ContractError(code, sentence);
        expect(parseContractError(message)).toEqual({ code, sentence });
        expect(parseContractError(`chaincode response 500, ${message}`)).toEqual({ code, sentence });
        expect(
          parseContractError(`evaluate call to endorser returned error: chaincode response 500, ${message}`),
        ).toEqual({ code, sentence });
      },
    ),
  );
});

test('ALREADY_DONE carries the first transaction', () => {
  const transactionId = 'ab'.repeat(32);
  expect(parseContractError(`ALREADY_DONE: done by transaction ${transactionId}`)).toMatchObject({
    code: 'ALREADY_DONE',
    transactionId,
  });
});

test("the shim's own refusals have a code, anything else has none", () => {
  expect(
    parseContractError('chaincode response 500, Expected 2 parameters, but 1 have been supplied')?.code,
  ).toBe('BAD_ARGUMENT');
  expect(parseContractError('chaincode response 500, Contract name is not known: x')?.code).toBe(
    'UNKNOWN_FUNCTION',
  );
  for (const other of [
    'ProposalResponsePayloads do not match',
    'chaincode response 500, GET_STATE failed: transaction ID: 1: tx creator does not have read access permission',
    'NOT_A_CODE: sentence',
    'we said NOT_ALLOWED: sentence',
    '',
  ]) {
    expect(parseContractError(other)).toBeUndefined();
  }
});
