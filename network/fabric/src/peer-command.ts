import { join } from 'node:path';
import type { Binaries } from './binaries.js';
import { HOST, type Layout, type OrganizationPlace } from './layout.js';
import { run } from './steps.js';

/** Runs Fabric's `peer` as the organisation's administrator against its own peer; gives what it wrote to stdout. */
export const asAdministrator =
  (layout: Layout, organization: OrganizationPlace, { peer }: Binaries) =>
  (what: string, seconds: number, args: readonly string[]): Promise<string> =>
    run(what, {
      file: peer,
      args,
      seconds,
      environment: {
        FABRIC_CFG_PATH: layout.node(organization.peerName),
        FABRIC_LOGGING_SPEC: 'error',
        CORE_PEER_MSPCONFIGPATH: organization.identity('admin').msp,
        CORE_PEER_ADDRESS: `${HOST}:${organization.peerPort}`,
        CORE_PEER_TLS_ROOTCERT_FILE: join(organization.identity('peer').tls, 'ca.crt'),
      },
    });
