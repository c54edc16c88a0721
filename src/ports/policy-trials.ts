import type { Page, PageRequest } from '../models/page.js';
import type { Comparison, JudgedResult, ReplayExample } from '../models/replay.js';
import type { DecisionOutcome } from '../models/decision.js';

/** What a shadow policy says of a result that was judged live. Ids only, never an output. */
export interface ShadowVerdict {
  readonly tenantId: string;
  readonly draftId: string;
  readonly resultId: string;
  readonly taskId: string;
  readonly reviewId: string | null;
  readonly kind: string;
  /** What the policy in force decided. */
  readonly live: DecisionOutcome;
  readonly shadow: DecisionOutcome;
  /** What fired under the policy that holds it. */
  readonly detectors: readonly string[];
  readonly judgedAt: Date;
}

/** A draft that judges what comes. */
export interface Shadow {
  readonly tenantId: string;
  readonly draftId: string;
  readonly since: Date;
}

/** How often a shadow and the policy in force said this of the same result. */
export interface VerdictCount {
  readonly live: DecisionOutcome;
  readonly shadow: DecisionOutcome;
  readonly count: number;
}

/** A stretch of a tenant's results: from a time on, and before another. */
export interface Stretch {
  readonly from: Date;
  readonly to: Date;
}

/** What policies are tried on: results that the gate judged, and what shadows said of them. */
export abstract class PolicyTrialsPort {
  /** How many results of the stretch were judged. */
  abstract countJudged(tenantId: string, stretch: Stretch): Promise<number>;

  /** Results of the stretch that were judged, in the order of their ids. */
  abstract judged(tenantId: string, stretch: Stretch, page: PageRequest): Promise<Page<JudgedResult>>;

  /** Every draft of every tenant that is in shadow, at most `limit`. */
  abstract shadows(limit: number): Promise<readonly Shadow[]>;

  /**
   * Results judged since the shadow began that it has said nothing of, oldest first. What it said last is the place to go on
   * from: a result whose id is much older than that may be passed over.
   */
  abstract unjudged(shadow: Shadow, limit: number): Promise<readonly JudgedResult[]>;

  /** Keeps verdicts; those that are there already stay as they are. */
  abstract keepVerdicts(verdicts: readonly ShadowVerdict[]): Promise<void>;

  /** Removes verdicts that are older, at most `limit`. Returns how many there were. */
  abstract forgetVerdicts(before: Date, limit: number): Promise<number>;

  abstract countVerdicts(tenantId: string, draftId: string): Promise<readonly VerdictCount[]>;

  /** The newest verdicts of one sort. */
  abstract examples(
    tenantId: string,
    draftId: string,
    comparison: Comparison,
    limit: number,
  ): Promise<readonly ReplayExample[]>;

  /** Backtests of every tenant that are not finished and of which nothing was heard for so long. */
  abstract stalledBacktests(
    silentMs: number,
    limit: number,
  ): Promise<readonly { readonly tenantId: string; readonly backtestId: string }[]>;
}
