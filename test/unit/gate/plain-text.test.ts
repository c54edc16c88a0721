import { describe, expect, it } from '@jest/globals';
import { readOutput } from '../../../src/models/output-text.js';
import { isWordAt, plainText } from '../../../src/models/plain-text.js';

describe('plain text', () => {
  it.each([
    ['ASCII as it is', 'Pass word-1!', 'pass word-1!'],
    ['full-width forms', 'ｐａｓｓｗｏｒｄ', 'password'],
    ['mathematical letters', '𝓹𝓪𝓼𝓼𝔀𝓸𝓻𝓭', 'password'],
    ['circled letters', 'ⓅⒾⒾ', 'pii'],
    ['letters in squares', '🅿🅸🅸', 'pii'],
    ['Cyrillic look-alikes', 'раѕѕwоrd', 'password'],
    ['Greek look-alikes in capitals', 'ΡΑSSWΟRD', 'password'],
    ['Armenian and Cherokee look-alikes', 'ՏᏚN', 'ssn'],
    ['accents', 'pässwörd', 'password'],
    ['heaps of accents', 'p\u0301\u0302\u0303a\u0336ss', 'pass'],
    ['strokes through letters', 'pøl', 'pol'],
    ['zero-width characters', 'pass\u200bwo\u200drd\ufeff', 'password'],
    ['soft hyphens', 'pass\u00adword', 'password'],
    ['bidirectional controls', '\u202epass\u202cword\u2066\u2069', 'password'],
    ['control characters', 'pass\u0008word', 'password'],
    ['invisible tags', 'pass\u{e0061}word', 'password'],
    ['variation selectors', 'pass\ufe0fword', 'password'],
    ['no-break spaces', 'secret\u00a0key', 'secret key'],
    ['line separators', 'a\u2028b', 'a\nb'],
    ['typographic dashes and quotation marks', '1–2—3 ‘a’ “b” −4', '1-2-3 \'a\' "b" -4'],
    ['Arabic-Indic and Devanagari digits', '٤١١ १२३', '411 123'],
    ['ligatures and sharp s', 'oﬃce Straße', 'office strasse'],
  ])('undoes %s', (_, written, folded) => {
    expect(plainText(written).folded).toBe(folded);
  });

  it('leaves the marks of scripts that spell with them', () => {
    expect(plainText('हिन्दी').plain).toBe('हिन्दी');
    expect(plainText('が').plain).toBe('が');
    expect(plainText('か\u3099').plain).toBe('が');
    expect(plainText('한국어').plain).toBe('한국어');
  });

  it('keeps upper and lower case apart, in two forms of one length', () => {
    const { plain, folded } = plainText('ÀKIA İß ΑΒ');
    expect(plain).toBe('AKIA Iss AB');
    expect(folded).toBe('akia iss ab');
  });

  it('leaves a ligature alone that stands for a sentence', () => {
    expect(plainText('\ufdfa').plain).toBe('\ufdfa');
  });

  it('says where a place stands in the original', () => {
    const written = 'my 🅿\u200bａß!';
    const { folded, toOriginal } = plainText(written);
    expect(folded).toBe('my pass!');
    const { start, end } = toOriginal(folded.indexOf('pass'), folded.indexOf('!'));
    expect(written.slice(start, end)).toBe('🅿\u200bａß');
  });

  it('takes lone surrogates as they come', () => {
    expect(plainText('a\ud800b').folded).toBe('a\ud800b');
    expect(isWordAt('a\ud800b', 1)).toBe(false);
  });

  it('knows letters and digits from everything else, beyond the basic plane, too', () => {
    expect([0, 1, 2, 3, 4, 5, 6].map((index) => isWordAt('aZ5_ é-', index))).toEqual([
      true,
      true,
      true,
      false,
      false,
      true,
      false,
    ]);
    expect([isWordAt('𐐷', 0), isWordAt('𐐷', 1), isWordAt('😀', 0), isWordAt('😀', 1)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('the texts of an output', () => {
  const limits = { depth: 64, textLength: 1000 };

  it('are all strings, numbers and names, with pointers (RFC 6901)', () => {
    const { segments } = readOutput({ 'a/b': ['x', { '~': 5 }], c: null, d: true, e: '' }, limits);
    expect(
      segments.map(({ pointer, place, original, member }) => [pointer, place, original, member]),
    ).toEqual([
      ['/a~1b', 'NAME', 'a/b', ''],
      ['/a~1b/0', 'STRING', 'x', 'a/b'],
      ['/a~1b/1/~0', 'NAME', '~', ''],
      ['/a~1b/1/~0', 'NUMBER', '5', '~'],
      ['/c', 'NAME', 'c', ''],
      ['/d', 'NAME', 'd', ''],
      ['/e', 'NAME', 'e', ''],
    ]);
  });

  it('come in the same order however the members are ordered', () => {
    const one = readOutput({ b: 'x', a: { d: 'y', c: 'z' } }, limits);
    const other = readOutput({ a: { c: 'z', d: 'y' }, b: 'x' }, limits);
    expect(one.segments.map((text) => text.pointer)).toEqual(other.segments.map((text) => text.pointer));
  });

  it('of a bare string have the empty pointer', () => {
    expect(readOutput('x', limits).segments[0]).toMatchObject({ pointer: '', index: 0 });
  });

  it('end where the depth or the length ends, and the answer says so', () => {
    expect(readOutput([['deep']], { ...limits, depth: 2 })).not.toHaveProperty('exceeded');
    expect(readOutput([['deep'], 'flat'], { ...limits, depth: 1 })).toMatchObject({
      exceeded: 'DEPTH',
      segments: [{ original: 'flat' }],
    });
    expect(readOutput(['12345', '6'], { ...limits, textLength: 5 })).toMatchObject({
      exceeded: 'LENGTH',
      segments: [{ original: '12345' }],
    });
  });
});
