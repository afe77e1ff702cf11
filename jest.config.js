'use strict';

const preset = require('./jest.preset.js');

const project = (displayName, folder, extra = {}) => ({
  ...preset,
  displayName,
  rootDir: `${__dirname}/${folder}`,
  ...extra,
});

/** Tests of the running product share one folder that holds the paper's demo. */
const onPaper = {
  globalSetup: `${__dirname}/test/support/fixture.ts`,
  globalTeardown: `${__dirname}/test/support/teardown.ts`,
};

module.exports = {
  testTimeout: 60_000,
  testSequencer: `${__dirname}/jest.sequencer.js`,
  projects: [
    project('crypto', 'crypto/test'),
    project('embedded-fabric', 'network/embedded/test'),
    project('fabric-network', 'network/fabric/test'),
    project('chaincode', 'chaincode/test'),
    project('gateway', 'gateway/test', {
      globalSetup: `${__dirname}/gateway/test/prepared-bed.ts`,
      globalTeardown: `${__dirname}/gateway/test/remove-prepared-bed.ts`,
    }),
    project('client', 'client/test'),
    project('acceptance', 'test/acceptance', onPaper),
    project('security', 'test/security', onPaper),
    project('browser', 'test/browser', onPaper),
  ],
};
