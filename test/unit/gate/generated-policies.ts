import fc from 'fast-check';
import { parsePolicyDraft } from '../../../src/models/policy-draft.js';
import { ruleActions } from '../../../src/models/policy.js';

const action = fc.constantFrom(...ruleActions);
const rule = fc.record({ action });
const rulesOf = (names: readonly string[], one: fc.Arbitrary<object> = rule) =>
  fc.record(Object.fromEntries(names.map((name) => [name, one])), { requiredKeys: [] });
const lists = {
  keywords: fc.uniqueArray(
    fc.record({
      term: fc.constantFrom('refund', 'Refund', 'secret key', 'guarantee', 'ref', 'c++', 'C++', 'that. You'),
      match: fc.constantFrom('WORD', 'PHRASE', 'PREFIX', 'EXACT'),
      action,
    }),
    { selector: ({ term }) => term },
  ),
  patterns: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      pattern: fc.constantFrom('ORD-[0-9]{4}', '(?i)refund', '[0-9]{16}'),
      action,
    }),
    { selector: ({ name }) => name },
  ),
};
const band = fc.constantFrom(0, 0.3, 0.5, 0.7, 0.9);
const dataRule = (types: readonly string[], allowed: readonly string[]) => {
  const allow = fc.uniqueArray(fc.constantFrom(...allowed));
  const type = fc.record({ action, allow }, { requiredKeys: ['action'] });
  return fc.record({ action, allow, types: rulesOf(types, type) }, { requiredKeys: [] });
};
/** Parts of a policy as a tenant writes them; together they may be refused. */
export const anyBase = fc.record(
  {
    confidence: fc.record({ holdBelow: band, rejectBelow: band }),
    ...lists,
    detectors: fc.record(
      {
        PII: dataRule(['EMAIL', 'PAYMENT_CARD', 'IBAN'], ['ann@acme.org', '4111111111111111']),
        SECRET: dataRule(['JWT', 'ASSIGNED_SECRET', 'AWS_ACCESS_KEY'], ['AKIAIOSFODNN7EXAMPL2']),
      },
      { requiredKeys: [] },
    ),
    topics: rulesOf(['POLITICS', 'LEGAL_CLAIMS']),
  },
  { requiredKeys: [] },
);
/** Any policy that is taken, with rules of its own for the kind `letter`. */
export const anyDraft = fc
  .record({ base: anyBase, letter: anyBase })
  .map(({ base, letter }) => {
    try {
      return parsePolicyDraft(
        JSON.parse(JSON.stringify({ ...base, kinds: { letter } })) as Record<string, never>,
        () => undefined,
      );
    } catch {
      return undefined;
    }
  })
  .filter((draft) => draft !== undefined);
const pieces = fc.constantFrom(
  'refund',
  'refunded',
  'Refund',
  'C++',
  'r e f u n d',
  'secretKey',
  'c++',
  'ORD-1234',
  'ann@acme.org',
  'bob@acme.org',
  '4111 1111 1111 1111',
  'AKIAIOSFODNN7EXAMPL2',
  'You can sue them for that.',
  'Vote for the party of your choice in the election!',
  'Your parcel is on its way.',
);
/** Outputs in which the rules of such policies fire, more often than not. */
export const anyOutput = fc.oneof(
  fc.array(pieces, { maxLength: 4 }).map((texts) => ({ reply: texts.join(' ') })),
  fc.array(pieces, { maxLength: 3 }),
);
