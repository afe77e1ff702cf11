'use strict';

const { createRequire } = require('node:module');

/** Jest's own, which comes with it. */
const ofCore = createRequire(createRequire(require.resolve('jest')).resolve('@jest/core'));
const { default: Sequencer } = ofCore('@jest/test-sequencer');

/** Projects whose files take longest. What Jest goes by itself, earlier durations, a fresh tree does not have. */
const FIRST = ['browser', 'security', 'acceptance', 'gateway'];

const place = ({ context }) => {
  const at = FIRST.indexOf(context.config.displayName?.name);
  return at < 0 ? FIRST.length : at;
};

/** A file of minutes that begins last runs alone. */
module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((one, other) => place(one) - place(other));
  }
};
