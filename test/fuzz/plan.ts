import fc from 'fast-check';
import { bodyBytes, header, jsonText, methods, names, pathText, queryText } from './hostile.js';

/** Who asks: a caller who may, one with some role of the tenant, somebody of another, or nobody. */
export const askers = [
  'able',
  'ADMIN',
  'OPERATOR',
  'SUBMITTER',
  'AGENT',
  'AUDITOR',
  'stranger',
  'nobody',
] as const;
export type Asker = (typeof askers)[number];

const where = fc.nat(999);

const change = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      of: fc.constant('member' as const),
      how: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'twice'),
      where,
      json: jsonText,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ of: fc.constant('addition' as const), where, name: names, json: jsonText }),
  },
  { weight: 3, arbitrary: fc.record({ of: fc.constant('body' as const), bytes: bodyBytes }) },
  { weight: 3, arbitrary: fc.record({ of: fc.constant('path' as const), where, text: pathText }) },
  {
    weight: 4,
    arbitrary: fc.record({ of: fc.constant('query' as const), where, name: names, text: queryText }),
  },
  { weight: 3, arbitrary: fc.record({ of: fc.constant('header' as const), header }) },
  { weight: 1, arbitrary: fc.record({ of: fc.constant('method' as const), method: methods }) },
);

/** What makes a valid request hostile. */
export type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

const plan = fc.record({
  asker: fc.oneof(
    { weight: 8, arbitrary: fc.constant('able' as const) },
    { weight: 3, arbitrary: fc.constantFrom(...askers) },
  ),
  /** Which of the things that there are it is about. */
  which: fc.nat(9_999),
  changes: fc.array(change, { minLength: 0, maxLength: 2, size: 'max' }),
});

export interface Plan {
  readonly asker: Asker;
  readonly which: number;
  readonly changes: readonly Change[];
}

/** The next plans of a seed. */
export function drawPlans(seed: number, round: number, count: number): readonly Plan[] {
  return fc.sample(plan, { seed: (seed + Math.imul(round, 0x9e37_79b1)) | 0, numRuns: count });
}
