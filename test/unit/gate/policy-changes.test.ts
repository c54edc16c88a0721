import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { safetyDetectors } from '../../../src/lib/safety/safety-detectors.js';
import type { DecisionOutcome } from '../../../src/models/decision.js';
import { changesBetween, looserThan } from '../../../src/models/policy-changes.js';
import { defaultPolicy, type KindOverrides, type PolicyDraft } from '../../../src/models/policy.js';
import { replayLimits } from '../../../src/services/judge-again.js';
import { Judge } from '../../../src/services/judge.js';
import { aPolicy } from './detection.js';
import { anyBase, anyDraft, anyOutput } from './generated-policies.js';

function differing(parts: Partial<PolicyDraft>): PolicyDraft {
  return { ...defaultPolicy, ...parts };
}

const keyword = { term: 'refund', match: 'WORD', action: 'HITL' } as const;
const pattern = { name: 'order', pattern: 'ORD-[0-9]{8}', action: 'HITL' } as const;
const held = { action: 'HITL' } as const;
const off = { action: 'OFF' } as const;
const denied = { action: 'DENY' } as const;
const bands = (holdBelow: number, rejectBelow = 0) => differing({ confidence: { holdBelow, rejectBelow } });
const words = (...keywords: PolicyDraft['keywords']) => differing({ keywords });
const shapes = (...patterns: PolicyDraft['patterns']) => differing({ patterns });
const data = (PII: PolicyDraft['detectors']['PII']) => differing({ detectors: { PII, SECRET: held } });
const politics = (action: PolicyDraft['topics']['POLITICS']) =>
  differing({ topics: { ...defaultPolicy.topics, POLITICS: action } });
const forLetters = (letter: KindOverrides) => differing({ kinds: { letter } });

/** What loosens from the first to the second, and only in this direction. */
const loosenings: readonly [string, PolicyDraft, PolicyDraft][] = [
  ['a lower holdBelow', bands(0.7), bands(0.69)],
  ['a lower rejectBelow', bands(0.7, 0.2), bands(0.7, 0.1)],
  ['a keyword less', words(keyword), words()],
  ['a keyword that is off', words(keyword), words({ ...keyword, action: 'OFF' })],
  ['a keyword that no longer denies', words({ ...keyword, action: 'DENY' }), words(keyword)],
  ['a keyword that finds less', words({ ...keyword, match: 'PREFIX' }), words(keyword)],
  ['a keyword that is only found as it is written', words(keyword), words({ ...keyword, match: 'EXACT' })],
  ['a pattern less', shapes(pattern), shapes()],
  ['a pattern that no longer denies', shapes({ ...pattern, action: 'DENY' }), shapes(pattern)],
  ['a detector that is off', data(held), data(off)],
  ['a type that is off', data(held), data({ ...held, types: { EMAIL: off } })],
  ['a type that no longer denies', data({ ...held, types: { EMAIL: denied } }), data(held)],
  ['an allowed value more', data(held), data({ ...held, allow: ['a@b.org'] })],
  [
    'a value more that one type lets through',
    data({ ...held, types: { EMAIL: { ...held, allow: ['a@b.org'] } } }),
    data({ ...held, types: { EMAIL: { ...held, allow: ['a@b.org', 'c@d.org'] } } }),
  ],
  [
    'a value that one type lets through, for one kind',
    data(held),
    {
      ...data(held),
      kinds: { letter: { detectors: { PII: { types: { EMAIL: { ...held, allow: ['a@b.org'] } } } } } },
    },
  ],
  ['a topic that is off', politics(held), politics(off)],
  ['a lower band for one kind', bands(0.7), forLetters({ confidence: { holdBelow: 0.5 } })],
  ['a kind that loses its stricter band', forLetters({ confidence: { holdBelow: 0.9 } }), bands(0.7)],
  [
    'a kind without the keywords of the rest',
    words(keyword),
    { ...words(keyword), kinds: { letter: { keywords: [] } } },
  ],
];

