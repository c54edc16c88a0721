import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../../../src/models/errors.js';
import { JsonReader, pointerToken } from '../../../src/models/json-reader.js';

function refusalOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

function faultsOf(read: (reader: JsonReader) => unknown): unknown {
  const reader = new JsonReader();
  read(reader);
  const refusal = refusalOf(() => {
    reader.finish('POLICY_INVALID');
  });
  if (refusal === undefined) return [];
  if (!(refusal instanceof DomainError)) throw new Error('Not a refusal.');
  expect(refusal.code).toBe('POLICY_INVALID');
  return refusal.extra['errors'];
}

describe('a reader of JSON', () => {
  it('answers what fits', () => {
    const reader = new JsonReader();
    expect(reader.record({ a: 1 }, '', ['a'])).toEqual({ a: 1 });
    expect(reader.array([1, 2], '', 2)).toEqual([1, 2]);
    expect(reader.text('naïve 😀', '', 8)).toBe('naïve 😀');
    expect(reader.number(0.5, '', 0, 1)).toBe(0.5);
    expect(reader.oneOf('b', '', ['a', 'b'])).toBe('b');
    reader.finish('POLICY_INVALID');
  });

  it.each([
    ['object', (reader: JsonReader) => reader.object([], '/x'), 'must be an object, not an array'],
    ['record', (reader: JsonReader) => reader.record(null, '/x', []), 'must be an object, not null'],
    ['array', (reader: JsonReader) => reader.array({}, '/x', 1), 'must be an array, not an object'],
    [
      'long array',
      (reader: JsonReader) => reader.array([1, 2], '/x', 1),
      'holds 2 entries; at most 1 are taken',
    ],
    ['missing text', (reader: JsonReader) => reader.text(undefined, '/x', 9), 'is missing'],
    ['text', (reader: JsonReader) => reader.text(5, '/x', 9), 'must be a string, not a number'],
    ['blank text', (reader: JsonReader) => reader.text(' \t', '/x', 9), 'must not be empty'],
    [
      'long text',
      (reader: JsonReader) => reader.text('abc', '/x', 2),
      'is 3 characters long; at most 2 are taken',
    ],
    [
      'broken text',
      (reader: JsonReader) => reader.text('a\ud800', '/x', 9),
      'holds half of a surrogate pair',
    ],
    ['control', (reader: JsonReader) => reader.text('a\u0085', '/x', 9), 'holds a control character'],
    ['number', (reader: JsonReader) => reader.number('1', '/x', 0, 1), 'must be a number, not a string'],
    ['range', (reader: JsonReader) => reader.number(1.1, '/x', 0, 1), 'must be from 0 to 1'],
    ['choice', (reader: JsonReader) => reader.oneOf('c', '/x', ['a', 'b']), 'must be one of a, b'],
    [
      'missing choice',
      (reader: JsonReader) => reader.oneOf(undefined, '/x', ['a']),
      'is missing; it is one of a',
    ],
    [
      'choice of text',
      (reader: JsonReader) => reader.oneOf(true, '/x', ['a']),
      'must be a string, not a boolean',
    ],
  ])('says what is wrong with a %s', (_, read, message) => {
    expect(faultsOf(read)).toEqual([{ pointer: '/x', message }]);
  });

  it('collects every fault instead of stopping at the first', () => {
    const faults = faultsOf((reader) => {
      reader.number(9, '/a', 0, 1);
      reader.text('', '/b', 9);
    });
    expect(faults).toHaveLength(2);
  });

  it('names the known member that an unknown one is close to', () => {
    const known = ['keywords', 'patterns'];
    expect(faultsOf((reader) => reader.record({ keyWord: 1, 'a/b~c': 2 }, '', known))).toEqual([
      { pointer: '/keyWord', message: 'is not known; did you mean keywords?' },
      { pointer: '/a~1b~0c', message: 'is not known; known are keywords, patterns' },
    ]);
  });

  it.each(['constructor', 'toString', 'hasOwnProperty'])('does not take %s for a known member', (name) => {
    expect(faultsOf((reader) => reader.record({ [name]: 1 }, '', ['keywords']))).toHaveLength(1);
  });
});

describe('a pointer token', () => {
  it('is escaped as RFC 6901 says', () => {
    expect(['a/b', 'm~n', '~1', ''].map(pointerToken)).toEqual(['a~1b', 'm~0n', '~01', '']);
  });
});
