/** What a rule does when it fires: hold for a person, never release, or nothing. */
export const ruleActions = ['HITL', 'DENY', 'OFF'] as const;
export type RuleAction = (typeof ruleActions)[number];

/**
 * How a keyword is looked for. `WORD` and `PHRASE` match whole words only, in a phrase with any usual separator between
 * them; `PREFIX` matches every word that begins with the term; `EXACT` matches whole words that are written exactly so, in
 * upper and lower case, accents and signs.
 */
export const keywordMatches = ['WORD', 'PHRASE', 'PREFIX', 'EXACT'] as const;
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
  'AU_MEDICARE',
  'AU_TFN',
  'BE_NATIONAL_NUMBER',
  'BR_CPF',
  'CA_SIN',
  'CH_AHV',
  'CN_RESIDENT_ID',
  'DE_TAX_ID',
  'DK_CPR',
  'ES_DNI',
  'FI_HETU',
  'FR_NIR',
  'GB_NHS',
  'GB_NINO',
  'IE_PPS',
  'IN_AADHAAR',
  'IT_FISCAL_CODE',
  'JP_MY_NUMBER',
  'KR_RRN',
  'NL_BSN',
  'NO_BIRTH_NUMBER',
  'PL_PESEL',
  'PT_NIF',
  'SE_PERSONAL_NUMBER',
  'TR_ID',
  'DATE_OF_BIRTH',
  'PASSPORT',
  'DRIVING_LICENCE',
  'STREET_ADDRESS',
  'CRYPTO_WALLET',
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

/** What to do about one type of data; `allow` lists exact values of the type that never fire. */
export interface DataTypeRule {
  readonly action: RuleAction;
  readonly allow?: readonly string[];
}

/** What to do about a class of data. `types` outranks `action`; `allow` lists exact values that never fire. */
export interface DataRule<T extends string> {
  readonly action: RuleAction;
  readonly allow?: readonly string[];
  readonly types?: Readonly<Partial<Record<T, DataTypeRule>>>;
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
export function policyFor<P extends PolicyDraft>(policy: P, kind: string): P {
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
  const types: Partial<Record<string, DataTypeRule>> = rule.types ?? {};
  return types[type]?.action ?? rule.action;
}

/** The values of one type of data that never fire: the class's and the type's own. */
export function allowedFor<T extends string>(rule: DataRule<T>, type: T): readonly string[] {
  const types: Partial<Record<string, DataTypeRule>> = rule.types ?? {};
  return [...(rule.allow ?? []), ...(types[type]?.allow ?? [])];
}

/** A rule with what outranks it; types are taken over one by one. */
export function overriddenRule<T extends string>(
  rule: DataRule<T>,
  own: Partial<DataRule<T>> = {},
): DataRule<T> {
  const types = own.types ? { ...rule.types, ...own.types } : rule.types;
  return types === undefined ? { ...rule, ...own } : { ...rule, ...own, types };
}
