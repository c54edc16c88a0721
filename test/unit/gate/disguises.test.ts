import { describe, expect, it } from '@jest/globals';
import { safetyDetectors } from '../../../src/lib/safety/safety-detectors.js';
import type { JsonValue } from '../../../src/models/json.js';
import { defaultJudgeLimits, Judge } from '../../../src/services/judge.js';
import { aPolicy } from './detection.js';

const judge = new Judge(safetyDetectors());

async function reasonsFor(output: JsonValue) {
  const { reasons } = await judge.decide({ output, confidence: 1, kind: 'x', policy: aPolicy() });
  return reasons.map(({ detector, pointer, start, end }) => `${detector} ${pointer} ${start}-${end}`);
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const hex = (text: string) => Buffer.from(text).toString('hex');

describe('what is written in disguise', () => {
  it.each<[what: string, output: JsonValue, reason: string]>([
    ['digits for letters', 'my p4ssw0rd.', 'KEYWORD/password  3-11'],
    ['signs for letters', 'my pa$$word.', 'KEYWORD/password  3-11'],
    ['hyphens in a word', 'my pass-word.', 'KEYWORD/password  3-12'],
    ['a word parted by a line break', 'my pass-\nword.', 'KEYWORD/password  3-13'],
    ['HTML entities', 'my &#112;assw&#x6f;rd.', 'KEYWORD/password  3-21'],
    ['percent-encoding', 'ann.lee%40acme.example', 'PII/EMAIL  0-22'],
    ['escapes of program code', 'my pass\\u0077ord.', 'KEYWORD/password  3-16'],
    ['Base64 in a text', `x ${base64('the password is')} y`, 'KEYWORD/password  2-22'],
    ['Base64 of a word alone', 'x cGFzc3dvcmQ= y', 'KEYWORD/password  2-14'],
    ['hexadecimal digits', `x ${hex('password')} y`, 'KEYWORD/password  2-18'],
    ['two items of an array', ['my secret', 'key is'], 'KEYWORD/secret key /0 3-9'],
    ['a name and its value', { secret: 'key ring' }, 'KEYWORD/secret key /secret 0-6'],
    ['single letters in items', 'p a s s w o r d'.split(' '), 'KEYWORD/password /0 0-1'],
    ['a card in two items', ['card 4111 1111', '1111 1111'], 'PII/PAYMENT_CARD /0 5-14'],
  ])('is found: %s', async (_, output, reason) => {
    expect(await reasonsFor(output)).toContain(reason);
  });

  it.each<[what: string, output: JsonValue]>([
    ['an end of a sentence between two items', ['I kept the secret.', 'Key rings are sold out.']],
    ['items of different members', { a: ['the secret'], b: ['key rings'] }],
    ['what is encoded twice', base64(base64('the password is'))],
    ['numbers that look like words', 'room 1055, 7h3 9455'],
    ['hashes and UUIDs', `${hex('\u0001\u0002').repeat(10)} 123e4567-e89b-42d3-a456-426614174000`],
  ])('is not made up: %s', async (_, output) => {
    expect(await reasonsFor(output)).toEqual([]);
  });

  it('is held when it decodes to more than may be read', async () => {
    const strict = new Judge(safetyDetectors(), { ...defaultJudgeLimits, textLength: 100 });
    const output = `&amp; ${base64('b'.repeat(66))}`;
    expect(await strict.decide({ output, confidence: 1, kind: 'x', policy: aPolicy() })).toMatchObject({
      outcome: 'HITL',
      reasons: [{ code: 'GATE_ERROR', detector: 'GATE/LIMITS' }],
    });
  });
});
