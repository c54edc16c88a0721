import type { Backtest } from '../models/backtest.js';

export type BacktestRef = Pick<Backtest, 'tenantId' | 'backtestId'>;

/** Carries backtests to where they are run. Ids only. One may be lost; a sweep of the rows finds it. */
export abstract class BacktestQueuePort {
  /** Adds the backtest; once, however often it is called while it waits. */
  abstract schedule(backtest: BacktestRef): Promise<void>;

  /** Calls the handler in one process, one backtest at a time; again, with back-off, when the handler fails. */
  abstract onDue(handler: (backtest: BacktestRef) => Promise<void>): void;
}
