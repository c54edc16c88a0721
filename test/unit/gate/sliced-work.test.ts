import { describe, expect, it, jest } from '@jest/globals';
import { KeywordDetector } from '../../../src/lib/safety/keyword-detector.js';
import { KeywordList } from '../../../src/lib/safety/keyword-list.js';
import { PatternDetector } from '../../../src/lib/safety/pattern-detector.js';
import { inSlices } from '../../../src/lib/in-slices.js';
import { atOnce, type SlicedWork } from '../../../src/models/sliced-work.js';
import type { KeywordRule } from '../../../src/models/policy.js';
import { aPolicy, detect } from './detection.js';

function* counting(steps: number, busyMs: number): SlicedWork<number> {
  for (let step = 0; step < steps; step += 1) {
    const until = performance.now() + busyMs;
    while (performance.now() < until);
    yield;
  }
  return steps;
}

const terms = Array.from({ length: 3000 }, (_, n) => `word${n} with some more ${n % 7}`);
const keywords = terms.map((term): KeywordRule => ({ term, match: 'PHRASE', action: 'HITL' }));

describe('Work in slices', () => {
  it('comes to what it comes to at once, and leaves the event loop to others between', async () => {
    let others = 0;
    const other = setInterval(() => (others += 1), 1);
    expect(await inSlices(counting(20, 2))).toBe(20);
    clearInterval(other);
    expect(others).toBeGreaterThan(2);
    expect(atOnce(counting(20, 0))).toBe(20);
  });

  it('fails as it would at once', async () => {
    function* failing(): SlicedWork<void> {
      yield;
      throw new RangeError('no more');
    }
    await expect(inSlices(failing())).rejects.toThrow('no more');
  });
});

describe('A list of keywords that is made ready in slices', () => {
  it('finds what one finds that is made at once', async () => {
    const text = `${terms[7]}, W0RD8 with s0me m0re 1, and ${terms[2999]}!`;
    const prepared = new KeywordDetector();
    await prepared.prepare(aPolicy({ keywords }));
    const found = await detect(prepared, text, aPolicy({ keywords }));
    expect(found).toEqual(await detect(new KeywordDetector(), text, aPolicy({ keywords })));
    expect(new Set(found.map(({ detector }) => detector)).size).toBe(3);
  });

  it('is made once for all that wait for it, and not again for the same rules', async () => {
    const making = jest.spyOn(KeywordList, 'making');
    const detector = new KeywordDetector();
    const copy = aPolicy({ keywords: [...keywords] });
    await Promise.all([detector.prepare(aPolicy({ keywords })), detector.prepare(copy)]);
    expect(making).toHaveBeenCalledTimes(1);
    expect(detector.prepare(copy)).toBeUndefined();
    await detector.prepare(aPolicy({ keywords: [...keywords] }));
    expect(making).toHaveBeenCalledTimes(1);
    making.mockRestore();
  });
});

describe('A list of keywords that is larger than the room for all', () => {
  it('is kept all the same, and not made again for each output', async () => {
    const detector = new KeywordDetector(100);
    await detector.prepare(aPolicy({ keywords }));
    expect(detector.prepare(aPolicy({ keywords }))).toBeUndefined();
  });
});

describe('Patterns that are made ready in slices', () => {
  it('are made once', async () => {
    const detector = new PatternDetector();
    const policy = aPolicy({ patterns: [{ name: 'order', pattern: 'ORD-[0-9]{4}', action: 'HITL' }] });
    await detector.prepare(policy);
    expect(detector.prepare(policy)).toBeUndefined();
    expect(await detect(detector, 'ORD-1234', policy)).toHaveLength(1);
  });

  it('say what is wrong with one that cannot be made', async () => {
    const policy = aPolicy({ patterns: [{ name: 'order', pattern: '(', action: 'HITL' }] });
    await expect(new PatternDetector().prepare(policy)).rejects.toThrow('cannot be compiled');
  });
});
