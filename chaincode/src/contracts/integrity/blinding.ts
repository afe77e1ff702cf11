import { type FileTag, sha256Hex } from '@medseal/crypto';
import type { Context } from 'fabric-contract-api';
import { ContractError } from '../../errors.js';
import { requireReplacedSet, requireTag } from '../../ledger/audit-checks.js';
import { type Act, authorizeAct } from '../../ledger/authorization.js';
import { worldKeys } from '../../ledger/keys.js';
import type { RecordEntry } from '../../model/entries.js';
import { blindArgument, type BlindArgument } from '../../model/integrity-arguments.js';
import type { RecordedCoverage, SanitisedProfile } from '../../model/integrity-entries.js';
import { parseJson, refuseArgument } from '../../model/validation.js';
import { requireIdentityKey, signerOf } from './identity-keys.js';
import { withSanitizer } from './panel.js';
import { requireParameters } from './parameters.js';
import { requireStepped, storeStep } from './record-round.js';

/**
 * By the author: both files are signed, the document's personal sectors blinded, the package is in the spool. Until the
 * upload also anew, which begins another round. Every endorser checks both tags against the entry.
 */
export const blind = async (ctx: Context, businessId: string, json: string): Promise<RecordEntry> => {
  const act = await authorizeAct(ctx, { roles: ['doctor'], organization: 'hospital' });
  await act.once(businessId);
  const wanted = parseJson(json, blindArgument, 'blind');
  const entry = await requireStepped(act, wanted, ['sealed', 'blinded', 'sanitized']);
  if (entry.author !== act.caller.subject)
    throw new ContractError('NOT_ALLOWED', 'only the author blinds a record');
  const round = (entry.integrity?.round ?? 0) + 1;
  if (wanted.round !== round)
    throw new ContractError('ROUND_DIFFERS', `the next round of this record is ${round}: read it again`);
  await requireResearchChoice(act, entry.ledgerId, wanted.profile);
  const panel = await withSanitizer(act, entry.panel, wanted.sanitizer);
  const { keyEpoch, parametersVersion, tags, coverage } = await requireTags(act, entry, wanted);
  await useOnce(act, tags);
  const { packageDigest, packageBytes, profile } = wanted;
  return storeStep(act, { ...entry, panel }, 'blinded', {
    round,
    blinded: {
      keyEpoch,
      parametersVersion,
      tags: wanted.tags,
      packageDigest,
      packageBytes,
      profile,
      coverage,
    },
    sanitized: null,
    uploaded: null,
    attestations: [],
    returned: entry.integrity?.returned ?? null,
  });
};

interface CheckedTags {
  keyEpoch: number;
  parametersVersion: number;
  tags: FileTag[];
  coverage: RecordedCoverage;
}

/** Both tags, checked against what the ledger itself says that they must be about. */
const requireTags = async (act: Act, entry: RecordEntry, { tags }: BlindArgument): Promise<CheckedTags> => {
  const { world, channel } = act;
  const { keyEpoch, parametersVersion } = await requireIdentityKey(world, act.caller);
  const { parameters } = await requireParameters(world, parametersVersion);
  const replacedSet = act.transient.bytes('replacedSet');
  if (replacedSet === undefined) return refuseArgument('transient replacedSet', 'is missing');
  const expected = {
    parameters,
    identity: signerOf(channel, entry, keyEpoch),
    record: { channel, recordId: entry.recordId, version: entry.version, owner: entry.ledgerId },
  };
  const sealed = await requireTag({
    ...expected,
    kind: 'sealed',
    tag: tags.sealed,
    byteLength: entry.sealed?.sealedBytes ?? 0,
  });
  const sanitised = await requireTag({ ...expected, kind: 'sanitised', tag: tags.sanitized });
  const coverage = await requireReplacedSet(sanitised, replacedSet);
  return {
    keyEpoch,
    parametersVersion,
    tags: [sealed, sanitised],
    coverage: {
      replacedSectors: coverage.replacedSectors,
      keptBytes: coverage.keptBytes,
      leastKeptInBlock: coverage.leastKeptInBlock,
    },
  };
};

/** Sanitised for research only while the owner says yes. */
export const requireResearchChoice = async (
  { world }: Act,
  ledgerId: string,
  profile: SanitisedProfile,
): Promise<void> => {
  if (profile !== 'research') return;
  const choice = await world.get(worldKeys.researchChoice(ledgerId));
  if (choice?.allowed !== true) {
    throw new ContractError(
      'RESEARCH_NOT_ALLOWED',
      'the patient does not let sanitised files be used for research',
    );
  }
};

/** Neither the nonce nor the public point R of a tag has served before, serves the other tag, or serves again. */
const useOnce = async ({ world }: Act, tags: FileTag[]): Promise<void> => {
  const values = tags.flatMap(({ nonce, filePart }) => [sha256Hex(nonce), sha256Hex(filePart)]);
  const known = await Promise.all(values.map((value) => world.get(worldKeys.tagUse(value))));
  if (new Set(values).size < values.length || known.some((use) => use !== undefined)) {
    throw new ContractError('TAG_REUSED', 'nonce or public point of a tag served another one: sign anew');
  }
  for (const value of values) await world.put(worldKeys.tagUse(value), {});
};
