import { describe, expect, it } from '@jest/globals';
import { DomainError, type FieldError } from '../../../src/models/errors.js';
import type { JsonObject, JsonValue } from '../../../src/models/json.js';
import { actionFor, defaultPolicy, policyFor, type PolicyDraft } from '../../../src/models/policy.js';
import { parsePolicyDraft, patternsIn, policyLimits } from '../../../src/models/policy-draft.js';
import { aPolicy } from './detection.js';

const noPatternFault = (): undefined => undefined;

function parse(value: JsonValue): PolicyDraft {
  return parsePolicyDraft(value, noPatternFault);
}

function faults(
  value: JsonValue,
  checkPattern: (pattern: string) => string | undefined = noPatternFault,
): string[] {
  try {
    parsePolicyDraft(value, checkPattern);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    expect(error.code).toBe('POLICY_INVALID');
    return (error.extra.errors as FieldError[]).map(({ pointer, message }) => `${pointer} ${message}`);
  }
  return [];
}

const keyword = { term: 'x', match: 'WORD', action: 'HITL' };
const pattern = { name: 'p', pattern: 'x', action: 'HITL' };

describe('the default policy', () => {
  it('is what the tenant gets who says nothing', () => {
    expect(parse({})).toEqual(defaultPolicy);
    expect(defaultPolicy.confidence).toEqual({ holdBelow: 0.7, rejectBelow: 0 });
    expect(defaultPolicy.reviewDeadlineMs).toBe(86_400_000);
  });

  it('is a policy that a tenant may send', () => {
    expect(parse(JSON.parse(JSON.stringify(defaultPolicy)) as JsonObject)).toEqual(defaultPolicy);
  });

  it('holds all data and topics', () => {
    expect(actionFor(defaultPolicy.detectors.PII, 'IBAN')).toBe('HITL');
    expect(actionFor(defaultPolicy.detectors.SECRET, 'JWT')).toBe('HITL');
    expect(Object.values(defaultPolicy.topics)).toEqual(Array(4).fill({ action: 'HITL' }));
  });

  it.each(['password', 'secret key', 'delete all', 'override security', 'PII', 'SSN'])(
    'holds the keyword %s',
    (term) => {
      expect(defaultPolicy.keywords).toContainEqual(expect.objectContaining({ term, action: 'HITL' }));
    },
  );
});

