import { setImmediate as breathe } from 'node:timers/promises';
import type { JsonValue } from '../models/json.js';
import { patternsIn, readingPolicyDraft } from '../models/policy-draft.js';
import type { PolicyDraft } from '../models/policy.js';
import type { PatternCheckerPort } from '../ports/pattern-checker.js';

/**
 * Reads a policy as a tenant sent it, and tries its patterns out, without keeping the event loop from other work meanwhile.
 *
 * @throws DomainError `POLICY_INVALID` with every fault and its pointer.
 */
export async function readPolicy(value: JsonValue, checker: PatternCheckerPort): Promise<PolicyDraft> {
  const patterns = new Set(patternsIn(value));
  const faults = await checker.faults([...patterns]);
  const faultOf = (pattern: string): string | undefined =>
    patterns.has(pattern) ? faults.get(pattern) : 'could not be checked';
  const work = readingPolicyDraft(value, faultOf);
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    await breathe();
  }
}
