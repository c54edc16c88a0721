/** Says whether a regular expression that a tenant wrote can be run by the engine that will run it. */
export abstract class PatternCheckerPort {
  /** What is wrong with the pattern, in words for its author; `undefined` when it can be used. Never throws. */
  abstract check(pattern: string): string | undefined;
}
