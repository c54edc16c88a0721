import type { Reason } from './decision.js';
import { pointerToken } from './json-reader.js';
import { policyLimits } from './policy-draft.js';
import { policyFor, topics, type ConfidenceBands, type KindOverrides, type Policy } from './policy.js';

/** Why one reason is there, and what would have had to be different for it not to be. */
export interface Explanation {
  readonly code: Reason['code'];
  readonly detector: string;
  /** RFC 6901 pointer into the policy to the rule that fired; `null` when no rule can be changed to let it pass. */
  readonly rule: string | null;
  /** Where in the output, as in the reason. */
  readonly pointer: string | null;
  readonly start: number | null;
  readonly end: number | null;
  /** What fired, in words. */
  readonly why: string;
  /** What would have had to be different. The result passes once this is so for every explanation. */
  readonly toPass: string;
}

/** What is explained: why a result was not released, and how sure its agent was. */
export interface Explainable {
  readonly reasons: readonly Reason[];
  readonly confidence: number | null;
}

/** An explanation of each reason of a decision about a result of this kind, under the policy that made it. */
export function explain({ reasons, confidence }: Explainable, policy: Policy, kind: string): Explanation[] {
  return reasons.map((reason) => {
    const { code, detector, detail, pointer, start, end } = reason;
    const behind =
      code === 'LOW_CONFIDENCE'
        ? bandBehind(confidence ?? 0, policy, kind)
        : ruleBehind(reason, policy, kind);
    return { code, detector, pointer, start, end, why: detail, ...behind };
  });
}

type Behind = Pick<Explanation, 'rule' | 'toPass'>;

const withoutIt = 'the output must not hold this text';

function ruleBehind(reason: Reason, policy: Policy, kind: string): Behind {
  const { code, detector, pointer } = reason;
  // A detector that failed goes by its own name, which is also that of a family.
  if (code === 'GATE_ERROR') return gateBehind(detector, policy, kind);
  const slash = detector.indexOf('/');
  const [family, name] = [slash < 0 ? detector : detector.slice(0, slash), detector.slice(slash + 1)];
  const own = Object.hasOwn(policy.kinds, kind) ? policy.kinds[kind] : undefined;
  const rules = policyFor(policy, kind);
  const base = `/kinds/${pointerToken(kind)}`;
  switch (family) {
    case 'KEYWORD': {
      const index = rules.keywords.findIndex(({ term }) => term === name);
      return offOrAbsent(`${own?.keywords ? base : ''}/keywords/${index}/action`, index);
    }
    case 'PATTERN': {
      const index = rules.patterns.findIndex((pattern) => pattern.name === name);
      return offOrAbsent(`${own?.patterns ? base : ''}/patterns/${index}/action`, index);
    }
    case 'PII':
    case 'SECRET':
      return dataRule(family, reason, name, policy, own, base);
    case 'TOPIC': {
      const rule = topicRule(name, own, base);
      return pointer === null ? judgedOtherwise(rule) : offOrAbsent(rule);
    }
    case 'APPROVAL':
      return { rule: null, toPass: 'The output must be the one that was approved.' };
    default:
      return moreBehind();
  }
}

function topicRule(name: string, own: KindOverrides | undefined, base: string): string {
  const topic = topics.find((one) => one === name);
  const owned = topic !== undefined && own?.topics?.[topic] !== undefined;
  return `${owned ? base : ''}/topics/${name}/action`;
}

/** More fired than is listed: which of the policy's rules it was nobody is told. */
function moreBehind(): Behind {
  const toPass =
    'What is listed must be put right, and what is then listed in its place: only so much is listed at a time.';
  return { rule: null, toPass };
}

function gateBehind(detector: string, policy: Policy, kind: string): Behind {
  switch (detector) {
    case 'GATE/MORE':
      return moreBehind();
    case 'TOPIC_CLASSIFIER': {
      const own = Object.hasOwn(policy.kinds, kind) ? policy.kinds[kind] : undefined;
      const rules = policyFor(policy, kind);
      const looked = topics
        .filter((topic) => rules.topics[topic].action !== 'OFF')
        .map((topic) => topicRule(topic, own, `/kinds/${pointerToken(kind)}`));
      const sent = 'it is sent none with a credential in it, and none that the gate could not look at';
      const toPass = `Either the topic classifier must judge the output (${sent}), or ${listed(looked)} must be OFF.`;
      return { rule: null, toPass };
    }
    case 'GATE/LIMITS':
      return {
        rule: null,
        toPass: 'The output must be within the limit, to be looked at as a whole: no rule lets it pass.',
      };
    default:
      return {
        rule: null,
        toPass: 'The gate must be able to look at all of the output: no rule lets it pass.',
      };
  }
}

