import type { ReasonCode } from '../models/decision.js';
import type { TextSegment } from '../models/output-text.js';
import type { Policy } from '../models/policy.js';

/** One thing that a detector found, and what the policy wants done about it. */
export interface Finding {
  readonly code: ReasonCode;
  /** What fired, for example `PII/IBAN`. */
  readonly detector: string;
  /** For people. Never repeats the secret or the personal datum. */
  readonly detail: string;
  readonly action: 'HITL' | 'DENY';
  readonly segment: TextSegment;
  /** Where in the segment's `plain` text it starts and ends, end exclusive. */
  readonly start: number;
  readonly end: number;
}

/** Takes a finding; what it does with very many of them is its own business. */
export type ReportFinding = (finding: Finding) => void;

/**
 * Looks for one class of content in an output.
 *
 * Every occurrence that the policy's rules are not `OFF` for is reported, in the order of the segments. The same
 * segments and rules always give the same findings: no chance, no network, and no clock but to give up. The time taken
 * grows in proportion to the text, whatever the text is. A detector that cannot do its work throws, and the gate then
 * holds the output.
 */
export abstract class SafetyDetectorPort {
  /** What the gate calls this detector when it has failed, for example `PII`. */
  abstract readonly name: string;

  /**
   * Makes ready what a policy's rules need, in steps that leave the event loop to others; nothing where all is ready. The
   * gate waits for it before each `detect`, which does the same at once where nobody has.
   */
  prepare?(policy: Policy): Promise<void> | undefined;

  /** The policy is the one for the output's kind: overrides are applied already. */
  abstract detect(
    segments: readonly TextSegment[],
    policy: Policy,
    report: ReportFinding,
  ): void | Promise<void>;
}

/** Injection token of the detectors that the gate asks: `readonly SafetyDetectorPort[]`. */
export const SAFETY_DETECTORS = Symbol('SAFETY_DETECTORS');
