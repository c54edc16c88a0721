import type { ContentHit } from '../models/content-hit.js';
import type { JsonValue } from '../models/json.js';
import type { Policy } from '../models/policy.js';

/**
 * Looks at outputs that would keep this thread from its other work for too long.
 *
 * The hits are those that the gate would find here. `undefined` says that the work was begun and not finished: it took
 * too long, or what it ran in is gone.
 */
export abstract class LargeOutputsPort {
  /**
   * @param rules the policy for the output's kind, overrides applied.
   * @throws DomainError `UNAVAILABLE` when too many outputs are waiting already.
   */
  abstract hits(output: JsonValue, rules: Policy): Promise<readonly ContentHit[] | undefined>;
}
