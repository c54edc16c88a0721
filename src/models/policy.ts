import { JsonReader, pointerToken } from './json-reader.js';
import type { JsonObject, JsonValue } from './json.js';

/** What a rule does when it fires: hold for a person, never release, or nothing. */
export const ruleActions = ['HITL', 'DENY', 'OFF'] as const;
export type RuleAction = (typeof ruleActions)[number];

/**
 * How a keyword is looked for. `WORD` and `PHRASE` match whole words only, in a phrase with any usual separator between
 * them; `PREFIX` matches every word that begins with the term.
 */
export const keywordMatches = ['WORD', 'PHRASE', 'PREFIX'] as const;
export type KeywordMatch = (typeof keywordMatches)[number];

/** The kinds of personal data that the gate knows; `PII/<type>` names the detector in a reason. */
export const personalDataTypes = [
  'PAYMENT_CARD',
  'IBAN',
  'US_SSN',
  'EMAIL',
  'PHONE',
  'IP_ADDRESS',
  'MAC_ADDRESS',
] as const;
export type PersonalDataType = (typeof personalDataTypes)[number];

/** The kinds of credentials that the gate knows; `SECRET/<type>` names the detector in a reason. */
export const secretTypes = [
  'AWS_ACCESS_KEY',
  'AWS_SECRET_KEY',
  'GITHUB_TOKEN',
  'GITLAB_TOKEN',
  'SLACK_TOKEN',
  'STRIPE_KEY',
  'OPENAI_KEY',
  'ANTHROPIC_KEY',
  'GOOGLE_API_KEY',
  'NPM_TOKEN',
  'PRIVATE_KEY',
  'JWT',
  'CONNECTION_STRING',
  'BEARER_TOKEN',
  'ASSIGNED_SECRET',
  'PROVIDER_TOKEN',
] as const;
export type SecretType = (typeof secretTypes)[number];

/** The subjects that a person has to look at; `TOPIC/<topic>` names the detector in a reason. */
export const topics = ['POLITICS', 'HEALTH_ADVICE', 'FINANCIAL_ADVICE', 'LEGAL_CLAIMS'] as const;
export type Topic = (typeof topics)[number];

/** A result with less confidence than `rejectBelow` is sent back; with less than `holdBelow`, held. Both 0..1. */
export interface ConfidenceBands {
  readonly holdBelow: number;
  readonly rejectBelow: number;
}

export interface KeywordRule {
  readonly term: string;
  readonly match: KeywordMatch;
  readonly action: RuleAction;
}

/** A regular expression of the tenant's own, in Rust's `regex` syntax, searched in linear time. */
export interface PatternRule {
  readonly name: string;
  readonly pattern: string;
  readonly action: RuleAction;
}

/** What to do about a class of data. `types` outranks `action`; `allow` lists exact values that never fire. */
export interface DataRule<T extends string> {
  readonly action: RuleAction;
  readonly allow?: readonly string[];
  readonly types?: Readonly<Partial<Record<T, { readonly action: RuleAction }>>>;
}

export interface DetectorRules {
  readonly PII: DataRule<PersonalDataType>;
  readonly SECRET: DataRule<SecretType>;
}

export type TopicRules = Readonly<Record<Topic, { readonly action: RuleAction }>>;

/**
 * What a kind of task does differently. A part that is present outranks the tenant's: lists are replaced as a whole,
 * bands, detectors and topics member by member.
 */
export interface KindOverrides {
  readonly confidence?: Partial<ConfidenceBands>;
  readonly keywords?: readonly KeywordRule[];
  readonly patterns?: readonly PatternRule[];
  readonly detectors?: {
    readonly PII?: Partial<DataRule<PersonalDataType>>;
    readonly SECRET?: Partial<DataRule<SecretType>>;
  };
  readonly topics?: Partial<TopicRules>;
  readonly reviewDeadlineMs?: number;
}

