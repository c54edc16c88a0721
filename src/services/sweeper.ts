import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { WatchPort } from '../ports/watch.js';
import { Settings } from './settings.js';
import { type Chore, SweepChores } from './sweep-chores.js';

/** Does the chores: what time or a crash has left to be done. Each is done in one process at a time, whichever comes first. */
@Injectable()
export class Sweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Sweeper.name);
  private readonly stopping = new AbortController();
  private running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly watch: WatchPort,
    private readonly settings: Settings,
    private readonly all: SweepChores,
  ) {}

  onApplicationBootstrap(): void {
    this.running = Promise.all(this.all.chores.map((chore) => this.repeat(chore)));
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async repeat(chore: Chore): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.watch.alone(chore.name, async () => {
          await chore.run();
        });
      } catch (error) {
        this.logger.warn({ err: error, chore: chore.name }, 'A chore failed; it will run again.');
      }
      await delay(chore.every * this.settings.sweepIntervalMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
