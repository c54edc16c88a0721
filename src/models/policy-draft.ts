import { isJsonObject, JsonReader, pointerToken } from './json-reader.js';
import type { JsonObject, JsonValue } from './json.js';
import {
  defaultPolicy,
  keywordMatches,
  overriddenRule,
  personalDataTypes,
  ruleActions,
  secretTypes,
  topics,
  type ConfidenceBands,
  type DataRule,
  type DataTypeRule,
  type KeywordRule,
  type KindOverrides,
  type PatternRule,
  type PolicyDraft,
  type RuleAction,
} from './policy.js';
import { atOnce, type SlicedWork } from './sliced-work.js';
import { kindPattern } from './tenant.js';

/** How much a policy may hold. */
export const policyLimits = {
  keywords: 10_000,
  termLength: 200,
  patterns: 200,
  patternLength: 1000,
  nameLength: 100,
  allowed: 1000,
  kinds: 200,
  shortestDeadlineMs: 1000,
  longestDeadlineMs: 366 * 24 * 60 * 60 * 1000,
} as const;

/**
 * Reads a policy as a tenant sent it. What is left out takes the default: without `keywords` the default list holds,
 * with `keywords: []` none; a detector, a topic or a band that is left out keeps its default.
 *
 * @param checkPattern says what is wrong with a regular expression, or nothing.
 * @throws DomainError `POLICY_INVALID` with every fault and its pointer: unknown members, types and actions, bands that
 * no confidence can be in, terms that are empty, too long, not searchable or there twice, too many of anything.
 */
export function parsePolicyDraft(value: JsonValue, checkPattern: CheckPattern): PolicyDraft {
  return atOnce(readingPolicyDraft(value, checkPattern));
}

/** Does what {@link parsePolicyDraft} does in slices. */
export function* readingPolicyDraft(value: JsonValue, checkPattern: CheckPattern): SlicedWork<PolicyDraft> {
  const reader = new PolicyReader(checkPattern);
  const draft = yield* reader.draft(value);
  reader.finish('POLICY_INVALID');
  return draft;
}

type CheckPattern = (pattern: string) => string | undefined;

/** After how many keywords the reading may be put off. */
const keywordsAtOnce = 256;

/** The regular expressions of a policy as a tenant sent it, as far as they may be taken at all. */
export function patternsIn(value: JsonValue): string[] {
  if (!isObject(value)) return [];
  const kinds = isObject(value.kinds) ? Object.values(value.kinds).slice(0, policyLimits.kinds) : [];
  return [value, ...kinds].flatMap((parts) => {
    const rules = isObject(parts) && Array.isArray(parts.patterns) ? parts.patterns : [];
    return rules
      .slice(0, policyLimits.patterns)
      .map((rule) => (isObject(rule) ? rule.pattern : undefined))
      .filter((pattern) => typeof pattern === 'string')
      .filter(({ length }) => length <= policyLimits.patternLength);
  });
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return value !== undefined && isJsonObject(value);
}

const partNames = ['confidence', 'keywords', 'patterns', 'detectors', 'topics', 'reviewDeadlineMs'] as const;

class PolicyReader extends JsonReader {
  readonly #checkPattern: CheckPattern;

  constructor(checkPattern: CheckPattern) {
    super();
    this.#checkPattern = checkPattern;
  }

  *draft(value: JsonValue): SlicedWork<PolicyDraft> {
    const body = this.record(value, '', [...partNames, 'kinds']) ?? {};
    const parts = yield* this.#parts(body, '');
    const confidence = { ...defaultPolicy.confidence, ...parts.confidence };
    this.#checkBands(confidence, '/confidence');
    return {
      confidence,
      keywords: parts.keywords ?? defaultPolicy.keywords,
      patterns: parts.patterns ?? defaultPolicy.patterns,
      detectors: {
        PII: overriddenRule(defaultPolicy.detectors.PII, parts.detectors?.PII),
        SECRET: overriddenRule(defaultPolicy.detectors.SECRET, parts.detectors?.SECRET),
      },
      topics: { ...defaultPolicy.topics, ...parts.topics },
      kinds: body.kinds === undefined ? {} : yield* this.#kinds(body.kinds, confidence),
      reviewDeadlineMs: parts.reviewDeadlineMs ?? defaultPolicy.reviewDeadlineMs,
    };
  }

