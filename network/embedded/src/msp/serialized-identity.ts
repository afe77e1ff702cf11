import { SerializedIdentity } from '@hyperledger/fabric-protos/lib/msp/identities_pb.js';

/** Marshalled `msp.SerializedIdentity`. */
export const serializeIdentity = (mspId: string, certificatePem: string): Buffer => {
  const identity = new SerializedIdentity();
  identity.setMspid(mspId);
  identity.setIdBytes(Buffer.from(certificatePem, 'utf8'));
  return Buffer.from(identity.serializeBinary());
};

/** @throws Error with Fabric's text when the bytes are not a SerializedIdentity. */
export const parseSerializedIdentity = (bytes: Buffer): { mspId: string; idBytes: Buffer } => {
  try {
    const identity = SerializedIdentity.deserializeBinary(bytes);
    return { mspId: identity.getMspid(), idBytes: Buffer.from(identity.getIdBytes_asU8()) };
  } catch (error) {
    throw new Error('could not deserialize a SerializedIdentity', { cause: error });
  }
};
