import type { Committed } from '../fabric/ledger-client.js';
import type { Organization } from '../organizations/organization.js';

/** Something that the ledger shows an organisation still has to do; harmless to run twice. */
export interface Duty {
  /** Tells it from others of the organisation, so that one that fails waits longer than the rest. */
  key: string;
  run(): Promise<void>;
}

export interface DutySource {
  /** Out of the read model, so that nothing is lost with the process. */
  due(organization: Organization): Promise<Duty[]>;
}

/** Submits as the organisation's service and waits until the read model no longer shows the duty. */
export const submitAsService = async (
  organization: Organization,
  fn: string,
  args: string[],
  options: { transient?: Record<string, Uint8Array>; at?: string } = {},
): Promise<Committed> => {
  const committed = await organization.ledger.submit(organization.service, fn, args, {
    ...(options.transient === undefined ? {} : { transient: options.transient }),
    ...(options.at === undefined ? {} : { endorsingOrganizations: [options.at] }),
  });
  await organization.projection.reached(committed.blockNumber);
  return committed;
};
