import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SecretDetector } from '../../../src/lib/safety/secret-detector.js';
import { providerFormats } from '../../../src/lib/safety/secrets/provider-formats.js';
import { TokenMarks } from '../../../src/lib/safety/secrets/token-marks.js';
import { namesOf } from './detection.js';

/** A format without what it says of its surroundings, and with less of what it repeats. */
function ownText({ source }: RegExp): RegExp {
  const alone = source.replace(/\(\?<?!(?:[^()[\]]|\[(?:[^\]\\]|\\.)*\])*\)/g, '');
  return new RegExp(`^(?:${alone.replace(/\{(\d+),\d{3,}\}/g, '{$1,$1}')})$`);
}

describe('The marks of tokens', () => {
  it.each(providerFormats)('stand in whatever the format of a %s matches: %s', (_, marks, format) => {
    fc.assert(
      fc.property(fc.stringMatching(ownText(format)), (token) =>
        marks.split(' ').some((mark) => token.includes(mark)),
      ),
      { numRuns: 50 },
    );
  });

  it('lead to the runs of a text that they stand in, each with all that may be in it', () => {
    const marks = new TokenMarks([
      { marks: ['ab-', 'cd'], inAnyCase: false },
      { marks: ['x'], inAnyCase: true },
    ]);
    expect(marks.runsIn('no ab-cd678901\nXé34567890 AB-4567890')).toEqual([
      { start: 3, end: 14, may: new Set([0]) },
      { start: 15, end: 25, may: new Set([1]) },
    ]);
  });

  it('count in runs of ten units and more: no token is shorter', () => {
    const marks = new TokenMarks([{ marks: ['ab-'], inAnyCase: false }]);
    expect(marks.runsIn('ab-456789')).toEqual([]);
    expect(marks.runsIn('ab-4567890')).toHaveLength(1);
  });
});

const random = (length: number): string => 'q7Zk2Wd9Vr4Xt8Lm3Np6Yb5Hc1Jf0Gs'.repeat(10).slice(0, length);
const hex = (length: number): string => '7f3a9c0e52d814b6'.repeat(10).slice(0, length);

/** One for each of Secretlint's rules whose tokens no format of ours has; in parts, so that no scanner takes them for a leak. */
const linted = {
  vercel: ['vcp', `_${random(24)}`],
  cloudflare: ['cfut', `_${random(40)}${hex(8)}`],
  tailscale: ['tskey', `-auth-${random(12)}-${random(24)}`],
  npm: ['//registry.npmjs.org/:_auth', `Token=${random(20)}`],
  'slack, in any case': ['https://Hooks.Slack', `.com/services/T${random(8)}/B${random(8)}/${random(24)}`],
};

describe('Secretlint', () => {
  it.each(Object.entries(linted))('is asked about what its rule for %s finds', async (_, parts) => {
    expect(await namesOf(new SecretDetector(), `It is ${parts.join('')}`)).not.toEqual([]);
  });
});