describe('a policy that is sent', () => {
  it('says what it says, and the default the rest', () => {
    const draft = parse({
      confidence: { holdBelow: 0.8 },
      keywords: [],
      patterns: [pattern],
      detectors: { PII: { allow: ['a'], types: { EMAIL: { action: 'OFF' } } } },
      topics: { POLITICS: { action: 'DENY' } },
      kinds: {
        'mail.reply': { confidence: { rejectBelow: 0.5 }, keywords: [keyword], reviewDeadlineMs: 5000 },
        other: { detectors: { SECRET: { action: 'DENY' } }, patterns: [], topics: {} },
      },
      reviewDeadlineMs: 60_000,
    });
    expect(draft).toEqual({
      confidence: { holdBelow: 0.8, rejectBelow: 0 },
      keywords: [],
      patterns: [pattern],
      detectors: {
        PII: { action: 'HITL', allow: ['a'], types: { EMAIL: { action: 'OFF' } } },
        SECRET: { action: 'HITL' },
      },
      topics: { ...defaultPolicy.topics, POLITICS: { action: 'DENY' } },
      kinds: {
        'mail.reply': { confidence: { rejectBelow: 0.5 }, keywords: [keyword], reviewDeadlineMs: 5000 },
        other: { detectors: { SECRET: { action: 'DENY' } }, patterns: [], topics: {} },
      },
      reviewDeadlineMs: 60_000,
    });
  });

  it.each<[JsonValue, string]>([
    [null, ' must be an object, not null'],
    [[], ' must be an object, not an array'],
    ['x', ' must be an object, not a string'],
    [{ keyword: [] }, '/keyword is not known; did you mean keywords?'],
    [{ version: 3 }, '/version is not known; known are confidence, keywords, patterns,'],
    [JSON.parse('{"__proto__": {}}') as JsonObject, '/__proto__ is not known'],
    [{ confidence: 0.7 }, '/confidence must be an object, not a number'],
    [{ confidence: { holdbelow: 0.5 } }, '/confidence/holdbelow is not known; did you mean holdBelow?'],
    [{ confidence: { holdBelow: '0.5' } }, '/confidence/holdBelow must be a number, not a string'],
    [{ confidence: { holdBelow: 1.1 } }, '/confidence/holdBelow must be from 0 to 1'],
    [{ confidence: { rejectBelow: -1 } }, '/confidence/rejectBelow must be from 0 to 1'],
    [{ confidence: { rejectBelow: 0.8 } }, '/confidence/rejectBelow is 0.8, above holdBelow 0.7'],
    [
      { kinds: { a: { confidence: { rejectBelow: 0.8 } } } },
      '/kinds/a/confidence/rejectBelow is 0.8, above holdBelow 0.7',
    ],
    [{ keywords: {} }, '/keywords must be an array, not an object'],
    [{ keywords: ['x'] }, '/keywords/0 must be an object, not a string'],
    [{ keywords: [{ ...keyword, term: '' }] }, '/keywords/0/term must not be empty'],
    [{ keywords: [{ ...keyword, term: ' ' }] }, '/keywords/0/term must not be empty'],
    [{ keywords: [{ ...keyword, term: 5 }] }, '/keywords/0/term must be a string, not a number'],
    [{ keywords: [{ match: 'WORD', action: 'HITL' }] }, '/keywords/0/term is missing'],
    [
      { keywords: [{ ...keyword, term: 'x'.repeat(201) }] },
      '/keywords/0/term is 201 characters long; at most 200',
    ],
    [{ keywords: [{ ...keyword, term: '?!' }] }, '/keywords/0/term needs a letter or a digit'],
    [{ keywords: [{ ...keyword, term: 'a\u0000' }] }, '/keywords/0/term holds a control character'],
    [{ keywords: [{ ...keyword, term: 'a\ud800' }] }, '/keywords/0/term holds half of a surrogate pair'],
    [
      { keywords: [{ ...keyword, match: 'WORDS' }] },
      '/keywords/0/match must be one of WORD, PHRASE, PREFIX, EXACT',
    ],
    [{ keywords: [{ ...keyword, action: 'ALLOW' }] }, '/keywords/0/action must be one of HITL, DENY, OFF'],
    [{ keywords: [{ term: 'x', match: 'WORD' }] }, '/keywords/0/action is missing; it is one of HITL'],
    [{ keywords: [{ ...keyword, action: null }] }, '/keywords/0/action must be a string, not null'],
    [
      { keywords: [keyword, { ...keyword, term: ' Ｘ ' }] },
      '/keywords/1/term is there twice: it says the same as /keywords/0/term',
    ],
    [
      { keywords: [{ ...keyword, match: 'EXACT' }, keyword] },
      '/keywords/1/term is there twice: it says the same as /keywords/0/term',
    ],
    [
      { keywords: Array(policyLimits.keywords + 1).fill(keyword) },
      '/keywords holds 10001 entries; at most 10000',
    ],
    [{ patterns: [{ ...pattern, name: '' }] }, '/patterns/0/name must not be empty'],
    [
      { patterns: [{ ...pattern, pattern: 'x'.repeat(1001) }] },
      '/patterns/0/pattern is 1001 characters long',
    ],
    [{ patterns: [pattern, pattern] }, '/patterns/1/name is there twice'],
    [{ patterns: [{ ...pattern, flags: 'i' }] }, '/patterns/0/flags is not known'],
    [{ patterns: [3] }, '/patterns/0 must be an object'],
    [{ patterns: Array(201).fill(pattern) }, '/patterns holds 201 entries; at most 200'],
    [{ detectors: { PIII: {} } }, '/detectors/PIII is not known; did you mean PII?'],
    [{ detectors: { PII: { action: 'HOLD' } } }, '/detectors/PII/action must be one of'],
    [
      { detectors: { PII: { types: { EMAILS: { action: 'OFF' } } } } },
      '/detectors/PII/types/EMAILS is not known; did you mean EMAIL?',
    ],
    [
      { detectors: { SECRET: { types: { EMAIL: { action: 'OFF' } } } } },
      '/detectors/SECRET/types/EMAIL is not known',
    ],
    [
      { detectors: { PII: { types: { EMAIL: { action: 'OFF', x: 1 } } } } },
      '/detectors/PII/types/EMAIL/x is not known',
    ],
    [{ detectors: { PII: { types: { EMAIL: {} } } } }, '/detectors/PII/types/EMAIL/action is missing'],
    [{ detectors: { PII: { allow: 'a' } } }, '/detectors/PII/allow must be an array'],
    [{ detectors: { PII: { allow: [1] } } }, '/detectors/PII/allow/0 must be a string'],
    [{ topics: { SPORTS: { action: 'OFF' } } }, '/topics/SPORTS is not known'],
    [{ topics: { POLITICS: 'OFF' } }, '/topics/POLITICS must be an object'],
    [{ kinds: [] }, '/kinds must be an object, not an array'],
    [{ kinds: { '': {} } }, '/kinds/ is not a task kind'],
    [{ kinds: { 'a~/b': { kinds: {} } } }, '/kinds/a~0~1b is not a task kind'],
    [{ kinds: { a: { kinds: {} } } }, '/kinds/a/kinds is not known'],
    [{ kinds: { a: { keywords: [keyword, keyword] } } }, '/kinds/a/keywords/1/term is there twice'],
    [
      { kinds: Object.fromEntries(Array.from({ length: 201 }, (_, n) => [`k${n}`, {}])) },
      '/kinds holds 201 kinds',
    ],
    [{ reviewDeadlineMs: 1.5e3 + 0.5 }, '/reviewDeadlineMs must be a whole number'],
    [{ reviewDeadlineMs: 0 }, '/reviewDeadlineMs must be from 1000'],
    [{ reviewDeadlineMs: null }, '/reviewDeadlineMs must be a number, not null'],
  ])('is refused: %j', (value, fault) => {
    expect(faults(value)).toContainEqual(expect.stringContaining(fault));
  });

  it('is refused with all of its faults at once', () => {
    const value = {
      keyword: [],
      confidence: { holdBelow: 2 },
      kinds: { a: { topics: { X: {} } } },
      patterns: [{}],
    };
    expect(faults(value)).toHaveLength(6);
  });

  it('is refused for a pattern that the engine does not take', () => {
    const check = (source: string): string | undefined => (source === '(' ? 'is not closed' : undefined);
    expect(
      faults(
        {
          patterns: [
            { ...pattern, pattern: '(' },
            { ...pattern, name: 'q' },
          ],
        },
        check,
      ),
    ).toEqual(['/patterns/0/pattern is not closed']);
  });
});