/** A policy as a tenant writes it, complete: every part that was left out has its default. */
export interface PolicyDraft {
  readonly confidence: ConfidenceBands;
  readonly keywords: readonly KeywordRule[];
  readonly patterns: readonly PatternRule[];
  readonly detectors: DetectorRules;
  readonly topics: TopicRules;
  readonly kinds: Readonly<Record<string, KindOverrides>>;
  /** How long a held result waits for a person before its card expires, in milliseconds. */
  readonly reviewDeadlineMs: number;
}

/** One version of a tenant's rules. A version never changes once it is made. */
export interface Policy extends PolicyDraft {
  readonly version: number;
  readonly createdAt: Date;
  readonly createdBy: string;
}

const hold = { action: 'HITL' } as const;
const held = (match: KeywordMatch, ...terms: string[]): KeywordRule[] =>
  terms.map((term) => ({ term, match, action: 'HITL' }));

/** What holds until a tenant says otherwise. */
export const defaultPolicy: PolicyDraft = {
  confidence: { holdBelow: 0.7, rejectBelow: 0 },
  keywords: [
    ...held('WORD', 'password', 'passwords', 'passwd', 'passphrase', 'credentials'),
    ...held('PHRASE', 'secret key', 'private key', 'api key', 'access token', 'master key'),
    ...held('PHRASE', 'delete all', 'delete everything', 'wipe all', 'drop table', 'drop database', 'rm -rf'),
    ...held('PHRASE', 'override security', 'bypass security', 'disable security', 'security override'),
    ...held('PHRASE', 'ignore previous instructions', 'ignore all previous instructions'),
    ...held('WORD', 'PII', 'SSN'),
    ...held('PHRASE', 'personally identifiable information', 'social security number'),
  ],
  patterns: [],
  detectors: { PII: hold, SECRET: hold },
  topics: { POLITICS: hold, HEALTH_ADVICE: hold, FINANCIAL_ADVICE: hold, LEGAL_CLAIMS: hold },
  kinds: {},
  reviewDeadlineMs: 24 * 60 * 60 * 1000,
};

/** The policy as it holds for one kind of task: the kind's overrides applied, and no kinds left in it. */
export function policyFor(policy: Policy, kind: string): Policy {
  const own = Object.hasOwn(policy.kinds, kind) ? policy.kinds[kind] : undefined;
  if (own === undefined) return policy;
  return {
    ...policy,
    confidence: { ...policy.confidence, ...own.confidence },
    keywords: own.keywords ?? policy.keywords,
    patterns: own.patterns ?? policy.patterns,
    detectors: {
      PII: overriddenRule(policy.detectors.PII, own.detectors?.PII),
      SECRET: overriddenRule(policy.detectors.SECRET, own.detectors?.SECRET),
    },
    topics: { ...policy.topics, ...own.topics },
    kinds: {},
    reviewDeadlineMs: own.reviewDeadlineMs ?? policy.reviewDeadlineMs,
  };
}

/** What a rule does about one type of data. */
export function actionFor<T extends string>(rule: DataRule<T>, type: T): RuleAction {
  const types: Partial<Record<string, { readonly action: RuleAction }>> = rule.types ?? {};
  return types[type]?.action ?? rule.action;
}

function overriddenRule<T extends string>(rule: DataRule<T>, own: Partial<DataRule<T>> = {}): DataRule<T> {
  const types = own.types ? { ...rule.types, ...own.types } : rule.types;
  return types === undefined ? { ...rule, ...own } : { ...rule, ...own, types };
}

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
export function parsePolicyDraft(
  value: JsonValue,
  checkPattern: (pattern: string) => string | undefined,
): PolicyDraft {
  const reader = new PolicyReader(checkPattern);
  const draft = reader.draft(value);
  reader.finish('POLICY_INVALID');
  return draft;
}

const partNames = ['confidence', 'keywords', 'patterns', 'detectors', 'topics', 'reviewDeadlineMs'] as const;
const kindName = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/;

