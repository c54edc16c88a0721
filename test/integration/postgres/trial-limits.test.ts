import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { uuidv7 } from 'uuidv7';
import { PostgresPolicyTrials } from '../../../src/lib/postgres/postgres-policy-trials.js';
import { OwnThreadReplay } from '../../../src/lib/replay/own-thread-replay.js';
import { safetyDetectors } from '../../../src/lib/safety/safety-detectors.js';
import { TenantPatternChecker } from '../../../src/lib/safety/tenant-pattern.js';
import type { Caller } from '../../../src/models/access.js';
import { mostBacktestsAtOnce } from '../../../src/models/backtest.js';
import { mostShadowsAtOnce } from '../../../src/models/staged-policy.js';
import { BacktestQueuePort } from '../../../src/ports/backtest-queue.js';
import { BacktestJobs } from '../../../src/services/backtest-jobs.js';
import { BacktestRun } from '../../../src/services/backtest-run.js';
import { Backtests } from '../../../src/services/backtests.js';
import { judgeAgain } from '../../../src/services/judge-again.js';
import { Judge } from '../../../src/services/judge.js';
import { PolicyDrafts } from '../../../src/services/policy-drafts.js';
import { aTenant, type Bench, type Desk, keep, openBench } from './bench.js';

/** Takes backtests and hands out none, as a queue whose workers are away. */
class IdleQueue extends BacktestQueuePort {
  override schedule(): Promise<void> {
    return Promise.resolve();
  }

  override onDue(): void {
    // Nothing is ever due.
  }
}

const caller: Caller = { id: 'ann', role: 'OPERATOR', tenantId: 't_any' };

describe('what a tenant may try at a time', () => {
  let bench: Bench;
  let desk: Desk;
  let run: BacktestRun;
  let backtests: Backtests;
  let drafts: PolicyDrafts;
  let tenantId: string;

  beforeAll(async () => {
    bench = await openBench();
    desk = await bench.open();
    const { ledger, records, rows, tables } = desk;
    const judge = new Judge(safetyDetectors());
    const replay = new OwnThreadReplay((policy, result) => judgeAgain(judge, policy, result));
    const trials = new PostgresPolicyTrials(rows, tables);
    run = new BacktestRun(ledger, records, trials, replay);
    const patterns = new TenantPatternChecker();
    backtests = new Backtests(ledger, records, patterns, new BacktestJobs(new IdleQueue(), run));
    drafts = new PolicyDrafts(ledger, records, patterns, trials);
  });
  beforeEach(async () => {
    tenantId = await aTenant(desk.ledger);
  });
  afterAll(() => bench.drop());

  /** How often something was done, and the codes of what was refused. */
  async function doneAndRefused(doing: readonly Promise<unknown>[]) {
    const settled = await Promise.allSettled(doing);
    const refused = settled.filter((one) => one.status === 'rejected');
    const codes = refused.map(({ reason }) => (reason as { code?: unknown }).code);
    return { done: settled.length - refused.length, codes };
  }

  it('is so many unfinished backtests, though they are asked for at once', async () => {
    const start = (by = tenantId) => backtests.start(caller, by, {}, {});
    const asked = Array.from({ length: mostBacktestsAtOnce + 3 }, () => start());
    expect(await doneAndRefused(asked)).toEqual({
      done: mostBacktestsAtOnce,
      codes: ['TOO_MANY_BACKTESTS', 'TOO_MANY_BACKTESTS', 'TOO_MANY_BACKTESTS'],
    });
    await expect(start()).rejects.toMatchObject({ code: 'TOO_MANY_BACKTESTS' });
    await expect(start(await aTenant(desk.ledger))).resolves.toMatchObject({ state: 'QUEUED' });

    const [first] = (await Promise.allSettled(asked)).filter((one) => one.status === 'fulfilled');
    if (!first) throw new Error('One was taken.');
    await run.run(first.value, new AbortController().signal);
    await expect(start()).resolves.toMatchObject({ state: 'QUEUED' });
    await expect(start()).rejects.toMatchObject({ code: 'TOO_MANY_BACKTESTS' });
  });

  it('fails for good an hour after it was asked for, by the clock of the database', async () => {
    const { ledger, records, rows, tables } = desk;
    const replay = new OwnThreadReplay(() => Promise.reject(new Error('The replay is broken.')));
    const trials = new PostgresPolicyTrials(rows, tables);
    jest.spyOn(trials, 'countJudged').mockRejectedValue(new Error('The replay is broken.'));
    const broken = new BacktestRun(ledger, records, trials, replay);
    const young = await backtests.start(caller, tenantId, {}, {});
    const hourAgo = new Date(young.createdAt.getTime() - 60 * 60 * 1000);
    const old = { ...young, backtestId: uuidv7(), createdAt: hourAgo, updatedAt: hourAgo };
    await keep(ledger, 'backtest', [old]);

    const clock = jest.spyOn(Date, 'now').mockReturnValue(young.createdAt.getTime() + 2 * 60 * 60 * 1000);
    const { signal } = new AbortController();
    await expect(broken.run(young, signal)).rejects.toThrow('The replay is broken.');
    clock.mockReturnValue(hourAgo.getTime());
    await broken.run(old, signal);
    clock.mockRestore();
    const stateOf = async ({ backtestId }: { readonly backtestId: string }) =>
      (await records.find('backtest', tenantId, backtestId))?.state;
    expect(await stateOf(young)).toBe('QUEUED');
    expect(await stateOf(old)).toBe('FAILED');
  });

  it('is so many shadows, though they are asked for at once', async () => {
    const made = Array.from({ length: mostShadowsAtOnce + 2 }, () => drafts.draft(caller, tenantId, {}));
    const ids = (await Promise.all(made)).map(({ draftId }) => draftId);
    const shadow = (draftId: string) => drafts.shadow(caller, tenantId, draftId);
    expect(await doneAndRefused(ids.map(shadow))).toEqual({
      done: mostShadowsAtOnce,
      codes: ['TOO_MANY_SHADOWS', 'TOO_MANY_SHADOWS'],
    });
    const states = await Promise.all(ids.map((draftId) => drafts.get(tenantId, draftId)));
    const inShadow = states.filter(({ state }) => state === 'SHADOW').map(({ draftId }) => draftId);
    const waiting = ids.filter((draftId) => !inShadow.includes(draftId));
    const [gone = '', again = ''] = inShadow;
    await expect(shadow(again)).resolves.toMatchObject({ state: 'SHADOW' });
    await drafts.discard(caller, tenantId, gone);
    expect((await doneAndRefused(waiting.map(shadow))).codes).toEqual(['TOO_MANY_SHADOWS']);
  });
});