describe('a change of a policy', () => {
  it.each(loosenings)('loosens with %s, and tightens the other way round', (_what, from, to) => {
    expect(looserThan(from, to)).toBe(true);
    expect(looserThan(to, from)).toBe(false);
    expect([...changesBetween(to, from)].map(({ effect }) => effect)).toEqual(['TIGHTER']);
  });

  it.each([
    ['nothing', defaultPolicy, structuredClone(defaultPolicy)],
    ['another deadline', defaultPolicy, differing({ reviewDeadlineMs: 5_000 })],
    ['another name of a pattern', shapes(pattern), shapes({ ...pattern, name: 'number' })],
    [
      'an override that says the same',
      bands(0.7),
      forLetters({ confidence: { holdBelow: 0.7 }, topics: {} }),
    ],
    ['a value allowed where nothing is looked for', data(off), data({ ...off, allow: ['a@b.org'] })],
    [
      'a value that a type lets through which is not looked for',
      data({ ...held, types: { EMAIL: off } }),
      data({ ...held, types: { EMAIL: { ...off, allow: ['a@b.org'] } } }),
    ],
    [
      'a value that a type lets through as its class did',
      data({ ...held, allow: ['a@b.org'] }),
      data({ ...held, allow: ['a@b.org'], types: { EMAIL: { ...held, allow: ['a@b.org'] } } }),
    ],
    ['a keyword that is looked for as another whole', words(keyword), words({ ...keyword, match: 'PHRASE' })],
  ])('loosens and tightens nothing with %s', (_what, from, to) => {
    expect([...changesBetween(from, to)].filter(({ effect }) => effect !== 'OTHER')).toEqual([]);
  });

  it('loosens both ways between a phrase and what it does not find, as it goes across the end of a sentence', () => {
    const [exact, phrase] = (['EXACT', 'PHRASE'] as const).map((match) =>
      words({ ...keyword, term: 'Done. Refund', match }),
    );
    if (!exact || !phrase) throw new Error('Two policies were made.');
    expect([looserThan(exact, phrase), looserThan(phrase, exact)]).toEqual([true, true]);
  });

  it('is told in words, for the kind that it is about', () => {
    const from = { ...bands(0.7), keywords: [keyword] };
    const to = { ...bands(0.6), keywords: [], kinds: { letter: { confidence: { holdBelow: 0.9 } } } };
    expect([...changesBetween(from, to)]).toEqual([
      {
        effect: 'LOOSER',
        kind: null,
        pointer: '/confidence/holdBelow',
        text: 'What has a confidence below 0.7 was held for a person; now it is what is below 0.6.',
      },
      {
        effect: 'LOOSER',
        kind: null,
        pointer: '/keywords',
        text: "The keyword 'refund' was held for a person and is now let through.",
      },
      {
        effect: 'TIGHTER',
        kind: 'letter',
        pointer: '/confidence/holdBelow',
        text: 'What has a confidence below 0.7 was held for a person; now it is what is below 0.9.',
      },
    ]);
  });

  it('takes time in proportion to the policies, however many kinds share their lists', () => {
    const keywords = Array.from({ length: 10_000 }, (_, n) => ({ ...keyword, term: `term${n}` }));
    const kinds = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`k${n}`, {}]));
    const big = { ...words(...keywords), kinds };
    expect([...changesBetween(big, { ...big, keywords: keywords.slice(1) })]).toHaveLength(1);
  });
});

const severity: Readonly<Record<DecisionOutcome, number>> = { APPROVE: 0, RETRY: 1, HITL: 1, DENY: 2 };

describe('what counts as looser', () => {
  // A machine that is busy for a moment must not make the gate hold what it would have passed.
  const judge = new Judge(safetyDetectors(), replayLimits);

  it('is every change by which the Judge passes what it held, or no longer denies', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyDraft,
        fc.oneof(anyDraft, fc.constant(undefined)),
        anyBase,
        anyOutput,
        fc.constantFrom(0.2, 0.5, 0.6, 0.8, 1),
        fc.constantFrom('letter', 'reply'),
        async (from, other, base, output, confidence, kind) => {
          // Policies that differ in one part show more than two that have nothing in common.
          const to = other ?? { ...from, ...(base.keywords && { keywords: base.keywords }) };
          const decide = (policy: PolicyDraft) =>
            judge.decide({ output, confidence, kind, policy: aPolicy(policy) });
          const [before, after] = [await decide(from), await decide(to)];
          if (severity[after.outcome] < severity[before.outcome]) expect(looserThan(from, to)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});
