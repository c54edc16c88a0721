import { randomBytes } from 'node:crypto';

/** What payloads at rest are encrypted with. */
export interface PayloadKey {
  readonly keyId: string;
  /** 32 bytes. */
  readonly secret: Buffer;
}

/** Stands in the place of a key's id before what is not encrypted. */
export const plainKeyId = 'plain';

const keyShape = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{43}=)$/;

/**
 * Reads `keyId:base64`, with 32 bytes behind the colon.
 *
 * @throws Error that does not repeat the text
 */
export function payloadKeyFrom(text: string): PayloadKey {
  const [, keyId, encoded] = keyShape.exec(text.trim()) ?? [];
  if (keyId === undefined || encoded === undefined || keyId === plainKeyId) {
    throw new Error('A payload key is keyId:base64 of 32 bytes, and its id is not "plain".');
  }
  return { keyId, secret: Buffer.from(encoded, 'base64') };
}

/** A new key as text, with an id of its own. */
export function newPayloadKey(): string {
  return `k${randomBytes(6).toString('hex')}:${randomBytes(32).toString('base64')}`;
}