  *#kinds(value: JsonValue, base: ConfidenceBands): SlicedWork<Record<string, KindOverrides>> {
    const kinds = Object.entries(this.object(value, '/kinds') ?? {});
    if (kinds.length > policyLimits.kinds) {
      this.fault('/kinds', `holds ${kinds.length} kinds; at most ${policyLimits.kinds} are taken`);
    }
    const read: [string, KindOverrides][] = [];
    for (const [kind, overrides] of kinds.slice(0, policyLimits.kinds)) {
      const pointer = `/kinds/${pointerToken(kind)}`;
      if (!kindPattern.test(kind))
        this.fault(pointer, `is not a task kind; it must match ${kindPattern.source}`);
      const parts = yield* this.#parts(this.record(overrides, pointer, partNames) ?? {}, pointer);
      if (parts.confidence) this.#checkBands({ ...base, ...parts.confidence }, `${pointer}/confidence`);
      read.push([kind, parts]);
    }
    return Object.fromEntries(read);
  }

  *#parts(body: JsonObject, at: string): SlicedWork<KindOverrides> {
    const { confidence, keywords, patterns, detectors, topics: subjects, reviewDeadlineMs } = body;
    return present({
      confidence: confidence === undefined ? undefined : this.#confidence(confidence, `${at}/confidence`),
      keywords: keywords === undefined ? undefined : yield* this.#keywords(keywords, `${at}/keywords`),
      patterns: patterns === undefined ? undefined : this.#patterns(patterns, `${at}/patterns`),
      detectors: detectors === undefined ? undefined : this.#detectors(detectors, `${at}/detectors`),
      topics: subjects === undefined ? undefined : this.#actions(subjects, `${at}/topics`, topics),
      reviewDeadlineMs:
        reviewDeadlineMs === undefined
          ? undefined
          : this.#deadline(reviewDeadlineMs, `${at}/reviewDeadlineMs`),
    });
  }

  #confidence(value: JsonValue, pointer: string): Partial<ConfidenceBands> {
    const { holdBelow, rejectBelow } = this.record(value, pointer, ['holdBelow', 'rejectBelow']) ?? {};
    return present({
      holdBelow: holdBelow === undefined ? undefined : this.number(holdBelow, `${pointer}/holdBelow`, 0, 1),
      rejectBelow:
        rejectBelow === undefined ? undefined : this.number(rejectBelow, `${pointer}/rejectBelow`, 0, 1),
    });
  }

  #checkBands({ holdBelow, rejectBelow }: ConfidenceBands, pointer: string): void {
    if (rejectBelow <= holdBelow) return;
    const fault = `is ${rejectBelow}, above holdBelow ${holdBelow}: no confidence could be held for a person`;
    this.fault(`${pointer}/rejectBelow`, fault);
  }

  *#keywords(value: JsonValue, pointer: string): SlicedWork<KeywordRule[]> {
    const seen: Seen = { folded: new Map(), written: new Map() };
    const rules: KeywordRule[] = [];
    for (const [index, entry] of (this.array(value, pointer, policyLimits.keywords) ?? []).entries()) {
      const rule = this.#keyword(entry, `${pointer}/${index}`, seen);
      if (rule !== undefined) rules.push(rule);
      if (index % keywordsAtOnce === keywordsAtOnce - 1) yield;
    }
    return rules;
  }

  #keyword(entry: JsonValue, at: string, seen: Seen): KeywordRule | undefined {
    const rule = this.record(entry, at, ['term', 'match', 'action']);
    if (rule === undefined) return undefined;
    const term = this.text(rule.term, `${at}/term`, policyLimits.termLength);
    const match = this.oneOf(rule.match, `${at}/match`, keywordMatches);
    const action = this.oneOf(rule.action, `${at}/action`, ruleActions);
    if (term === undefined) return undefined;
    if (!/[\p{L}\p{N}]/u.test(term)) {
      this.fault(`${at}/term`, 'needs a letter or a digit to be searched for');
    }
    // Two that are looked for as they are written may differ in nothing but that.
    const isNew = this.#onlyOnce(seen.written, term, `${at}/term`, (text) => text);
    if (isNew && match !== 'EXACT') this.#onlyOnce(seen.folded, term, `${at}/term`);
    return match && action ? { term, match, action } : undefined;
  }

  #patterns(value: JsonValue, pointer: string): PatternRule[] {
    const seen = new Map<string, string>();
    return (this.array(value, pointer, policyLimits.patterns) ?? []).flatMap((entry, index) => {
      const at = `${pointer}/${index}`;
      const rule = this.record(entry, at, ['name', 'pattern', 'action']);
      if (rule === undefined) return [];
      const name = this.text(rule.name, `${at}/name`, policyLimits.nameLength);
      const pattern = this.text(rule.pattern, `${at}/pattern`, policyLimits.patternLength);
      const action = this.oneOf(rule.action, `${at}/action`, ruleActions);
      if (name !== undefined) this.#onlyOnce(seen, name, `${at}/name`);
      const fault = pattern === undefined ? undefined : this.#checkPattern(pattern);
      if (fault !== undefined) this.fault(`${at}/pattern`, fault);
      return name !== undefined && pattern !== undefined && action ? [{ name, pattern, action }] : [];
    });
  }

  #onlyOnce(seen: Map<string, string>, text: string, pointer: string, identity = foldedTerm): boolean {
    const same = identity(text);
    const first = seen.get(same);
    if (first === undefined) seen.set(same, pointer);
    else this.fault(pointer, `is there twice: it says the same as ${first}`);
    return first === undefined;
  }

  #detectors(value: JsonValue, pointer: string): NonNullable<KindOverrides['detectors']> {
    const { PII, SECRET } = this.record(value, pointer, ['PII', 'SECRET']) ?? {};
    return present({
      PII: PII === undefined ? undefined : this.#dataRule(PII, `${pointer}/PII`, personalDataTypes),
      SECRET: SECRET === undefined ? undefined : this.#dataRule(SECRET, `${pointer}/SECRET`, secretTypes),
    });
  }

  #dataRule<T extends string>(value: JsonValue, pointer: string, known: readonly T[]): Partial<DataRule<T>> {
    const { action, allow, types } = this.record(value, pointer, ['action', 'allow', 'types']) ?? {};
    return present<Partial<DataRule<T>>>({
      action: action === undefined ? undefined : this.oneOf(action, `${pointer}/action`, ruleActions),
      allow: allow === undefined ? undefined : this.#allow(allow, `${pointer}/allow`),
      types: types === undefined ? undefined : this.#types(types, `${pointer}/types`, known),
    });
  }

  #allow(value: JsonValue, pointer: string): string[] {
    const entries = this.array(value, pointer, policyLimits.allowed) ?? [];
    return entries.flatMap((entry, index) => {
      const text = this.text(entry, `${pointer}/${index}`, policyLimits.termLength);
      return text === undefined ? [] : [text];
    });
  }

  #types<T extends string>(
    value: JsonValue,
    pointer: string,
    known: readonly T[],
  ): Partial<Record<T, DataTypeRule>> {
    const body = this.record(value, pointer, known) ?? {};
    const rules: Partial<Record<T, DataTypeRule>> = {};
    for (const name of known) {
      if (body[name] === undefined) continue;
      const at = `${pointer}/${name}`;
      const { action: written, allow: values } = this.record(body[name], at, ['action', 'allow']) ?? {};
      const action = this.oneOf(written, `${at}/action`, ruleActions);
      const allow = values === undefined ? undefined : this.#allow(values, `${at}/allow`);
      if (action) rules[name] = allow === undefined ? { action } : { action, allow };
    }
    return rules;
  }

  #actions<T extends string>(
    value: JsonValue,
    pointer: string,
    known: readonly T[],
  ): Partial<Record<T, { action: RuleAction }>> {
    const body = this.record(value, pointer, known) ?? {};
    const actions: Partial<Record<T, { action: RuleAction }>> = {};
    for (const name of known) {
      const rule = body[name];
      if (rule === undefined) continue;
      const at = `${pointer}/${name}`;
      const action = this.oneOf(this.record(rule, at, ['action'])?.action, `${at}/action`, ruleActions);
      if (action) actions[name] = { action };
    }
    return actions;
  }

  #deadline(value: JsonValue, pointer: string): number | undefined {
    const { shortestDeadlineMs, longestDeadlineMs } = policyLimits;
    const deadline = this.number(value, pointer, shortestDeadlineMs, longestDeadlineMs);
    if (deadline === undefined || Number.isInteger(deadline)) return deadline;
    return this.fault(pointer, 'must be a whole number of milliseconds');
  }
}

/** Where terms were first, by what they say and by how they are written. */
interface Seen {
  readonly folded: Map<string, string>;
  readonly written: Map<string, string>;
}

function foldedTerm(text: string): string {
  return text.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ');
}

type Holes<T> = { readonly [K in keyof T]: T[K] | undefined };

/** The same members without those that are `undefined`. */
function present<T extends object>(members: Holes<T>): T;
function present(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, member]) => member !== undefined));
}
