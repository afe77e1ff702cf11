import type { OrganizationAnswer } from '../api.js';
import type { MedsealClient } from '../medseal-client.js';
import { DeviceRefusal } from './signed-act.js';

/** The organisation of a device's holder, and who else there is. */
export interface Home {
  mspId: string;
  kind: OrganizationAnswer['kind'];
  organizations: OrganizationAnswer[];
  /** The ministry's, PEM, as the gateway gave it. */
  rootCertificate: string;
}

/**
 * @param name short name or MSP id; the session's organisation unless given
 * @throws ProblemError; DeviceRefusal
 */
export const homeOf = async (client: MedsealClient, name?: string): Promise<Home> => {
  const { items, rootCertificate } = await client.organizations();
  const wanted = name ?? client.session?.user.organization ?? (await client.me()).organization;
  const home = items.find(({ id, mspId }) => id === wanted || mspId === wanted);
  if (home === undefined) throw new DeviceRefusal(`there is no organisation ${wanted}`);
  if (rootCertificate === undefined)
    throw new DeviceRefusal("the gateway did not give the ministry's root certificate");
  return { mspId: home.mspId, kind: home.kind, organizations: items, rootCertificate };
};
