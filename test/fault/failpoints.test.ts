import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../demo/random.js';
import { armed } from './failpoints.js';
import { endlessly } from './schedule.js';

describe('a failpoint', () => {
  it('is refused outside of tests', () => {
    const environment = { NODE_ENV: 'production', CHIMERA_FAILPOINT: 'submit.after-commit' };
    expect(() => armed(environment)).toThrow('NODE_ENV must be "test"');
  });

  it('is refused when there is none of the name, or when it is never to come', () => {
    for (const text of ['submit', 'submit.after-commit:0', 'submit.after-commit:often'])
      expect(() => armed({ NODE_ENV: 'test', CHIMERA_FAILPOINT: text })).toThrow('must be one of');
  });

  it('does nothing unless it is switched on', () => {
    const passing = armed({ NODE_ENV: 'production' });
    expect(() => {
      passing('submit.after-commit');
    }).not.toThrow();
  });
});

describe('a schedule', () => {
  it('is the same for the same seed, and has each fault once before any comes again', () => {
    const names = ['a', 'b', 'c', 'd'];
    const draw = (seed: number) => {
      const order = endlessly(names, seededRandom(seed));
      return Array.from({ length: 12 }, () => order.next().value ?? '');
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    for (const start of [0, 4, 8])
      expect(
        draw(1)
          .slice(start, start + 4)
          .toSorted(),
      ).toEqual(names);
  });
});
