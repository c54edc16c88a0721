import { TenantPatternChecker } from '../../src/lib/safety/tenant-pattern.js';
import { safetyDetectors } from '../../src/lib/safety/safety-detectors.js';
import type { Reason } from '../../src/models/decision.js';
import { DomainError } from '../../src/models/errors.js';
import type { JsonValue } from '../../src/models/json.js';
import { defaultPolicy, type Policy, type PolicyDraft } from '../../src/models/policy.js';
import { Judge } from '../../src/services/judge.js';
import { readPolicy as readSentPolicy } from '../../src/services/policy-reading.js';
import { CaseError, type LabelledCase } from './labelled-case.js';
import type { Scoreboard } from './score.js';

/** A policy in force, made of what a tenant would put; the default one for nothing. */
export function policyOf(draft: PolicyDraft = defaultPolicy): Policy {
  return { ...draft, version: 1, createdAt: new Date(0), createdBy: 'SYSTEM' };
}

/**
 * A policy as `PUT …/policy` takes it.
 *
 * @throws CaseError for a policy with a fault.
 */
export async function readPolicy(file: string, content: string): Promise<Policy> {
  try {
    const sent = JSON.parse(content) as JsonValue;
    return policyOf(await readSentPolicy(sent, new TenantPatternChecker()));
  } catch (error) {
    if (error instanceof DomainError) throw new CaseError(`${file}: ${error.message}`);
    if (error instanceof SyntaxError) throw new CaseError(`${file} is not JSON: ${error.message}`);
    throw error;
  }
}

/** Judges every case under a policy, as the server would with full confidence, and adds what fired to a score. */
export async function judgeInto(
  board: Scoreboard,
  cases: readonly LabelledCase[],
  policy: Policy,
): Promise<void> {
  const judge = new Judge(safetyDetectors());
  for (const labelled of cases) board.add(labelled, await reasonsFor(judge, labelled.output, policy));
}

async function reasonsFor(judge: Judge, output: JsonValue, policy: Policy): Promise<readonly Reason[]> {
  const { reasons } = await judge.decide({ output, confidence: 1, kind: 'evaluation', policy });
  return reasons;
}