class PolicyReader extends JsonReader {
  readonly #checkPattern: (pattern: string) => string | undefined;

  constructor(checkPattern: (pattern: string) => string | undefined) {
    super();
    this.#checkPattern = checkPattern;
  }

  draft(value: JsonValue): PolicyDraft {
    const body = this.record(value, '', [...partNames, 'kinds']) ?? {};
    const parts = this.#parts(body, '');
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
      kinds: body.kinds === undefined ? {} : this.#kinds(body.kinds, confidence),
      reviewDeadlineMs: parts.reviewDeadlineMs ?? defaultPolicy.reviewDeadlineMs,
    };
  }

  #kinds(value: JsonValue, base: ConfidenceBands): Record<string, KindOverrides> {
    const kinds = Object.entries(this.object(value, '/kinds') ?? {});
    if (kinds.length > policyLimits.kinds) {
      this.fault('/kinds', `holds ${kinds.length} kinds; at most ${policyLimits.kinds} are taken`);
    }
    const read = kinds.slice(0, policyLimits.kinds).map(([kind, overrides]): [string, KindOverrides] => {
      const pointer = `/kinds/${pointerToken(kind)}`;
      if (!kindName.test(kind)) this.fault(pointer, `is not a task kind; it must match ${kindName.source}`);
      const parts = this.#parts(this.record(overrides, pointer, partNames) ?? {}, pointer);
      if (parts.confidence) this.#checkBands({ ...base, ...parts.confidence }, `${pointer}/confidence`);
      return [kind, parts];
    });
    return Object.fromEntries(read);
  }

  #parts(body: JsonObject, at: string): KindOverrides {
    const { confidence, keywords, patterns, detectors, topics: subjects, reviewDeadlineMs } = body;
    return present({
      confidence: confidence === undefined ? undefined : this.#confidence(confidence, `${at}/confidence`),
      keywords: keywords === undefined ? undefined : this.#keywords(keywords, `${at}/keywords`),
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

  #keywords(value: JsonValue, pointer: string): KeywordRule[] {
    const seen = new Map<string, string>();
    return (this.array(value, pointer, policyLimits.keywords) ?? []).flatMap((entry, index) => {
      const at = `${pointer}/${index}`;
      const rule = this.record(entry, at, ['term', 'match', 'action']);
      if (rule === undefined) return [];
      const term = this.text(rule.term, `${at}/term`, policyLimits.termLength);
      const match = this.oneOf(rule.match, `${at}/match`, keywordMatches);
      const action = this.oneOf(rule.action, `${at}/action`, ruleActions);
      if (term !== undefined && !/[\p{L}\p{N}]/u.test(term)) {
        this.fault(`${at}/term`, 'needs a letter or a digit to be searched for');
      }
      if (term !== undefined) this.#onlyOnce(seen, term, `${at}/term`);
      return term !== undefined && match && action ? [{ term, match, action }] : [];
    });
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

  #onlyOnce(seen: Map<string, string>, text: string, pointer: string): void {
    const same = text.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ');
    const first = seen.get(same);
    if (first === undefined) seen.set(same, pointer);
    else this.fault(pointer, `is there twice: it says the same as ${first}`);
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
      types: types === undefined ? undefined : this.#actions(types, `${pointer}/types`, known),
    });
  }

  #allow(value: JsonValue, pointer: string): string[] {
    const entries = this.array(value, pointer, policyLimits.allowed) ?? [];
    return entries.flatMap((entry, index) => {
      const text = this.text(entry, `${pointer}/${index}`, policyLimits.termLength);
      return text === undefined ? [] : [text];
    });
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

type Holes<T> = { readonly [K in keyof T]: T[K] | undefined };

/** The same members without those that are `undefined`. */
function present<T extends object>(members: Holes<T>): T;
function present(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, member]) => member !== undefined));
}
