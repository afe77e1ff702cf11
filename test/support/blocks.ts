import { readFileSync } from 'node:fs';
import path from 'node:path';
import { common, ledger, peer } from '@hyperledger/fabric-protos';
import { filesBelow } from './files';

/** One frame of a block file, found by this parser alone (layout: network/embedded/README.md). */
export interface BlockFrame {
  file: string;
  start: number;
  end: number;
  number: number;
  bytes: Buffer;
}

const HEAD = 32;
const TAIL = 32;

export function blockFrames(folder: string): BlockFrame[] {
  const frames: BlockFrame[] = [];
  for (const file of filesBelow(folder).filter((one) => /blocks-\d{6}\.dat$/.test(path.basename(one)))) {
    const bytes = readFileSync(file);
    for (let start = 0; start < bytes.length;) {
      const length = bytes.readUInt32BE(start + 4);
      const end = start + HEAD + length + TAIL;
      frames.push({
        file,
        start,
        end,
        number: Number(bytes.readBigUInt64BE(start + 8)),
        bytes: bytes.subarray(start + HEAD, start + HEAD + length),
      });
      start = end;
    }
  }
  return frames;
}

export const blocksOf = (folder: string): common.Block[] =>
  blockFrames(folder).map(({ bytes }) => common.Block.deserializeBinary(bytes));

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
