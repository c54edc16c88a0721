import { describe, expect, it } from '@jest/globals';
import { isUnavailable, toCallerError } from '../../../src/lib/postgres/faults.js';

function coded(code: string, message = 'Something.'): Error {
  return Object.assign(new Error(message), { code });
}

describe('a fault of the database', () => {
  it.each([
    '08006',
    '08001',
    '53300',
    '53100',
    '57P01',
    '57014',
    '58030',
    '40001',
    '40P01',
    '55P03',
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ENOENT',
    'ETIMEDOUT',
    'EPIPE',
  ])('of code %s says that to try again may help', (code) => {
    expect(isUnavailable(coded(code))).toBe(true);
    expect(toCallerError(coded(code))).toMatchObject({ code: 'UNAVAILABLE' });
  });

  it.each(['23505', '23514', '42P01', '22P02', '55000', 'P0001'])(
    'of SQLSTATE %s is about the statement, whatever its words are',
    (code) => {
      const error = coded(code, 'duplicate key terminates the connection');
      expect(isUnavailable(error)).toBe(false);
      expect(toCallerError(error)).toBe(error);
    },
  );

  it.each([
    'Connection terminated unexpectedly',
    'timeout exceeded when trying to connect',
    'Client was closed and is not queryable: connection lost',
  ])('without a code is told by its words: %s', (message) => {
    expect(isUnavailable(new Error(message))).toBe(true);
  });

  it.each([
    [new TypeError('x is not a function')],
    [undefined],
    [null],
    ['Connection terminated'],
    [{ code: 8006 }],
  ])('is not what %p is', (error) => {
    expect(isUnavailable(error)).toBe(false);
  });

  it('keeps its cause from the words that a caller reads', () => {
    const error = coded('08006', 'password authentication failed for user "chimera"');
    const told = toCallerError(error);
    expect(told).toMatchObject({ extra: { cause: error } });
    expect(String(told)).not.toContain('password');
  });
});
