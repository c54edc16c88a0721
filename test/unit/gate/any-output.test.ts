import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { safetyDetectors } from '../../../src/lib/safety/safety-detectors.js';
import type { JsonValue } from '../../../src/models/json.js';
import { Judge } from '../../../src/services/judge.js';
import { aPolicy } from './detection.js';
import { costOfLength } from './linear-time.js';

const judge = new Judge(safetyDetectors());

function decide(output: JsonValue) {
  return judge.decide({ output, confidence: 1, kind: 'x', policy: aPolicy() });
}

const anyJson = fc.jsonValue({ maxDepth: 6 }).map((value) => value as JsonValue);
const anyText = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), fc.lorem());

/** In two parts, so that no scanner takes this file for a leak. */
const planted = ['AKIA', 'Z7VRSQ5TJN2XMPLK'].join('');

/** Puts a value somewhere into another one: beside it, below it, or as a name in it. */
const around: readonly ((inner: JsonValue, other: JsonValue, text: string) => JsonValue)[] = [
  (inner, other) => [other, inner],
  (inner, other) => [inner, other],
  (inner, other, text) => ({ [text]: inner, other }),
  (inner, other) => ({ a: other, b: [[inner]] }),
];

const wrapped = (inner: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonValue> =>
  fc
    .tuple(inner, fc.array(fc.tuple(fc.nat(around.length - 1), anyJson, anyText), { maxLength: 6 }))
    .map(([value, steps]) =>
      steps.reduce((all, [how, other, text]) => around[how]?.(all, other, text) ?? all, value),
    );

describe('any output', () => {
  it('gets a decision', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyJson, anyText), async (output) => {
        const { outcome, reasons } = await decide(output);
        expect(['APPROVE', 'HITL']).toContain(outcome);
        expect(reasons.filter(({ code }) => code === 'GATE_ERROR')).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('is held when there is a secret anywhere in it, and the reason says where', async () => {
    const secret = fc.oneof(
      fc.tuple(anyText, anyText).map(([before, after]) => `${before}\n${planted}\n${after}`),
      anyText.map((value) => ({ [planted]: value })),
    );
    await fc.assert(
      fc.asyncProperty(wrapped(secret), async (output) => {
        const { reasons } = await decide(output);
        expect(reasons.map(({ detector }) => detector)).toContain('SECRET/AWS_ACCESS_KEY');
      }),
      { numRuns: 300 },
    );
  });

  it('stays held whatever is added to it', async () => {
    const held = fc.constantFrom(
      'Reset the password.',
      'Write to ann.lee@acme.example',
      'My card is 4111 1111 1111 1111',
      'The number is +49 30 901820',
      'Account GB82 WEST 1234 5698 7654 32',
      'Her social security number: 219-09-9999',
      'Patient NHS number 943 476 5919',
      'She was born on 12 March 1985',
      'You should put your savings into bitcoin now.',
      'Stop taking your medication.',
      `key ${planted}`,
    );
    const joint = fc.constantFrom(', but ', ', however ', ': ', ', ', ' (', '. ', '\n');
    const disclaimer = fc.constantFrom(
      'I am not a doctor',
      'This is not financial advice',
      'We cannot give advice',
      'Please ask your doctor first',
      'You may want to consult a financial adviser',
    );
    const small = (text: string): string => `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
    const grown = fc.oneof(
      fc.tuple(disclaimer, joint, held).map(([more, by, text]): JsonValue => `${more}${by}${small(text)}`),
      fc
        .tuple(held, joint, disclaimer)
        .map(([text, by, more]): JsonValue => `${text.replace(/\.$/, '')}${by}${small(more)}`),
      fc.tuple(held, anyText).map(([text, more]): JsonValue => `${text}, but ${more}`),
      fc.tuple(held, anyText).map(([text, more]): JsonValue => `${text}\n${more}`),
      fc.tuple(held, anyText).map(([text, more]): JsonValue => `${more}\n${text}`),
      wrapped(held),
    );
    await fc.assert(
      fc.asyncProperty(grown, async (output) => expect((await decide(output)).outcome).toBe('HITL')),
      { numRuns: 500 },
    );
  });

  it('takes time in proportion to its length, whatever is repeated in it', async () => {
    const unit = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 24 }),
      fc.stringMatching(/^[A-Za-z\d .,:;@+/=()_-]{1,24}$/),
    );
    await fc.assert(
      fc.asyncProperty(unit, async (text) => {
        expect(await costOfLength(decide, text, 4)).toBeLessThan(4);
      }),
      { numRuns: 40 },
    );
  });
});
