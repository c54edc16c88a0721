import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { safetyDetectors } from '../../../src/lib/safety/safety-detectors.js';
import type { Reason } from '../../../src/models/decision.js';
import { explain, type Explanation } from '../../../src/models/explanation.js';
import type { JsonObject, JsonValue } from '../../../src/models/json.js';
import { parsePolicyDraft } from '../../../src/models/policy-draft.js';
import { defaultPolicy, type PolicyDraft } from '../../../src/models/policy.js';
import type { BreakerState, TopicVerdict } from '../../../src/models/topic-verdict.js';
import { TopicClassifierPort } from '../../../src/ports/topic-classifier.js';
import { replayLimits } from '../../../src/services/judge-again.js';
import { Judge } from '../../../src/services/judge.js';
import { TopicClassification } from '../../../src/services/topic-classification.js';
import { aPolicy } from './detection.js';
import { anyDraft, anyOutput } from './generated-policies.js';

/** What the gate is asked about. */
interface Case {
  readonly output: JsonValue;
  readonly confidence: number;
  readonly kind: string;
  readonly draft: PolicyDraft;
}

/** A part of a policy or of an output, changed at the place that a pointer leads to, which need not be there yet. */
function changed(value: JsonValue, pointer: string, change: (at: JsonValue) => JsonValue): JsonValue {
  const copy = structuredClone({ value });
  const names = ['value', ...pointer.split('/').slice(1)].map((name) =>
    name.replaceAll('~1', '/').replaceAll('~0', '~'),
  );
  const last = names.pop() ?? '';
  let at = copy as JsonObject & Record<string, JsonValue>;
  for (const name of names) at = (at[name] ??= {}) as typeof at;
  at[last] = change(at[last] ?? null);
  return copy.value;
}

function withPolicy(one: Case, pointers: readonly string[], change: (at: JsonValue) => JsonValue): Case {
  let policy = JSON.parse(JSON.stringify(one.draft)) as JsonValue;
  for (const pointer of pointers) policy = changed(policy, pointer, change);
  // What an explanation asks for has to be a policy that is taken.
  return { ...one, draft: parsePolicyDraft(policy, () => undefined) };
}

/** The cases in which what one explanation asks for is so: one for each way that it names. */
function ways(one: Case, { toPass, pointer, start, end }: Explanation): Partial<Record<Way, Case>> {
  const found: Partial<Record<Way, Case>> = {};
  const pointersIn = (text = '') => text.split(/, | and /);
  const [, off] = /(?:all of )?(\/[^()]*?) must be OFF/.exec(toPass.split(', or ').at(-1) ?? '') ?? [];
  if (off !== undefined) found.off = withPolicy(one, pointersIn(off), () => 'OFF');
  const [, least] = /confidence must be (\S+) or more/.exec(toPass) ?? [];
  if (least !== undefined) found.surer = { ...one, confidence: Number(least) };
  const [, lower, most] = /or (?:all of )?(\/.*) must be (\S+) or less/.exec(toPass) ?? [];
  if (lower !== undefined) found.lower = withPolicy(one, pointersIn(lower), () => Number(most));
  if (pointer === null || start === null || end === null) return found;
  let text = '';
  const output = changed(one.output, pointer, (at) => {
    const written = typeof at === 'string' ? at : JSON.stringify(at);
    text = written.slice(start, end);
    // As long as it was, and the end of a sentence, so that what stands beside it stays where and what it is.
    return `${written.slice(0, start)}${'.'.padStart(end - start, '–')}${written.slice(end)}`;
  });
  if (toPass.includes('must not hold this text')) found.without = { ...one, output };
  const [, allow] = /(\S+) must list exactly it/.exec(toPass) ?? [];
  const listing = (at: JsonValue) => [...((at as JsonValue[] | null) ?? []), text];
  if (allow !== undefined) found.allowed = withPolicy(one, [allow], listing);
  return found;
}

type Way = 'off' | 'surer' | 'lower' | 'without' | 'allowed';

class Classifier extends TopicClassifierPort {
  override readonly model = 'topics-1';
  override readonly categories = [
    { category: 'politics', topic: 'POLITICS', threshold: 0.5 },
    { category: 'law', topic: 'LEGAL_CLAIMS', threshold: 0.5 },
  ] as const;
  override readonly breaker: BreakerState = 'CLOSED';

