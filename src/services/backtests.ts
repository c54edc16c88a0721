import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import type { Caller } from '../models/access.js';
import { type Backtest, longestBacktestMs, mostBacktestsAtOnce } from '../models/backtest.js';
import { digestOf } from '../models/digest.js';
import { DomainError, validationFailed } from '../models/errors.js';
import type { JsonValue } from '../models/json.js';
import type { PolicyDraft } from '../models/policy.js';
import { LedgerPort } from '../ports/ledger.js';
import { PatternCheckerPort } from '../ports/pattern-checker.js';
import { RecordsPort } from '../ports/records.js';
import { actorOf } from './actor.js';
import { BacktestJobs } from './backtest-jobs.js';
import { readPolicy } from './policy-reading.js';
import { policyInForce } from './policy-versions.js';
import { backtestNotFound, draftNotFound } from './refusals.js';

/** A stretch of time as it is asked for; left out, the last thirty days. */
export interface AskedStretch {
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

const usualStretchMs = 30 * 24 * 60 * 60 * 1000;

/** Takes up backtests: what a policy would have decided about results that have been judged. */
@Injectable()
export class Backtests {
  constructor(
    private readonly ledger: LedgerPort,
    private readonly records: RecordsPort,
    private readonly patterns: PatternCheckerPort,
    private readonly jobs: BacktestJobs,
  ) {}

  /** @throws DomainError `BACKTEST_NOT_FOUND` */
  async get(tenantId: string, backtestId: string): Promise<Backtest> {
    const backtest = await this.records.find('backtest', tenantId, backtestId);
    if (!backtest) throw backtestNotFound(backtestId);
    return backtest;
  }

  /**
   * Has a policy replayed.
   *
   * @throws DomainError `POLICY_INVALID`; `VALIDATION_FAILED` for an impossible stretch; `TOO_MANY_BACKTESTS`
   */
  async start(caller: Caller, tenantId: string, policy: JsonValue, stretch: AskedStretch): Promise<Backtest> {
    const rules = await readPolicy(policy, this.patterns);
    return this.add(caller, tenantId, { rules, rulesDigest: digestOf(rules), draftId: null }, stretch);
  }

  /**
   * Has a draft replayed.
   *
   * @throws DomainError `DRAFT_NOT_FOUND`; `VALIDATION_FAILED` for an impossible stretch; `TOO_MANY_BACKTESTS`
   */
  async startFor(
    caller: Caller,
    tenantId: string,
    draftId: string,
    stretch: AskedStretch,
  ): Promise<Backtest> {
    const draft = await this.records.find('stagedPolicy', tenantId, draftId);
    if (!draft) throw draftNotFound(draftId);
    return this.add(caller, tenantId, draft, stretch);
  }

  private async add(
    caller: Caller,
    tenantId: string,
    asked: { readonly rules: PolicyDraft; readonly rulesDigest: string; readonly draftId: string | null },
    stretch: AskedStretch,
  ): Promise<Backtest> {
    const { rules, rulesDigest, draftId } = asked;
    const base = await policyInForce(this.records, tenantId);
    const backtest = await this.ledger.transact({
      tenantId,
      needs: { trials: true },
      decide: (view) => {
        if (view.trialsUnderWay().backtests >= mostBacktestsAtOnce) throw tooManyBacktests();
        const { from, to } = stretchUntil(view.now, stretch);
        const added: Backtest = {
          tenantId,
          backtestId: uuidv7(),
          draftId,
          rules,
          rulesDigest,
          baseVersion: base.version,
          from,
          to,
          state: 'QUEUED',
          total: null,
          done: 0,
          report: null,
          error: null,
          createdAt: view.now,
          createdBy: caller.id,
          updatedAt: view.now,
          finishedAt: null,
          version: 1,
        };
        view.put('backtest', added);
        const { backtestId } = added;
        const payload = { backtestId, rulesDigest, ...(draftId !== null && { draftId }) };
        view.record({ type: 'policy.backtested', actor: actorOf(caller), payload });
        return added;
      },
    });
    await this.jobs.schedule(backtest);
    return backtest;
  }
}

function tooManyBacktests(): DomainError {
  return new DomainError(
    'TOO_MANY_BACKTESTS',
    `${mostBacktestsAtOnce} backtests of this tenant are not finished yet. Ask again when one of them is.`,
  );
}

function stretchUntil(now: Date, asked: AskedStretch): { from: Date; to: Date } {
  // What is yet to be judged is not replayed: a stretch that goes on would look like more than it is.
  const to = asked.to !== undefined && asked.to < now ? asked.to : now;
  const from = asked.from ?? new Date(to.getTime() - usualStretchMs);
  if (from >= to)
    throw validationFailed([{ pointer: '/from', message: 'must be before /to, and before now' }]);
  if (to.getTime() - from.getTime() <= longestBacktestMs) return { from, to };
  throw validationFailed([{ pointer: '/from', message: 'must be at most 366 days before /to' }]);
}
