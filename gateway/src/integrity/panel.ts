import {
  type CreateArgument,
  DEFAULT_ATTEST_THRESHOLD,
  type ParametersEntry,
  type RecordEntry,
} from '@medseal/chaincode';
import { evaluateJson } from '../fabric/evaluate-json.js';
import { problem } from '../http/problem.js';
import type { Organization } from '../organizations/organization.js';

export type Panel = Required<Pick<CreateArgument, 'sanitizer' | 'verifiers'>>;

/** As the contract takes them. */
const VERIFIERS_MAX = 16;

/**
 * Whom a new record of this hospital names for its integrity steps: one of its sanitisers, whose turn follows from the
 * recordId, and its verifiers. Only who has a receiving key can be sealed to.
 *
 * @returns undefined where the parameters in force ask for no such steps
 * @throws ProblemException 409 `PANEL_INCOMPLETE`
 */
export const panelFor = async (
  organization: Organization,
  { recordId, author }: Pick<RecordEntry, 'recordId' | 'author'>,
): Promise<Panel | undefined> => {
  const parameters = await evaluateJson<ParametersEntry | null>(organization, 'registry:getParameters', []);
  if (parameters === null || !parameters.recordSteps.includes('attest')) return undefined;
  const sanitizer = turnOf(recordId, await eligible(organization, 'sanitizer', author))[0];
  const verifiers = turnOf(recordId, await eligible(organization, 'verifier', author)).slice(
    0,
    VERIFIERS_MAX,
  );
  const threshold = parameters.attestThreshold ?? DEFAULT_ATTEST_THRESHOLD;
  if (sanitizer === undefined || verifiers.length < threshold) {
    throw problem(
      409,
      'PANEL_INCOMPLETE',
      `Records need an active sanitiser and ${threshold} active verifier${threshold === 1 ? '' : 's'} of this hospital ` +
        'with keys of their own: have an administrator add them with POST /users.',
    );
  }
  return { sanitizer, verifiers };
};

/** The sanitiser that a record names, or somebody in place of one who left. @throws as `panelFor` */
export const sanitizerOf = async (
  organization: Organization,
  { recordId, author, panel }: Pick<RecordEntry, 'recordId' | 'author' | 'panel'>,
): Promise<string> => {
  const sanitizers = await eligible(organization, 'sanitizer', author);
  const [next] = turnOf(recordId, sanitizers);
  const sanitizer = sanitizers.find((one) => one === panel?.sanitizer) ?? next;
  if (sanitizer === undefined) {
    throw problem(
      409,
      'PANEL_INCOMPLETE',
      'The record needs an active sanitiser of this hospital with keys: have an administrator add one with POST /users.',
    );
  }
  return sanitizer;
};

const eligible = async (
  { database, mspId }: Organization,
  role: 'sanitizer' | 'verifier',
  author: string,
): Promise<string[]> => {
  const rows = await database.query<{ staff_id: string }>(
    `SELECT s.staff_id FROM staff s JOIN receiving_keys k ON k.subject = s.staff_id
      WHERE s.msp_id = $1 AND s.role = $2 AND s.status = 'active' AND s.staff_id <> $3 ORDER BY s.staff_id`,
    [mspId, role, author],
  );
  return rows.map(({ staff_id }) => staff_id);
};

/** From the one whose turn it is on; a repetition finds the same. */
const turnOf = (recordId: string, staff: readonly string[]): string[] => {
  const first = staff.length === 0 ? 0 : Number.parseInt(recordId.slice(0, 8), 16) % staff.length;
  return [...staff.slice(first), ...staff.slice(0, first)];
};