describe('the policy for a kind', () => {
  const policy = aPolicy({
    keywords: [{ term: 'a', match: 'WORD', action: 'HITL' }],
    detectors: { PII: { action: 'HITL', types: { EMAIL: { action: 'OFF' } } }, SECRET: { action: 'DENY' } },
    kinds: {
      reply: {
        confidence: { holdBelow: 0.9 },
        keywords: [],
        detectors: { PII: { types: { IBAN: { action: 'DENY' } } } },
        topics: { POLITICS: { action: 'OFF' } },
        reviewDeadlineMs: 5000,
      },
      plain: {},
    },
  });

  it('is the tenant’s with the kind’s parts in place', () => {
    expect(policyFor(policy, 'reply')).toEqual({
      ...policy,
      confidence: { holdBelow: 0.9, rejectBelow: 0 },
      keywords: [],
      detectors: {
        PII: { action: 'HITL', types: { EMAIL: { action: 'OFF' }, IBAN: { action: 'DENY' } } },
        SECRET: { action: 'DENY' },
      },
      topics: { ...policy.topics, POLITICS: { action: 'OFF' } },
      kinds: {},
      reviewDeadlineMs: 5000,
    });
  });

  it('is the tenant’s for every other kind, whatever its name', () => {
    expect(policyFor(policy, 'other')).toBe(policy);
    expect(policyFor(policy, 'constructor')).toBe(policy);
    expect(policyFor(policy, '__proto__')).toBe(policy);
    expect(policyFor(policy, 'plain')).toEqual({ ...policy, kinds: {} });
  });
});

describe('the patterns of a policy as it was sent', () => {
  it('are all that its check is asked about, those for kinds among them', () => {
    const pattern = (text: string) => ({ name: text, pattern: text, action: 'HITL' });
    const sent = {
      patterns: [pattern('a+'), pattern('b+')],
      kinds: { letter: { patterns: [pattern('c+')] } },
    };
    const asked: string[] = [];
    parsePolicyDraft(sent, (one) => {
      asked.push(one);
      return undefined;
    });
    expect(patternsIn(sent)).toEqual(asked);
    expect(asked).toEqual(['a+', 'b+', 'c+']);
  });

  it('are none where something else stands in their place', () => {
    const odd = { patterns: [1, null, {}, { pattern: 'x'.repeat(1001) }, ['a']], kinds: { a: [], b: null } };
    expect([odd, [], null, 'a', { patterns: {} }].map(patternsIn)).toEqual([[], [], [], [], []]);
  });
});
