import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import CircuitBreaker from 'opossum';
import type { CategoryRule, TopicClassifierSettings } from '../../models/topic-classifier.js';
import {
  type BreakerState,
  type CategoryScore,
  type TopicVerdict,
  unscored,
  type VerdictOutcome,
} from '../../models/topic-verdict.js';
import { TopicClassifierPort } from '../../ports/topic-classifier.js';
import { ClassifierFault, faultOf } from './classifier-fault.js';
import { scoresIn } from './moderation-answer.js';
import { Places } from './places.js';

export interface ModerationClassifierOptions extends TopicClassifierSettings {
  /** How long nothing is asked once it has failed too often, in milliseconds; then one call tries. */
  readonly recoveryMs?: number;
}

/** An answer that is longer is not read to its end. In bytes. */
const longestAnswer = 256 * 1024;
/** How many wait for each call that may be under way. */
const waitingPerCall = 8;
/** The share of the budget that may be spent on waiting, so that a call always has the rest. */
const waitingShare = 0.5;
/** Faults of the last so many milliseconds count … */
const memoryMs = 10_000;
/** … from so many calls on … */
const fewestCalls = 5;
/** … when they are so many percent of them. */
const faultPercent = 50;
const usualRecoveryMs = 5_000;

interface Said {
  readonly outcome: VerdictOutcome;
  readonly categories: readonly CategoryScore[];
  readonly status: number | null;
}

/** Asks an endpoint that speaks as OpenAI's `POST /v1/moderations` does. Redirects are not followed. */
export class ModerationClassifier extends TopicClassifierPort implements OnApplicationShutdown {
  override readonly model: string;
  override readonly categories: readonly CategoryRule[];
  readonly #logger = new Logger(ModerationClassifier.name);
  readonly #settings: TopicClassifierSettings;
  readonly #url: string;
  readonly #places: Places;
  readonly #breaker: CircuitBreaker<[text: string, leftMs: number], CategoryScore[]>;

  constructor({ recoveryMs = usualRecoveryMs, ...settings }: ModerationClassifierOptions) {
    super();
    this.model = settings.model;
    this.categories = settings.categories;
    this.#settings = settings;
    this.#url = `${settings.url.replace(/\/$/, '')}/v1/moderations`;
    this.#places = new Places(settings.concurrency, waitingPerCall * settings.concurrency);
    this.#breaker = new CircuitBreaker((text, leftMs) => this.#call(text, leftMs), {
      // Each call has what is left of its result's budget.
      timeout: false,
      errorThresholdPercentage: faultPercent,
      volumeThreshold: fewestCalls,
      rollingCountTimeout: memoryMs,
      resetTimeout: recoveryMs,
      errorFilter: (error: unknown) => error instanceof ClassifierFault && error.concernsOnlyThisText,
    });
    this.#breaker.on('open', () => {
      this.#logger.warn(
        'The topic classifier fails too often. It is not asked for a while, and what it should have judged is held.',
      );
    });
    this.#breaker.on('close', () => this.#logger.log('The topic classifier answers again.'));
  }

  override get breaker(): BreakerState {
    if (this.#breaker.halfOpen) return 'HALF_OPEN';
    return this.#breaker.closed ? 'CLOSED' : 'OPEN';
  }

  override async classify(text: string): Promise<TopicVerdict> {
    const started = performance.now();
    const { model, breaker } = this;
    const said = await this.#ask(text, started);
    return { ...said, model, latencyMs: Math.round(performance.now() - started), breaker };
  }

  onApplicationShutdown(): void {
    this.#breaker.shutdown();
  }

  async #ask(text: string, started: number): Promise<Said> {
    const { maxLength, budgetMs } = this.#settings;
    if (text.length > maxLength) return this.#unjudged(new ClassifierFault('TOO_LONG'));
    if (this.#breaker.opened) return this.#unjudged(new ClassifierFault('BREAKER_OPEN'));
    const leave = await this.#places.take(budgetMs * waitingShare);
    if (leave === undefined) return this.#unjudged(new ClassifierFault('BUSY'));
    try {
      const leftMs = Math.max(1, Math.floor(budgetMs - (performance.now() - started)));
      const categories = await this.#breaker.fire(text, leftMs);
      return { outcome: 'ANSWERED', categories, status: null };
    } catch (error) {
      return this.#unjudged(faultOf(error));
    } finally {
      leave();
    }
  }

  #unjudged({ outcome, status }: ClassifierFault): Said {
    if (outcome !== 'BREAKER_OPEN') {
      this.#logger.warn({
        msg: 'The topic classifier did not judge a result, which is held.',
        outcome,
        status,
      });
    }
    return { outcome, status, categories: unscored(this.categories) };
  }

  /** @throws ClassifierFault */
  async #call(text: string, leftMs: number): Promise<CategoryScore[]> {
    const signal = AbortSignal.timeout(leftMs);
    try {
      return scoresIn(await this.#answerTo(text, signal), this.categories);
    } catch (error) {
      throw faultOf(error, signal.aborted);
    }
  }

  async #answerTo(text: string, signal: AbortSignal): Promise<string> {
    const { key, model } = this.#settings;
    const response = await fetch(this.#url, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify({ model, input: text }),
      signal,
    });
    if (response.status === 200) return boundedText(response);
    await response.body?.cancel();
    throw new ClassifierFault('REFUSED', response.status);
  }
}

/** The body as text. @throws ClassifierFault `GARBLED` when it is longer than answers are, or no UTF-8 */
async function boundedText({ body }: Response): Promise<string> {
  const stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array> = body ?? [];
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream) {
    length += part.byteLength;
    if (length > longestAnswer) throw new ClassifierFault('GARBLED');
    parts.push(part);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts));
  } catch {
    throw new ClassifierFault('GARBLED');
  }
}
