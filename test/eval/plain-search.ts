import { providerFormats } from '../../src/lib/safety/secrets/provider-formats.js';
import type { KeywordRule } from '../../src/models/policy.js';

/** Says how many of its rules fire in a text. */
export type PlainSearch = (text: string) => number;

/** The shapes of personal data, as they are commonly written down: no check digits, no numbering plans. */
const shapes = [
  /\b(?:\d[ -]?){13,19}\b/,
  /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/,
  /\b\d{3}-\d{2}-\d{4}\b/,
  /\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\b/,
  /\+?\d[\d ()./-]{6,20}\d/,
  /\b\d{1,3}(?:\.\d{1,3}){3}\b/,
  /\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b/i,
];

function keywordSource({ term, match }: KeywordRule): string {
  const words = term
    .split(' ')
    .map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
    .join('[\\s\\-_./:]{1,3}');
  return `\\b${words}${match === 'PREFIX' ? '' : '\\b'}`;
}

function otherRules(): RegExp[] {
  return [...providerFormats.map(([, , format]) => format), ...shapes].map(
    ({ source, flags }) => new RegExp(source, flags.replace('g', '')),
  );
}

/** One regular expression for each rule, asked one after the other. */
export function oneExpressionEach(keywords: readonly KeywordRule[]): PlainSearch {
  const rules = [...keywords.map((rule) => new RegExp(keywordSource(rule), 'i')), ...otherRules()];
  return (text) => rules.reduce((count, rule) => count + (rule.test(text) ? 1 : 0), 0);
}

/** All keywords in one alternation, and each of the other rules by itself. */
export function oneAlternation(keywords: readonly KeywordRule[]): PlainSearch {
  const rules = [new RegExp(keywords.map(keywordSource).join('|'), 'i'), ...otherRules()];
  return (text) => rules.reduce((count, rule) => count + (rule.test(text) ? 1 : 0), 0);
}
