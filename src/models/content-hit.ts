import type { Reason } from './decision.js';

/** One thing that fired in an output, or that kept the gate from looking. */
export interface ContentHit {
  readonly reason: Reason;
  readonly action: 'HITL' | 'DENY';
  /** The text that fired, normalised. It may be a secret: never log, store or show it. */
  readonly matched: string;
}
