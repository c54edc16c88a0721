import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { safetyDetectors } from '../../../src/lib/safety/safety-detectors.js';
import { detectorVersion } from '../../../src/models/detector-version.js';
import type { JsonValue } from '../../../src/models/json.js';
import { DomainError } from '../../../src/models/errors.js';
import type { TextSegment } from '../../../src/models/output-text.js';
import { defaultPolicy, type Policy } from '../../../src/models/policy.js';
import { SafetyDetectorPort, type ReportFinding } from '../../../src/ports/safety-detector.js';
import { defaultJudgeLimits, Judge, type JudgeLimits } from '../../../src/services/judge.js';
import { aPolicy } from './detection.js';

const canary = 'canary-7f3a';

/** A detector that does what a test says. */
class Scripted extends SafetyDetectorPort {
  override readonly name = 'SCRIPTED';

  constructor(
    readonly script: (segments: readonly TextSegment[], report: ReportFinding) => void | Promise<void>,
  ) {
    super();
  }

  override detect(
    segments: readonly TextSegment[],
    _policy: Policy,
    report: ReportFinding,
  ): void | Promise<void> {
    return this.script(segments, report);
  }
}

function judge(limits: Partial<JudgeLimits> = {}, ...more: SafetyDetectorPort[]): Judge {
  return new Judge([...safetyDetectors(), ...more], { ...defaultJudgeLimits, ...limits });
}

function decide(output: JsonValue, confidence = 0.9, policy = aPolicy(), by = judge()) {
  return by.decide({ output, confidence, kind: 'reply', policy });
}

const bands = (holdBelow: number, rejectBelow: number): Policy =>
  aPolicy({ confidence: { holdBelow, rejectBelow } });
const deniedWord = aPolicy({ keywords: [{ term: 'never', match: 'WORD', action: 'DENY' }] });
const everyX = new Scripted((segments, report) => {
  for (const segment of segments) {
    for (const { index } of segment.plain.matchAll(/x/g)) {
      const hit = {
        code: 'SENSITIVE_PATTERN',
        detector: 'PATTERN/x',
        detail: 'An x',
        action: 'HITL',
      } as const;
      report({ ...hit, segment, start: index, end: index + 1 });
    }
  }
});

