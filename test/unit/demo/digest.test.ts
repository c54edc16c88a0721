import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Json } from '../../../demo/contract.js';
import { outputDigest } from '../../../demo/digest.js';
import { digestOf } from '../../../src/models/digest.js';

describe('the client’s digest', () => {
  it('is that of the form that RFC 8785 gives as its example', () => {
    const value: Json = {
      numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '€$\u000F\u000aA\'B"\\\\"/',
      literals: [null, true, false],
    };
    const canonical = String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`;
    const sha256 = createHash('sha256').update(canonical, 'utf8').digest('hex');
    expect(outputDigest(value)).toBe(`sha256:${sha256}`);
  });

  it('does not depend on the order of keys, and does on everything else', () => {
    expect(outputDigest({ a: 1, b: [1, 2] })).toBe(outputDigest({ b: [1, 2], a: 1 }));
    expect(outputDigest({ a: 1, b: [1, 2] })).not.toBe(outputDigest({ a: 1, b: [2, 1] }));
    expect(outputDigest({ a: '1' })).not.toBe(outputDigest({ a: 1 }));
  });

  it('is the one that the server computes', () => {
    const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as Json);
    fc.assert(fc.property(json, (value) => outputDigest(value) === digestOf(value)));
  });
});
