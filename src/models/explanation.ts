import type { Reason } from './decision.js';
import { pointerToken } from './json-reader.js';
import { policyFor, topics, type KindOverrides, type Policy } from './policy.js';

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

/** An explanation of each reason of a decision about a result of this kind, under the policy that made it. */
export function explain(
  { reasons }: { readonly reasons: readonly Reason[] },
  policy: Policy,
  kind: string,
): Explanation[] {
  return reasons.map(({ code, detector, detail, pointer, start, end }) => ({
    code,
    detector,
    pointer,
    start,
    end,
    why: detail,
    ...ruleBehind({ detector, pointer }, policy, kind),
  }));
}

type Behind = Pick<Explanation, 'rule' | 'toPass'>;

const withoutIt = 'the output must not hold this text';

function ruleBehind(
  { detector, pointer }: Pick<Reason, 'detector' | 'pointer'>,
  policy: Policy,
  kind: string,
): Behind {
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
      return dataRule(family, name, policy, own, base);
    case 'TOPIC': {
      const topic = topics.find((one) => one === name);
      const owned = topic !== undefined && own?.topics?.[topic] !== undefined;
      const rule = `${owned ? base : ''}/topics/${name}/action`;
      return pointer === null ? judgedOtherwise(rule) : offOrAbsent(rule);
    }
    case 'TOPIC_CLASSIFIER':
      return {
        rule: null,
        toPass: 'The topic classifier must judge the output, or every topic that it looks at must be OFF.',
      };
    case 'CONFIDENCE': {
      const { holdBelow, rejectBelow } = rules.confidence;
      const least = Math.max(holdBelow, rejectBelow);
      const rule = `${own?.confidence?.holdBelow === undefined ? '' : base}/confidence/holdBelow`;
      return { rule, toPass: `The confidence must be ${least} or more, or ${rule} must be lower.` };
    }
    case 'APPROVAL':
      return { rule: null, toPass: 'The output must be the one that was approved.' };
    default:
      return {
        rule: null,
        toPass: 'The gate must be able to look at all of the output: no rule lets it pass.',
      };
  }
}

function dataRule(
  family: 'PII' | 'SECRET',
  type: string,
  policy: Policy,
  own: KindOverrides | undefined,
  base: string,
): Behind {
  const at = `/detectors/${family}`;
  const has = (types: object | undefined) => types !== undefined && Object.hasOwn(types, type);
  const ownRule = own?.detectors?.[family];
  if (has(ownRule?.types)) return dataOff(`${base}${at}/types/${type}/action`, `${base}${at}`);
  const allowAt = ownRule?.allow === undefined ? at : `${base}${at}`;
  if (has(policy.detectors[family].types)) return dataOff(`${at}/types/${type}/action`, allowAt);
  return dataOff(`${ownRule?.action === undefined ? '' : base}${at}/action`, allowAt);
}

function dataOff(rule: string, allowAt: string): Behind {
  return {
    rule,
    toPass: `Either ${withoutIt}, or ${allowAt}/allow must list exactly it, or ${rule} must be OFF.`,
  };
}

/** What the topic classifier says is about all of an output. */
function judgedOtherwise(rule: string): Behind {
  return { rule, toPass: `Either the topic classifier must score the output lower, or ${rule} must be OFF.` };
}

/** A rule that is not in the policy stands for more hits than are listed. */
function offOrAbsent(rule: string, index = 0): Behind {
  if (index < 0) return { rule: null, toPass: `${withoutIt.charAt(0).toUpperCase()}${withoutIt.slice(1)}.` };
  return { rule, toPass: `Either ${withoutIt}, or ${rule} must be OFF.` };
}
