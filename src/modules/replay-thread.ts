import 'reflect-metadata';
import type { ReplayTask } from '../lib/replay/threaded-replay.js';
import { safetyDetectors } from '../lib/safety/safety-detectors.js';
import type { Decision } from '../models/decision.js';
import type { Policy } from '../models/policy.js';
import { Judge } from '../services/judge.js';
import { judgeAgain, replayLimits } from '../services/judge-again.js';

/* What runs in a thread that replays: a gate of its own. */

const judge = new Judge(safetyDetectors(), replayLimits);
let read: { readonly text: string; readonly policy: Policy } | undefined;

/** Judges results again. The policy comes as text and is read once for as long as it stays the same. */
export async function judgeResults({ policy: text, results }: ReplayTask): Promise<readonly Decision[]> {
  if (read?.text !== text) read = { text, policy: policyIn(text) };
  const decisions: Decision[] = [];
  for (const result of results) decisions.push(await judgeAgain(judge, read.policy, result));
  return decisions;
}

function policyIn(text: string): Policy {
  const policy = JSON.parse(text) as Omit<Policy, 'createdAt'> & { readonly createdAt: string };
  return { ...policy, createdAt: new Date(policy.createdAt) };
}
