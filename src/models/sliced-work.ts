/** Work that can be left at each of its yields and gone on with later. */
export type SlicedWork<T> = Generator<undefined, T>;

/** Does all of the work at once. */
export function atOnce<T>(work: SlicedWork<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}
