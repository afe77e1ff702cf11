/** One RFC 9457 problem, as an error that keeps the machine-readable parts. */
export class ProblemError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly errors: readonly { field: string; message: string }[] = [],
    readonly requestId?: string,
    /** The whole body: a 409 of a device-signed act carries fresh `signing` bytes. */
    readonly body?: Record<string, unknown>,
    /** Seconds to wait before another try, where the service said so. */
    readonly retryAfter?: number,
  ) {
    super(`${status} ${code}: ${detail}`);
    this.name = 'ProblemError';
  }
}

export interface Answer<T> {
  status: number;
  body: T;
  etag?: string;
}

export interface RequestOptions {
  body?: unknown;
  /** The body where it is JSON already: sent as it was written, so that no number in it changes its form. */
  json?: string;
  query?: Record<string, string | number | boolean | undefined>;
  idempotencyKey?: string;
  ifMatch?: string;
  accept?: string;
  /** Goes on after this server-sent event. */
  lastEventId?: string;
  signal?: AbortSignal;
}

/**
 * How a session is proved: by a bearer token kept here, or, in a browser, by the HttpOnly cookie that script cannot read
 * together with the CSRF token.
 */
export type SessionMode = 'token' | 'cookie';

/** REST transport: base URL, session, idempotency keys, problems. Knows no endpoint. */
export class HttpTransport {
  #token?: string;
  #csrfToken?: string;

  constructor(
    private readonly baseUrl: string,
    // A browser's fetch must not be called as a method of something else.
    private readonly fetchFunction: typeof fetch = (input, init) => fetch(input, init),
    private readonly mode: SessionMode = 'token',
  ) {}

  useSession(session: { token?: string; csrfToken: string } | undefined): void {
    this.#token = this.mode === 'token' ? session?.token : undefined;
    this.#csrfToken = session?.csrfToken;
  }

  async raw(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const url = new URL(`${this.baseUrl.replace(/\/$/, '')}/api/v1${path}`);
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const headers: Record<string, string> = { accept: options.accept ?? 'application/json' };
    if (this.#token) headers['authorization'] = `Bearer ${this.#token}`;
    if (this.mode === 'cookie' && this.#csrfToken && method !== 'GET')
      headers['x-csrf-token'] = this.#csrfToken;
    if (options.lastEventId) headers['last-event-id'] = options.lastEventId;
    if (options.ifMatch) headers['if-match'] = options.ifMatch;
    const body = options.json ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (method === 'POST')
      headers['idempotency-key'] = options.idempotencyKey ?? globalThis.crypto.randomUUID();
    return await this.fetchFunction(url, {
      method,
      headers,
      credentials: this.mode === 'cookie' ? 'same-origin' : 'omit',
      body,
      signal: options.signal,
    });
  }

  /** @throws ProblemError for every status of 400 and above. */
  async request<T>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
    const response = await this.raw(method, path, options);
    if (response.status >= 400) throw await problemOf(response);
    const text = await response.text();
    return {
      status: response.status,
      body: (text === '' ? undefined : JSON.parse(text)) as T,
      etag: response.headers.get('etag') ?? undefined,
    };
  }
}

/** The problem that an answer of 400 and above carries. */
export async function problemOf(response: Response): Promise<ProblemError> {
  const body = parsed(await response.text());
  return new ProblemError(
    response.status,
    String(body?.['code'] ?? 'UNKNOWN'),
    String(body?.['detail'] ?? response.statusText),
    (body?.['errors'] as { field: string; message: string }[] | undefined) ?? [],
    body?.['requestId'] as string | undefined,
    body,
    Number(response.headers.get('retry-after') ?? NaN) || undefined,
  );
}

/** A proxy's page instead of an answer becomes a problem without code. */
function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
