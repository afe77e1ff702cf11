import { build } from 'vite';

// `node bundle.mjs <entry> <folder>`: one script for a page, from sources, as the console's own build makes it.

const [entry, folder] = process.argv.slice(2);
await build({
  configFile: false,
  logLevel: 'error',
  build: {
    target: 'es2022',
    outDir: folder,
    emptyOutDir: true,
    minify: false,
    lib: { entry, formats: ['es'], fileName: () => 'page.js' },
  },
});
