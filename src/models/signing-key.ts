import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { canonicalJson, hashOf } from './digest.js';

/** An Ed25519 public key as RFC 8037 writes it. `kid` is its RFC 7638 thumbprint. */
export interface PublicJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  /** The key's 32 bytes in base64url. */
  readonly x: string;
  readonly kid: string;
  readonly alg: 'EdDSA';
  readonly use: 'sig';
}

/** What precedes the 32 bytes of a seed, or of a public key, in their DER forms (RFC 8410). */
const seedPrefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * Reads an Ed25519 private key: PEM (PKCS #8; line breaks may be written `\n`), or its 32-byte seed in base64 or base64url.
 *
 * @throws TypeError that does not repeat the text
 */
export function privateKeyFrom(text: string): KeyObject {
  return keyFrom(text, 'private', (raw) =>
    createPrivateKey({ key: Buffer.concat([seedPrefix, raw]), format: 'der', type: 'pkcs8' }),
  );
}

/**
 * Reads an Ed25519 public key: PEM (SPKI), or its 32 bytes in base64 or base64url.
 *
 * @throws TypeError
 */
export function publicKeyFrom(text: string): KeyObject {
  return keyFrom(text, 'public', (raw) =>
    createPublicKey({ key: Buffer.concat([publicPrefix, raw]), format: 'der', type: 'spki' }),
  );
}

function keyFrom(text: string, type: 'private' | 'public', fromBytes: (raw: Buffer) => KeyObject): KeyObject {
  const key = readKey(text.trim().replaceAll('\\n', '\n'), type, fromBytes);
  if (key?.asymmetricKeyType !== 'ed25519') throw new TypeError(`Not an Ed25519 ${type} key.`);
  return key;
}

function readKey(
  text: string,
  type: 'private' | 'public',
  fromBytes: (raw: Buffer) => KeyObject,
): KeyObject | undefined {
  try {
    if (text.startsWith(`-----BEGIN ${type.toUpperCase()} KEY-----`))
      return type === 'private' ? createPrivateKey(text) : createPublicKey(text);
  } catch {
    return undefined;
  }
  const raw = /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : undefined;
  return raw?.length === 32 ? fromBytes(raw) : undefined;
}

/** A new private key, as PEM. */
export function newPrivateKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** The public half of either half. */
export function publicJwkOf(key: KeyObject): PublicJwk {
  const { x } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  if (x === undefined) throw new TypeError('Not an Ed25519 key.');
  const named = { crv: 'Ed25519', kty: 'OKP', x } as const;
  const kid = Buffer.from(hashOf(canonicalJson(named)), 'hex').toString('base64url');
  return { ...named, kid, alg: 'EdDSA', use: 'sig' };
}

/** The Ed25519 signature of a statement's RFC 8785 form, in base64url. */
export function signatureOf(statement: object, key: KeyObject): string {
  return sign(null, Buffer.from(canonicalJson(statement)), key).toString('base64url');
}
