import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import type { Checkpoint } from '../models/checkpoint.js';
import { CHECKPOINT_SINKS, type CheckpointSinkPort } from '../ports/checkpoint-sink.js';
import { CheckpointsPort, type SinkBacklog } from '../ports/checkpoints.js';

const stride = 100;
/** How many portions a sink gets in one go: what is left has its turn when others have had theirs. */
const portions = 10;
/** A sink that has not answered after this long has failed, in milliseconds. */
const patienceMs = 30_000;
/** A sink that failed is tried again after one second, then two, four … up to this, in milliseconds. */
const longestPauseMs = 60_000;

interface Trouble {
  readonly failuresInRow: number;
  readonly retryAt: number;
}

/** Carries checkpoints to the sinks. What a sink does not take stays with the record and is brought again. */
@Injectable()
export class CheckpointDelivery implements BeforeApplicationShutdown {
  private readonly logger = new Logger(CheckpointDelivery.name);
  private readonly troubles = new Map<string, Trouble>();
  private readonly failures = new Map<string, number>();
  /** Sinks that have not answered yet, also when nobody waits for them any more: they are given nothing else meanwhile. */
  private readonly busy = new Set<string>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly checkpoints: CheckpointsPort,
    @Inject(CHECKPOINT_SINKS) private readonly sinks: readonly CheckpointSinkPort[],
  ) {}

  /** A sink that takes its time does not hold up the end of the process. */
  beforeApplicationShutdown(): void {
    this.stopping.abort();
  }

  /** Brings each sink that is not in trouble what it has not got. A sink that fails keeps no other from its own. */
  async deliver(): Promise<void> {
    const outcomes = await Promise.allSettled(this.sinks.map((sink) => this.deliverTo(sink)));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** How much each sink has not got. */
  backlog(): Promise<readonly SinkBacklog[]> {
    return this.checkpoints.backlog(this.sinks.map(({ name }) => name));
  }

  /** How often delivery to each sink has failed since this process began. */
  failed(): readonly { readonly sink: string; readonly failures: number }[] {
    return this.sinks.map(({ name }) => ({ sink: name, failures: this.failures.get(name) ?? 0 }));
  }

  private ends(): boolean {
    return this.stopping.signal.aborted;
  }

  private async deliverTo(sink: CheckpointSinkPort): Promise<void> {
    const trouble = this.troubles.get(sink.name);
    if (this.busy.has(sink.name) || (trouble && trouble.retryAt > Date.now())) return;
    for (let portion = 0; portion < portions && !this.ends(); portion += 1) {
      const waiting = await this.checkpoints.undelivered(sink.name, stride);
      if (waiting.length === 0) return;
      try {
        await this.handOver(sink, waiting);
      } catch (error) {
        if (!this.ends()) this.noteFailure(sink.name, waiting.length, error);
        return;
      }
      await this.checkpoints.delivered(sink.name, waiting);
      if (this.troubles.delete(sink.name))
        this.logger.log({ sink: sink.name }, 'The checkpoint sink is back.');
      if (waiting.length < stride) return;
    }
  }

  /** Rejects when the sink does, when it has taken too long, and when the process stops. */
  private async handOver(sink: CheckpointSinkPort, checkpoints: readonly Checkpoint[]): Promise<void> {
    const over = AbortSignal.any([this.stopping.signal, AbortSignal.timeout(patienceMs)]);
    const givenUp = new Promise<never>((_resolve, reject) => {
      const giveUp = () => {
        reject(over.reason instanceof Error ? over.reason : new Error('The delivery was given up.'));
      };
      if (over.aborted) giveUp();
      else over.addEventListener('abort', giveUp);
    });
    this.busy.add(sink.name);
    const taken = sink.deliver(checkpoints, over).finally(() => this.busy.delete(sink.name));
    await Promise.race([taken, givenUp]);
  }

  private noteFailure(sink: string, checkpoints: number, error: unknown): void {
    const failuresInRow = (this.troubles.get(sink)?.failuresInRow ?? 0) + 1;
    const pauseMs = Math.min(longestPauseMs, 1_000 * 2 ** (failuresInRow - 1));
    this.troubles.set(sink, { failuresInRow, retryAt: Date.now() + pauseMs });
    this.failures.set(sink, (this.failures.get(sink) ?? 0) + 1);
    this.logger.warn(
      { err: error, sink, checkpoints, failuresInRow, pauseMs },
      'A checkpoint sink has not taken its checkpoints; they wait and are brought again.',
    );
  }
}