  constructor(private readonly score: number | null) {
    super();
  }

  override classify(): Promise<TopicVerdict> {
    const { model, score, breaker } = this;
    const outcome = score === null ? 'TIMEOUT' : 'ANSWERED';
    const categories = this.categories.map((category) => ({ ...category, score }));
    return Promise.resolve({ outcome, model, categories, status: null, latencyMs: 1, breaker });
  }
}

function gate(score?: number | null, reasons = replayLimits.reasons) {
  const asked = score === undefined ? undefined : new TopicClassification(new Classifier(score));
  const judge = new Judge(safetyDetectors(), { ...replayLimits, reasons }, undefined, asked);
  return async ({ output, confidence, kind, draft }: Case) => {
    const policy = aPolicy(draft);
    const { outcome, reasons: found } = await judge.decide({ output, confidence, kind, policy });
    return { outcome, reasons: found, explanations: explain({ reasons: found, confidence }, policy, kind) };
  };
}

const identity = ({ code, detector, pointer, start }: Reason | Explanation) =>
  JSON.stringify([code, detector, pointer, start]);

const gates = [gate(), gate(0.9), gate(null)];

const anyCase = fc
  .record({
    draft: anyDraft,
    output: anyOutput,
    confidence: fc.constantFrom(0.2, 0.4, 0.6, 0.8, 1),
    kind: fc.constantFrom('letter', 'reply'),
  })
  .map((one): Case => one);

describe('what an explanation says would have let a result pass', () => {
  it('takes its reason away, each way that it names, and all of them together let it pass', async () => {
    const seen = new Set<string>();
    const check = async (one: Case, which: number) => {
      const decide = gates[which] ?? gate();
      const { outcome, explanations } = await decide(one);
      let all = one;
      for (const explanation of explanations) {
        for (const [way, other] of Object.entries(ways(one, explanation))) {
          const after = await decide(other);
          expect(after.reasons.map(identity)).not.toContain(identity(explanation));
          if (explanations.length === 1 && way !== 'without') expect(after.outcome).toBe('APPROVE');
          seen.add(`${explanation.code} ${way}`);
        }
        const { off, lower } = ways(all, explanation);
        all = off ?? lower ?? all;
      }
      // A classifier that was not asked because of a credential may have something to say without it.
      for (const explanation of (await decide(all)).explanations) all = ways(all, explanation).off ?? all;
      expect((await decide(all)).outcome).toBe('APPROVE');
      seen.add(outcome);
    };
    await fc.assert(fc.asyncProperty(anyCase, fc.nat(gates.length - 1), check), { numRuns: 300 });
    expect([...seen]).toEqual(
      expect.arrayContaining([
        ...[
          'RETRY',
          'HITL',
          'DENY',
          'LOW_CONFIDENCE lower',
          'LOW_CONFIDENCE surer',
          'PII allowed',
          'PII off',
        ],
        ...['PII without', 'SECRET off', 'SENSITIVE_KEYWORD off', 'SENSITIVE_KEYWORD without'],
        ...['SENSITIVE_PATTERN off', 'SENSITIVE_TOPIC off', 'SENSITIVE_TOPIC without', 'GATE_ERROR off'],
      ]),
    );
  }, 60_000);

  it('is true of more than is listed: what is put right makes room for the rest, until it passes', async () => {
    const decide = gate(undefined, 2);
    const output = { reply: 'refund, credentials, ssn, passphrase, master key, ann@acme.org' };
    let one: Case = { output, confidence: 0.9, kind: 'reply', draft: defaultPolicy };
    let turns = 0;
    for (; (await decide(one)).outcome !== 'APPROVE' && turns < 10; turns += 1) {
      const { explanations } = await decide(one);
      if (turns === 0) {
        expect(explanations.at(-1)).toMatchObject({ detector: 'GATE/MORE', rule: null });
        expect(explanations.at(-1)?.toPass).toContain('What is listed must be put right');
      }
      for (const explanation of explanations) one = ways(one, explanation).off ?? one;
    }
    expect(turns).toBe(3);
  });
});
