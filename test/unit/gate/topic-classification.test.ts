import { describe, expect, it } from '@jest/globals';
import { safetyDetectors } from '../../../src/lib/safety/safety-detectors.js';
import type { JsonValue } from '../../../src/models/json.js';
import { explain } from '../../../src/models/explanation.js';
import { defaultPolicy, type Policy, type TopicRules } from '../../../src/models/policy.js';
import type { BreakerState, TopicVerdict, VerdictOutcome } from '../../../src/models/topic-verdict.js';
import { TopicClassifierPort } from '../../../src/ports/topic-classifier.js';
import { defaultJudgeLimits, Judge } from '../../../src/services/judge.js';
import { TopicClassification } from '../../../src/services/topic-classification.js';
import { aPolicy } from './detection.js';

const rules = [
  { category: 'politics', topic: 'POLITICS', threshold: 0.5 },
  { category: 'health', topic: 'HEALTH_ADVICE', threshold: 0.8 },
  { category: 'diet', topic: 'HEALTH_ADVICE', threshold: 0.3 },
] as const;

/** Says what a test tells it to, and remembers what it was asked. */
class Scripted extends TopicClassifierPort {
  override readonly model = 'topics-1';
  override readonly categories = rules;
  override readonly breaker: BreakerState = 'CLOSED';
  readonly asked: string[] = [];
  outcome: VerdictOutcome = 'ANSWERED';
  scores: Partial<Record<string, number>> = {};

  override classify(text: string): Promise<TopicVerdict> {
    this.asked.push(text);
    const judged = this.outcome === 'ANSWERED';
    const categories = rules.map((rule) => ({
      ...rule,
      score: judged ? (this.scores[rule.category] ?? 0) : null,
    }));
    const { outcome, model, breaker } = this;
    return Promise.resolve({ outcome, model, categories, status: null, latencyMs: 7, breaker });
  }
}

function gate(script: Partial<Pick<Scripted, 'outcome' | 'scores'>> = {}) {
  const classifier = Object.assign(new Scripted(), script);
  const classification = new TopicClassification(classifier);
  const judge = new Judge(safetyDetectors(), defaultJudgeLimits, undefined, classification);
  const decide = (output: JsonValue, policy = aPolicy()) =>
    judge.decide({ output, confidence: 0.9, kind: 'reply', policy });
  return { classifier, classification, judge, decide };
}

const topicsWith = (changes: Partial<TopicRules>): Policy =>
  aPolicy({ topics: { ...defaultPolicy.topics, ...changes } });
const off = { action: 'OFF' } as const;
const allOff = topicsWith({ POLITICS: off, HEALTH_ADVICE: off });

