import { setImmediate as breathe } from 'node:timers/promises';
import type { SlicedWork } from '../../models/sliced-work.js';

/** For how long the event loop is kept from other work at a time, in milliseconds; one step of the work comes on top. */
const sliceMs = 2;

/** Does the work between other work of the event loop. */
export async function inSlices<T>(work: SlicedWork<T>): Promise<T> {
  let until = performance.now() + sliceMs;
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (performance.now() < until) continue;
    await breathe();
    until = performance.now() + sliceMs;
  }
}
