import { setImmediate as breathe } from 'node:timers/promises';
import type { Decision } from '../../models/decision.js';
import type { Policy } from '../../models/policy.js';
import { type ReplayInput, ReplayPort } from '../../ports/replay.js';

/** Judges one result as the gate would. */
export type JudgeAgain = (policy: Policy, result: ReplayInput) => Promise<Decision>;

/** Replays in the caller's own thread, which does what else there is to do between any two results. */
export class OwnThreadReplay extends ReplayPort {
  override readonly width = 1;

  constructor(private readonly judgeAgain: JudgeAgain) {
    super();
  }

  override async decide(policy: Policy, results: readonly ReplayInput[]): Promise<readonly Decision[]> {
    const decisions: Decision[] = [];
    for (const result of results) {
      decisions.push(await this.judgeAgain(policy, result));
      await breathe();
    }
    return decisions;
  }
}
