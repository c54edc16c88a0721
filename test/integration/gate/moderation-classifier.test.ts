import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import {
  ModerationClassifier,
  type ModerationClassifierOptions,
} from '../../../src/lib/classifier/moderation-classifier.js';
import {
  answer,
  type ModerationEndpoint,
  scores,
  silence,
  startModerationEndpoint,
} from '../../support/moderation-endpoint.js';
import { until } from '../../support/fleet.js';

const key = 'canary-classifier-key';
const calm = { politics: 0.1, health: 0.2 };
/** Of tests in which it runs out. */
const budgetMs = 400;
/** Of tests in which it does not, also on a busy machine. */
const amply = 20_000;

describe('a moderation endpoint', () => {
  const logged: unknown[] = [];
  const open: ModerationClassifier[] = [];
  let endpoint: ModerationEndpoint;

  beforeEach(async () => {
    logged.length = 0;
    for (const level of ['log', 'warn', 'error'] as const) {
      jest
        .spyOn(Logger.prototype, level)
        .mockImplementation((...message: unknown[]) => void logged.push(...message));
    }
    endpoint = await startModerationEndpoint(scores(calm));
  });
  afterEach(async () => {
    for (const classifier of open.splice(0)) classifier.onApplicationShutdown();
    await endpoint.stop();
    jest.restoreAllMocks();
  });

  function classifier(options: Partial<ModerationClassifierOptions> = {}): ModerationClassifier {
    const made = new ModerationClassifier({
      url: endpoint.url,
      key,
      model: 'topics-1',
      categories: [
        { category: 'politics', topic: 'POLITICS', threshold: 0.5 },
        { category: 'health', topic: 'HEALTH_ADVICE', threshold: 0.8 },
      ],
      budgetMs: amply,
      maxLength: 1_000,
      concurrency: 4,
      ...options,
    });
    open.push(made);
    return made;
  }

  const scoresOf = async (asked: ModerationClassifier) => {
    const { outcome, categories } = await asked.classify('a text');
    return { outcome, scores: categories.map(({ score }) => score) };
  };

  it('is asked as OpenAI is, and its scores are the verdict', async () => {
    endpoint.behave(scores({ ...calm, politics: 0.91, violence: 1 }));
    const verdict = await classifier({ url: `${endpoint.url}/guard/` }).classify('Vote for me.');
    expect(verdict).toEqual({
      outcome: 'ANSWERED',
      model: 'topics-1',
      status: null,
      latencyMs: expect.any(Number),
      breaker: 'CLOSED',
      categories: [
        { category: 'politics', topic: 'POLITICS', threshold: 0.5, score: 0.91 },
        { category: 'health', topic: 'HEALTH_ADVICE', threshold: 0.8, score: 0.2 },
      ],
    });
    expect(endpoint.asked).toEqual([
      {
        path: '/guard/v1/moderations',
        authorization: `Bearer ${key}`,
        body: { model: 'topics-1', input: 'Vote for me.' },
      },
    ]);
  });

  it('is sent no key where there is none', async () => {
    await classifier({ key: undefined }).classify('a text');
    expect(endpoint.asked).toMatchObject([{ authorization: undefined }]);
  });

  it('may flag instead of scoring, and may answer several results', async () => {
    endpoint.behave(
      answer({
        results: [
          { categories: { politics: true, health: true }, category_scores: { health: 0.3 } },
          { categories: { politics: false }, category_scores: { health: 0.6 } },
        ],
      }),
    );
    expect(await scoresOf(classifier())).toEqual({ outcome: 'ANSWERED', scores: [1, 0.6] });
  });

  it.each([
    ['no JSON', 'I am afraid not.'],
    ['null', null],
    ['no results', { error: 'none' }],
    ['results that are no list', { results: { category_scores: calm } }],
    ['an empty list', { results: [] }],
    ['far too many results', { results: Array.from({ length: 65 }, () => ({ category_scores: calm })) }],
    ['a result that is none', { results: [null] }],
    ['a category that is not there', { results: [{ category_scores: { politics: 0.9 } }] }],
    ['a category of the prototype', { results: [{ category_scores: { politics: 0.9 }, categories: [] }] }],
    ['a score above 1', { results: [{ category_scores: { ...calm, health: 20 } }] }],
    ['a score below 0', { results: [{ category_scores: { ...calm, health: -1 } }] }],
    ['a score in words', { results: [{ category_scores: { ...calm, health: '0.2' } }] }],
    ['a score of null', { results: [{ category_scores: { ...calm, health: null } }] }],
  ])('is not believed when it answers %s', async (_what, body) => {
    endpoint.behave(answer(body));
    expect(await scoresOf(classifier())).toEqual({ outcome: 'GARBLED', scores: [null, null] });
  });

  it('is not believed when its answer is no UTF-8', async () => {
    endpoint.behave((_asked, response) => void response.end(Buffer.from([0x22, 0xff, 0x22])));
    expect(await scoresOf(classifier())).toMatchObject({ outcome: 'GARBLED' });
  });

  it('is not read to the end when its answer has none', async () => {
    let sent = 0;
    endpoint.behave(async (_asked, response) => {
      response.writeHead(200);
      while (!response.destroyed) {
        sent += 64 * 1024;
        if (!response.write(' '.repeat(64 * 1024))) await Promise.race([delay(20), once(response, 'drain')]);
      }
    });
    expect(await scoresOf(classifier())).toMatchObject({ outcome: 'GARBLED' });
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  it('cannot fill the memory with a small answer that unpacks to a large one', async () => {
    const packed = gzipSync(' '.repeat(8 * 1024 * 1024));
    endpoint.behave((_asked, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed);
    });
    expect(await scoresOf(classifier())).toMatchObject({ outcome: 'GARBLED' });
  });

  it('cannot send the text elsewhere', async () => {
    const elsewhere = await startModerationEndpoint(scores(calm));
    try {
      endpoint.behave(answer('', 307, { location: `${elsewhere.url}/v1/moderations` }));
      expect(await classifier().classify('a text')).toMatchObject({ outcome: 'REFUSED', status: 307 });
      expect(elsewhere.asked).toEqual([]);
    } finally {
      await elsewhere.stop();
    }
  });

  it.each([201, 401, 404, 429, 500, 503])('refuses with status %d', async (status) => {
    endpoint.behave(answer({ results: [{ category_scores: calm }] }, status));
    expect(await classifier().classify('a text')).toMatchObject({ outcome: 'REFUSED', status });
  });

  it.each([
    ['does not answer', silence],
    ['answers a byte at a time', drip],
  ])('has its budget and no more when it %s', async (_what, behaviour) => {
    endpoint.behave(behaviour);
    const started = performance.now();
    const verdict = await classifier({ budgetMs }).classify('a text');
    const took = performance.now() - started;
    expect(verdict.outcome).toBe('TIMEOUT');
    expect(took).toBeGreaterThan(budgetMs / 2);
    expect(took).toBeLessThan(amply / 2);
    expect(verdict.latencyMs).toBeGreaterThan(budgetMs / 2);
  });

  it('is unreachable when nobody listens, and when it hangs up', async () => {
    endpoint.behave((_asked, response) => void response.destroy());
    expect(await scoresOf(classifier())).toMatchObject({ outcome: 'UNREACHABLE' });
    expect(await scoresOf(classifier({ url: 'http://127.0.0.1:1' }))).toMatchObject({
      outcome: 'UNREACHABLE',
    });
  });

  it('is not sent a text that is too long', async () => {
    const asked = classifier();
    expect(await asked.classify('x'.repeat(1_001))).toMatchObject({ outcome: 'TOO_LONG' });
    expect(endpoint.asked).toEqual([]);
    expect(await asked.classify('x'.repeat(1_000))).toMatchObject({ outcome: 'ANSWERED' });
  });

  it('is not asked while it fails too often, and is again once it answers', async () => {
    endpoint.behave(answer({}, 500));
    const asked = classifier({ recoveryMs: 200 });
    for (let nth = 0; nth < 5; nth += 1) {
      expect(await asked.classify('a text')).toMatchObject({ outcome: 'REFUSED', breaker: 'CLOSED' });
    }
    expect(await asked.classify('a text')).toMatchObject({ outcome: 'BREAKER_OPEN', breaker: 'OPEN' });
    expect(endpoint.asked).toHaveLength(5);

    const halfOpen = () => Promise.resolve(asked.breaker === 'HALF_OPEN');
    await until(halfOpen);
    expect(await asked.classify('a text')).toMatchObject({ outcome: 'REFUSED', breaker: 'HALF_OPEN' });
    expect(asked.breaker).toBe('OPEN');

    endpoint.behave(scores(calm));
    await until(halfOpen);
    const [first, second] = await Promise.all([asked.classify('one'), asked.classify('two')]);
    expect(first).toMatchObject({ outcome: 'ANSWERED', breaker: 'HALF_OPEN' });
    expect(second).toMatchObject({ outcome: 'BREAKER_OPEN', breaker: 'HALF_OPEN' });
    expect(await asked.classify('a text')).toMatchObject({ outcome: 'ANSWERED', breaker: 'CLOSED' });
  });

  it('is not held to have failed when it refuses a text for what it is', async () => {
    endpoint.behave(answer({}, 422));
    const asked = classifier();
    for (let nth = 0; nth < 8; nth += 1) await asked.classify('a text');
    expect(endpoint.asked).toHaveLength(8);
    expect(asked.breaker).toBe('CLOSED');
  });

  it('has no more calls under way than it may, and no more waiting', async () => {
    const gates: (() => void)[] = [];
    endpoint.behave(async (asked, response) => {
      await new Promise<void>((resolve) => gates.push(resolve));
      await scores(calm)(asked, response);
    });
    const asked = classifier({ concurrency: 2 });
    const calls = Array.from({ length: 20 }, () => asked.classify('a text'));
    const settled = Promise.all(calls);
    await until(async () => {
      for (const open of gates.splice(0)) open();
      return (await Promise.race([settled, delay(10)])) !== undefined;
    });
    const outcomes = (await settled).map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === 'ANSWERED')).toHaveLength(2 + 16);
    expect(outcomes.filter((outcome) => outcome === 'BUSY')).toHaveLength(2);
    expect(endpoint.mostAtOnce).toBe(2);
  });

  it('keeps nobody waiting for a place longer than half of the budget', async () => {
    endpoint.behave(silence);
    const asked = classifier({ concurrency: 1, budgetMs });
    const [first, second] = await Promise.all([asked.classify('one'), asked.classify('two')]);
    expect(first).toMatchObject({ outcome: 'TIMEOUT' });
    expect(second).toMatchObject({ outcome: 'BUSY' });
    expect(second.latencyMs).toBeLessThan(first.latencyMs);
  });

  it('is spoken of in the log without key, text and answer', async () => {
    const asked = classifier({ budgetMs: 2_000 });
    const secret = 'canary-text-51c2';
    for (const behaviour of [
      answer({ canary: 'canary-answer-77ab' }),
      answer('canary-answer-77ab', 500),
      silence,
    ]) {
      endpoint.behave(behaviour);
      await asked.classify(secret);
    }
    endpoint.behave((_asked, response) => void response.destroy());
    await asked.classify(secret);
    const said = JSON.stringify(logged);
    for (const outcome of ['GARBLED', 'REFUSED', 'TIMEOUT', 'UNREACHABLE']) expect(said).toContain(outcome);
    expect(said).not.toContain('canary');
  });
});

async function drip(_asked: unknown, response: ServerResponse): Promise<void> {
  response.writeHead(200);
  while (!response.destroyed) {
    response.write(' ');
    await delay(20);
  }
}
