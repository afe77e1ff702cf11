/*
 * Drafts of records, in this browser alone: encrypted by AES-GCM under a key that the browser made, does not hand out, and
 * keeps for one signed-in person. Key and drafts go when somebody signs out or somebody else signs in.
 */

const DATABASE = 'medseal-drafts';
const VERSION = 1;
const NONCE_BYTES = 12;

interface StoredDraft {
  id: string;
  subject: string;
  /** What the draft is of: `new`, or the record that it amends. */
  of: string;
  savedAt: number;
  nonce: Uint8Array<ArrayBuffer>;
  sealed: ArrayBuffer;
}

export interface KeptDraft<Values> {
  id: string;
  /** Milliseconds since 1970. */
  savedAt: number;
  values: Values;
}

/** One act after the other: a draft that is on its way is not kept after the drafts were forgotten. */
let last: Promise<unknown> = Promise.resolve();
let generation = 0;

const inTurn = <Result>(act: () => Promise<Result>): Promise<Result> => {
  const done = last.then(act);
  last = done.catch(() => undefined);
  return done;
};

/** Of one person, from its opening until the drafts are forgotten. */
export class Drafts<Values> {
  readonly #generation = generation;

  constructor(
    readonly subject: string,
    readonly of: string,
  ) {}

  /** Newest first; those of anybody else are removed, and what cannot be read is left out. */
  list(): Promise<KeptDraft<Values>[]> {
    return inTurn(async () => {
      await forgetOthers(this.subject);
      const [key, all] = await Promise.all([keyOf(this.subject), everyDraft()]);
      const own = all.filter(({ subject, of }) => subject === this.subject && of === this.of);
      const opened = await Promise.all(own.map((draft) => open<Values>(key, draft)));
      return opened.filter((draft) => draft !== undefined).sort((a, b) => b.savedAt - a.savedAt);
    });
  }

  /** @throws DOMException where the browser keeps nothing */
  save(id: string, values: Values): Promise<void> {
    return inTurn(async () => {
      if (this.#generation !== generation) return;
      const { subject, of } = this;
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
      const sealed = await crypto.subtle.encrypt(
        { name: 'AES-GCM', iv: nonce, additionalData: boundTo(subject, of, id) },
        await keyOf(subject),
        new TextEncoder().encode(JSON.stringify(values)),
      );
      const draft: StoredDraft = { id, subject, of, savedAt: Date.now(), nonce, sealed };
      await inStores('readwrite', ({ drafts }) => drafts.put(draft));
    });
  }

  remove(id: string): Promise<void> {
    return inTurn(async () => {
      await inStores('readwrite', ({ drafts }) => drafts.delete(id));
    });
  }
}

/** Keys and drafts of everybody; what is saved by a page that is still open is not kept any more. */
export function forgetDrafts(): Promise<void> {
  generation++;
  return inTurn(async () => {
    await inStores('readwrite', ({ drafts }) => drafts.clear());
    await inStores('readwrite', ({ keys }) => keys.clear());
  });
}

async function forgetOthers(subject: string): Promise<void> {
  const others = (await everyDraft()).filter((draft) => draft.subject !== subject);
  for (const { id } of others) await inStores('readwrite', ({ drafts }) => drafts.delete(id));
  const holders = await inStores('readonly', ({ keys }) => keys.getAllKeys());
  for (const holder of holders)
    if (holder !== subject) await inStores('readwrite', ({ keys }) => keys.delete(holder));
}

const everyDraft = (): Promise<StoredDraft[]> =>
  inStores('readonly', ({ drafts }) => drafts.getAll() as IDBRequest<StoredDraft[]>);

async function open<Values>(
  key: CryptoKey,
  { id, subject, of, savedAt, nonce, sealed }: StoredDraft,
): Promise<KeptDraft<Values> | undefined> {
  try {
    const algorithm = { name: 'AES-GCM', iv: nonce, additionalData: boundTo(subject, of, id) };
    const opened = await crypto.subtle.decrypt(algorithm, key, sealed);
    return { id, savedAt, values: JSON.parse(new TextDecoder().decode(opened)) as Values };
  } catch {
    return undefined;
  }
}

const boundTo = (...parts: string[]): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(JSON.stringify(parts));

/** Made when it is first needed; the browser lets pages use it and nobody have it. */
async function keyOf(subject: string): Promise<CryptoKey> {
  const wanted = (): Promise<CryptoKey | undefined> =>
    inStores('readonly', ({ keys }) => keys.get(subject) as IDBRequest<CryptoKey | undefined>);
  const known = await wanted();
  if (known !== undefined) return known;
  const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ]);
  try {
    await inStores('readwrite', ({ keys }) => keys.add(made, subject));
    return made;
  } catch (error) {
    // Another page of the same person was first.
    const first = await wanted();
    if (first === undefined) throw error;
    return first;
  }
}

async function inStores<Result>(
  mode: IDBTransactionMode,
  act: (stores: { keys: IDBObjectStore; drafts: IDBObjectStore }) => IDBRequest<Result>,
): Promise<Result> {
  const database = await openDatabase();
  try {
    const transaction = database.transaction(['keys', 'drafts'], mode);
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error('not kept'));
    });
    const request = act({ keys: transaction.objectStore('keys'), drafts: transaction.objectStore('drafts') });
    await done;
    return request.result;
  } finally {
    database.close();
  }
}

const openDatabase = (): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('keys');
      request.result.createObjectStore('drafts', { keyPath: 'id' });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('not opened'));
  });
