'use strict';

/** One preset for every package: TypeScript through swc into CommonJS, decorators with metadata for Nest. */
module.exports = {
  testEnvironment: 'node',
  // What a test's own context looks up by name is slow; arithmetic of the Fabric SDK asks for it millions of times.
  sandboxInjectedGlobals: ['Math'],
  testMatch: ['<rootDir>/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        sourceMaps: 'inline',
        module: { type: 'commonjs' },
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
      },
    ],
  },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1.ts', '$1.js'] },
};
