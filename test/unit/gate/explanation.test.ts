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
  const { reasons } = await judge.decide({ output, confidence, kind: 'letter/1', policy });
  return explain({ reasons, confidence }, policy, 'letter/1');
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
        toPass:
          'Either the confidence must be 0.95 or more, or /kinds/letter~11/confidence/holdBelow must be 0.9 or less.',
      },
    ]);
  });

  it('names the bound that sent a result back, and the one that would then hold it', async () => {
    expect(await explained('fine', { confidence: { holdBelow: 0.8, rejectBelow: 0.3 } }, 0.2)).toMatchObject([
      {
        rule: '/confidence/rejectBelow',
        toPass:
          'Either the confidence must be 0.8 or more, or all of /confidence/rejectBelow and /confidence/holdBelow must be 0.2 or less.',
      },
    ]);
  });

  it("names the kind's own bound where the tenant's cannot be lower for another kind", async () => {
    const confidence = { holdBelow: 0.8, rejectBelow: 0.4 };
    const kinds = { other: { confidence: { rejectBelow: 0.7 } } };
    expect(await explained('fine', { confidence, kinds }, 0.5)).toMatchObject([
      {
        rule: '/confidence/holdBelow',
        toPass:
          'Either the confidence must be 0.8 or more, or /kinds/letter~11/confidence/holdBelow must be 0.5 or less.',
      },
    ]);
  });

  it('says that a detector which failed let nothing pass, though a part of the policy has its name', () => {
    const nowhere = { pointer: null, start: null, end: null };
    const reason = { code: 'GATE_ERROR', detector: 'PII', detail: 'It did not finish.', ...nowhere } as const;
    expect(explain({ reasons: [reason], confidence: 1 }, aPolicy(), 'x')).toMatchObject([
      { rule: null, toPass: expect.stringContaining('no rule lets it pass') },
    ]);
  });

  it('offers no allow list for a value that is too long for one', async () => {
    const [one] = await explained(
      `-----BEGIN PRIVATE KEY-----\n${'MIIEvQIBADANBgkqhkiG9w0B'.repeat(20)}\n-----END PRIVATE KEY-----`,
    );
    expect(one).toMatchObject({
      detector: 'SECRET/PRIVATE_KEY',
      toPass: expect.not.stringContaining('allow'),
    });
  });

  it('says of what no rule lets pass that none does', () => {
    const nowhere = { pointer: null, start: null, end: null };
    const reasons = [
      { code: 'GATE_ERROR', detector: 'GATE/LIMITS', detail: 'Too deep.', ...nowhere },
      { code: 'APPROVAL_MISMATCH', detector: 'APPROVAL', detail: 'Another output.', ...nowhere },
    ] as const;
    expect(explain({ reasons, confidence: 1 }, aPolicy(), 'x').map(({ rule }) => rule)).toEqual([null, null]);
  });

  it('is empty for what passes', async () => {
    expect(await explained('fine')).toEqual([]);
  });
});
