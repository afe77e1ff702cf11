/** The first thing that is not as it was written. */
export interface InvalidPart {
  readonly kind: 'block' | 'entry' | 'object';
  /** Block number, `<recordId>/<version>` or the object's digest. */
  readonly id: string;
  readonly reason: string;
  /** Of an object: the record it belongs to. */
  readonly recordId?: string;
}

/** What a check found; `checkedAt` is an RFC 3339 instant. */
export interface Verdict {
  readonly chainValid: boolean;
  readonly firstInvalid: InvalidPart | null;
  readonly checkedAt: string;
}

const RANK = { block: 0, entry: 1, object: 2 } as const;

/** Collects what is wrong; blocks come first, in chain order, then entries, then objects. */
export class Findings {
  readonly #parts: InvalidPart[] = [];
  #count = 0;

  constructor(private readonly most = 100) {}

  add(part: InvalidPart): void {
    if (this.#parts.some(({ kind, id }) => kind === part.kind && id === part.id)) return;
    this.#count += 1;
    if (this.#parts.length < this.most || RANK[part.kind] < RANK[this.#parts.at(-1)!.kind])
      this.#parts.push(part);
  }

  /** At most `most`, in order. */
  get parts(): readonly InvalidPart[] {
    return [...this.#parts].sort(order).slice(0, this.most);
  }

  get count(): number {
    return this.#count;
  }

  has(kind: InvalidPart['kind'], id: string): boolean {
    return this.#parts.some((part) => part.kind === kind && part.id === id);
  }

  verdict(checkedAt: Date): Verdict {
    return {
      chainValid: this.#count === 0,
      firstInvalid: this.parts[0] ?? null,
      checkedAt: checkedAt.toISOString(),
    };
  }
}

const order = (a: InvalidPart, b: InvalidPart): number =>
  RANK[a.kind] - RANK[b.kind] || (a.kind === 'block' ? Number(a.id) - Number(b.id) : 0);
