/** How much of one sort of new work somebody waits for. */
export interface Demand {
  /** The same for whatever the same waiters would take. */
  readonly sort: string;
  /** How many tasks could be taken up at this moment. */
  awaited(): number;
}
