import type { ReasonCode } from './decision.js';
import type { PolicyDraft } from './policy.js';
import type { ReplayExample } from './replay.js';

export const backtestStates = ['QUEUED', 'RUNNING', 'DONE', 'FAILED'] as const;
export type BacktestState = (typeof backtestStates)[number];

/** The longest stretch of time that one backtest looks at. */
export const longestBacktestMs = 366 * 24 * 60 * 60 * 1000;

/** How many backtests of a tenant may be unfinished at a time: each judges all that was judged in its stretch. */
export const mostBacktestsAtOnce = 10;

/** A policy held against what was judged in a stretch of time. What it asks never changes. */
export interface Backtest {
  readonly tenantId: string;
  readonly backtestId: string;
  /** The draft that it was made for, if it was. */
  readonly draftId: string | null;
  readonly rules: PolicyDraft;
  readonly rulesDigest: string;
  /** The version that the rules are compared with: the one in force when the backtest was asked for. */
  readonly baseVersion: number;
  /** Results from this time on … */
  readonly from: Date;
  /** … and before this one. */
  readonly to: Date;
  readonly state: BacktestState;
  /** How many results there are to look at; `null` until they have been counted. */
  readonly total: number | null;
  readonly done: number;
  readonly report: BacktestReport | null;
  readonly error: string | null;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly updatedAt: Date;
  readonly finishedAt: Date | null;
  readonly version: number;
}

/** How many results differ in something that they have in common. */
export interface BacktestChanges {
  readonly newlyHeld: number;
  readonly newlyReleased: number;
}

export interface KindChanges extends BacktestChanges {
  readonly kind: string;
  readonly decisions: number;
}

/** A result counts once for each code that it has: of what holds it now, or of what held it before. */
export interface ReasonChanges extends BacktestChanges {
  readonly code: ReasonCode;
}

/** Cards that the day's results would have made. */
export interface DayCards {
  /** As `2026-11-22`, in UTC. */
  readonly day: string;
  readonly before: number;
  readonly after: number;
}

export interface BacktestReport extends BacktestChanges {
  readonly decisions: number;
  readonly same: number;
  /** Held before and after, but in another way: denied and no longer, for example. */
  readonly otherwise: number;
  /** Of the newly released, those that a person had rejected. */
  readonly releasedThoughRejected: number;
  /** Of the newly held, those that a person had approved. */
  readonly heldThoughApproved: number;
  readonly cards: { readonly before: number; readonly after: number };
  readonly days: readonly DayCards[];
  /** Those that change most, at most a hundred. */
  readonly kinds: readonly KindChanges[];
  readonly reasons: readonly ReasonChanges[];
  readonly examples: {
    readonly releasedThoughRejected: readonly ReplayExample[];
    readonly newlyReleased: readonly ReplayExample[];
    readonly newlyHeld: readonly ReplayExample[];
  };
}
