import { Injectable } from '@nestjs/common';
import { PolicyTrialsPort } from '../ports/policy-trials.js';
import { BacktestJobs } from './backtest-jobs.js';
import { ShadowPolicies } from './shadow-policies.js';

/** After this much silence a backtest is put into the queue again, in milliseconds: longer than a queue takes by itself. */
const silentMs = 90_000;
const stride = 100;

/** What trying policies leaves to be looked after. */
@Injectable()
export class PolicyChores {
  constructor(
    private readonly trials: PolicyTrialsPort,
    private readonly backtests: BacktestJobs,
    private readonly shadows: ShadowPolicies,
  ) {}

  async judgeInShadow(): Promise<void> {
    await this.shadows.sweep();
  }

  /** Puts backtests back whose job was lost, and removes verdicts that are too old. */
  async tidy(): Promise<void> {
    for (const backtest of await this.trials.stalledBacktests(silentMs, stride)) {
      await this.backtests.schedule(backtest);
    }
    await this.shadows.forget();
  }
}
