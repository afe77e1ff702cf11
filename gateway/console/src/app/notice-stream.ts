import { type NoticeEvent, ProblemError } from '@medseal/client';
import { client, noticeFailure } from './session';

const BACKOFF_MS = { first: 1_000, most: 30_000 };

/**
 * Follows the user's notices until `signal` is aborted. One window of the browser has the stream and tells the others,
 * because a browser has few connections to one address; when it is closed, another takes over where it was.
 */
export async function followNotices(
  subject: string,
  onEvent: (event: NoticeEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const name = `medseal.notices.${subject}`;
  const others = new BroadcastChannel(name);
  let last: string | undefined;
  const take = (event: NoticeEvent): void => {
    last = event.id;
    onEvent(event);
  };
  others.addEventListener('message', ({ data }: MessageEvent<NoticeEvent>) => take(data));
  signal.addEventListener('abort', () => others.close(), { once: true });
  const follow = async (): Promise<void> => {
    let pause = BACKOFF_MS.first;
    while (!signal.aborted) {
      try {
        for await (const event of client.notices({ lastEventId: last, signal })) {
          pause = BACKOFF_MS.first;
          take(event);
          others.postMessage(event);
        }
      } catch (error) {
        if (signal.aborted) return;
        noticeFailure(error);
        if (error instanceof ProblemError && error.status === 401) return;
        // A place that this service does not know is of no use.
        if (error instanceof ProblemError && error.status === 400) last = undefined;
        pause = Math.min(pause * 2, BACKOFF_MS.most);
      }
      await waitFor(pause, signal);
    }
  };
  try {
    // Browsers have locks at secure addresses only; elsewhere each window has a stream of its own.
    if ('locks' in navigator) await navigator.locks.request(name, { signal }, follow);
    else await follow();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

const waitFor = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
