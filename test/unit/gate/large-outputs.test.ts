import { afterAll, describe, expect, it } from '@jest/globals';
import { pathToFileURL } from 'node:url';
import { safetyDetectors } from '../../../src/lib/safety/safety-detectors.js';
import {
  ThreadedLargeOutputs,
  type ThreadedLargeOutputsOptions,
} from '../../../src/lib/safety/threaded-large-outputs.js';
import type { JsonValue } from '../../../src/models/json.js';
import { defaultJudgeLimits, Judge } from '../../../src/services/judge.js';
import { aPolicy } from './detection.js';

const opened: ThreadedLargeOutputs[] = [];

function threads(options: Partial<ThreadedLargeOutputsOptions> = {}): ThreadedLargeOutputs {
  const made = new ThreadedLargeOutputs({
    thread: pathToFileURL('src/modules/gate-thread.ts'),
    threads: 1,
    waiting: 8,
    budgetMs: 30_000,
    execArgv: ['--import', './test/support/typescript.mjs'],
    ...options,
  });
  opened.push(made);
  return made;
}

function decide(judge: Judge, output: JsonValue) {
  return judge.decide({ output, confidence: 1, kind: 'x', policy: aPolicy() });
}

const words = 'The quick brown fox jumps over the lazy dog. ';
const large = {
  reply: `${words.repeat(500)} Write to ann@acme.example or send 4111 1111 1111 1111.`,
  notes: ['the secret', 'key is here'],
};

describe('a large output', () => {
  afterAll(() => Promise.all(opened.map((threaded) => threaded.onApplicationShutdown())));

  it('gets the decision in a thread that it would get here', async () => {
    const here = await decide(new Judge(safetyDetectors()), large);
    const there = await decide(new Judge(safetyDetectors(), defaultJudgeLimits, threads()), large);
    expect(there).toEqual(here);
    expect(here.reasons.map(({ detector }) => detector)).toEqual([
      'PII/EMAIL',
      'PII/PAYMENT_CARD',
      'KEYWORD/secret key',
    ]);
  });

  it('is held when its thread takes longer than it may', async () => {
    const judge = new Judge(safetyDetectors(), defaultJudgeLimits, threads({ budgetMs: 1 }));
    const { outcome, reasons } = await decide(judge, words.repeat(500));
    expect({ outcome, reasons }).toMatchObject({
      outcome: 'HITL',
      reasons: [{ code: 'GATE_ERROR', detector: 'GATE/THREAD' }],
    });
  });

  it('is held when its thread dies, and so is the next one', async () => {
    const thread = pathToFileURL('test/support/dying-thread.mjs');
    const judge = new Judge(safetyDetectors(), defaultJudgeLimits, threads({ thread }));
    for (let nth = 0; nth < 2; nth += 1) {
      const { outcome, reasons } = await decide(judge, words.repeat(500));
      expect({ outcome, reasons }).toMatchObject({
        outcome: 'HITL',
        reasons: [{ code: 'GATE_ERROR', detector: 'GATE/THREAD' }],
      });
    }
  });

  it('is refused, and not judged, when too many are waiting already', async () => {
    const judge = new Judge(safetyDetectors(), defaultJudgeLimits, threads({ waiting: 2 }));
    const asked = Array.from({ length: 6 }, () => decide(judge, words.repeat(500)));
    const outcomes = (await Promise.allSettled(asked)).map((settled) =>
      settled.status === 'fulfilled' ? settled.value.outcome : (settled.reason as { code: string }).code,
    );
    expect(outcomes).toContain('APPROVE');
    expect(outcomes).toContain('UNAVAILABLE');
    expect(new Set(outcomes).size).toBe(2);
  });

  it('leaves this thread to others while it is looked at', async () => {
    const judge = new Judge(safetyDetectors(), defaultJudgeLimits, threads());
    await decide(judge, words.repeat(500));
    const before = process.threadCpuUsage();
    await decide(judge, words.repeat(5000));
    const { user, system } = process.threadCpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(50);
  });
});
