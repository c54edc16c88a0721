/**
 * What is counted, and for whom:
 * - `credential`: requests with one credential, by the caller's id;
 * - `tenant`: requests of one tenant, by its id;
 * - `login`: credentials that were not known, by the network that they came from (`callersNetwork`).
 */
export type LimitKind = 'credential' | 'tenant' | 'login';

/**
 * How often somebody may do something. A limit counts for all processes together as far as they can tell each other, some tenths of
 * a second late; a process that cannot reach the others counts for itself. Never waits for another process, and never rejects.
 */
export abstract class RateLimitsPort {
  /** Counts one. Milliseconds until there is room again; 0 when there was room for this one. */
  abstract take(kind: LimitKind, who: string): Promise<number>;

  /** Counts nothing. Milliseconds until there is room again; 0 when there is room for one more. */
  abstract wait(kind: LimitKind, who: string): Promise<number>;
}
