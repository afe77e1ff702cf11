import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // The packages' builds are CommonJS for Node; the browser gets their sources, of which it keeps what it uses.
    alias: {
      '@medseal/client': source('../../client/src/index.ts'),
      '@medseal/crypto': source('../../crypto/src/index.ts'),
    },
  },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // Nothing inline: the content-security policy forbids it.
    assetsInlineLimit: 0,
    // The pairing code carries its WebAssembly; it loads on unlock and activation only.
    chunkSizeWarningLimit: 1_200,
    // Libraries mark modules for server rendering, which there is none of here.
    rolldownOptions: {
      checks: { moduleLevelDirective: false },
      // reflect-metadata must run before the certificate code that needs it.
      output: { strictExecutionOrder: true },
    },
  },
  // The device's thread is made of modules too, in the order that the page's are.
  worker: {
    format: 'es',
    rolldownOptions: {
      checks: { moduleLevelDirective: false },
      output: { strictExecutionOrder: true },
    },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:9091' } },
});
