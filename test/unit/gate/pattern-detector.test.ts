import { describe, expect, it } from '@jest/globals';
import { PatternDetector } from '../../../src/lib/safety/pattern-detector.js';
import { TenantPatternChecker } from '../../../src/lib/safety/tenant-pattern.js';
import type { PatternRule } from '../../../src/models/policy.js';
import { aPolicy, detect } from './detection.js';

function patterns(...sources: string[]): { patterns: PatternRule[] } {
  return { patterns: sources.map((pattern, index) => ({ name: `p${index}`, pattern, action: 'HITL' })) };
}

async function texts(pattern: string, output: string): Promise<string[]> {
  return (await detect(new PatternDetector(), output, aPolicy(patterns(pattern)))).map((found) => found.text);
}

describe('a tenant’s pattern', () => {
  it('finds what it matches, in strings, keys and numbers', async () => {
    const policy = aPolicy(patterns('[A-Z]{2}-\\d{4}', '4\\d{3}'));
    const found = await detect(new PatternDetector(), { 'AB-1234': ['x XY-9999', 4711] }, policy);
    expect(found.map(({ detector, pointer, text }) => [detector, pointer, text])).toEqual([
      ['PATTERN/p0', '/AB-1234', 'AB-1234'],
      ['PATTERN/p0', '/AB-1234/0', 'XY-9999'],
      ['PATTERN/p1', '/AB-1234/1', '4711'],
    ]);
  });

  it('says where the match stands in the original, beyond ASCII, too', async () => {
    expect(await texts('X\\d+', 'é😀я Ｘ１２ é X3')).toEqual(['Ｘ１２', 'X3']);
  });

  it('sees upper and lower case unless it says otherwise', async () => {
    expect(await texts('abc', 'ABC')).toEqual([]);
    expect(await texts('(?i)abc', 'ABC')).toEqual(['ABC']);
  });

  it('reports many matches one by one, and the rest of the text as one', async () => {
    const found = await texts('x', 'x'.repeat(100));
    expect(found).toHaveLength(32);
    expect(found.join('')).toBe('x'.repeat(100));
  });

  it('that matches places without text ends', async () => {
    expect(await texts('\\b', 'a b')).not.toHaveLength(0);
  });

  it('that is off does nothing', async () => {
    const policy = aPolicy({ patterns: [{ name: 'off', pattern: 'a', action: 'OFF' }] });
    expect(await detect(new PatternDetector(), 'aaa', policy)).toEqual([]);
  });

  it('is given up when the budget is used up', async () => {
    await expect(detect(new PatternDetector(-1), 'aaa', aPolicy(patterns('a')))).rejects.toThrow('too long');
  });

  it('that does not compile makes the detector throw', async () => {
    await expect(detect(new PatternDetector(), 'a', aPolicy(patterns('(')))).rejects.toThrow(
      'unclosed group',
    );
  });

  it('gives its memory back when others take its place', async () => {
    const detector = new PatternDetector(1000, 10_000);
    for (let n = 0; n < 12; n += 1) {
      await detect(detector, 'x', aPolicy(patterns(`[^${String.fromCodePoint(0x4e00 + n)}]\\w\\w\\w\\w`)));
    }
    expect(await detect(detector, 'abcde', aPolicy(patterns('[^一]\\w\\w\\w\\w')))).toHaveLength(1);
  });
});

describe('the check of a pattern', () => {
  const checker = new TenantPatternChecker();

  it.each([
    '\\bPROJ-\\d{4,6}\\b',
    '[A-Z0-9]{32}',
    '(?i)internal|confidential',
    '\\w+@corp',
    'a(?:b|cd)*[x-z]{2,}é',
    '^x$',
  ])('lets %s pass', async (pattern) => expect((await checker.faults([pattern])).size).toBe(0));

  it.each([
    ['an unclosed group', '(', 'unclosed group'],
    ['look-ahead', 'a(?=b)', 'look-around'],
    ['a back-reference', '(a)\\1', 'backreferences'],
    ['what matches the empty text', 'a*', 'empty text'],
    ['a hundred thousand places', '(?:(?:a{100}){100}){10}', 'places'],
    ['more places than are taken', '[ab]{257}', '257 places'],
    ['a huge automaton', 'a{1000}{1000}{10}', 'cannot be compiled'],
    ['large classes often repeated', '\\w{100}', 'memory'],
    ['very many large classes', '\\w'.repeat(13), 'more than 12'],
  ])('refuses %s', async (_, pattern, reason) =>
    expect((await checker.faults(['fine', pattern])).get(pattern)).toContain(reason),
  );

  it('leaves the event loop to others between two patterns', async () => {
    const patterns = Array.from({ length: 40 }, (_, n) => `\\w{3}-${n}`);
    let others = 0;
    const other = setInterval(() => (others += 1), 1);
    await checker.faults(patterns);
    clearInterval(other);
    expect(others).toBeGreaterThan(2);
  });
});
