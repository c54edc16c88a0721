import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { canonicalJson, digestOf, hashOf } from '../../../src/models/digest.js';

/** The double with these 64 bits, as RFC 8785, appendix B, names its samples. */
function double(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

describe('canonical JSON (RFC 8785)', () => {
  it.each([
    [0x0000000000000000n, '0'],
    [0x8000000000000000n, '0'],
    [0x0000000000000001n, '5e-324'],
    [0x8000000000000001n, '-5e-324'],
    [0x7fefffffffffffffn, '1.7976931348623157e+308'],
    [0x4340000000000000n, '9007199254740992'],
    [0x4430000000000000n, '295147905179352830000'],
    [0x44b52d02c7e14af5n, '9.999999999999997e+22'],
    [0x44b52d02c7e14af6n, '1e+23'],
    [0x444b1ae4d6e2ef4en, '999999999999999700000'],
    [0x444b1ae4d6e2ef50n, '1e+21'],
    [0x3eb0c6f7a0b5ed8cn, '9.999999999999997e-7'],
    [0x3eb0c6f7a0b5ed8dn, '0.000001'],
    [0x41b3de4355555553n, '333333333.3333332'],
    [0xbecbf647612f3696n, '-0.0000033333333333333333'],
  ])('writes the number %p as %s', (bits, written) => {
    expect(canonicalJson(double(bits))).toBe(written);
  });

  it.each([NaN, Infinity, -Infinity, undefined])('has no form for %p', (value) => {
    expect(() => canonicalJson(value)).toThrow();
  });

  it('sorts names by their UTF-16 code units, at every level', () => {
    const value = {
      '\ufb33': 1,
      '\u{1f600}': 2,
      '€': 3,
      ö: 4,
      b: { z: 5, a: 6 },
      a: 7,
      '10': 8,
      '9': 9,
      A: 10,
      '': 11,
    };
    expect(canonicalJson(value)).toBe(
      '{"":11,"10":8,"9":9,"A":10,"a":7,"b":{"a":6,"z":5},"ö":4,"€":3,"\u{1f600}":2,"\ufb33":1}',
    );
  });

  it('escapes what JSON must and nothing else', () => {
    expect(canonicalJson('\b\t\n\f\r"\\\u0000\u001f/\u007f\u2028é€\u{1f600}')).toBe(
      '"\\b\\t\\n\\f\\r\\"\\\\\\u0000\\u001f/\u007f\u2028é€\u{1f600}"',
    );
  });

  it('keeps the order of arrays and has no white space', () => {
    expect(canonicalJson([3, 1, { b: [true, null], a: '' }])).toBe('[3,1,{"a":"","b":[true,null]}]');
  });

  it('is the same after any JSON value was written and read', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const written = canonicalJson(value);
        expect(canonicalJson(JSON.parse(written))).toBe(written);
        expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('a digest', () => {
  it('names its algorithm, and is of the canonical form', () => {
    expect(digestOf({})).toBe('sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
    expect(digestOf({ b: 1, a: 'é' })).toBe(
      `sha256:${createHash('sha256').update('{"a":"é","b":1}', 'utf8').digest('hex')}`,
    );
  });

  it('tells values apart that look alike', () => {
    const values = [null, 'null', 0, '0', false, '', [], {}, [[]], [null], { a: null }, 'é', 'e\u0301'];
    expect(new Set(values.map(digestOf)).size).toBe(values.length);
  });
});

describe('a hash', () => {
  it('is the SHA-256 of the text', () => {
    expect(hashOf('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(hashOf('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
