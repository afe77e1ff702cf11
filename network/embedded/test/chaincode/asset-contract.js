'use strict';

// The contract that the recorded network ran, and what the tests need beside it.
const { Contract } = require('fabric-contract-api');

class AssetContract extends Contract {
  constructor() {
    super('Asset');
  }

  async Create(ctx, id, payload) {
    const found = await ctx.stub.getState(id);
    if (found && found.length) throw new Error(`The asset ${id} already exists`);
    await ctx.stub.putState(id, Buffer.from(JSON.stringify({ ID: id, P: payload })));
  }

  async Put(ctx, id, payload) {
    await ctx.stub.putState(id, Buffer.from(payload));
  }

  async Read(ctx, id) {
    const found = await ctx.stub.getState(id);
    if (!found || !found.length) throw new Error(`The asset ${id} does not exist`);
    return found.toString();
  }

  async Update(ctx, id, payload) {
    await this.Read(ctx, id);
    await ctx.stub.putState(id, Buffer.from(JSON.stringify({ ID: id, P: payload })));
  }

  async Delete(ctx, id) {
    await this.Read(ctx, id);
    await ctx.stub.deleteState(id);
  }

  async Range(ctx, from, to) {
    const keys = [];
    for await (const entry of ctx.stub.getStateByRange(from, to)) keys.push(entry.key);
    return JSON.stringify(keys);
  }

  /** Reads a range and writes a key, so that a phantom matters. */
  async CountInto(ctx, from, to, id) {
    const keys = JSON.parse(await this.Range(ctx, from, to));
    await ctx.stub.putState(id, Buffer.from(String(keys.length)));
    return String(keys.length);
  }

  async Page(ctx, from, to, size, bookmark) {
    const keys = [];
    const { iterator, metadata } = await ctx.stub.getStateByRangeWithPagination(
      from,
      to,
      Number(size),
      bookmark,
    );
    for (let entry = await iterator.next(); !entry.done; entry = await iterator.next())
      keys.push(entry.value.key);
    return JSON.stringify({ keys, bookmark: metadata.bookmark, count: metadata.fetchedRecordsCount });
  }

  async PageAndPut(ctx, from, to) {
    await this.Page(ctx, from, to, 1, '');
    await ctx.stub.putState('paged', Buffer.from('1'));
  }

  async PutMany(ctx, prefix, count) {
    for (let i = 0; i < Number(count); i++) {
      await ctx.stub.putState(`${prefix}${String(i).padStart(5, '0')}`, Buffer.from(String(i)));
    }
  }

  async History(ctx, id) {
    const entries = [];
    for await (const entry of ctx.stub.getHistoryForKey(id)) {
      entries.push({
        tx: entry.txId,
        del: entry.isDelete,
        v: Buffer.from(entry.value).toString().slice(0, 60),
      });
    }
    return JSON.stringify(entries);
  }

  async Rich(ctx) {
    await ctx.stub.getQueryResult('{"selector":{}}');
  }

  async PutPrivate(ctx, collection, id) {
    const value = ctx.stub.getTransient().get('asset');
    if (!value) throw new Error('transient asset missing');
    await ctx.stub.putPrivateData(collection, id, Buffer.from(value));
  }

  async PutBoth(ctx, collection, id) {
    const value = ctx.stub.getTransient().get('asset');
    await ctx.stub.putPrivateData(collection, id, Buffer.from(value));
    await ctx.stub.putState('pub-' + id, Buffer.from(JSON.stringify({ ID: id, coll: collection })));
  }

  async ReadPrivate(ctx, collection, id) {
    const value = await ctx.stub.getPrivateData(collection, id);
    return Buffer.from(value || []).toString();
  }

  async ReadPrivateHash(ctx, collection, id) {
    const hash = await ctx.stub.getPrivateDataHash(collection, id);
    return Buffer.from(hash || []).toString('hex');
  }

  async RangePrivate(ctx, collection, from, to) {
    const keys = [];
    for await (const entry of ctx.stub.getPrivateDataByRange(collection, from, to)) keys.push(entry.key);
    return JSON.stringify(keys);
  }

  /** A public entry that needs the hash of a private value to be on the ledger. */
  async Link(ctx, collection, id) {
    const hash = await ctx.stub.getPrivateDataHash(collection, id);
    if (!hash || !hash.length) throw new Error(`nothing private under ${id} in ${collection}`);
    await ctx.stub.putState('link-' + id, Buffer.from(Buffer.from(hash).toString('hex')));
  }

  async DelPrivate(ctx, collection, id) {
    await ctx.stub.deletePrivateData(collection, id);
  }

  async PurgePrivate(ctx, collection, id) {
    await ctx.stub.purgePrivateData(collection, id);
  }

  async Null() {}

  async Fail(ctx, message) {
    throw new Error(message);
  }

  async Event(ctx, id) {
    await ctx.stub.putState(id, Buffer.from('e'));
    ctx.stub.setEvent('Ev', Buffer.from('{"id":"' + id + '"}'));
  }

  async Nondet(ctx, id) {
    await ctx.stub.putState(id, Buffer.from(String(process.pid) + Math.random()));
  }

  async Slow(ctx, ms) {
    await new Promise((resolve) => setTimeout(resolve, Number(ms)));
    return 'ok';
  }

  async Crash() {
    process.exit(1);
  }

  async WhoAmI(ctx) {
    return JSON.stringify({ client: ctx.clientIdentity.getMSPID(), peer: ctx.stub.getMspID() });
  }

  async SetEndorsement(ctx, id, policyBase64) {
    await ctx.stub.setStateValidationParameter(id, Buffer.from(policyBase64, 'base64'));
  }

  async GetEndorsement(ctx, id) {
    const policy = await ctx.stub.getStateValidationParameter(id);
    return Buffer.from(policy || []).toString('base64');
  }

  /** Writes here and through another chaincode of the same channel. */
  async PutThere(ctx, chaincode, id, value) {
    await ctx.stub.putState(id, Buffer.from('here'));
    const response = await ctx.stub.invokeChaincode(chaincode, ['Put', id, value], '');
    return String(response.status);
  }

  async CallOtherChannel(ctx, chaincode, channel) {
    await ctx.stub.invokeChaincode(chaincode, ['Null'], channel);
  }
}

module.exports = { AssetContract, contracts: [AssetContract] };
