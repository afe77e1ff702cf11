import {
  FabricCryptoConfig,
  FabricMSPConfig,
  FabricNodeOUs,
  FabricOUIdentifier,
  MSPConfig,
} from '@hyperledger/fabric-protos/lib/msp/msp_config_pb.js';

/** Public membership material of an organisation; certificates as PEM. */
export interface MspDescription {
  readonly mspId: string;
  readonly rootCerts: readonly string[];
  readonly intermediateCerts?: readonly string[];
  readonly tlsRootCerts?: readonly string[];
  readonly revocationLists?: readonly string[];
  /** Certificate of the CA that must issue identities; the organizational units client, peer, admin and orderer tell roles. */
  readonly nodeOuCertifier?: string;
  readonly admins?: readonly string[];
}

const bytes = (pems: readonly string[] = []): Uint8Array[] => pems.map((pem) => Buffer.from(pem, 'utf8'));

/** Marshalled `msp.MSPConfig` (type FABRIC) with NodeOUs enabled. */
export const buildMspConfig = (description: MspDescription): Buffer => {
  const config = new FabricMSPConfig();
  config.setName(description.mspId);
  config.setRootCertsList(bytes(description.rootCerts));
  config.setIntermediateCertsList(bytes(description.intermediateCerts));
  config.setAdminsList(bytes(description.admins));
  config.setRevocationListList(bytes(description.revocationLists));
  config.setTlsRootCertsList(bytes(description.tlsRootCerts));
  const crypto = new FabricCryptoConfig();
  crypto.setSignatureHashFamily('SHA2');
  crypto.setIdentityIdentifierHashFunction('SHA256');
  config.setCryptoConfig(crypto);
  const unit = (name: string): FabricOUIdentifier => {
    const identifier = new FabricOUIdentifier();
    identifier.setOrganizationalUnitIdentifier(name);
    if (description.nodeOuCertifier)
      identifier.setCertificate(Buffer.from(description.nodeOuCertifier, 'utf8'));
    return identifier;
  };
  const nodeOus = new FabricNodeOUs();
  nodeOus.setEnable(true);
  nodeOus.setClientOuIdentifier(unit('client'));
  nodeOus.setPeerOuIdentifier(unit('peer'));
  nodeOus.setAdminOuIdentifier(unit('admin'));
  nodeOus.setOrdererOuIdentifier(unit('orderer'));
  config.setFabricNodeOus(nodeOus);
  const envelope = new MSPConfig();
  envelope.setType(0);
  envelope.setConfig(config.serializeBinary());
  return Buffer.from(envelope.serializeBinary());
};
