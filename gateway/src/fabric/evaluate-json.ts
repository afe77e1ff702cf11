import type { Organization } from '../organizations/organization.js';

/** A query of the contracts as the organisation's service, on its own peer; the answer is JSON. */
export const evaluateJson = async <Answer>(
  organization: Organization,
  fn: string,
  args: string[],
): Promise<Answer> =>
  JSON.parse((await organization.ledger.evaluate(organization.service, fn, args)).toString()) as Answer;
