import { setTimeout as pause } from 'node:timers/promises';
import { inTime } from '../in-time.js';

/** As much of BullMQ's worker as it takes to keep one at work. */
interface WorkerInWaiting {
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Resolves once its connections can be used. */
  waitUntilReady(): Promise<void>;
  /** Works until it is closed. */
  run(): Promise<void>;
  close(): Promise<void>;
}

/** From a beginning that failed to the next, in milliseconds. */
const betweenBeginningsMs = 500;
/** How long a worker may take to finish what is in hand, in milliseconds. One whose store is away never does. */
const patienceMs = 3_000;

/**
 * Keeps a worker at work from when its store can be reached until the returned function is called, which resolves once the
 * jobs in hand are done, or after three seconds. `open` makes a worker that does not run by itself: BullMQ (6.7) remembers for
 * good that a first connection to PostgreSQL failed, and its loop then asks the memory again without ever letting go of the
 * process. So a worker runs once it is ready, and one that never was gives way to another.
 */
export function workLastingly(
  open: () => WorkerInWaiting,
  onFault: (error: Error) => void,
): () => Promise<void> {
  const over = new AbortController();
  const begin = () => {
    const begun = open();
    begun.on('error', onFault);
    return begun;
  };
  let worker = begin();
  const work = async () => {
    while (!(await ran(worker))) {
      // What comes of closing what never was open is of no interest.
      worker.close().catch(() => undefined);
      const waited = pause(betweenBeginningsMs, true, { signal: over.signal });
      if (!(await waited.catch(() => false))) return;
      worker = begin();
    }
  };
  void work();
  return async () => {
    over.abort();
    await inTime(patienceMs, end(worker));
  };
}

/** A worker that is closed while it opens its connections would leave one of them open. */
async function end(worker: WorkerInWaiting): Promise<void> {
  await worker.waitUntilReady().catch(() => undefined);
  await worker.close();
}

/** Whether the worker could begin, and has worked until it was closed. */
async function ran(worker: WorkerInWaiting): Promise<boolean> {
  try {
    await worker.waitUntilReady();
    await worker.run();
    return true;
  } catch {
    return false;
  }
}
