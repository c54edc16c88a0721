import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { canonical, isObject, type Members, parseObject, textIn, without } from './json.ts';

const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** The public keys that are trusted, by their RFC 7638 thumbprints: a name that somebody else gave a key counts for nothing. */
export class TrustedKeys {
  private readonly keys = new Map<string, KeyObject>();

  /**
   * Takes keys over: a JWK Set, a JWK, PEM, or 32 bytes in base64, separated by commas.
   *
   * @throws TypeError for what is no Ed25519 public key
   */
  add(text: string): void {
    for (const x of rawKeys(text.trim())) {
      const bytes = /^[A-Za-z0-9+/_-]{43}=?$/.test(x) ? Buffer.from(x, 'base64') : undefined;
      if (bytes?.length !== 32) throw new TypeError('holds something that is no Ed25519 public key');
      const key = createPublicKey({ key: Buffer.concat([publicPrefix, bytes]), format: 'der', type: 'spki' });
      this.keys.set(thumbprint(bytes.toString('base64url')), key);
    }
  }

  get size(): number {
    return this.keys.size;
  }

  /** What is wrong with the signature of a signed object; `undefined` when nothing is. */
  faultOf(signed: Members): string | undefined {
    const keyId = textIn(signed, 'keyId');
    const key = this.keys.get(keyId);
    if (!key) return `names the key "${keyId.slice(0, 64)}", which is not among the trusted ones`;
    const signature = textIn(signed, 'signature');
    const statement = Buffer.from(canonical(without(signed, 'signature')));
    const fits =
      /^[A-Za-z0-9_-]{86}$/.test(signature) &&
      verify(null, statement, key, Buffer.from(signature, 'base64url'));
    return fits ? undefined : `bears a signature that key ${keyId} has not made`;
  }
}

function rawKeys(text: string): string[] {
  if (text.startsWith('-----BEGIN')) {
    const { x, crv } = createPublicKey(text).export({ format: 'jwk' });
    return crv === 'Ed25519' && x !== undefined ? [x] : [''];
  }
  const json = parseObject(text);
  if (!json) return text.split(/[\s,]+/).filter((one) => one !== '');
  const all: unknown[] = Array.isArray(json['keys']) ? json['keys'] : [json];
  return all.map((one) => (isObject(one) && textIn(one, 'crv') === 'Ed25519' ? textIn(one, 'x') : ''));
}

function thumbprint(x: string): string {
  return hash('sha256', canonical({ crv: 'Ed25519', kty: 'OKP', x }), 'base64url');
}
