import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Piscina } from 'piscina';
import type { Decision } from '../../models/decision.js';
import type { Policy } from '../../models/policy.js';
import { type ReplayInput, ReplayPort } from '../../ports/replay.js';

/** What a thread is given: the policy as text, which is copied faster than what it says. */
export interface ReplayTask {
  readonly policy: string;
  readonly results: readonly ReplayInput[];
}

export interface ThreadedReplayOptions {
  /** The module that each thread runs; it exports `judgeResults`. */
  readonly thread: URL;
  readonly threads: number;
  /** For Node in the threads; as the process was started when left out. */
  readonly execArgv?: string[];
}

/** How long a thread without work is kept, in milliseconds. */
const idleTimeout = 30_000;

/** Replays in threads of their own, which come with the first work and go when there is none. */
export class ThreadedReplay extends ReplayPort implements OnApplicationShutdown {
  override readonly width: number;
  private readonly logger = new Logger(ThreadedReplay.name);
  private readonly pool: Piscina<ReplayTask, readonly Decision[]>;
  private readonly texts = new WeakMap<Policy, string>();

  constructor({ thread, threads, execArgv }: ThreadedReplayOptions) {
    super();
    this.width = 2 * threads;
    this.pool = new Piscina({
      filename: thread.href,
      name: 'judgeResults',
      minThreads: 0,
      maxThreads: threads,
      idleTimeout,
      ...(execArgv && { execArgv }),
    });
    // Whoever waits for a thread is told as well; a thread that fails takes nothing down with it.
    this.pool.on('error', (error: unknown) =>
      this.logger.error({ err: error }, 'A replaying thread failed.'),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.destroy();
  }

  override decide(policy: Policy, results: readonly ReplayInput[]): Promise<readonly Decision[]> {
    const text = this.texts.get(policy) ?? JSON.stringify(policy);
    this.texts.set(policy, text);
    // The rest of a decision is not copied into the thread.
    const inputs = results.map(
      ({ output, confidence, kind, stage, decision: { classifier } }): ReplayInput => {
        return { output, confidence, kind, stage, decision: classifier ? { classifier } : {} };
      },
    );
    return this.pool.run({ policy: text, results: inputs });
  }
}
