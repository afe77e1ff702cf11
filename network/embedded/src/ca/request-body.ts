import type { Attribute, AttributeRequest } from './attributes.js';
import { CaCode, CaError } from './ca-error.js';

/** A JSON object whose fields are read with their types; names match whatever their case, as in Go. */
export class RequestBody {
  private constructor(private readonly fields: ReadonlyMap<string, unknown>) {}

  /** @throws CaError when the bytes are empty or no JSON object */
  static parse(bytes: Buffer): RequestBody {
    if (bytes.length === 0) throw CaError.http(400, CaCode.emptyBody, 'Empty request body');
    let value: unknown;
    try {
      value = JSON.parse(bytes.toString('utf8'));
    } catch {
      throw badBody('it is no JSON');
    }
    return RequestBody.of(value, 'it');
  }

  text(name: string): string | undefined {
    return this.read(name, 'a string', (value) => typeof value === 'string') as string | undefined;
  }

  whole(name: string): number | undefined {
    return this.read(name, 'a whole number', (value) => Number.isSafeInteger(value)) as number | undefined;
  }

  flag(name: string): boolean | undefined {
    return this.read(name, 'true or false', (value) => typeof value === 'boolean') as boolean | undefined;
  }

  date(name: string): Date | undefined {
    const text = this.text(name);
    if (!text) return undefined;
    const date = new Date(text);
    if (Number.isNaN(date.getTime()))
      throw badBody(`field '${name}' must be a time such as 2026-01-31T12:00:00Z`);
    return date.getUTCFullYear() <= 1 ? undefined : date;
  }

  attributes(name: string): Attribute[] | undefined {
    return this.list(name)?.map((item) => ({
      name: item.required('name'),
      value: item.text('value') ?? '',
      ...(item.flag('ecert') ? { ecert: true } : {}),
    }));
  }

  attributeRequests(name: string): AttributeRequest[] | undefined {
    return this.list(name)?.map((item) => ({
      name: item.required('name'),
      optional: item.flag('optional') ?? false,
    }));
  }

  private required(name: string): string {
    const text = this.text(name);
    if (!text) throw badBody(`field '${name}' is missing`);
    return text;
  }

  private list(name: string): RequestBody[] | undefined {
    const items = this.read(name, 'a list', Array.isArray) as unknown[] | undefined;
    return items?.map((item) => RequestBody.of(item, `an item of '${name}'`));
  }

  private read(name: string, type: string, fits: (value: unknown) => boolean): unknown {
    const value = this.fields.get(name.toLowerCase());
    if (value === undefined || value === null) return undefined;
    if (!fits(value)) throw badBody(`field '${name}' must be ${type}`);
    return value;
  }

  private static of(value: unknown, what: string): RequestBody {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw badBody(`${what} must be an object`);
    }
    return new RequestBody(
      new Map(Object.entries(value).map(([name, field]) => [name.toLowerCase(), field])),
    );
  }
}

const badBody = (reason: string): CaError =>
  CaError.http(400, CaCode.badBody, `Invalid request body: ${reason}`);
