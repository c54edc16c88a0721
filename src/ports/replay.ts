import type { Decision } from '../models/decision.js';
import type { Policy } from '../models/policy.js';
import type { JudgedResult } from '../models/replay.js';

/** What of a result its decision depends on; of the earlier decision, what the external classifier said then. */
export interface ReplayInput extends Pick<JudgedResult, 'output' | 'confidence' | 'kind' | 'stage'> {
  readonly decision: Pick<Decision, 'classifier'>;
}

/**
 * Judges results anew, beside the work of the server.
 *
 * The decisions are those that the gate would make under this policy, in every member, were the external classifier to say
 * what it said then: it is not asked again. They come in the order of the results. The event loop is never held for longer than the judging of one result takes.
 */
export abstract class ReplayPort {
  /** How many calls are worth having under way at a time. */
  abstract readonly width: number;

  abstract decide(policy: Policy, results: readonly ReplayInput[]): Promise<readonly Decision[]>;
}
