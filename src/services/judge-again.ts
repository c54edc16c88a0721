import { type Decision, heldAsMismatch } from '../models/decision.js';
import type { JsonValue } from '../models/json.js';
import type { Policy } from '../models/policy.js';
import type { ReplayInput } from '../ports/replay.js';
import { defaultJudgeLimits, type Judge, type JudgeLimits } from './judge.js';

/**
 * The limits of a gate that replays. Nobody waits for it, so it takes its time: what a busy moment of the machine would have
 * held is not the policy's doing.
 */
export const replayLimits: JudgeLimits = { ...defaultJudgeLimits, detectorBudgetMs: 30_000 };

/** The decision that the gate would make about a result that it has judged before, in every member. */
export async function judgeAgain(
  judge: Judge,
  policy: Policy,
  { output, confidence, kind, stage, decision: { classifier } }: ReplayInput,
): Promise<Decision> {
  const value = JSON.parse(output) as JsonValue;
  const decision = await judge.decide({ output: value, confidence, kind, policy, verdict: classifier });
  return stage === 'EXECUTE' ? heldAsMismatch(decision) : decision;
}
