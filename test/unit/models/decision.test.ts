import { describe, expect, it } from '@jest/globals';
import { gravestCode, type Reason, type ReasonCode, reasonCodes } from '../../../src/models/decision.js';

function aReason(code: ReasonCode): Reason {
  return { code, detector: code, detail: 'It fired.', pointer: null, start: null, end: null };
}

describe('the gravest reason', () => {
  it('is none of none', () => {
    expect(gravestCode([])).toBeUndefined();
  });

  it.each(reasonCodes.slice(1).map((code, index) => [reasonCodes[index], code] as const))(
    'is %s rather than %s, in whatever order they fired',
    (graver, code) => {
      if (graver === undefined) throw new Error('Every code but the first has one before it.');
      expect(gravestCode([aReason(code), aReason(graver)])).toBe(graver);
      expect(gravestCode([aReason(graver), aReason(code)])).toBe(graver);
    },
  );

  it('is a leaked secret above all, and low confidence only when nothing else fired', () => {
    expect([reasonCodes[0], reasonCodes.at(-1)]).toEqual(['SECRET', 'LOW_CONFIDENCE']);
  });
});
