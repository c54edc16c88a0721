import { Injectable, Logger } from '@nestjs/common';
import { BacktestTally } from '../models/backtest-tally.js';
import type { Backtest } from '../models/backtest.js';
import type { Position } from '../models/page.js';
import type { Policy } from '../models/policy.js';
import { type JudgedResult, type Verdict, verdictOf } from '../models/replay.js';
import type { BacktestRef } from '../ports/backtest-queue.js';
import { LedgerPort } from '../ports/ledger.js';
import { PolicyTrialsPort } from '../ports/policy-trials.js';
import { RecordsPort } from '../ports/records.js';
import { ReplayPort } from '../ports/replay.js';

/** How many results are read and replayed together. */
const pageSize = 200;
/** How often the row is told how far it has come, in milliseconds. */
const progressMs = 500;
/** For how long a backtest that fails is tried again, in milliseconds. */
const patienceMs = 60 * 60 * 1000;

type Progress = Partial<Pick<Backtest, 'state' | 'total' | 'done' | 'report' | 'error'>>;

/** A page of results, and what the two policies say of each. */
interface Replayed {
  readonly results: readonly JudgedResult[];
  readonly before: readonly Verdict[];
  readonly after: readonly Verdict[];
}

/** Replays what was judged under a policy, and counts what it would have changed. */
@Injectable()
export class BacktestRun {
  private readonly logger = new Logger(BacktestRun.name);

  constructor(
    private readonly ledger: LedgerPort,
    private readonly records: RecordsPort,
    private readonly trials: PolicyTrialsPort,
    private readonly replay: ReplayPort,
  ) {}

  /**
   * Runs the backtest from its beginning, unless it is finished. A fault is thrown, for the backtest to be run again; so is the
   * signal's reason once it is given. One that still fails an hour after it was asked for has failed.
   */
  async run({ tenantId, backtestId }: BacktestRef, signal: AbortSignal): Promise<void> {
    const backtest = await this.records.find('backtest', tenantId, backtestId);
    if (backtest?.finishedAt !== null) return;
    try {
      await this.replayAll(backtest, signal);
    } catch (error) {
      const said = 'The results could not be replayed. The log says why.';
      const failed = { state: 'FAILED', error: said } as const;
      if (signal.aborted || !(await this.tell(backtest, failed, patienceMs))) throw error;
      this.logger.error({ err: error, backtestId }, 'A backtest has failed for good.');
    }
  }

  private async replayAll(backtest: Backtest, signal: AbortSignal): Promise<void> {
    const { tenantId, backtestId } = backtest;
    const base = await this.records.policy(tenantId, backtest.baseVersion);
    if (!base) throw new Error(`Tenant ${tenantId} has no version ${backtest.baseVersion} of its policy.`);
    const total = await this.trials.countJudged(tenantId, backtest);
    await this.tell(backtest, { state: 'RUNNING', total, done: 0 });
    const tally = new BacktestTally();
    const started = performance.now();
    let told = started;
    for await (const { results, before, after } of this.replayed(backtest, base)) {
      signal.throwIfAborted();
      results.forEach((result, index) => {
        const [was, is] = [before[index], after[index]];
        if (!was || !is) throw new Error(`Result ${result.resultId} was not replayed.`);
        tally.add(result, was, is);
      });
      if (performance.now() - told < progressMs) continue;
      told = performance.now();
      await this.tell(backtest, { done: tally.decisions });
    }
    const { decisions } = tally;
    await this.tell(backtest, { state: 'DONE', total: decisions, done: decisions, report: tally.report() });
    const durationMs = Math.round(performance.now() - started);
    this.logger.log({ backtestId, tenantId, decisions, durationMs }, 'A backtest is done.');
  }

  /** As many pages as are worth having under way are replayed at a time; they come in their order. */
  private async *replayed(backtest: Backtest, base: Policy): AsyncGenerator<Replayed> {
    const candidate: Policy = { ...base, ...backtest.rules, version: 0 };
    const underWay: Promise<Replayed>[] = [];
    let after: Position | null | undefined;
    try {
      while (after !== null || underWay.length > 0) {
        if (after !== null && underWay.length < this.replay.width) {
          const page = await this.trials.judged(backtest.tenantId, backtest, { limit: pageSize, after });
          after = page.next;
          const replaying = this.replayPage(page.items, base, candidate);
          // It is awaited in its turn; until then a fault of it is nobody's.
          replaying.catch(() => undefined);
          underWay.push(replaying);
        } else {
          const next = underWay.shift();
          if (next) yield await next;
        }
      }
    } finally {
      await Promise.allSettled(underWay);
    }
  }

  private async replayPage(
    results: readonly JudgedResult[],
    base: Policy,
    candidate: Policy,
  ): Promise<Replayed> {
    const after = await this.replay.decide(candidate, results);
    // A decision that this version and these detectors made already need not be made again: it would be the same.
    const outdated = results.filter(
      ({ decision }, index) =>
        decision.policyVersion !== base.version || decision.detectorVersion !== after[index]?.detectorVersion,
    );
    const again = outdated.length > 0 ? await this.replay.decide(base, outdated) : [];
    const anew = new Map(outdated.map(({ resultId }, index) => [resultId, again[index]]));
    const before = results.map(({ resultId, decision }) => verdictOf(anew.get(resultId) ?? decision));
    return { results, before, after: after.map(verdictOf) };
  }

  /** Keeps how far the backtest has come, unless it is younger than this by the clock that dated it; answers whether it is not. */
  private tell({ tenantId, backtestId }: Backtest, progress: Progress, youngestMs = 0): Promise<boolean> {
    return this.ledger.transact({
      tenantId,
      needs: { backtests: [backtestId] },
      decide: (view) => {
        const current = view.get('backtest', backtestId);
        // Another process has run it as well, and says the same.
        if (current?.finishedAt !== null) return true;
        if (view.now.getTime() - current.createdAt.getTime() < youngestMs) return false;
        const finishedAt = progress.state === 'DONE' || progress.state === 'FAILED' ? view.now : null;
        const { version } = current;
        view.put('backtest', {
          ...current,
          ...progress,
          updatedAt: view.now,
          finishedAt,
          version: version + 1,
        });
        return true;
      },
    });
  }
}
