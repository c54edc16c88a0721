import { setImmediate as breathe } from 'node:timers/promises';

/** Work that can be left at each of its yields and gone on with later. */
export type SlicedWork<T> = Generator<undefined, T>;

/** For how long the event loop is kept from other work at a time, in milliseconds; one step of the work comes on top. */
const sliceMs = 4;

/** Does all of the work at once. */
export function atOnce<T>(work: SlicedWork<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

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
