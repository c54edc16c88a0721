import { describe, expect, it } from '@jest/globals';
import type { Reason, ReviewCard } from '../../../demo/contract.js';
import { decideCard } from '../../../demo/operator.js';
import { redact } from '../../../demo/redaction.js';

function aReason(change: Partial<Reason> = {}): Reason {
  return {
    code: 'PII',
    detector: 'PII/EMAIL',
    detail: 'An address.',
    pointer: '/reply/text',
    start: 9,
    end: 23,
    ...change,
  };
}

function aCard(change: Partial<ReviewCard> = {}): ReviewCard {
  return {
    reviewId: 'r1',
    taskId: 't1',
    status: 'PENDING',
    reason: 'PII',
    reasons: [aReason()],
    confidence: 0.9,
    taskInput: { messageId: '1-m1' },
    proposedOutput: { reply: { text: 'Write to jo@example.org.' } },
    outputDigest: 'sha256:00',
    editedOutput: null,
    ...change,
  };
}

describe('the demo’s operator', () => {
  it('takes personal data out and approves the rest', () => {
    expect(decideCard(aCard())).toMatchObject({
      status: 'APPROVED',
      editedOutput: { reply: { text: 'Write to [removed].' } },
    });
  });

  it.each(['SECRET', 'SENSITIVE_KEYWORD', 'SENSITIVE_TOPIC', 'GATE_ERROR'])(
    'rejects %s, with a comment',
    (code) => {
      const decision = decideCard(
        aCard({ reasons: [aReason({ code }), aReason()].slice(0, code === 'GATE_ERROR' ? 1 : 2) }),
      );
      expect(decision.status).toBe('REJECTED');
      expect(decision.comment).not.toBe('');
    },
  );

  it.each([
    [0.5, 'APPROVED'],
    [0.49, 'REJECTED'],
  ])('decides an unsure reply by how unsure it is: %d is %s', (confidence, status) => {
    const reasons = [aReason({ code: 'LOW_CONFIDENCE', pointer: null, start: null, end: null })];
    expect(decideCard(aCard({ reasons, confidence })).status).toBe(status);
  });

  it('rejects personal data that it cannot take out', () => {
    expect(decideCard(aCard({ reasons: [aReason({ pointer: '/reply/elsewhere' })] })).status).toBe(
      'REJECTED',
    );
  });
});

describe('redaction', () => {
  it('cuts several passages, whatever their order, and overlapping ones once', () => {
    const spans = [
      [6, 8],
      [0, 2],
      [1, 4],
    ] as const;
    const reasons = spans.map(([start, end]) => aReason({ pointer: '/a/0', start, end }));
    expect(redact({ a: ['0123456789'] }, reasons)).toEqual({ a: ['[removed]45[removed]89'] });
  });

  it('follows escaped pointers, the root too', () => {
    expect(redact({ 'a/b': { '~': 'xyz' } }, [aReason({ pointer: '/a~1b/~0', start: 1, end: 2 })])).toEqual({
      'a/b': { '~': 'x[removed]z' },
    });
    expect(redact('secret', [aReason({ pointer: '', start: 0, end: 6 })])).toBe('[removed]');
  });

  it('leaves the original and what no reason points at as they are', () => {
    const output = { keep: 'this' };
    expect(redact(output, [aReason({ pointer: null, start: null, end: null })])).toEqual(output);
    expect(redact({ n: 5 }, [aReason({ pointer: '/n', start: 0, end: 1 })])).toBeUndefined();
    expect(redact(output, [aReason({ pointer: '/keep/deeper', start: 0, end: 1 })])).toBeUndefined();
  });
});