describe('what the topic classifier says', () => {
  it('holds a result from the threshold of a category on', async () => {
    const { decide } = gate({ scores: { politics: 0.5 } });
    expect(await decide('Good morning.')).toMatchObject({
      outcome: 'HITL',
      reasons: [
        {
          code: 'SENSITIVE_TOPIC',
          detector: 'TOPIC/POLITICS',
          detail: 'The topic classifier topics-1 gives politics 0.5; 0.5 is enough.',
          pointer: null,
          start: null,
          end: null,
        },
      ],
      classifier: { outcome: 'ANSWERED', latencyMs: 7 },
    });
  });

  it('releases it below, and is recorded all the same', async () => {
    const { decide } = gate({ scores: { politics: 0.499, health: 0.79, diet: 0.29 } });
    expect(await decide('Good morning.')).toMatchObject({
      outcome: 'APPROVE',
      reasons: [],
      classifier: {
        categories: [
          { category: 'politics', topic: 'POLITICS', threshold: 0.5, score: 0.499 },
          { category: 'health', topic: 'HEALTH_ADVICE', threshold: 0.8, score: 0.79 },
          { category: 'diet', topic: 'HEALTH_ADVICE', threshold: 0.3, score: 0.29 },
        ],
      },
    });
  });

  it('is one reason for a topic, that of the highest score', async () => {
    const { decide } = gate({ scores: { health: 0.8, diet: 0.9 } });
    expect((await decide('Good morning.')).reasons).toMatchObject([
      {
        detector: 'TOPIC/HEALTH_ADVICE',
        detail: 'The topic classifier topics-1 gives diet 0.9; 0.3 is enough.',
      },
    ]);
  });

  it('does what the policy does about the topic, for the kind of task', async () => {
    const { decide } = gate({ scores: { politics: 1 } });
    expect(await decide('Good morning.', topicsWith({ POLITICS: { action: 'DENY' } }))).toMatchObject({
      outcome: 'DENY',
    });
    expect(await decide('Good morning.', topicsWith({ POLITICS: off }))).toMatchObject({
      outcome: 'APPROVE',
    });
    expect(
      await decide('Good morning.', aPolicy({ kinds: { reply: { topics: { POLITICS: off } } } })),
    ).toMatchObject({ outcome: 'APPROVE' });
  });

  it('is not asked for when the policy wants to know none of its topics', async () => {
    const { decide, classifier } = gate({ outcome: 'TIMEOUT' });
    const decision = await decide('Good morning.', allOff);
    expect(decision.outcome).toBe('APPROVE');
    expect(decision).not.toHaveProperty('classifier');
    expect(classifier.asked).toEqual([]);
  });

  it.each(['TIMEOUT', 'UNREACHABLE', 'REFUSED', 'GARBLED', 'BREAKER_OPEN', 'BUSY', 'TOO_LONG'] as const)(
    'holds the result when it is %s',
    async (outcome) => {
      const { decide } = gate({ outcome });
      const policy = topicsWith({ POLITICS: { action: 'DENY' } });
      const decision = await decide('Good morning.', policy);
      expect(decision).toMatchObject({
        outcome: 'HITL',
        reasons: [{ code: 'GATE_ERROR', detector: 'TOPIC_CLASSIFIER' }],
        classifier: { outcome, categories: [{ score: null }, { score: null }, { score: null }] },
      });
      expect(decision.reasons[0]?.detail).toMatch(/^The topic classifier topics-1 .*\.$/);
      expect(explain({ ...decision, confidence: 0.9 }, policy, 'reply')).toMatchObject([
        { rule: null, toPass: expect.stringContaining('must judge the output') },
      ]);
    },
  );

  it('is told what the output says, names and numbers too, in an order that members do not have', async () => {
    const { decide, classifier } = gate();
    await decide({ reply: ['Take it', { daily: 3, ok: true }], note: null, about: 'Ё́х' });
    await decide({ about: 'Ё́х', note: null, reply: ['Take it', { ok: true, daily: 3 }] });
    expect(classifier.asked[0]).toBe('about: Ё́х\nnote\nreply\nTake it\ndaily: 3\nok');
    expect(classifier.asked[1]).toBe(classifier.asked[0]);
  });

  it('is asked for an output that says something in names alone', async () => {
    const { decide, classifier } = gate();
    await decide({ 'Vote for them on Monday.': true, 'Tell everybody.': null });
    expect(classifier.asked).toEqual(['Tell everybody.\nVote for them on Monday.']);
  });

  it.each([null, '', '  ', [], true, [null, []]])(
    'is not asked for of an output that says nothing: %j',
    async (output) => {
      const { decide, classifier } = gate();
      expect((await decide(output)).outcome).toBe('APPROVE');
      expect(classifier.asked).toEqual([]);
    },
  );

  it('is not asked for when that would send a credential out, or what could not be read', async () => {
    const { decide, classifier } = gate();
    const token = `ghp_${'aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zA4c7e'.slice(0, 36)}`;
    const deep: JsonValue = JSON.parse('['.repeat(70) + ']'.repeat(70)) as JsonValue;
    for (const output of [`Use ${token} please.`, deep]) {
      const decision = await decide(output);
      expect(decision).toMatchObject({ outcome: 'HITL', classifier: { outcome: 'WITHHELD', breaker: null } });
      expect(decision.reasons.map(({ detector }) => detector)).toContain('TOPIC_CLASSIFIER');
    }
    expect(classifier.asked).toEqual([]);
  });

  it('is heard of by whoever counts', async () => {
    const { decide, classification } = gate();
    const heard: TopicVerdict[] = [];
    classification.onVerdict((verdict) => heard.push(verdict));
    const { classifier } = await decide('Good morning.');
    expect(heard).toEqual([classifier]);
    expect(classification.breaker).toBe('CLOSED');
  });

  it('is explained by the rule of its topic', async () => {
    const { decide } = gate({ scores: { politics: 0.7 } });
    expect(
      explain({ ...(await decide('Good morning.')), confidence: 0.9 }, aPolicy(), 'reply'),
    ).toMatchObject([
      {
        rule: '/topics/POLITICS/action',
        why: 'The topic classifier topics-1 gives politics 0.7; 0.5 is enough.',
        toPass:
          'Either the topic classifier must score the output lower, or /topics/POLITICS/action must be OFF.',
      },
    ]);
  });

  it('counts as added by every edit, as it is about all of a text', async () => {
    const { judge } = gate({ scores: { politics: 0.7 } });
    expect(await judge.judgeEdit('One.', 'Two.', aPolicy(), 'reply')).toMatchObject({
      added: [{ detector: 'TOPIC/POLITICS' }],
      denied: false,
      classifier: { outcome: 'ANSWERED' },
    });
    const denying = topicsWith({ POLITICS: { action: 'DENY' } });
    expect(await judge.judgeEdit('One.', 'Two.', denying, 'reply')).toMatchObject({ denied: true });
  });
});

