/** One RFC 9457 problem, as an error that keeps the machine-readable parts. */
export class ProblemError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly errors: readonly { field: string; message: string }[] = [],
    readonly requestId?: string,
    /** The whole body: a 409 of a device-signed act carries fresh `signing` bytes. */
    readonly body?: Record<string, unknown>,
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
  query?: Record<string, string | number | boolean | undefined>;
  idempotencyKey?: string;
  ifMatch?: string;
  accept?: string;
  signal?: AbortSignal;
}

/** REST transport: base URL, bearer token, idempotency keys, problems. Knows no endpoint. */
export class HttpTransport {
  #token?: string;

  constructor(
    private readonly baseUrl: string,
    private readonly fetchFunction: typeof fetch = fetch,
  ) {}

  useToken(token: string | undefined): void {
    this.#token = token;
  }

  async raw(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const url = new URL(`${this.baseUrl.replace(/\/$/, '')}/api/v1${path}`);
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const headers: Record<string, string> = { accept: options.accept ?? 'application/json' };
    if (this.#token) headers['authorization'] = `Bearer ${this.#token}`;
    if (options.ifMatch) headers['if-match'] = options.ifMatch;
    if (options.body !== undefined) headers['content-type'] = 'application/json';
    if (method === 'POST')
      headers['idempotency-key'] = options.idempotencyKey ?? globalThis.crypto.randomUUID();
    return await this.fetchFunction(url, {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
    });
  }

  /** @throws ProblemError for every status of 400 and above. */
  async request<T>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
    const response = await this.raw(method, path, options);
    const text = await response.text();
    const body = text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>);
    if (response.status >= 400) {
      throw new ProblemError(
        response.status,
        String(body?.['code'] ?? 'UNKNOWN'),
        String(body?.['detail'] ?? response.statusText),
        (body?.['errors'] as { field: string; message: string }[] | undefined) ?? [],
        body?.['requestId'] as string | undefined,
        body,
      );
    }
    return { status: response.status, body: body as T, etag: response.headers.get('etag') ?? undefined };
  }
}
