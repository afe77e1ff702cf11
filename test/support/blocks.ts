import { readFileSync } from 'node:fs';
import { common, ledger, peer } from '@hyperledger/fabric-protos';
import { filesBelow } from './files';
import { blockFilesOf, blockLayout } from './network';

/** One block in a block file, found by this parser alone. */
export interface BlockFrame {
  file: string;
  start: number;
  end: number;
  number: number;
  block: common.Block;
}

/** Of one peer; by default that of Dr. Sundar's hospital. */
export function blockFrames(folder: string, mspId = 'CityMSP'): BlockFrame[] {
  const read = blockLayout === 'fabric' ? fabricFrame : embeddedFrame;
  return filesBelow(folder)
    .filter((file) => blockFilesOf(mspId).test(file))
    .flatMap((file) => {
      const bytes = readFileSync(file);
      const frames: BlockFrame[] = [];
      for (let start = 0; start < bytes.length; start = frames.at(-1)!.end) {
        const { end, block } = read(bytes, start);
        frames.push({ file, start, end, block, number: block.getHeader()?.getNumber() ?? -1 });
      }
      return frames;
    });
}

interface Frame {
  end: number;
  block: common.Block;
}

const HEAD = 32;
const TAIL = 32;

/** Layout: network/embedded/src/ledger/block-files.ts. */
function embeddedFrame(bytes: Buffer, start: number): Frame {
  const from = start + HEAD;
  const to = from + bytes.readUInt32BE(start + 4);
  return { end: to + TAIL, block: common.Block.deserializeBinary(bytes.subarray(from, to)) };
}

/** As Fabric's peers keep blocks: length, then number, data hash, previous hash, transactions, metadata; all varints. */
function fabricFrame(bytes: Buffer, start: number): Frame {
  let at = start;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
  };
  const raw = (): Buffer => {
    const length = varint();
    at += length;
    return bytes.subarray(at - length, at);
  };
  const list = (): Buffer[] => Array.from({ length: varint() }, raw);
  const length = varint();
  const end = at + length;
  const header = new common.BlockHeader();
  header.setNumber(varint());
  header.setDataHash(raw());
  header.setPreviousHash(raw());
  const data = new common.BlockData();
  data.setDataList(list());
  const metadata = new common.BlockMetadata();
  metadata.setMetadataList(list());
  const block = new common.Block();
  block.setHeader(header);
  block.setData(data);
  block.setMetadata(metadata);
  return { end, block };
}

export const blocksOf = (folder: string, mspId?: string): common.Block[] =>
  blockFrames(folder, mspId).map(({ block }) => block);

interface TransactionPart {
  txId: string;
  readWriteSet: ledger.rwset.TxReadWriteSet | undefined;
}

export function transactionsOf(block: common.Block): TransactionPart[] {
  return (block.getData()?.getDataList_asU8() ?? []).map((bytes) => {
    const payload = common.Payload.deserializeBinary(
      common.Envelope.deserializeBinary(bytes).getPayload_asU8(),
    );
    const header = common.ChannelHeader.deserializeBinary(
      payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array(),
    );
    if (header.getType() !== common.HeaderType.ENDORSER_TRANSACTION)
      return { txId: header.getTxId(), readWriteSet: undefined };
    const action = peer.Transaction.deserializeBinary(payload.getData_asU8()).getActionsList()[0];
    const actionPayload = peer.ChaincodeActionPayload.deserializeBinary(
      action?.getPayload_asU8() ?? new Uint8Array(),
    );
    const response = peer.ProposalResponsePayload.deserializeBinary(
      actionPayload.getAction()?.getProposalResponsePayload_asU8() ?? new Uint8Array(),
    );
    const chaincodeAction = peer.ChaincodeAction.deserializeBinary(response.getExtension_asU8());
    return {
      txId: header.getTxId(),
      readWriteSet: ledger.rwset.TxReadWriteSet.deserializeBinary(chaincodeAction.getResults_asU8()),
    };
  });
}

export const transactionIds = (blocks: common.Block[]): string[] =>
  blocks.flatMap((block) => transactionsOf(block).map(({ txId }) => txId)).filter(Boolean);

/** Of the transactions that the peer found VALID. */
export const validTransactionIds = (blocks: common.Block[]): string[] =>
  blocks.flatMap((block) => {
    const flags = block.getMetadata()?.getMetadataList_asU8()[common.BlockMetadataIndex.TRANSACTIONS_FILTER];
    return transactionsOf(block)
      .filter((_, position) => flags?.[position] === peer.TxValidationCode.VALID)
      .map(({ txId }) => txId);
  });

/** SHA-256 of every private key's name that the blocks carry, hex. */
export function privateKeyHashes(blocks: common.Block[]): string[] {
  return blocks
    .flatMap(transactionsOf)
    .flatMap(({ readWriteSet }) => readWriteSet?.getNsRwsetList() ?? [])
    .flatMap((namespace) => namespace.getCollectionHashedRwsetList())
    .flatMap((collection) => {
      const hashed = ledger.rwset.kvrwset.HashedRWSet.deserializeBinary(collection.getHashedRwset_asU8());
      return [...hashed.getHashedWritesList(), ...hashed.getHashedReadsList()].map((one) =>
        Buffer.from(one.getKeyHash_asU8()).toString('hex'),
      );
    });
}