/**
 * Below `rejectBelow` a lower `holdBelow` alone changes nothing, and both bounds have to come down; else one is enough.
 */
function bandBehind(confidence: number, policy: Policy, kind: string): Behind {
  const own = Object.hasOwn(policy.kinds, kind) ? policy.kinds[kind] : undefined;
  const base = `/kinds/${pointerToken(kind)}`;
  const { holdBelow, rejectBelow } = policyFor(policy, kind).confidence;
  const bounds =
    confidence < rejectBelow ? (['rejectBelow', 'holdBelow'] as const) : (['holdBelow'] as const);
  const at = (bound: keyof ConfidenceBands, ofKind: boolean): string =>
    `${ofKind ? base : ''}/confidence/${bound}`;
  const shared = bounds.filter((bound) => own?.confidence?.[bound] === undefined);
  const ofKind = !canBeLowered(policy, shared, confidence);
  const lower = bounds.map((bound) => at(bound, ofKind || !shared.includes(bound)));
  return {
    rule: at(bounds[0], !shared.includes(bounds[0])),
    toPass: `Either the confidence must be ${Math.max(holdBelow, rejectBelow)} or more, or ${listed(lower)} must be ${confidence} or less.`,
  };
}

/** Whether the tenant's bounds may be this low: a policy in which a kind has its `rejectBelow` above `holdBelow` is refused. */
function canBeLowered(
  { confidence, kinds }: Policy,
  bounds: readonly (keyof ConfidenceBands)[],
  to: number,
): boolean {
  const lowered = { ...confidence, ...Object.fromEntries(bounds.map((bound) => [bound, to])) };
  return [{}, ...Object.values(kinds)].every((own: KindOverrides) => {
    const { holdBelow, rejectBelow } = { ...lowered, ...own.confidence };
    return rejectBelow <= holdBelow;
  });
}

function listed(pointers: readonly string[]): string {
  if (pointers.length < 2) return pointers.join('');
  return `all of ${pointers.slice(0, -1).join(', ')} and ${pointers.at(-1)}`;
}

function dataRule(
  family: 'PII' | 'SECRET',
  reason: Reason,
  type: string,
  policy: Policy,
  own: KindOverrides | undefined,
  base: string,
): Behind {
  const at = `/detectors/${family}`;
  const has = (types: object | undefined) => types !== undefined && Object.hasOwn(types, type);
  const ownRule = own?.detectors?.[family];
  const allowAt = `${ownRule?.allow === undefined ? '' : base}${at}/allow`;
  if (has(ownRule?.types)) return dataOff(`${base}${at}/types/${type}/action`, allowAt, reason);
  if (has(policy.detectors[family].types)) return dataOff(`${at}/types/${type}/action`, allowAt, reason);
  return dataOff(`${ownRule?.action === undefined ? '' : base}${at}/action`, allowAt, reason);
}

function dataOff(rule: string, allowAt: string, { detail, start, end }: Reason): Behind {
  // An allow list takes no longer values.
  if ((end ?? 0) - (start ?? 0) > policyLimits.termLength) return offOrAbsent(rule);
  const value = detail.includes(', once decoded') ? 'exactly what it says decoded' : 'exactly it';
  return {
    rule,
    toPass: `Either ${withoutIt}, or ${allowAt} must list ${value}, or ${rule} must be OFF.`,
  };
}

/** What the topic classifier says is about all of an output. */
function judgedOtherwise(rule: string): Behind {
  return { rule, toPass: `Either the topic classifier must score the output lower, or ${rule} must be OFF.` };
}

/** A rule that is not in the policy cannot be changed. */
function offOrAbsent(rule: string, index = 0): Behind {
  if (index < 0) return { rule: null, toPass: `${withoutIt.charAt(0).toUpperCase()}${withoutIt.slice(1)}.` };
  return { rule, toPass: `Either ${withoutIt}, or ${rule} must be OFF.` };
}
