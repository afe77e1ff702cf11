import type { Notice } from './api.js';

/** One event of `GET /events`. `id` is what to give as `lastEventId` to go on after it. */
export type NoticeEvent =
  | { kind: 'notice'; id: string; notice: Notice }
  /** Everything missed has been told. */
  | { kind: 'ready'; id: string }
  /** Too much was missed to be told one by one: look at everything anew. */
  | { kind: 'reload'; id: string };

const KINDS = ['notice', 'ready', 'reload'] as const;

/** Reads server-sent events (WHATWG HTML, 9.2) as this service writes them; comments and unknown events are left out. */
export async function* readNotices(body: ReadableStream<Uint8Array>): AsyncGenerator<NoticeEvent> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      const blocks = rest.split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = eventOf(block);
        if (event !== undefined) yield event;
      }
    }
  } finally {
    // The connection may be broken already.
    await reader.cancel().catch(() => undefined);
  }
}

function eventOf(block: string): NoticeEvent | undefined {
  const fields = new Map(
    block
      .split('\n')
      .filter((line) => !line.startsWith(':') && line.includes(':'))
      .map((line) => {
        const at = line.indexOf(':');
        return [line.slice(0, at), line.slice(at + 1).replace(/^ /, '')] as const;
      }),
  );
  const kind = KINDS.find((one) => one === fields.get('event'));
  const id = fields.get('id') ?? '';
  if (kind === undefined) return undefined;
  return kind === 'notice'
    ? { kind, id, notice: JSON.parse(fields.get('data') ?? '{}') as Notice }
    : { kind, id };
}
