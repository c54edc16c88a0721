import {
  actionFor,
  allowedFor,
  personalDataTypes,
  policyFor,
  secretTypes,
  topics,
  type DataRule,
  type KeywordRule,
  type PatternRule,
  type PolicyDraft,
  type RuleAction,
} from './policy.js';

/**
 * What a change does to results. `LOOSER`: there may be one that the old policy holds and the new one passes, or that the
 * old one denies and the new one shows to a person. `TIGHTER`: it can only be the other way round. `OTHER`: neither.
 */
export const changeEffects = ['LOOSER', 'TIGHTER', 'OTHER'] as const;
export type ChangeEffect = (typeof changeEffects)[number];

/** One difference between two policies. */
export interface PolicyChange {
  readonly effect: ChangeEffect;
  /** The kind of task that it is about; `null` for every kind that has no override of its own. */
  readonly kind: string | null;
  /** RFC 6901 pointer to the part of a policy that it is in. */
  readonly pointer: string;
  /** A sentence for people. */
  readonly text: string;
}

type Change = Omit<PolicyChange, 'kind'>;

/**
 * Every difference between two policies: first for kinds without overrides, then for each kind for which it is another. Kinds
 * are compared by what holds for them, so that an override that says the same as the rest is no difference.
 */
export function* changesBetween(from: PolicyDraft, to: PolicyDraft): Generator<PolicyChange> {
  const said = new Set<string>();
  for (const change of rulesBetween(from, to)) {
    said.add(identityOf(change));
    yield { ...change, kind: null };
  }
  const kinds = new Set([...Object.keys(from.kinds), ...Object.keys(to.kinds)]);
  for (const kind of [...kinds].sort()) {
    for (const change of rulesBetween(policyFor(from, kind), policyFor(to, kind), { from, to })) {
      if (!said.has(identityOf(change))) yield { ...change, kind };
    }
  }
}

/**
 * Whether there may be a result that the old policy holds and the new one passes, or that it denies and the new one does
 * not. Errs on the side of yes: a keyword that another one covers, for example, still counts when it is taken away.
 */
export function looserThan(from: PolicyDraft, to: PolicyDraft): boolean {
  for (const { effect } of changesBetween(from, to)) if (effect === 'LOOSER') return true;
  return false;
}

const severity: Readonly<Record<RuleAction, number>> = { OFF: 0, HITL: 1, DENY: 2 };
const consequence: Readonly<Record<RuleAction, string>> = {
  OFF: 'let through',
  HITL: 'held for a person',
  DENY: 'denied',
};

function identityOf({ pointer, text }: Change): string {
  return `${pointer}\n${text}`;
}

function effectOf(before: number, after: number): ChangeEffect {
  if (before === after) return 'OTHER';
  return after < before ? 'LOOSER' : 'TIGHTER';
}

/** @param compared Two policies that have been compared: lists that are theirs are not compared again. */
function* rulesBetween(
  from: PolicyDraft,
  to: PolicyDraft,
  compared?: { readonly from: PolicyDraft; readonly to: PolicyDraft },
): Generator<Change> {
  yield* bandsBetween(from, to);
  if (from.keywords !== compared?.from.keywords || to.keywords !== compared.to.keywords) {
    yield* keywordsBetween(from.keywords, to.keywords);
  }
  if (from.patterns !== compared?.from.patterns || to.patterns !== compared.to.patterns) {
    yield* patternsBetween(from.patterns, to.patterns);
  }
  yield* dataBetween('PII', 'personal data', personalDataTypes, from.detectors.PII, to.detectors.PII);
  yield* dataBetween('SECRET', 'credentials', secretTypes, from.detectors.SECRET, to.detectors.SECRET);
  for (const topic of topics) {
    const [before, after] = [from.topics[topic].action, to.topics[topic].action];
    if (before === after) continue;
    const text = `What is about ${topic} was ${consequence[before]} and is now ${consequence[after]}.`;
    yield { effect: effectOf(severity[before], severity[after]), pointer: `/topics/${topic}`, text };
  }
  if (from.reviewDeadlineMs === to.reviewDeadlineMs) return;
  const text = `A card waited ${from.reviewDeadlineMs} ms for a person and now waits ${to.reviewDeadlineMs} ms.`;
  yield { effect: 'OTHER', pointer: '/reviewDeadlineMs', text };
}

function* bandsBetween(from: PolicyDraft, to: PolicyDraft): Generator<Change> {
  const bands = [
    ['holdBelow', 'held for a person'],
    ['rejectBelow', 'sent back'],
  ] as const;
  for (const [band, what] of bands) {
    const [before, after] = [from.confidence[band], to.confidence[band]];
    if (before === after) continue;
    const text = `What has a confidence below ${before} was ${what}; now it is what is below ${after}.`;
    yield { effect: effectOf(before, after), pointer: `/confidence/${band}`, text };
  }
}

