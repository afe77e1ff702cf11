export {
  type CapturedProposal,
  type ChaincodeOptions,
  createNetwork,
  EmbeddedNetwork,
  type NetworkOptions,
} from './network.js';
export type { OrganizationOptions, PreparedOrganization } from './config/organizations.js';
export type { OrganizationPorts } from './ports.js';
export { type ConnectionProfile, connectionProfileYaml, type ProfileOrganization } from './profile.js';
export type {
  ChaincodeDefinition,
  Clock,
  CollectionDefinition,
  CommittedBlock,
  DamageReport,
  Ledger,
  SigningIdentity,
} from './types.js';
