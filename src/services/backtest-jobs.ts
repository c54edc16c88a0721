import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { BacktestQueuePort, type BacktestRef } from '../ports/backtest-queue.js';
import { BacktestRun } from './backtest-run.js';

/** Gets backtests run: in one process each, and again when that one died. */
@Injectable()
export class BacktestJobs implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(BacktestJobs.name);
  private readonly stopping = new AbortController();

  constructor(
    private readonly queue: BacktestQueuePort,
    private readonly run: BacktestRun,
  ) {}

  onApplicationBootstrap(): void {
    this.queue.onDue((backtest) => this.run.run(backtest, this.stopping.signal));
  }

  /** Before the queue is closed, which waits a while for what it has handed out. */
  onModuleDestroy(): void {
    this.stopping.abort(new Error('The server is stopping; another one goes on with the backtest.'));
  }

  /** Never rejects: the row says what is to be done, and a sweep finds what could not be scheduled. */
  async schedule(backtest: BacktestRef): Promise<void> {
    const { tenantId, backtestId } = backtest;
    try {
      await this.queue.schedule({ tenantId, backtestId });
    } catch (error) {
      const said = 'A backtest could not be scheduled; the sweep will see to it.';
      this.logger.warn({ err: error, backtestId }, said);
    }
  }
}
