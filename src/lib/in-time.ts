import { setTimeout as pause } from 'node:timers/promises';

/** Whether the work is done within so many milliseconds; what it fails with is passed on. It goes on if it is not. */
export async function inTime(ms: number, work: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController();
  const done = work.then(() => true);
  const late = pause(ms, false, { signal: timer.signal }).catch(() => false);
  try {
    return await Promise.race([done, late]);
  } finally {
    timer.abort();
  }
}
