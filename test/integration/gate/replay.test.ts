import { afterAll, describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { OwnThreadReplay } from '../../../src/lib/replay/own-thread-replay.js';
import { ThreadedReplay } from '../../../src/lib/replay/threaded-replay.js';
import { safetyDetectors } from '../../../src/lib/safety/safety-detectors.js';
import { type Decision, heldAsMismatch } from '../../../src/models/decision.js';
import type { JsonValue } from '../../../src/models/json.js';
import type { ReplayInput } from '../../../src/ports/replay.js';
import { judgeAgain, replayLimits } from '../../../src/services/judge-again.js';
import { Judge } from '../../../src/services/judge.js';
import { aPolicy } from '../../unit/gate/detection.js';

const root = new URL('../../../', import.meta.url);
const judge = new Judge(safetyDetectors(), replayLimits);
const policy = aPolicy({
  keywords: [{ term: 'refund', match: 'PREFIX', action: 'DENY' }],
  patterns: [{ name: 'order', pattern: 'ORD-[0-9]{4}', action: 'HITL' }],
  kinds: { letter: { confidence: { holdBelow: 0.99 } } },
});
const outputs: readonly JsonValue[] = [
  { reply: 'Your parcel is on its way.' },
  { reply: 'Write to ann@acme.org about ORD-1234.' },
  ['A refund', { password: 'hunter22!' }],
  'You can sue them for that.',
  null,
  42,
  { text: 'é 😀 pаss\u200bｗord' },
];
const results = outputs.flatMap((output) =>
  (['PROPOSE', 'EXECUTE'] as const).flatMap((stage) =>
    ['letter', 'reply'].map((kind): ReplayInput => {
      return { output: JSON.stringify(output), confidence: 0.9, kind, stage, decision: {} };
    }),
  ),
);

const threaded = new ThreadedReplay({
  thread: new URL('src/modules/replay-thread.ts', root),
  threads: 2,
  execArgv: ['--import', fileURLToPath(new URL('test/support/typescript.mjs', root))],
});
const replays = {
  "the server's own thread": new OwnThreadReplay((rules, result) => judgeAgain(judge, rules, result)),
  'threads of its own': threaded,
};

afterAll(() => threaded.onApplicationShutdown());

describe.each(Object.entries(replays))('a replay in %s', (_where, replay) => {
  it('decides what the gate decides, in every member', async () => {
    const live: Decision[] = [];
    for (const { output, confidence, kind } of results) {
      live.push(await judge.decide({ output: JSON.parse(output) as JsonValue, confidence, kind, policy }));
    }
    const replayed = await replay.decide(policy, results);
    const expected = live.map((decision, index) =>
      results[index]?.stage === 'EXECUTE' ? heldAsMismatch(decision) : decision,
    );
    expect(replayed).toEqual(expected);
  });

  it('goes by what the classifier said then', async () => {
    const [harmless] = results;
    if (!harmless) throw new Error('There are results.');
    const categories = [{ category: 'politics', topic: 'POLITICS', threshold: 0.5, score: 0.9 } as const];
    const classifier = {
      outcome: 'ANSWERED',
      model: 'topics-1',
      categories,
      status: null,
      latencyMs: 12,
      breaker: 'CLOSED',
    } as const;
    const off = aPolicy({ topics: { ...policy.topics, POLITICS: { action: 'OFF' } } });
    const [held] = await replay.decide(aPolicy(), [{ ...harmless, decision: { classifier } }]);
    expect(held).toMatchObject({ outcome: 'HITL', reasons: [{ detector: 'TOPIC/POLITICS' }], classifier });
    const [passed] = await replay.decide(off, [{ ...harmless, decision: { classifier } }]);
    expect(passed).toMatchObject({ outcome: 'APPROVE', reasons: [] });
  });

  it('goes by the policy that it is given, each time', async () => {
    const [harmless] = results;
    if (!harmless) throw new Error('There are results.');
    const strict = aPolicy({ version: 2, confidence: { holdBelow: 1, rejectBelow: 0 } });
    for (const [rules, outcome] of [
      [aPolicy(), 'APPROVE'],
      [strict, 'HITL'],
      [aPolicy(), 'APPROVE'],
    ] as const) {
      expect(await replay.decide(rules, [harmless])).toMatchObject([
        { outcome, policyVersion: rules.version },
      ]);
    }
  });
});
