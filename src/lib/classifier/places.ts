/** Gives a place back; the next in the queue has it then. */
export type Leave = () => void;

/** A bounded number of places, and a bounded queue of those who wait for one, first come, first served. */
export class Places {
  #free: number;
  readonly #waiting = new Set<(leave: Leave) => void>();

  constructor(
    places: number,
    readonly queue: number,
  ) {
    this.#free = places;
  }

  /** A place; `undefined` when the queue is full, or when there was none within `patienceMs`. */
  take(patienceMs: number): Promise<Leave | undefined> {
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve(this.#place());
    }
    if (this.#waiting.size >= this.queue) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<Leave | undefined>();
    const take = (leave: Leave): void => {
      clearTimeout(timer);
      resolve(leave);
    };
    const timer = setTimeout(() => {
      this.#waiting.delete(take);
      resolve(undefined);
    }, patienceMs);
    this.#waiting.add(take);
    return promise;
  }

  #place(): Leave {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const [next] = this.#waiting;
      if (next === undefined) {
        this.#free += 1;
        return;
      }
      this.#waiting.delete(next);
      next(this.#place());
    };
  }
}
