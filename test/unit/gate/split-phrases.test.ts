import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KeywordDetector } from '../../../src/lib/safety/keyword-detector.js';
import type { JsonValue } from '../../../src/models/json.js';
import { aPolicy, detect } from './detection.js';

const detector = new KeywordDetector();
const policy = aPolicy({ keywords: [{ term: 'crimson falcon', match: 'PHRASE', action: 'HITL' }] });
const found = async (output: JsonValue) =>
  (await detect(detector, output, policy)).map(({ pointer, text }) => `${pointer} ${text}`);

/** How texts stand in one another: a text, an array, or a name with what stands under it. */
type Shape = 'TEXT' | readonly Shape[] | { readonly under: Shape };

const isObject = (shape: Shape | undefined): boolean => typeof shape === 'object' && 'under' in shape;

/** Arrays in which no two objects are neighbours: between records nobody reads on. */
const { shape: anyShape } = fc.letrec<{ shape: Shape; list: readonly Shape[]; object: Shape }>((tie) => ({
  shape: fc.oneof({ depthSize: 'small' }, fc.constant<Shape>('TEXT'), tie('list'), tie('object')),
  list: fc
    .array(tie('shape'), { minLength: 1, maxLength: 4 })
    .map((list) => list.filter((one, nth) => !(isObject(one) && isObject(list[nth - 1])))),
  object: fc.record({ under: tie('shape') }),
}));

/** The output of a shape, its texts taken from a list in the order in which they are read. */
function written(shape: Shape, texts: string[]): JsonValue {
  const next = (): string => texts.shift() ?? '';
  if (shape === 'TEXT') return next();
  if (!('under' in shape)) return shape.map((one) => written(one, texts));
  const name = next();
  return { [name]: written(shape.under, texts) };
}

const countOf = (shape: Shape): number => {
  if (shape === 'TEXT') return 1;
  return 'under' in shape ? 1 + countOf(shape.under) : shape.reduce((sum, one) => sum + countOf(one), 0);
};

describe('a phrase that is split', () => {
  it('is found between any two texts that follow each other, however they are nested', async () => {
    const split = fc
      .tuple(
        anyShape.filter((shape) => countOf(shape) > 1),
        fc.nat(),
      )
      .map(([shape, at]) => ({ shape, cut: at % (countOf(shape) - 1) }));
    await fc.assert(
      fc.asyncProperty(split, async ({ shape, cut }) => {
        const texts = Array.from({ length: countOf(shape) }, (_, nth) => `x${nth}`);
        texts[cut] = 'a crimson';
        texts[cut + 1] = 'falcon b';
        const hits = await found(written(shape, texts));
        expect(hits).toHaveLength(1);
        expect(hits[0]).toMatch(/ crimson$/);
      }),
      { numRuns: 1000 },
    );
  });

  it.each<[JsonValue, string]>([
    [['a crimson', ['falcon']], '/0 crimson'],
    [[['crimson'], 'falcon'], '/0/0 crimson'],
    [{ crimson: ['falcon'] }, '/crimson crimson'],
    [{ crimson: { falcon: 1 } }, '/crimson crimson'],
    [{ crimson: [[{ falcon: null }]] }, '/crimson crimson'],
    [['crimson', { falcon: true }], '/0 crimson'],
    [[{ bird: 'crimson' }, 'falcon'], '/0/bird crimson'],
    [['cr1mson', ['falcon']], '/0 cr1mson'],
    [{ crimson: ['f4lcon'] }, '/crimson crimson'],
  ])('is found in %j', async (output, hit) => {
    expect(await found(output)).toEqual([hit]);
  });

  it.each<[JsonValue]>([
    [{ a: 'crimson', falcon: 1 }],
    [{ a: ['crimson'], b: ['falcon'] }],
    [[{ colour: 'crimson' }, { falcon: 1 }]],
    [['crimson.', ['Falcon']]],
    [['crimson', 'red', ['falcon']]],
    [['cr1mson', 'red', 'brown', 'blue', 'green', 'grey', 'pink', 'white', 'black', 'f4lcon']],
  ])('is not made up of %j', async (output) => {
    expect(await found(output)).toEqual([]);
  });
});
