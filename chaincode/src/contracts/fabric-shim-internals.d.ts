/** The part of fabric-shim that turns contracts into a chaincode; its index exports only the wire side. */
declare module 'fabric-shim/lib/contract-spi/chaincodefromcontract.js' {
  import type { Contract } from 'fabric-contract-api';
  import type { ChaincodeInterface } from 'fabric-shim-api';

  interface Serializers {
    transaction: string;
    serializers: Record<string, new () => object>;
  }

  const ChaincodeFromContract: new (
    contracts: (new () => Contract)[],
    serializers: Serializers,
    metadata: object,
    title: string,
    version: string,
  ) => ChaincodeInterface;
  export = ChaincodeFromContract;
}

/** Its loggers are winston's. */
declare module 'fabric-shim/lib/logger.js' {
  type Level = 'debug' | 'info' | 'warn' | 'error';
  interface ShimLogger extends Record<Level, (...args: unknown[]) => ShimLogger> {
    isLevelEnabled(level: Level): boolean;
  }

  const shimLog: { getLogger(name?: string): ShimLogger };
  export = shimLog;
}
