'use strict';

const { Contract } = require('fabric-contract-api');

/** The contract that is measured: one read, one write, one private write. */
class AssetContract extends Contract {
  constructor() {
    super('Asset');
  }

  async Create(ctx, id, payload) {
    const found = await ctx.stub.getState(id);
    if (found && found.length) throw new Error(`The asset ${id} already exists`);
    await ctx.stub.putState(id, Buffer.from(JSON.stringify({ id, payload })));
  }

  async Read(ctx, id) {
    const found = await ctx.stub.getState(id);
    if (!found || !found.length) throw new Error(`The asset ${id} does not exist`);
    return found.toString();
  }

  /** The value comes in the transient field `value`. */
  async PutPrivate(ctx, collection, id) {
    await ctx.stub.putPrivateData(collection, id, ctx.stub.getTransient().get('value'));
  }
}

module.exports.contracts = [AssetContract];