describe('the judge', () => {
  const logged: unknown[] = [];

  beforeEach(() => {
    logged.length = 0;
    jest
      .spyOn(Logger.prototype, 'error')
      .mockImplementation((...message: unknown[]) => void logged.push(...message));
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('leaves the event loop to others between detectors that take long', async () => {
    const turns: number[] = [];
    let turn = 0;
    const other = (): void => {
      turn += 1;
      if (turns.length < 3) setImmediate(other);
    };
    setImmediate(other);
    const busy = new Scripted(() => {
      turns.push(turn);
      const until = performance.now() + 5;
      while (performance.now() < until);
    });
    await new Judge([busy, busy, busy]).decide({ output: 'x', confidence: 1, kind: 'x', policy: aPolicy() });
    expect(new Set(turns).size).toBe(3);
  });

  it('releases a harmless output of a confident agent', async () => {
    expect(await decide({ reply: 'Your card is on its way.' })).toEqual({
      outcome: 'APPROVE',
      policyVersion: 1,
      detectorVersion,
      reasons: [],
    });
  });

  it.each([
    [0.7, 'APPROVE'],
    [0.6999999, 'HITL'],
    [0, 'HITL'],
    [1, 'APPROVE'],
  ])('with confidence %d decides %s', async (confidence, outcome) => {
    expect((await decide('fine', confidence)).outcome).toBe(outcome);
  });

  it('names the band in the reason', async () => {
    expect((await decide('fine', 0.5)).reasons).toEqual([
      {
        code: 'LOW_CONFIDENCE',
        detector: 'CONFIDENCE',
        detail: "The confidence 0.5 is below the policy's holdBelow 0.7.",
        pointer: null,
        start: null,
        end: null,
      },
    ]);
  });

  it.each([Number.NaN, -0.1, 1.1, Infinity])('refuses %d as a confidence', async (confidence) => {
    await expect(decide('fine', confidence)).rejects.toBeInstanceOf(DomainError);
  });

  it('sends back what is below rejectBelow', async () => {
    expect(await decide('fine', 0.2, bands(0.7, 0.3))).toMatchObject({
      outcome: 'RETRY',
      reasons: [{ code: 'LOW_CONFIDENCE', detail: expect.stringContaining('rejectBelow 0.3') }],
    });
    expect((await decide('fine', 0.3, bands(0.7, 0.3))).outcome).toBe('HITL');
  });

  it('lets content outrank confidence, and reports both', async () => {
    for (const confidence of [0.1, 0.5, 1]) {
      const decision = await decide('her ssn', confidence, bands(0.7, 0.3));
      expect(decision.outcome).toBe('HITL');
      expect(decision.reasons.map((reason) => reason.code)).toEqual(
        confidence < 0.7 ? ['SENSITIVE_KEYWORD', 'LOW_CONFIDENCE'] : ['SENSITIVE_KEYWORD'],
      );
    }
  });

  it('lets a denial outrank everything', async () => {
    const decision = await decide('never ann@example.org', 0.1, {
      ...deniedWord,
      ...bands(0.7, 0.3),
      keywords: deniedWord.keywords,
    });
    expect(decision.outcome).toBe('DENY');
    expect(decision.reasons.map((reason) => reason.code)).toEqual([
      'PII',
      'SENSITIVE_KEYWORD',
      'LOW_CONFIDENCE',
    ]);
  });

  it('reports everything that fired, gravest first, each where it stands', async () => {
    const output = {
      b: 'ssn',
      a: { list: ['You can sue them.', 'ann@example.org', `AKIAIOSFODNN7EXAMPLE`] },
    };
    const { reasons } = await decide(output);
    expect(reasons.map(({ detector, pointer, start, end }) => [detector, pointer, start, end])).toEqual([
      ['SECRET/AWS_ACCESS_KEY', '/a/list/2', 0, 20],
      ['PII/EMAIL', '/a/list/1', 0, 15],
      ['KEYWORD/SSN', '/b', 0, 3],
      ['TOPIC/LEGAL_CLAIMS', '/a/list/0', 0, 17],
    ]);
  });

  it('points at the original text', async () => {
    const reply = 'né 😀 pаss\u200bｗord';
    const [reason] = (await decide({ reply })).reasons;
    expect(reply.slice(reason?.start ?? 0, reason?.end ?? 0)).toBe('pаss\u200bｗord');
  });

  it('says when it fired in a key or in a number', async () => {
    const { reasons } = await decide({ password: 4111111111111111 });
    expect(reasons).toEqual([
      {
        code: 'PII',
        detector: 'PII/PAYMENT_CARD',
        detail: 'A payment card number, in a number.',
        pointer: '/password',
        start: 0,
        end: 16,
      },
      {
        code: 'SENSITIVE_KEYWORD',
        detector: 'KEYWORD/password',
        detail: "The keyword 'password', in the key.",
        pointer: '/password',
        start: 0,
        end: 8,
      },
    ]);
  });

  it('never repeats what it reports', async () => {
    const data = ['4111 1111 1111 1111', 'ann@example.org', '123-45-6789', 'hunter22!'];
    const { reasons } = await decide(`${data.join(', ')} password=${data[3]}`);
    expect(reasons.length).toBeGreaterThan(4);
    for (const datum of data) expect(JSON.stringify(reasons)).not.toContain(datum);
  });

  it('decides the same however the members are ordered', async () => {
    const one = await decide({ a: 'ssn', b: ['password', { d: 'PII', c: 'x@y.org' }] });
    const other = await decide({ b: ['password', { c: 'x@y.org', d: 'PII' }], a: 'ssn' });
    expect(other).toEqual(one);
    expect(await decide({ a: 'ssn', b: ['password', { d: 'PII', c: 'x@y.org' }] })).toEqual(one);
  });

  it('applies what the kind does differently', async () => {
    const policy = aPolicy({ kinds: { reply: { confidence: { holdBelow: 0.95 }, keywords: [] } } });
    expect((await decide('password', 0.9, policy)).reasons.map((reason) => reason.code)).toEqual([
      'LOW_CONFIDENCE',
    ]);
    const other = await judge().decide({ output: 'password', confidence: 0.9, kind: 'constructor', policy });
    expect(other.reasons.map((reason) => reason.code)).toEqual(['SENSITIVE_KEYWORD']);
  });

  it('has nothing to say when everything is off', async () => {
    const off = { action: 'OFF' } as const;
    const policy = aPolicy({
      keywords: [],
      detectors: { PII: off, SECRET: off },
      topics: { POLITICS: off, HEALTH_ADVICE: off, FINANCIAL_ADVICE: off, LEGAL_CLAIMS: off },
    });
    expect(await decide('password ann@example.org You can sue them.', 0.9, policy)).toMatchObject({
      outcome: 'APPROVE',
    });
  });

  it('works with its own limits when none are given', async () => {
    const decision = await new Judge(safetyDetectors()).decide({
      output: 'fine',
      confidence: 1,
      kind: 'x',
      policy: aPolicy(),
    });
    expect(decision.outcome).toBe('APPROVE');
  });

  describe('when it cannot look', () => {
    const thrown = new Error(`cannot read ${canary}`);
    const failing: [string, Scripted][] = [
      [
        'throws',
        new Scripted(() => {
          throw thrown;
        }),
      ],
      [
        'throws no error',
        new Scripted(() => {
          throw canary as unknown;
        }),
      ],
      ['rejects', new Scripted(() => Promise.reject(thrown))],
      ['never ends', new Scripted(() => new Promise<void>(() => undefined))],
      [
        'takes too long without a break',
        new Scripted(() => {
          const end = performance.now() + 30;
          while (performance.now() < end);
        }),
      ],
    ];

    it.each(failing)('because a detector %s, it holds', async (_, detector) => {
      const decision = await decide(
        'fine',
        1,
        aPolicy(),
        new Judge([detector], { ...defaultJudgeLimits, detectorBudgetMs: 20 }),
      );
      expect(decision.outcome).toBe('HITL');
      expect(decision.reasons).toEqual([
        {
          code: 'GATE_ERROR',
          detector: 'SCRIPTED',
          detail: 'The detector SCRIPTED did not finish its work.',
          pointer: null,
          start: null,
          end: null,
        },
      ]);
      expect(logged).toHaveLength(1);
      expect(logged).toMatchObject([{ detector: 'SCRIPTED' }]);
      expect(JSON.stringify(logged)).not.toContain(canary);
    });

    it('it asks the other detectors all the same', async () => {
      const broken = new Scripted(() => {
        throw thrown;
      });
      const decision = await decide('never', 0.1, deniedWord, new Judge([broken, ...safetyDetectors()]));
      expect(decision.outcome).toBe('DENY');
      expect(decision.reasons.map((reason) => reason.code)).toEqual([
        'SENSITIVE_KEYWORD',
        'GATE_ERROR',
        'LOW_CONFIDENCE',
      ]);
    });

    it('it keeps what the detector found before it failed, and nothing that comes later', async () => {
      let late: (() => void) | undefined;
      const broken = new Scripted((segments, report) => {
        const [segment] = segments;
        if (!segment) return;
        const hit = { code: 'PII', detail: 'A', action: 'DENY', segment, start: 0, end: 1 } as const;
        report({ ...hit, detector: 'PII/A' });
        late = () => report({ ...hit, detector: 'PII/B' });
        throw thrown;
      });
      const decision = await decide('fine', 1, aPolicy(), new Judge([broken]));
      late?.();
      expect(decision.outcome).toBe('DENY');
      expect(decision.reasons.map((reason) => reason.detector)).toEqual(['PII/A', 'SCRIPTED']);
    });

    it('because the output is nested too deep, it holds, and still looks at the rest', async () => {
      let deep: JsonValue = 'password';
      for (let depth = 0; depth < 65; depth += 1) deep = [deep];
      const decision = await decide([deep, 'ssn'], 1);
      expect(decision.outcome).toBe('HITL');
      expect(decision.reasons.map((reason) => reason.detector)).toEqual(['KEYWORD/SSN', 'GATE/LIMITS']);
      expect(decision.reasons[1]?.detail).toContain('64 deep');
    });

    it('because the output is too long, it holds', async () => {
      const decision = await decide(['ssn', 'x'.repeat(50)], 1, aPolicy(), judge({ textLength: 40 }));
      expect(decision.reasons.map((reason) => reason.detector)).toEqual(['KEYWORD/SSN', 'GATE/LIMITS']);
      expect(decision.reasons[1]?.detail).toContain('40 characters');
    });

    it('because the output cannot be read at all, it holds', async () => {
      const unreadable: JsonValue = {};
      Object.defineProperty(unreadable, 'x', {
        enumerable: true,
        get: () => {
          throw thrown;
        },
      });
      const decision = await decide(unreadable, 1);
      expect(decision).toMatchObject({
        outcome: 'HITL',
        reasons: [{ code: 'GATE_ERROR', detector: 'GATE/READER' }],
      });
      expect(JSON.stringify(logged)).not.toContain(canary);
    });
  });

  describe('with very many hits', () => {
    it('lists two hundred and says how many more there are', async () => {
      const { outcome, reasons } = await decide('x '.repeat(1000), 1, aPolicy(), new Judge([everyX]));
      expect(outcome).toBe('HITL');
      expect(reasons).toHaveLength(201);
      expect(reasons.at(-1)).toEqual({
        code: 'SENSITIVE_PATTERN',
        detector: 'GATE/MORE',
        detail: '800 more hits are not listed.',
        pointer: null,
        start: null,
        end: null,
      });
    });

    it('lists what denies and one of each detector before it lists any twice', async () => {
      const policy = aPolicy({ keywords: [...defaultPolicy.keywords, ...deniedWord.keywords] });
      const output = ['x '.repeat(1000), 'password '.repeat(500), 'ssn', 'never'];
      const { outcome, reasons } = await decide(output, 1, policy, judge({ reasons: 4 }, everyX));
      expect(outcome).toBe('DENY');
      expect(reasons.map((reason) => reason.detector)).toEqual([
        'KEYWORD/password',
        'KEYWORD/SSN',
        'KEYWORD/never',
        'PATTERN/x',
        'GATE/MORE',
      ]);
    });

    it('makes one hit of those that overlap', async () => {
      const runs = new Scripted(([segment], report) => {
        if (!segment) return;
        const hit = { code: 'PII', detector: 'PII/A', detail: 'A', action: 'HITL', segment } as const;
        for (const [start, end] of [
          [5, 8],
          [0, 2],
          [1, 4],
          [7, 9],
          [3, 6],
        ] as const)
          report({ ...hit, start, end });
        report({ ...hit, detector: 'PII/B', start: 0, end: 3 });
      });
      const { reasons } = await decide('0123456789', 1, aPolicy(), new Judge([runs]));
      expect(reasons.map(({ detector, start, end }) => [detector, start, end])).toEqual([
        ['PII/B', 0, 3],
        ['PII/A', 0, 9],
      ]);
    });
  });

  describe('on an edited output', () => {
    it('tells what fires, whatever the confidence', async () => {
      const reasons = await judge().contentReasons({ a: 'ssn' }, aPolicy(), 'reply');
      expect(reasons.map((reason) => reason.detector)).toEqual(['KEYWORD/SSN']);
      expect(await judge().contentReasons('fine', aPolicy(), 'reply')).toEqual([]);
    });

    const original = { reply: 'Write to ann@example.org' };

    it.each<[string, JsonValue, string[]]>([
      ['was there before', { reply: 'Do write to ann@example.org' }, []],
      ['was there before, elsewhere', { other: ['ANN＠example.org'] }, []],
      ['is gone', { reply: 'Write to us' }, []],
      ['has another value', { reply: 'Write to bob@example.org' }, ['PII/EMAIL']],
      ['is of another kind', { reply: 'Write to ann@example.org, password' }, ['KEYWORD/password']],
    ])('tells what was added when a hit %s', async (_, edited, added) => {
      const judged = await judge().judgeEdit(original, edited, aPolicy(), 'reply');
      expect(judged.added.map((reason) => reason.detector)).toEqual(added);
      expect(judged.denied).toBe(false);
    });

    it('counts what it could not look at, or could not list, as added', async () => {
      const gate = judge({ textLength: 50, reasons: 1 });
      const long = 'x'.repeat(60);
      const cut = await gate.judgeEdit(long, long, aPolicy(), 'reply');
      expect(cut.added.map((reason) => reason.code)).toEqual(['GATE_ERROR']);
      const two = 'ssn ann@example.org';
      const more = await gate.judgeEdit(two, two, aPolicy(), 'reply');
      expect(more.added.map((reason) => reason.detector)).toEqual(['GATE/MORE']);
    });

    it('says when the policy denies what was added', async () => {
      const policy = aPolicy({ keywords: [{ term: 'refund', match: 'WORD', action: 'DENY' }] });
      const { denied } = await judge().judgeEdit(original, { reply: 'A refund' }, policy, 'reply');
      expect(denied).toBe(true);
    });
  });
});
