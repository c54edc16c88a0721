import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Piscina } from 'piscina';
import type { ContentHit } from '../../models/content-hit.js';
import { DomainError } from '../../models/errors.js';
import type { JsonValue } from '../../models/json.js';
import type { Policy } from '../../models/policy.js';
import { LargeOutputsPort } from '../../ports/large-outputs.js';

/** What a thread is given: both as text, which is copied faster than what it says. */
export interface LargeOutputTask {
  readonly output: string;
  readonly rules: string;
}

export interface ThreadedLargeOutputsOptions {
  /** The module that each thread runs; it exports `contentHits`. */
  readonly thread: URL;
  readonly threads: number;
  /** How many outputs may wait for a thread. */
  readonly waiting: number;
  /** How long an output may take in all, waiting included, in milliseconds. */
  readonly budgetMs: number;
  /** For Node in the threads; as the process was started when left out. */
  readonly execArgv?: string[];
}

/** How long a thread without work is kept, in milliseconds. */
const idleTimeout = 60_000;

/** Looks at large outputs in threads of their own, which come with the first work and go when there is none. */
export class ThreadedLargeOutputs extends LargeOutputsPort implements OnApplicationShutdown {
  readonly #logger = new Logger(ThreadedLargeOutputs.name);
  readonly #pool: Piscina<LargeOutputTask, readonly ContentHit[]>;
  readonly #waiting: number;
  readonly #budgetMs: number;
  readonly #texts = new WeakMap<Policy, string>();

  constructor({ thread, threads, waiting, budgetMs, execArgv }: ThreadedLargeOutputsOptions) {
    super();
    this.#waiting = waiting;
    this.#budgetMs = budgetMs;
    this.#pool = new Piscina({
      filename: thread.href,
      name: 'contentHits',
      minThreads: 0,
      maxThreads: threads,
      maxQueue: waiting,
      idleTimeout,
      ...(execArgv && { execArgv }),
    });
    // Whoever waits for a thread is told as well; a thread that fails takes nothing down with it.
    this.#pool.on('error', (error: unknown) => this.#logger.error(failureOf(error)));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#pool.destroy();
  }

  override async hits(output: JsonValue, rules: Policy): Promise<readonly ContentHit[] | undefined> {
    if (this.#pool.queueSize >= this.#waiting) {
      const message = `${this.#waiting} large outputs are waiting for the gate already. Try again shortly.`;
      throw new DomainError('UNAVAILABLE', message);
    }
    const text = this.#texts.get(rules) ?? JSON.stringify(rules);
    this.#texts.set(rules, text);
    const given = { output: JSON.stringify(output), rules: text };
    try {
      return await this.#pool.run(given, { signal: AbortSignal.timeout(this.#budgetMs) });
    } catch (error) {
      this.#logger.error(failureOf(error));
      return undefined;
    }
  }
}

/** What the log says: an error's name alone, for its message may quote the output. */
function failureOf(error: unknown): { msg: string; error: string } {
  return { msg: 'A thread of the gate failed.', error: error instanceof Error ? error.name : typeof error };
}
