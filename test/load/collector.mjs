/** Collects garbage when it is told to, so that what is left of the heap is in use. Needs --expose-gc. */
process.on('SIGUSR2', () => globalThis.gc?.());
