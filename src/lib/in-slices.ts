import { setImmediate as breathe } from 'node:timers/promises';
import type { SlicedWork } from '../models/sliced-work.js';

/**
 * Does the work between other work of the event loop.
 *
 * @param sliceMs for how long others are kept waiting at a time, in milliseconds; one step of the work comes on top
 */
export async function inSlices<T>(work: SlicedWork<T>, sliceMs = 2): Promise<T> {
  let until = performance.now() + sliceMs;
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (performance.now() < until) continue;
    await breathe();
    until = performance.now() + sliceMs;
  }
}