function* keywordsBetween(from: readonly KeywordRule[], to: readonly KeywordRule[]): Generator<Change> {
  const before = new Map(from.map((rule) => [rule.term, rule]));
  const after = new Map(to.map((rule) => [rule.term, rule]));
  for (const term of new Set([...before.keys(), ...after.keys()])) {
    const [old, next] = [before.get(term), after.get(term)];
    const [was, is] = [old?.action ?? 'OFF', next?.action ?? 'OFF'];
    const both = was !== 'OFF' && is !== 'OFF' && old?.match !== next?.match;
    const [reached, reaches] = [reachOf(old), reachOf(next)];
    const narrower = both && (reached > reaches || isOnlyFoundAsWritten(old));
    const wider = both && reaches > reached;
    if (was === is && !both) continue;
    const effect = narrower
      ? 'LOOSER'
      : wider && was === is
        ? 'TIGHTER'
        : effectOf(severity[was], severity[is]);
    const how = both ? `, and is looked for as ${next?.match ?? ''} instead of ${old?.match ?? ''}` : '';
    const text = `The keyword '${term}' was ${consequence[was]} and is now ${consequence[is]}${how}.`;
    yield { effect, pointer: '/keywords', text };
  }
}

/** A prefix finds all that the word and the phrase find, these two find the same, and what is written exactly so is some of that. */
function reachOf(rule: KeywordRule | undefined): number {
  if (rule?.match === 'EXACT') return 0;
  return rule?.match === 'PREFIX' ? 2 : 1;
}

/** Words and phrases do not go across the end of a sentence or a long gap; a term with one in it is only found as it is written. */
function isOnlyFoundAsWritten(rule: KeywordRule | undefined): boolean {
  return rule?.match === 'EXACT' && /[.!?]\s|[^\p{L}\p{N}]{60}/u.test(rule.term.normalize('NFKC'));
}

function* patternsBetween(from: readonly PatternRule[], to: readonly PatternRule[]): Generator<Change> {
  const before = gravestBySource(from);
  const after = gravestBySource(to);
  for (const source of new Set([...before.keys(), ...after.keys()])) {
    const [old, next] = [before.get(source), after.get(source)];
    const [was, is] = [old?.action ?? 'OFF', next?.action ?? 'OFF'];
    if (was === is) continue;
    const name = next?.name ?? old?.name ?? '';
    const text = `What the pattern '${name}' (${source}) matches was ${consequence[was]} and is now ${consequence[is]}.`;
    yield { effect: effectOf(severity[was], severity[is]), pointer: '/patterns', text };
  }
}

/** What a pattern is called does not matter, and of two that are the same the graver counts. */
function gravestBySource(rules: readonly PatternRule[]): ReadonlyMap<string, PatternRule> {
  const gravest = new Map<string, PatternRule>();
  for (const rule of rules) {
    const known = gravest.get(rule.pattern);
    if (known === undefined || severity[known.action] < severity[rule.action])
      gravest.set(rule.pattern, rule);
  }
  return gravest;
}

function* dataBetween<T extends string>(
  detector: 'PII' | 'SECRET',
  noun: string,
  types: readonly T[],
  from: DataRule<T>,
  to: DataRule<T>,
): Generator<Change> {
  const moved = types.filter((type) => actionFor(from, type) !== actionFor(to, type));
  const groups = Map.groupBy(moved, (type) => `${actionFor(from, type)} ${actionFor(to, type)}`);
  for (const group of groups.values()) {
    const [first] = group;
    if (first === undefined) continue;
    const [was, is] = [actionFor(from, first), actionFor(to, first)];
    const which = group.length === types.length ? `All ${noun}` : `${noun} of the types ${group.join(', ')}`;
    const text = `${capital(which)}: was ${consequence[was]} and is now ${consequence[is]}.`;
    const pointer = `/detectors/${detector}`;
    yield { effect: effectOf(severity[was], severity[is]), pointer, text };
  }
  const pointer = `/detectors/${detector}/allow`;
  const known = new Set(from.allow);
  const kept = new Set(to.allow);
  const watched = types.some((type) => actionFor(from, type) !== 'OFF');
  for (const value of kept) {
    if (known.has(value)) continue;
    yield {
      effect: watched ? 'LOOSER' : 'OTHER',
      pointer,
      text: `'${value}' is now let through as ${noun}.`,
    };
  }
  for (const value of known) {
    if (kept.has(value)) continue;
    yield { effect: 'TIGHTER', pointer, text: `'${value}' is no longer let through as ${noun}.` };
  }
  for (const type of types) yield* exemptBetween(detector, type, from, to);
}

/** The values that one type lets through beside those of its class. */
function* exemptBetween<T extends string>(
  detector: 'PII' | 'SECRET',
  type: T,
  from: DataRule<T>,
  to: DataRule<T>,
): Generator<Change> {
  const [before, after] = [new Set(allowedFor(from, type)), new Set(allowedFor(to, type))];
  const pointer = `/detectors/${detector}/types/${type}/allow`;
  for (const value of after) {
    if (before.has(value) || to.allow?.includes(value) === true) continue;
    const effect = actionFor(from, type) === 'OFF' ? 'OTHER' : 'LOOSER';
    yield { effect, pointer, text: `'${value}' is now let through as ${type}.` };
  }
  for (const value of before) {
    if (after.has(value) || from.allow?.includes(value) === true) continue;
    yield { effect: 'TIGHTER', pointer, text: `'${value}' is no longer let through as ${type}.` };
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
