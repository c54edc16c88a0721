import { describe, expect, it } from '@jest/globals';
import { safetyDetectors } from '../../../src/lib/safety/safety-detectors.js';
import { explain } from '../../../src/models/explanation.js';
import type { JsonValue } from '../../../src/models/json.js';
import type { Policy } from '../../../src/models/policy.js';
import { Judge } from '../../../src/services/judge.js';
import { aPolicy } from './detection.js';

const judge = new Judge(safetyDetectors());
const pattern = { name: 'order', pattern: 'ORD-[0-9]{4}', action: 'HITL' } as const;
const off = { action: 'OFF' } as const;

async function explained(output: JsonValue, parts: Partial<Policy> = {}, confidence = 0.9) {
  const policy = aPolicy(parts);
  return explain(await judge.decide({ output, confidence, kind: 'letter/1', policy }), policy, 'letter/1');
}

/** The part of a policy that a pointer leads to. */
function at(policy: unknown, pointer: string): unknown {
  const names = pointer.split('/').slice(1);
  return names.reduce<unknown>((value, name) => {
    const key = name.replaceAll('~1', '/').replaceAll('~0', '~');
    return (value as Readonly<Record<string, unknown>> | undefined)?.[key];
  }, policy);
}

describe('an explanation', () => {
  it('names the rule, the place and what would have had to be different', async () => {
    expect(await explained({ reply: 'her ssn' })).toEqual([
      {
        code: 'SENSITIVE_KEYWORD',
        detector: 'KEYWORD/SSN',
        rule: expect.stringMatching(/^\/keywords\/\d+\/action$/),
        pointer: '/reply',
        start: 4,
        end: 7,
        why: "The keyword 'SSN'.",
        toPass: expect.stringMatching(/must not hold this text, or \/keywords\/\d+\/action must be OFF/),
      },
    ]);
  });

  it.each<[string, JsonValue, Partial<Policy>]>([
    ['/keywords/0/action', 'refund', { keywords: [{ term: 'refund', match: 'WORD', action: 'DENY' }] }],
    ['/patterns/0/action', 'ORD-1234', { patterns: [pattern] }],
    ['/kinds/letter~11/patterns/0/action', 'ORD-1234', { kinds: { 'letter/1': { patterns: [pattern] } } }],
    ['/detectors/PII/action', 'ann@acme.org', {}],
    [
      '/detectors/PII/types/EMAIL/action',
      'ann@acme.org',
      { detectors: { PII: { ...off, types: { EMAIL: { action: 'HITL' } } }, SECRET: off } },
    ],
    [
      '/kinds/letter~11/detectors/PII/action',
      'ann@acme.org',
      { kinds: { 'letter/1': { detectors: { PII: { action: 'DENY' } } } } },
    ],
    ['/topics/LEGAL_CLAIMS/action', 'You can sue them.', {}],
  ])('points at %s', async (rule, output, parts) => {
    expect((await explained(output, parts)).map((one) => one.rule)).toEqual([rule]);
    expect(at(aPolicy(parts), rule)).toMatch(/^(HITL|DENY)$/);
  });

  it('says how sure the agent would have had to be', async () => {
    const kinds = { 'letter/1': { confidence: { holdBelow: 0.95 } } };
    expect(await explained('fine', { kinds })).toMatchObject([
      {
        detector: 'CONFIDENCE',
        rule: '/kinds/letter~11/confidence/holdBelow',
        toPass: expect.stringContaining('0.95 or more'),
      },
    ]);
  });

  it('says of what no rule lets pass that none does', () => {
    const nowhere = { pointer: null, start: null, end: null };
    const reasons = [
      { code: 'GATE_ERROR', detector: 'GATE/LIMITS', detail: 'Too deep.', ...nowhere },
      { code: 'APPROVAL_MISMATCH', detector: 'APPROVAL', detail: 'Another output.', ...nowhere },
    ] as const;
    expect(explain({ reasons }, aPolicy(), 'x').map(({ rule }) => rule)).toEqual([null, null]);
  });

  it('is empty for what passes', async () => {
    expect(await explained('fine')).toEqual([]);
  });
});
