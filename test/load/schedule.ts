import { setTimeout as pause } from 'node:timers/promises';

/** When the next thing is due, in milliseconds after the beginning; each call answers a later time, or the same. */
export type Schedule = () => number;

/** Numbers from 0 to below 1, the same ones for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** As many a second, at even distances. */
export function evenly(perSecond: number): Schedule {
  let count = 0;
  return () => (count++ * 1_000) / perSecond;
}

/** As many a second on average, at independent times: as requests of many independent callers arrive (a Poisson process). */
export function independently(perSecond: number, random: () => number): Schedule {
  let due = 0;
  return () => (due += (-Math.log(1 - random()) * 1_000) / perSecond);
}

/**
 * Fires at the times of the schedule, whatever became of the firings before, until `durationMs` is over or the signal
 * says so. A firing that comes late still knows when it was due.
 * @param fire Gets the due time on the clock of `performance.now()`, in milliseconds, and the number of the firing.
 * @returns How many there were.
 */
export async function keepPace(
  schedule: Schedule,
  durationMs: number,
  fire: (due: number, index: number) => void,
  signal?: AbortSignal,
): Promise<number> {
  const begun = performance.now();
  let index = 0;
  for (let due = schedule(); due < durationMs; due = schedule()) {
    const wait = begun + due - performance.now();
    if (wait > 0) await pause(wait, undefined, { signal }).catch(() => undefined);
    if (signal?.aborted) return index;
    fire(begun + due, index);
    index += 1;
  }
  return index;
}
