import {
  blindDocument,
  bytesToBigint,
  checkFile,
  decodeSanitisingPackage,
  decodeSignedFile,
  drawAuditChallenge,
  GROUP_ORDER,
  makeAuditChallenge,
  mclEngine,
  modulo,
  nobleEngine,
  type PairingEngine,
  proveFile,
  randomBytes,
  sanitise,
  SECTOR_BYTES,
  type StoredBlock,
  utf8,
  verifyProof,
} from '../src/index.js';
import { blocksOf, expected, newSigner, type Signer } from './support/audit.js';
import { refusal } from './support/refusal.js';
import {
  paperVariant,
  type PaperChallenge,
  type PaperFile,
  type PaperSystem,
} from './support/paper-variant.js';

const BLOCKS = 6;
const SECTORS = 4;
const NAMES = ['mcl', 'noble'] as const;
const randomScalar = (): bigint => (bytesToBigint(randomBytes(48)) % (GROUP_ORDER - 1n)) + 1n;
let mcl: PairingEngine;
let signer: Signer;
const engineOf = (name: (typeof NAMES)[number]): PairingEngine => (name === 'mcl' ? mcl : nobleEngine());

beforeAll(async () => {
  mcl = await mclEngine();
  signer = await newSigner(mcl, SECTORS);
});

/** One file under the paper's scheme. */
const paperFile = (
  engine: PairingEngine,
): {
  paper: ReturnType<typeof paperVariant>;
  system: PaperSystem;
  file: PaperFile;
  sectors: bigint[];
  challenge: PaperChallenge[];
} => {
  const paper = paperVariant({ engine, order: GROUP_ORDER, randomScalar, utf8 });
  const system = paper.setUp('doctor-1');
  const sectors = Array.from({ length: BLOCKS }, () => bytesToBigint(randomBytes(SECTOR_BYTES)));
  const seed = '33'.repeat(32);
  return {
    paper,
    system,
    sectors,
    file: paper.sign(system, 'file', sectors),
    challenge: drawAuditChallenge({ seed, size: BLOCKS }, BLOCKS),
  };
};

/** One file of ours, sanitised, with what its sanitiser saw of it. */
const ourFile = (engine: PairingEngine): OurFile => {
  const content = randomBytes(SECTOR_BYTES * SECTORS * BLOCKS);
  const personal = [0, 1, 2, 3].map((sector) => ({ block: 1 + sector, sector }));
  const blinded = blindDocument(engine, { ...signer, content, personal, organisation: [] });
  const { transformation } = decodeSanitisingPackage(blinded.package);
  const made = sanitise(engine, { ...signer, package: blinded.package });
  return { ...made, tag: blinded.tag, betas: transformation.map(({ point }) => engine.decodeG1(point)) };
};

interface OurFile {
  content: Uint8Array;
  signedFile: Uint8Array;
  tag: Uint8Array;
  /** beta of every column. */
  betas: ReturnType<PairingEngine['decodeG1']>[];
}

const audit = async (
  engine: PairingEngine,
  { tag, signedFile }: OurFile,
  read: (block: number) => StoredBlock | Promise<StoredBlock>,
): Promise<string> => {
  const { replacedSet } = decodeSignedFile(signedFile);
  const challenge = makeAuditChallenge({
    parameters: signer.parameters,
    tag,
    auditId: '11'.repeat(32),
    nonceA: randomBytes(32),
    nonceB: randomBytes(32),
  });
  const proof = await proveFile(engine, { ...signer, tag, replacedSet, challenge, read });
  return verifyProof(engine, { ...signer, tag, challenge, replacedSet, proof }).verdict;
};

describe.each(NAMES)('what a sanitiser with the transformation values can do, in %s', (name) => {
  it('in the paper’s variant an honest file passes, and any block can be rewritten', () => {
    const { paper, system, file, sectors, challenge } = paperFile(engineOf(name));
    expect(paper.check(system, file, 2, sectors[2] ?? 0n)).toBe(true);
    expect(paper.check(system, file, 2, 5n)).toBe(false);
    const honest = paper.prove(file.authenticators, sectors, challenge);
    expect(paper.verify(system, file, challenge, honest)).toBe(true);
    const stored = sectors.with(3, 4711n);
    expect(paper.verify(system, file, challenge, paper.prove(file.authenticators, stored, challenge))).toBe(
      false,
    );
    const forged = file.authenticators.with(3, paper.sanitise(file, 3, sectors[3] ?? 0n, 4711n));
    expect(paper.verify(system, file, challenge, paper.prove(forged, stored, challenge))).toBe(true);
  });

  it('in the paper’s variant the whole file can be deleted', () => {
    const { paper, system, file, sectors, challenge } = paperFile(engineOf(name));
    const emptied = sectors.map((sector, block) => paper.sanitise(file, block, sector, 0n));
    const nothing = sectors.map(() => 0n);
    expect(paper.verify(system, file, challenge, paper.prove(emptied, nothing, challenge))).toBe(true);
  });

  it('in ours the same values rewrite no block', async () => {
    const engine = engineOf(name);
    const file = ourFile(engine);
    const honest = blocksOf(file.content, decodeSignedFile(file.signedFile));
    expect(await audit(engine, file, honest)).toBe('intact');
    const changed = Uint8Array.from(file.content);
    changed.fill(0x41, 0, SECTOR_BYTES);
    const difference = modulo(
      bytesToBigint(changed.subarray(0, SECTOR_BYTES)) -
        bytesToBigint(file.content.subarray(0, SECTOR_BYTES)),
      GROUP_ORDER,
    );
    const signed = decodeSignedFile(file.signedFile);
    const beta = file.betas[0] ?? engine.generatorG1;
    const forged = engine.encodeG1(
      engine.addG1(
        engine.decodeG1(signed.authenticators[0] ?? new Uint8Array(0)),
        engine.multiplyG1(beta, difference),
      ),
    );
    const attack = { ...signed, authenticators: signed.authenticators.with(0, forged) };
    expect(await audit(engine, file, blocksOf(changed, attack))).toBe('failed');
    const input = { ...expected(signer, 'sanitised'), signedFile: file.signedFile, stored: changed };
    expect(await refusal(() => checkFile(engine, input))).toBe('DIGEST_MISMATCH');
  });

  it('in ours the same values delete no file', async () => {
    const engine = engineOf(name);
    const file = ourFile(engine);
    const signed = decodeSignedFile(file.signedFile);
    const authenticators = signed.authenticators.map((authenticator, block) => {
      const differences = file.betas.map((_, j) => {
        const from = (block * SECTORS + j) * SECTOR_BYTES;
        return modulo(-bytesToBigint(file.content.subarray(from, from + SECTOR_BYTES)), GROUP_ORDER);
      });
      return engine.encodeG1(
        engine.addG1(engine.decodeG1(authenticator), engine.combineG1(file.betas, differences)),
      );
    });
    const nothing = new Uint8Array(file.content.length);
    expect(await audit(engine, file, blocksOf(nothing, { ...signed, authenticators }))).toBe('failed');
    expect(await audit(engine, file, blocksOf(nothing, signed))).toBe('failed');
  });
});
