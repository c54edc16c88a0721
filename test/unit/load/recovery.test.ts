import { describe, expect, it } from '@jest/globals';
import { type Probe, wellAgainMs } from '../../load/recovery.js';

/** Forty probes a second for five seconds, answered in as many milliseconds as is said of their time. */
function probesOf(ms: (at: number) => number): Probe[] {
  return Array.from({ length: 200 }, (_, index) => ({ at: index * 25, ms: ms(index * 25) }));
}

describe('a server after an overload', () => {
  it('is well at once if it always was', () => {
    expect(wellAgainMs(probesOf(() => 20))).toBe(0);
  });

  it('is well from the end of the last window that was not', () => {
    expect(wellAgainMs(probesOf((at) => (at < 1_200 ? 900 : 20)))).toBe(1_500);
    expect(wellAgainMs(probesOf((at) => (at < 200 || (at >= 3_000 && at < 3_100) ? Infinity : 20)))).toBe(
      3_500,
    );
  });

  it('is forgiven one slow answer in twenty', () => {
    expect(wellAgainMs(probesOf((at) => (at % 500 === 0 ? 900 : 20)))).toBe(0);
  });

  it('is not well if it was not at the end, or nobody asked', () => {
    expect(wellAgainMs(probesOf((at) => (at > 4_600 ? 300 : 20)))).toBe(Infinity);
    expect(wellAgainMs([])).toBe(Infinity);
  });
});
