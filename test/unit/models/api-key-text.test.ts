import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { couldBeApiKey, newApiKeyText } from '../../../src/models/api-key-text.js';

describe('the text of a key', () => {
  const keys = Array.from({ length: 200 }, newApiKeyText);

  it('has a prefix that says whose it is, 43 random characters of 62, and 6 of a checksum', () => {
    for (const key of keys) expect(key).toMatch(/^chimera_[0-9A-Za-z]{49}$/);
    expect(new Set(keys).size).toBe(keys.length);
    const letters = new Set(keys.flatMap((key) => [...key.slice(8, 51)]));
    expect(letters.size).toBe(62);
    expect(43 * Math.log2(62)).toBeGreaterThan(256);
  });

  it('is told from what only looks like one', () => {
    for (const key of keys) {
      expect(couldBeApiKey(key)).toBe(true);
      for (const at of [8, 30, 50, 51, 56]) {
        const other = key[at] === 'x' ? 'y' : 'x';
        expect(couldBeApiKey(key.slice(0, at) + other + key.slice(at + 1))).toBe(false);
      }
      expect(couldBeApiKey(key.slice(0, -1))).toBe(false);
      expect(couldBeApiKey(`${key}0`)).toBe(false);
      expect(couldBeApiKey(key.toUpperCase())).toBe(false);
    }
  });

  it('is known in the form that keys had before they had checksums', () => {
    expect(couldBeApiKey(`chimera_${randomBytes(32).toString('base64url')}`)).toBe(true);
    expect(couldBeApiKey(`other_${randomBytes(32).toString('base64url')}`)).toBe(false);
    for (const text of ['', 'chimera_', 'chimera_AAAA']) expect(couldBeApiKey(text)).toBe(false);
  });
});
