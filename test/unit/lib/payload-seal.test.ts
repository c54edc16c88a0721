import { describe, expect, it } from '@jest/globals';
import { PayloadSeal, UnreadablePayloadError } from '../../../src/lib/postgres/payload-seal.js';
import { newPayloadKey, payloadKeyFrom } from '../../../src/models/payload-keys.js';

const place = { tenantId: 't_one', table: 'results', row: '1', column: 'output' };
const key = payloadKeyFrom(newPayloadKey());
const seal = new PayloadSeal([key]);

describe('a sealed payload', () => {
  it('opens to the value that it was, each time from another envelope', () => {
    for (const value of ['text', '', 0, false, { reply: ['ß', null] }, 'enc1.one.AAAA']) {
      const envelope = seal.seal(value, place);
      expect(envelope).not.toEqual(seal.seal(value, place));
      expect(seal.open(envelope, place)).toEqual(value);
      expect(seal.openJson(JSON.stringify(envelope), place)).toBe(JSON.stringify(value));
    }
    expect(seal.seal(null, place)).toBeNull();
  });

  it('opens nowhere but where it was put', () => {
    const envelope = seal.seal('secret', place);
    for (const [name, value] of Object.entries({
      tenantId: 't_two',
      table: 'tasks',
      row: '2',
      column: 'error',
    }))
      expect(() => seal.open(envelope, { ...place, [name]: value })).toThrow(UnreadablePayloadError);
  });

  it('does not open after a change of any of its bytes, nor cut short', () => {
    const envelope = String(seal.seal('secret', place));
    const [head, id, body = ''] = envelope.split('.');
    const bytes = Buffer.from(body, 'base64url');
    for (let at = 0; at < bytes.length; at += 1) {
      const other = Buffer.from(bytes);
      other.writeUInt8(other.readUInt8(at) ^ 1, at);
      expect(() => seal.open(`${head}.${id}.${other.toString('base64url')}`, place)).toThrow(
        'cannot be read',
      );
    }
    for (const size of [1, 12, 27, bytes.length - 1]) {
      const short = bytes.subarray(0, size).toString('base64url');
      expect(() => seal.open(`${head}.${id}.${short}`, place)).toThrow(UnreadablePayloadError);
    }
  });

  it('says which key is missing and where, and not what was written', () => {
    const envelope = String(seal.seal('secret', place));
    const open = () => new PayloadSeal([payloadKeyFrom(newPayloadKey())]).open(envelope, place);
    expect(open).toThrow(`results.output of row 1 of tenant t_one under key ${key.keyId}`);
    expect(open).not.toThrow(envelope);
  });

  it('stays as it is without a key, and nothing else is taken for an envelope', () => {
    const none = new PayloadSeal([]);
    expect(none.encrypts).toBe(false);
    for (const value of ['text', 'enc1.', 'enc1.a b.c', { a: 1 }]) {
      expect(none.seal(value, place)).toBe(value);
      expect(none.open(value, place)).toBe(value);
      expect(none.openJson(JSON.stringify(value), place)).toBe(JSON.stringify(value));
    }
    const escaped = none.seal('enc1.one.AAAA', place);
    expect(none.open(escaped, place)).toBe('enc1.one.AAAA');
    expect(seal.open(escaped, place)).toBe('enc1.one.AAAA');
  });

  it('is the tenant’s own, for more tenants than are remembered', () => {
    const tenants = Array.from({ length: 1_001 }, (_, at) => ({ ...place, tenantId: `t_${at}` }));
    const envelopes = tenants.map((one) => seal.seal(one.tenantId, one));
    tenants.forEach((one, at) => expect(seal.open(envelopes[at], one)).toBe(one.tenantId));
  });
});