describe('what the topic classifier said', () => {
  const replay = new Judge(safetyDetectors());
  const again = (output: JsonValue, policy: Policy, verdict: TopicVerdict | undefined) =>
    replay.decide({ output, confidence: 0.9, kind: 'reply', policy, verdict });

  it('gives the same decision again, in every member, whatever it was', async () => {
    for (const outcome of ['ANSWERED', 'TIMEOUT', 'BREAKER_OPEN'] as const) {
      for (const politics of [0.2, 0.9]) {
        const { decide } = gate({ outcome, scores: { politics } });
        const live = await decide('Good morning.');
        expect(await again('Good morning.', aPolicy(), live.classifier)).toEqual(live);
      }
    }
  });

  it('gives the decision that another policy would have made of it, without asking', async () => {
    const { decide, classifier } = gate({ scores: { politics: 0.9 } });
    const { classifier: verdict } = await decide('Good morning.', topicsWith({ POLITICS: off }));
    expect(await again('Good morning.', aPolicy(), verdict)).toEqual(await decide('Good morning.'));
    expect(await again('Good morning.', allOff, verdict)).toEqual(await decide('Good morning.', allOff));
    expect(classifier.asked).toHaveLength(2);
  });

  it('is not believed of what would not have been sent, and never passes what was not', async () => {
    const token = `Use ghp_${'aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zA4c7e'.slice(0, 36)} please.`;
    const silent = aPolicy({ detectors: { ...defaultPolicy.detectors, SECRET: off } });
    const { decide } = gate({ scores: { politics: 0.9 } });
    const [sent, withheld] = [await decide(token, silent), await decide(token)];
    expect(sent.classifier?.outcome).toBe('ANSWERED');
    expect(await again(token, aPolicy(), sent.classifier)).toEqual(withheld);
    expect(await again(token, silent, withheld.classifier)).toMatchObject({
      outcome: 'HITL',
      reasons: [{ code: 'GATE_ERROR', detector: 'TOPIC_CLASSIFIER' }],
    });
  });
});
