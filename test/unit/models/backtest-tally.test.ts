import { describe, expect, it } from '@jest/globals';
import { BacktestTally } from '../../../src/models/backtest-tally.js';
import { compared, firstIdAt, type JudgedResult, pairsOf, type Verdict } from '../../../src/models/replay.js';

const passed: Verdict = { outcome: 'APPROVE', codes: [], detectors: [] };
const doubted: Verdict = { outcome: 'HITL', codes: ['LOW_CONFIDENCE'], detectors: ['CONFIDENCE'] };
const denied: Verdict = { outcome: 'DENY', codes: ['PII', 'SECRET'], detectors: ['PII/IBAN', 'SECRET/JWT'] };

let made = 0;
function aJudged(fields: Partial<JudgedResult> = {}): JudgedResult {
  made += 1;
  return {
    resultId: `r${made}`,
    taskId: `t${made}`,
    kind: 'reply',
    stage: 'PROPOSE',
    confidence: 0.5,
    output: '"text"',
    decision: { outcome: 'APPROVE', policyVersion: 1, reasons: [] },
    reviewId: null,
    reviewStatus: null,
    createdAt: new Date('2026-03-01T12:00:00Z'),
    ...fields,
  };
}

function tally(...rows: (readonly [Partial<JudgedResult>, Verdict, Verdict])[]) {
  const counted = new BacktestTally();
  for (const [fields, before, after] of rows) counted.add(aJudged(fields), before, after);
  return counted.report();
}

describe('the tally of a backtest', () => {
  it('tells what is held and released from what was', () => {
    const report = tally(
      [{}, passed, passed],
      [{}, passed, doubted],
      [{}, passed, denied],
      [{}, doubted, passed],
      [{}, doubted, denied],
    );
    expect(report).toMatchObject({ decisions: 5, same: 1, newlyHeld: 2, newlyReleased: 1, otherwise: 1 });
    expect(report.cards).toEqual({ before: 2, after: 1 });
    expect(report.reasons).toEqual([
      { code: 'SECRET', newlyHeld: 1, newlyReleased: 0 },
      { code: 'PII', newlyHeld: 1, newlyReleased: 0 },
      { code: 'LOW_CONFIDENCE', newlyHeld: 1, newlyReleased: 1 },
    ]);
  });

  it('knows what people had said of what changes', () => {
    const report = tally(
      [{ reviewStatus: 'REJECTED', reviewId: 'c1' }, doubted, passed],
      [{ reviewStatus: 'APPROVED' }, doubted, passed],
      [{ reviewStatus: 'EXPIRED' }, doubted, passed],
      [{ reviewStatus: 'APPROVED' }, passed, doubted],
      [{ reviewStatus: 'REJECTED' }, passed, doubted],
    );
    expect(report).toMatchObject({ releasedThoughRejected: 1, heldThoughApproved: 1 });
    expect(report.examples.releasedThoughRejected).toMatchObject([{ reviewId: 'c1' }]);
    expect(report.examples.newlyReleased).toHaveLength(2);
  });

  it('counts cards by day in UTC, and changes by kind, the most changed first', () => {
    const report = tally(
      [{ createdAt: new Date('2026-03-02T00:00:00Z'), kind: 'quiet' }, doubted, doubted],
      [{ createdAt: new Date('2026-03-01T23:59:59.999Z'), kind: 'loud' }, doubted, passed],
    );
    expect(report.days).toEqual([
      { day: '2026-03-01', before: 1, after: 0 },
      { day: '2026-03-02', before: 1, after: 1 },
    ]);
    expect(report.kinds.map(({ kind }) => kind)).toEqual(['loud', 'quiet']);
  });

  it('is of bounded size', () => {
    const many = Array.from({ length: 500 }, (_, n) => [{ kind: `k${n}` }, passed, doubted] as const);
    const report = tally(...many);
    expect(report.kinds).toHaveLength(100);
    expect(report.examples.newlyHeld).toHaveLength(20);
    expect(report.newlyHeld).toBe(500);
  });
});

describe('the comparison of outcomes', () => {
  it('puts every pair into one class', () => {
    const classes = (['SAME', 'NEWLY_HELD', 'NEWLY_RELEASED', 'OTHERWISE'] as const).map(pairsOf);
    expect(classes.map((pairs) => pairs.length)).toEqual([4, 3, 3, 6]);
    expect(compared('RETRY', 'APPROVE')).toBe('NEWLY_RELEASED');
  });
});

describe('the first id of a time', () => {
  it('is of the form of a UUID, and in the order of time', () => {
    expect(firstIdAt(new Date('2026-11-22T18:00:00.000Z'))).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-0000-0000-0{12}$/,
    );
    expect(firstIdAt(new Date(-1))).toBe('00000000-0000-0000-0000-000000000000');
    expect(firstIdAt(new Date(2)) > firstIdAt(new Date(1))).toBe(true);
  });
});
