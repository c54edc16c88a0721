/** Says whether regular expressions that a tenant wrote can be run by the engine that will run them. */
export abstract class PatternCheckerPort {
  /**
   * What is wrong with each pattern, in words for its author; those that can be used are left out. Leaves the event loop to
   * others between any two patterns.
   */
  abstract faults(patterns: readonly string[]): Promise<ReadonlyMap<string, string>>;
}
