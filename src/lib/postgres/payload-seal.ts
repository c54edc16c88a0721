import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import type { JsonValue } from '../../models/json.js';
import { type PayloadKey, plainKeyId } from '../../models/payload-keys.js';

/** Where a payload lies. An envelope opens nowhere else. */
export interface Place {
  readonly tenantId: string;
  readonly table: string;
  readonly row: string;
  readonly column: string;
}

const cipher = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;
const envelopeShape = /^enc1\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]+)$/;
/** Of keys that were derived: more tenants than that are served with some derivations again. */
const mostDerived = 1_000;

/** A payload that no listed key opens. Never repeats what it holds. */
export class UnreadablePayloadError extends Error {
  /** Unlike an SQLSTATE of a database that is away: trying again does not help. */
  readonly code = 'PAYLOAD_UNREADABLE';

  constructor(
    readonly keyId: string,
    { tenantId, table, row, column }: Place,
    reason: string,
    options: ErrorOptions = {},
  ) {
    super(
      `The payload ${table}.${column} of row ${row} of tenant ${tenantId} under key ${keyId} cannot be read: ${reason}`,
      options,
    );
  }
}

/**
 * Payloads as they lie in rows: AES-256-GCM (NIST SP 800-38D) under a key for each tenant that is derived (HKDF-SHA-256, RFC 5869),
 * bound to their place. `enc1.keyId.` and the base64url of nonce, ciphertext and tag. The first key encrypts, all decrypt; without a
 * key payloads stay as they are. Nonces are random, so a tenant may have 2^32 payloads under one key.
 */
export class PayloadSeal {
  private readonly derived = new Map<string, KeyObject>();

  constructor(private readonly keys: readonly PayloadKey[]) {}

  get encrypts(): boolean {
    return this.keys.length > 0;
  }

  seal(value: unknown, place: Place): unknown {
    if (value === null || value === undefined) return value;
    const [key] = this.keys;
    if (key) return `enc1.${key.keyId}.${this.encrypted(key, JSON.stringify(value), place)}`;
    // What looks like an envelope and is none would be taken for one.
    if (!isEnvelope(value)) return value;
    return `enc1.${plainKeyId}.${Buffer.from(JSON.stringify(value)).toString('base64url')}`;
  }

  /** @throws UnreadablePayloadError when it was encrypted with another key, for another place, or changed */
  open(value: unknown, place: Place): unknown {
    return isEnvelope(value) ? (JSON.parse(this.text(value, place)) as JsonValue) : value;
  }

  /** A payload that comes as the text of its JSON, as such text again. */
  openJson(json: string, place: Place): string {
    if (!json.startsWith('"enc1.')) return json;
    const value: unknown = JSON.parse(json);
    return isEnvelope(value) ? this.text(value, place) : json;
  }

  private encrypted({ keyId, secret }: PayloadKey, text: string, place: Place): string {
    const nonce = randomBytes(nonceBytes);
    const sealing = createCipheriv(cipher, this.keyOf(keyId, secret, place.tenantId), nonce);
    sealing.setAAD(bindingOf(place));
    const parts = [nonce, sealing.update(text, 'utf8'), sealing.final(), sealing.getAuthTag()];
    return Buffer.concat(parts).toString('base64url');
  }

  private text(envelope: string, place: Place): string {
    const [, keyId = '', body = ''] = envelopeShape.exec(envelope) ?? [];
    const bytes = Buffer.from(body, 'base64url');
    if (keyId === plainKeyId) return bytes.toString('utf8');
    const key = this.keys.find((one) => one.keyId === keyId);
    if (!key) {
      throw new UnreadablePayloadError(keyId, place, 'the key is not listed in CHIMERA_PAYLOAD_KEYS.');
    }
    try {
      const nonce = bytes.subarray(0, nonceBytes);
      const opening = createDecipheriv(cipher, this.keyOf(keyId, key.secret, place.tenantId), nonce, {
        authTagLength: tagBytes,
      });
      opening.setAAD(bindingOf(place));
      opening.setAuthTag(bytes.subarray(-tagBytes));
      const opened = opening.update(bytes.subarray(nonceBytes, -tagBytes));
      return Buffer.concat([opened, opening.final()]).toString('utf8');
    } catch (error) {
      const reason = 'the key of that id is another one, or the row was changed.';
      throw new UnreadablePayloadError(keyId, place, reason, { cause: error });
    }
  }

  private keyOf(keyId: string, secret: Buffer, tenantId: string): KeyObject {
    const name = `${keyId} ${tenantId}`;
    const known = this.derived.get(name);
    if (known) return known;
    if (this.derived.size >= mostDerived) this.derived.clear();
    const bytes = hkdfSync('sha256', secret, '', `chimera payloads of ${tenantId}`, 32);
    // As bytes it would be prepared for each payload anew, which takes seven times as long as the payload.
    const made = createSecretKey(Buffer.from(bytes));
    this.derived.set(name, made);
    return made;
  }
}

function isEnvelope(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('enc1.') && envelopeShape.test(value);
}

function bindingOf({ tenantId, table, row, column }: Place): Buffer {
  return Buffer.from(JSON.stringify([tenantId, table, row, column]));
}
