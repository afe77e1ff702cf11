import { common, msp } from '@hyperledger/fabric-protos';

/**
 * Intermediate certificates (PEM) of every organisation of the channel by MSP id, out of a configuration block.
 * @returns undefined when the block holds no configuration
 */
export const intermediatesOf = (block: Uint8Array): ReadonlyMap<string, string[]> | undefined => {
  const [envelope] = common.Block.deserializeBinary(block).getData()?.getDataList_asU8() ?? [];
  if (envelope === undefined) return undefined;
  const payload = common.Payload.deserializeBinary(
    common.Envelope.deserializeBinary(envelope).getPayload_asU8(),
  );
  const header = common.ChannelHeader.deserializeBinary(
    payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array(),
  );
  if (header.getType() !== common.HeaderType.CONFIG) return undefined;
  const config = common.ConfigEnvelope.deserializeBinary(payload.getData_asU8()).getConfig();
  const application = config?.getChannelGroup()?.getGroupsMap().get('Application');
  const found = new Map<string, string[]>();
  application?.getGroupsMap().forEach((organization: common.ConfigGroup) => {
    const value = organization.getValuesMap().get('MSP')?.getValue_asU8() ?? new Uint8Array();
    const fabric = msp.FabricMSPConfig.deserializeBinary(
      msp.MSPConfig.deserializeBinary(value).getConfig_asU8(),
    );
    found.set(
      fabric.getName(),
      fabric.getIntermediateCertsList_asU8().map((pem) => Buffer.from(pem).toString('utf8')),
    );
  });
  return found;
};
