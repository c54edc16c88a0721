import type { TopicVerdict } from './topic-verdict.js';

/** What the Judge may decide about a result: release, hold for a person, never release, or send back with feedback. */
export const decisionOutcomes = ['APPROVE', 'HITL', 'DENY', 'RETRY'] as const;
export type DecisionOutcome = (typeof decisionOutcomes)[number];

/**
 * Why a result was not simply released, gravest first: the order decides which one becomes a card's `reason`.
 */
export const reasonCodes = [
  'SECRET',
  'PII',
  'SENSITIVE_KEYWORD',
  'SENSITIVE_PATTERN',
  'SENSITIVE_TOPIC',
  'GATE_ERROR',
  'APPROVAL_MISMATCH',
  'LOW_CONFIDENCE',
] as const;
export type ReasonCode = (typeof reasonCodes)[number];

/** One thing that fired, and where. */
export interface Reason {
  readonly code: ReasonCode;
  /** What fired, for example `PII/IBAN` or `KEYWORD/password`. */
  readonly detector: string;
  /** For people. Never repeats the secret or the personal datum that it reports. */
  readonly detail: string;
  /** RFC 6901 pointer to the string in the output; `null` when the reason is not about a place in the output. */
  readonly pointer: string | null;
  /** Where in that string it starts and ends, in UTF-16 code units, end exclusive; `null` with a `null` pointer. */
  readonly start: number | null;
  readonly end: number | null;
}

/** The Judge's verdict on one result, under one version of one tenant's policy. */
export interface Decision {
  readonly outcome: DecisionOutcome;
  readonly policyVersion: number;
  /** The version of the detectors that looked; not known of decisions from before they had one. */
  readonly detectorVersion?: string;
  readonly reasons: readonly Reason[];
  /** What the external classifier said, when there is one and the policy wanted to know. */
  readonly classifier?: TopicVerdict;
}

/** The gravest code among the reasons; `undefined` for none. */
export function gravestCode(reasons: readonly Reason[]): ReasonCode | undefined {
  return reasonCodes.find((code) => reasons.some((reason) => reason.code === code));
}

/** Work that is not what was approved is a new proposal, and always seen by a person unless it is denied. */
export function heldAsMismatch(verdict: Decision): Decision {
  const mismatch: Reason = {
    code: 'APPROVAL_MISMATCH',
    detector: 'APPROVAL',
    detail: 'The output is not the one that was approved.',
    pointer: null,
    start: null,
    end: null,
  };
  const outcome = verdict.outcome === 'DENY' ? 'DENY' : 'HITL';
  return { ...verdict, outcome, reasons: [...verdict.reasons, mismatch] };
}
