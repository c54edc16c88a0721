import { describe, expect, it } from '@jest/globals';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import {
  newPrivateKey,
  privateKeyFrom,
  publicJwkOf,
  publicKeyFrom,
  signatureOf,
} from '../../../src/models/signing-key.js';

/** The example key of RFC 8037, appendix A. */
const seed = 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A';
const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
const thumbprint = 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k';

describe('a signing key', () => {
  it('is shown as RFC 8037 shows it, named by its RFC 7638 thumbprint', () => {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x, kid: thumbprint, alg: 'EdDSA', use: 'sig' };
    expect(publicJwkOf(privateKeyFrom(seed))).toEqual(jwk);
    expect(publicJwkOf(publicKeyFrom(x))).toEqual(jwk);
  });

  it('is the same from a seed in either base64, and from PEM in one line or in several', () => {
    const pem = privateKeyFrom(seed).export({ format: 'pem', type: 'pkcs8' }).toString();
    const base64 = Buffer.from(seed, 'base64').toString('base64');
    for (const text of [base64, ` ${seed}\n`, pem, pem.replaceAll('\n', '\\n')])
      expect(publicJwkOf(privateKeyFrom(text)).x).toBe(x);
    const publicPem = publicKeyFrom(x).export({ format: 'pem', type: 'spki' }).toString();
    expect(publicJwkOf(publicKeyFrom(publicPem)).x).toBe(x);
  });

  it('is another one each time that one is made', () => {
    const made = [newPrivateKey(), newPrivateKey()].map((pem) => publicJwkOf(privateKeyFrom(pem)).kid);
    expect(new Set(made).size).toBe(2);
  });

  it('signs the RFC 8785 form, whatever the order of the members', () => {
    const key = privateKeyFrom(seed);
    const signature = signatureOf({ b: 1, a: 'ä' }, key);
    expect(signatureOf({ a: 'ä', b: 1 }, key)).toBe(signature);
    expect(
      verify(null, Buffer.from('{"a":"ä","b":1}'), createPublicKey(key), Buffer.from(signature, 'base64url')),
    ).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['too short a seed', Buffer.alloc(31).toString('base64')],
    ['too long a seed', Buffer.alloc(33).toString('base64')],
    ['a broken PEM', '-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----'],
    ['a public key', publicKeyFrom(x).export({ format: 'pem', type: 'spki' }).toString()],
    [
      'a key of another kind',
      generateKeyPairSync('ed448').privateKey.export({ format: 'pem', type: 'pkcs8' }),
    ],
  ])('is not made of %s', (_, text) => {
    expect(() => privateKeyFrom(text.toString())).toThrow(new TypeError('Not an Ed25519 private key.'));
  });
});
