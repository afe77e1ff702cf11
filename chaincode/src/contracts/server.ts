import './shim-log.js';
import { utf8Decode } from '@medseal/crypto';
import type { ChaincodeInterface, ChaincodeResponse, ChaincodeStub } from 'fabric-shim-api';
import { type ChaincodeServerTLSProperties, Shim } from 'fabric-shim';
import ChaincodeFromContract from 'fabric-shim/lib/contract-spi/chaincodefromcontract.js';
import { ContractError } from '../errors.js';
import type { LedgerContract } from './contract-base.js';

/** Arguments and answers as UTF-8 text; the contracts parse and write JSON themselves. */
class TextSerializer {
  toBuffer(answer: unknown): Buffer {
    return Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer));
  }

  fromBuffer(argument: Uint8Array): { value: string; validateData: string } {
    try {
      const value = utf8Decode(argument);
      return { value, validateData: value };
    } catch {
      throw new ContractError('BAD_ARGUMENT', 'arguments must be UTF-8 text');
    }
  }
}

const METADATA = 'org.hyperledger.fabric:GetMetadata';

/**
 * Contracts as one chaincode. A call names contract and function: a bare function name, which the contract API
 * would give to whichever contract comes first, is refused, and so is initialisation, which nothing needs.
 */
class ContractsChaincode implements ChaincodeInterface {
  private readonly dispatcher: ChaincodeInterface;

  constructor(private readonly served: ServedContracts) {
    this.dispatcher = new ChaincodeFromContract(
      Object.values(served),
      { transaction: 'text', serializers: { text: TextSerializer } },
      {},
      '@medseal/chaincode',
      '',
    );
  }

  async Init(_stub: ChaincodeStub): Promise<ChaincodeResponse> {
    return refusal(new ContractError('UNKNOWN_FUNCTION', 'this chaincode takes no initialisation'));
  }

  async Invoke(stub: ChaincodeStub): Promise<ChaincodeResponse> {
    const { fcn } = stub.getFunctionAndParameters();
    const contract = fcn.slice(0, Math.max(0, fcn.indexOf(':')));
    if (fcn !== METADATA && !Object.hasOwn(this.served, contract)) {
      return refusal(
        new ContractError('UNKNOWN_FUNCTION', 'name a contract and its function as contract:function'),
      );
    }
    return this.dispatcher.Invoke(stub);
  }
}

const refusal = ({ message }: ContractError): ChaincodeResponse => ({
  status: 500,
  message,
  payload: new Uint8Array(),
});

/** Classes of contracts by the names that calls give them. */
export type ServedContracts = Readonly<Record<string, new () => LedgerContract>>;

export interface ServerSettings {
  /** host:port to listen on. */
  address: string;
  packageId: string;
  tls: { key: Buffer; cert: Buffer; clientCACerts: Buffer | null } | undefined;
}

/** Serves the contracts to peers, as Fabric's chaincode-as-a-service. Resolves when it listens. */
export const serve = async (
  served: ServedContracts,
  { address, packageId, tls }: ServerSettings,
): Promise<void> =>
  Shim.server(new ContractsChaincode(served), {
    ccid: packageId,
    address,
    tlsProps: tls as ChaincodeServerTLSProperties,
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
  }).start();
