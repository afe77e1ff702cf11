import { readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { OrganizationProfile } from './organizations/organization.js';
import { readS3Location, type StorageLocation } from './storage/storage-location.js';

/** The gateway's settings: a JSON file, some of which the environment overrides. */
export interface GatewayConfig {
  /** Port on 127.0.0.1; 0 takes any. */
  port: number;
  /** Keystores, database and administrators' first passwords. */
  dataDirectory: string;
  /** Encrypted objects; shared by all organisations, trusted for nothing. */
  storage: StorageLocation;
  /** Further stores that hold the same objects, for repair. */
  copies: StorageLocation[];
  /** Every file of other hospitals' records is audited once within so many days. */
  auditEveryDays: number;
  /** YAML file in Fabric's common connection profile. */
  connectionProfile: string;
  /** Those that this process serves: one in production, several in a demonstration. */
  organizations: OrganizationProfile[];
  /** Hospitals served by other processes, which a ministry served here admits at its first start. */
  admit: OrganizationProfile[];
  /** PostgreSQL; without it a PGlite inside `dataDirectory`. */
  databaseUrl?: string;
  /** Folder of unused PGlite databases, shared and made when needed: a new database is then a copy. */
  databaseTemplates?: string;
  /** Milliseconds to add to the clock, shared with the network's trials. */
  clockFile?: string;
  /** First parameters of a new channel. */
  recordSteps: string[];
  /** Requests of one address to one route in ten seconds. */
  rateLimit: number;
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const RATE_LIMIT = 1_000;
const AUDIT_EVERY_DAYS = 30;

/** @throws ConfigError naming file, field and remedy */
export const readConfig = (file: string, environment: NodeJS.ProcessEnv = process.env): GatewayConfig => {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ConfigError(`${file} cannot be read as JSON: ${(error as Error).message}`);
  }
  return configOf(json, environment);
};

export const configOf = (json: unknown, environment: NodeJS.ProcessEnv = {}): GatewayConfig => {
  const fields = object(json, 'configuration');
  const path = (name: string): string => resolve(text(fields[name], name));
  const port =
    environment['MEDSEAL_PORT'] === undefined ? fields['port'] : Number(environment['MEDSEAL_PORT']);
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ConfigError('port must be a whole number from 0 to 65535.');
  }
  const databaseUrl = environment['DATABASE_URL'] || optionalText(fields['databaseUrl'], 'databaseUrl');
  const clockFile = optionalText(fields['clockFile'], 'clockFile');
  if (clockFile !== undefined && !isAbsolute(clockFile))
    throw new ConfigError('clockFile must be an absolute path.');
  const organizations = profiles(fields['organizations'], 'organizations');
  if (organizations.length === 0) throw new ConfigError('organizations must name at least one.');
  const rateLimit = fields['rateLimit'] ?? RATE_LIMIT;
  if (typeof rateLimit !== 'number' || !(rateLimit >= 1))
    throw new ConfigError('rateLimit must be a number above 0.');
  const auditEveryDays = fields['auditEveryDays'] ?? AUDIT_EVERY_DAYS;
  if (typeof auditEveryDays !== 'number' || !(auditEveryDays > 0))
    throw new ConfigError('auditEveryDays must be a number of days above 0.');
  return {
    port,
    dataDirectory: path('dataDirectory'),
    storage: storageOf(fields, environment),
    copies: list(fields['copies'] ?? [], 'copies').map((copy, index) =>
      copyOf(text(copy, `copies[${index}]`), `copies[${index}]`, environment),
    ),
    auditEveryDays,
    connectionProfile: path('connectionProfile'),
    organizations,
    admit: profiles(fields['admit'] ?? [], 'admit'),
    databaseUrl,
    databaseTemplates: optionalText(fields['databaseTemplates'], 'databaseTemplates'),
    clockFile,
    recordSteps: list(fields['recordSteps'] ?? ['chain'], 'recordSteps').map((step) =>
      text(step, 'recordSteps'),
    ),
    rateLimit,
  };
};

/** A bucket where one is named, else the folder. */
const storageOf = (fields: Record<string, unknown>, environment: NodeJS.ProcessEnv): StorageLocation => {
  const fromEnvironment = environment['MEDSEAL_STORAGE'] || undefined;
  const name = fromEnvironment === undefined ? 'storage' : 'MEDSEAL_STORAGE';
  const bucket = fromEnvironment ?? optionalText(fields['storage'], 'storage');
  if (bucket === undefined)
    return { driver: 'file', directory: resolve(text(fields['objectsDirectory'], 'objectsDirectory')) };
  return bucketOf(bucket, name, environment);
};

/** A folder, or a bucket. */
const copyOf = (value: string, field: string, environment: NodeJS.ProcessEnv): StorageLocation =>
  value.startsWith('s3:')
    ? bucketOf(value, field, environment)
    : { driver: 'file', directory: resolve(value) };

const bucketOf = (value: string, field: string, environment: NodeJS.ProcessEnv): StorageLocation => {
  try {
    return readS3Location(value, environment['AWS_REGION'] || undefined);
  } catch (error) {
    throw new ConfigError(`${field} ${(error as Error).message}`);
  }
};

const profiles = (value: unknown, field: string): OrganizationProfile[] => {
  const found = list(value, field).map((item, index) => profile(item, `${field}[${index}]`));
  for (const key of ['mspId', 'slug', 'code'] as const) {
    if (new Set(found.map((one) => one[key])).size < found.length) {
      throw new ConfigError(`${field}: each needs a ${key} of its own.`);
    }
  }
  return found;
};

const profile = (value: unknown, field: string): OrganizationProfile => {
  const fields = object(value, field);
  const mspId = text(fields['mspId'], `${field}.mspId`);
  const slug = text(fields['slug'], `${field}.slug`);
  const code = text(fields['code'], `${field}.code`);
  const kind = fields['kind'];
  if (!/^[A-Za-z][A-Za-z0-9.-]{0,63}$/.test(mspId)) throw new ConfigError(`${field}.mspId is not an MSP id.`);
  if (!/^[a-z][a-z0-9]{0,30}$/.test(slug))
    throw new ConfigError(`${field}.slug must be lower-case letters and digits.`);
  if (!/^\d{3}$/.test(code)) throw new ConfigError(`${field}.code must be three digits.`);
  if (kind !== 'ministry' && kind !== 'hospital')
    throw new ConfigError(`${field}.kind must be ministry or hospital.`);
  return { mspId, slug, name: text(fields['name'], `${field}.name`), kind, code };
};

const object = (value: unknown, field: string): Record<string, unknown> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError(`${field} must be a JSON object.`);
  }
  return value as Record<string, unknown>;
};

const list = (value: unknown, field: string): unknown[] => {
  if (!Array.isArray(value)) throw new ConfigError(`${field} must be a list.`);
  return value;
};

const text = (value: unknown, field: string): string => {
  if (typeof value !== 'string' || value === '') throw new ConfigError(`${field} must be a text.`);
  return value;
};

const optionalText = (value: unknown, field: string): string | undefined =>
  value === undefined || value === null || value === '' ? undefined : text(value, field);
