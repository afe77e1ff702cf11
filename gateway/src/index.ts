/** The gateway as a library: what a process or a test starts. */
export { startGateway, type RunningGateway } from './gateway.js';
export { configOf, readConfig, ConfigError, type GatewayConfig } from './config.js';
