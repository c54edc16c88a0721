import {
  type ConfidenceBands,
  type DataRule,
  type DataTypeRule,
  type DetectorRules,
  type KeywordRule,
  keywordMatches,
  type KindOverrides,
  type PatternRule,
  personalDataTypes,
  type PolicyDraft,
  ruleActions,
  secretTypes,
  type TopicRules,
} from '../../models/policy.js';
import { policyLimits } from '../../models/policy-draft.js';
import type { PolicyWire } from '../views.js';
import {
  arrayOf,
  integer,
  mapOf,
  type Members,
  number,
  objectOf,
  oneOf,
  ref,
  type Schema,
  text,
  time,
} from './schema.js';

/** Makes every member of a shape one that may be left out. */
function partOf(description: string, members: Members<Record<string, unknown>>): Schema {
  return objectOf(description, members, Object.keys(members));
}

const confidence: Members<ConfidenceBands> = {
  holdBelow: number('Less is held for a person. Exactly this much passes.', 0.7, { minimum: 0, maximum: 1 }),
  rejectBelow: number('Less is sent back to be tried again; 0 for never.', 0, { minimum: 0, maximum: 1 }),
};

const rule = (description: string): Schema =>
  objectOf<{ action: string }>(description, {
    action: oneOf(ruleActions, 'Hold for a person, never release, or nothing.'),
  });

const allow = arrayOf(
  text('An exact value.', 'support@acme.example', { minLength: 1, maxLength: policyLimits.termLength }),
  'Values that never fire.',
  { maxItems: policyLimits.allowed },
);

const typeRule = (type: string): Schema =>
  objectOf<DataTypeRule>(
    `About ${type}.`,
    { action: oneOf(ruleActions, 'Hold for a person, never release, or nothing.'), allow },
    ['allow'],
  );

function dataRule(types: readonly string[]): Members<DataRule<string>> {
  const typeRules = Object.fromEntries(types.map((type) => [type, typeRule(type)]));
  return {
    action: oneOf(ruleActions, 'What to do, unless `types` says otherwise.'),
    allow,
    types: partOf('What to do about single types; outranks `action`.', typeRules),
  };
}

const personalData = dataRule(personalDataTypes);
const secrets = dataRule(secretTypes);

const topicRules: Members<TopicRules> = {
  POLITICS: rule('About politics.'),
  HEALTH_ADVICE: rule('About advice on health.'),
  FINANCIAL_ADVICE: rule('About advice on money.'),
  LEGAL_CLAIMS: rule('About legal claims.'),
};

const keywords = arrayOf(ref('KeywordRule'), 'Words and phrases that are looked for.', {
  maxItems: policyLimits.keywords,
});
const patterns = arrayOf(ref('PatternRule'), "The tenant's own regular expressions.", {
  maxItems: policyLimits.patterns,
});
const reviewDeadlineMs = integer('How long a held result waits for a person, in milliseconds.', 86_400_000, {
  minimum: policyLimits.shortestDeadlineMs,
  maximum: policyLimits.longestDeadlineMs,
});

const overrides: Members<KindOverrides> = {
  confidence: partOf('Bands that differ.', confidence),
  keywords,
  patterns,
  detectors: partOf('Detectors that differ.', {
    PII: partOf('Personal data.', personalData),
    SECRET: partOf('Credentials.', secrets),
  }),
  topics: partOf('Topics that differ.', topicRules),
  reviewDeadlineMs,
};

const kinds: Schema = {
  ...mapOf(ref('KindOverrides'), 'What single kinds of task do differently.'),
  maxProperties: policyLimits.kinds,
};

const draft: Members<PolicyDraft> = {
  confidence: objectOf<ConfidenceBands>('Bands of confidence, 0..1.', confidence),
  keywords,
  patterns,
  detectors: objectOf<DetectorRules>('What to do about data in the output.', {
    PII: objectOf('Personal data.', personalData, ['allow', 'types']),
    SECRET: objectOf('Credentials.', secrets, ['allow', 'types']),
  }),
  topics: objectOf<TopicRules>('What to do about topics.', topicRules),
  kinds,
  reviewDeadlineMs,
};

/** A policy as it is written and as it is read, and what it is made of. */
export const policyComponents: Readonly<Record<string, Schema>> = {
  KeywordRule: objectOf<KeywordRule>('A word or phrase.', {
    term: text('What to look for.', 'secret key', { minLength: 1, maxLength: policyLimits.termLength }),
    match: oneOf(
      keywordMatches,
      'A whole word, a whole phrase, every word that begins like this, or what is written exactly so.',
    ),
    action: oneOf(ruleActions, 'What then.'),
  }),
  PatternRule: objectOf<PatternRule>("A regular expression in the syntax of Rust's regex.", {
    name: text('Names it in reasons.', 'order-number', { minLength: 1, maxLength: policyLimits.nameLength }),
    pattern: text('The expression.', 'ORD-[0-9]{8}', { minLength: 1, maxLength: policyLimits.patternLength }),
    action: oneOf(ruleActions, 'What then.'),
  }),
  KindOverrides: partOf(
    'What a kind of task does differently. Lists are replaced as a whole, all else member by member.',
    overrides,
  ),
  PolicyDraft: partOf('A policy as you write it. What you leave out takes its default.', {
    ...draft,
    confidence: partOf('Bands of confidence, 0..1.', confidence),
    detectors: partOf('What to do about data in the output.', {
      PII: partOf('Personal data.', personalData),
      SECRET: partOf('Credentials.', secrets),
    }),
    topics: partOf('What to do about topics.', topicRules),
  }),
  Policy: objectOf<PolicyWire>('One version of the rules of a tenant.', {
    version: integer('1, 2, 3 …', 1, { minimum: 1 }),
    ...draft,
    createdAt: time('When it was made.'),
    createdBy: text('Who made it.', 'admin'),
  }),
};
