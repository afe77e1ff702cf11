export { FabricMissingError, findBinaries } from './binaries.js';
export { archivesFor, install, installFolder } from './install.js';
export { down, type FabricNetwork, logFile, type NodeStatus, status, up } from './network.js';
export { StepError } from './steps.js';
export type { ChaincodeDefinition, ChaincodeOptions, FabricOptions, FabricOrganization } from './types.js';
