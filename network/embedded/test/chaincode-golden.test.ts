/** Bytes of the recorded network that the peer side must give again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gateway } from '@hyperledger/fabric-protos';
import { definitionState } from '../src/chaincode/lifecycle';
import {
  decodeProposal,
  decodeProposalPayload,
  decodeSignedProposal,
  unpackProposal,
} from '../src/endorser/proposal';
import { decodeBlock } from '../src/protos/blocks';
import {
  decodeChaincodeAction,
  decodeEnvelope,
  decodePayload,
  decodeProposalResponsePayload,
  decodeTransaction,
  decodeTransactionAction,
} from '../src/protos/envelopes';
import { decodeTxRwSet } from '../src/rwset/messages';

const golden = (...path: string[]) => readFileSync(join(__dirname, 'golden', ...path));

/** What a client signed, out of its own `gateway.ProposedTransaction`. */
function signedProposal(name: string) {
  const proposed = gateway.ProposedTransaction.deserializeBinary(golden(`${name}.proposal.pb`));
  return decodeSignedProposal(Buffer.from(proposed.getProposal()!.serializeBinary()));
}

function endorsedPayload(envelope: Buffer) {
  const [action] = decodeTransaction(decodePayload(decodeEnvelope(envelope).payload).data);
  return decodeProposalResponsePayload(decodeTransactionAction(action as Buffer).responsePayload);
}

it('lays a definition out in state as Fabric does', () => {
  const [envelope] = decodeBlock(golden('chain', '0002.block')).data;
  const sets = decodeTxRwSet(decodeChaincodeAction(endorsedPayload(envelope as Buffer).extension).results);
  const lifecycle = sets.find(({ namespace }) => namespace === '_lifecycle');
  const written = new Map(lifecycle?.kv.writes.map(({ key, value }) => [key, value.toString('hex')]));
  const members = "OR('Hosp1MSP.member','Hosp2MSP.member')";
  const guarded = { memberOnlyRead: true, memberOnlyWrite: true, maxPeerCount: 1 };
  const state = definitionState({
    name: 'asset',
    version: '1',
    sequence: 1,
    collections: [
      { name: 'shared', policy: members, requiredPeerCount: 1, ...guarded },
      { name: 'shared0', policy: members, ...guarded },
      {
        name: 'hosp1only',
        policy: "OR('Hosp1MSP.member')",
        ...guarded,
        endorsementPolicy: { signaturePolicy: "OR('Hosp1MSP.peer')" },
      },
    ],
  });
  expect(new Map([...state].map(([key, value]) => [key, value.toString('hex')]))).toEqual(written);
});

it.each([
  ['public', 4],
  ['update', 5],
  ['range', 6],
  ['delete', 7],
  ['event', 8],
  ['private', 9],
  ['implicit', 10],
  ['purge', 11],
])('hashes the %s proposal as its endorsers did', (name, number) => {
  const proposal = unpackProposal(signedProposal(name));
  const [envelope] = decodeBlock(golden('chain', `${String(number).padStart(4, '0')}.block`)).data;
  expect(proposal.proposalHash).toEqual(endorsedPayload(envelope as Buffer).proposalHash);
  expect(proposal.chaincodeName).toBe('asset');
});

it('tells transient data from none', () => {
  const payloadOf = (name: string) =>
    decodeProposalPayload(decodeProposal(signedProposal(name).proposalBytes).payload);
  expect(payloadOf('private').hasTransient).toBe(true);
  expect(payloadOf('public').hasTransient).toBe(false);
});
