import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import ts from 'typescript';
import { ROOT } from './prepare.mjs';

/** A private copy of the built tree, in which single files are compiled anew from texts that were changed. */
export class MutatedTree {
  constructor(folder) {
    this.folder = folder;
    const left = new Set(['node_modules', '.git', '.medseal', 'docs']);
    const kept = readdirSync(ROOT).filter((name) => !left.has(name));
    mkdirSync(path.join(folder, 'node_modules/@medseal'), { recursive: true });
    // With their times, to the nanosecond: a build counts as outdated by those.
    execFileSync('cp', ['-a', ...kept.map((name) => path.join(ROOT, name)), folder]);
    this.#linkPackages();
    for (const part of ['test/support', 'test/security']) this.#compileFolder(part);
    this.require = createRequire(path.join(folder, 'test/index.js'));
  }

  /** Installed packages are those of the real tree, our own are the copy's. */
  #linkPackages() {
    const [from, to] = [ROOT, this.folder].map((root) => path.join(root, 'node_modules'));
    for (const name of readdirSync(from)) {
      if (name === '@medseal') continue;
      if (name.startsWith('.medseal')) execFileSync('cp', ['-a', path.join(from, name), to]);
      else symlinkSync(path.join(from, name), path.join(to, name));
    }
    for (const name of readdirSync(path.join(from, '@medseal')))
      execFileSync('cp', ['-a', path.join(from, '@medseal', name), path.join(to, '@medseal')]);
  }

  #compileFolder(part) {
    for (const name of readdirSync(path.join(this.folder, part))) {
      if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
      const file = `${part}/${name}`;
      const text = readFileSync(path.join(this.folder, file), 'utf8');
      writeFileSync(path.join(this.folder, file.replace(/\.ts$/, '.js')), compiled(text, file));
    }
  }

  /** Writes what the build would make of the source file if it had this text. */
  replace(file, text) {
    const built = path.join(this.folder, file.replace('/src/', '/dist/').replace(/\.ts$/, '.js'));
    writeFileSync(built, compiled(text, file));
  }
}

/** Types were checked with the check in place. */
function compiled(text, file) {
  const read = (name) => ts.readConfigFile(path.join(ROOT, name), ts.sys.readFile).config.compilerOptions;
  const { options } = ts.convertCompilerOptionsFromJson(
    {
      ...read('tsconfig.base.json'),
      ...read(`${file.split('/')[0]}/tsconfig.json`),
      composite: false,
      incremental: false,
      declaration: false,
      declarationMap: false,
      sourceMap: false,
    },
    ROOT,
  );
  return ts.transpileModule(text, { compilerOptions: options, fileName: path.join(ROOT, file) }).outputText;
}
