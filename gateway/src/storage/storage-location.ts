/** Where objects are kept, as the configuration says it. */
export type StorageLocation = FileLocation | S3Location;

export interface FileLocation {
  driver: 'file';
  directory: string;
}

/** Credentials are no part of it: the SDK's own chain finds them (environment, profile, role of the machine). */
export interface S3Location {
  driver: 's3';
  bucket: string;
  /** Before every key, without slashes at its ends; empty for none. */
  prefix: string;
  region: string;
  /** Of a server other than AWS. */
  endpoint?: string;
  /** Bucket in the path, not in the host's name. */
  pathStyle: boolean;
}

const EXAMPLE = 's3://bucket/prefix?region=ap-south-1&endpoint=https://objects.example.org';
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const PREFIX = /^[A-Za-z0-9][A-Za-z0-9!_.*'()/-]{0,200}$/;
const REGION = /^[a-z0-9-]{1,40}$/;
const PARAMETERS: ReadonlySet<string> = new Set(['endpoint', 'region', 'pathStyle']);

/**
 * Reads `s3://<bucket>[/<prefix>][?region=…&endpoint=…&pathStyle=true|false]`.
 * @param fallbackRegion of the environment (`AWS_REGION`)
 * @throws Error with one sentence that names the part and the remedy; the text itself is not repeated, since somebody
 *   may have written a secret into it
 */
export const readS3Location = (text: string, fallbackRegion?: string): S3Location => {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error(`must be a URL such as ${EXAMPLE}.`);
  }
  if (url.protocol !== 's3:') throw new Error(`must begin with s3://, as in ${EXAMPLE}.`);
  if (hasCredentials(url))
    throw new Error('must not contain credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead.');
  if (url.port !== '' || url.hash !== '') throw new Error(`must look like ${EXAMPLE}.`);
  for (const name of new Set(url.searchParams.keys())) {
    if (!PARAMETERS.has(name))
      throw new Error(`has an unknown parameter: there are ${[...PARAMETERS].join(', ')}.`);
    if (url.searchParams.getAll(name).length > 1) throw new Error(`has the parameter ${name} twice.`);
  }
  const bucket = url.hostname;
  if (!BUCKET.test(bucket) || bucket.includes('..'))
    throw new Error('must name a bucket: 3 to 63 lower-case letters, digits, hyphens and dots.');
  const prefix = url.pathname.replace(/^\/+|\/+$/g, '');
  if (prefix !== '' && (!PREFIX.test(prefix) || prefix.split('/').some((part) => /^\.{0,2}$/.test(part))))
    throw new Error("has an unusable prefix: letters, digits, !_.*'()- and single slashes, at most 201.");
  const endpoint = readEndpoint(url.searchParams.get('endpoint'));
  const region = url.searchParams.get('region') ?? fallbackRegion ?? (endpoint ? 'us-east-1' : '');
  if (!REGION.test(region)) throw new Error('needs its region: add ?region=… or set AWS_REGION.');
  const pathStyle = readFlag(url.searchParams.get('pathStyle')) ?? endpoint !== undefined;
  return { driver: 's3', bucket, prefix, region, pathStyle, ...(endpoint ? { endpoint } : {}) };
};

const readEndpoint = (text: string | null): string | undefined => {
  if (text === null) return undefined;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error('has an endpoint that is no URL: write https://host[:port].');
  }
  const isPlain = url.pathname === '/' && url.search === '' && url.hash === '';
  if (!/^https?:$/.test(url.protocol) || !isPlain || hasCredentials(url))
    throw new Error('has an endpoint of another form than https://host[:port].');
  return url.origin;
};

const readFlag = (text: string | null): boolean | undefined => {
  if (text === null) return undefined;
  if (text !== 'true' && text !== 'false') throw new Error('has a pathStyle that is neither true nor false.');
  return text === 'true';
};

const hasCredentials = ({ username, password }: URL): boolean => username !== '' || password !== '';
