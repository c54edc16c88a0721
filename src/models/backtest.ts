import type { ReasonCode } from './decision.js';
import type { PolicyDraft } from './policy.js';
import type { ReplayExample } from './replay.js';

export const backtestStates = ['QUEUED', 'RUNNING', 'DONE', 'FAILED'] as const;
export type BacktestState = (typeof backtestStates)[number];

/** The longest stretch of time that one backtest looks at. */
export const longestBacktestMs = 366 * 24 * 60 * 60 * 1000;

/** How many backtests of a tenant may be unfinished at a time: each judges all that was judged in its stretch. */
export const mostBacktestsAtOnce = 10;

/** A backtest speaks for a looser policy when it ended no longer ago than this … */
export const freshBacktestMs = 24 * 60 * 60 * 1000;

/** … and began no later than this before its end: who may choose an hour may choose a harmless one. */
export const shortestProofMs = 7 * 24 * 60 * 60 * 1000;

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

/** What a backtest has to show for a draft. */
export interface AskedProof {
  readonly rulesDigest: string;
  /** The version in force, which the draft is to follow. */
  readonly version: number;
  readonly now: Date;
  /** Whether the tenant has a decision that a backtest could replay at all. */
  readonly anythingJudged: boolean;
}

/** What keeps a backtest from speaking for a draft that is looser than the policy in force; `undefined` for nothing. */
export function shortcomingOf(backtest: Backtest | undefined, asked: AskedProof): string | undefined {
  if (backtest === undefined) return 'there is none';
  if (backtest.state !== 'DONE') return `it is ${backtest.state}`;
  if (backtest.rulesDigest !== asked.rulesDigest) return 'it is of other rules';
  if (backtest.baseVersion !== asked.version) return `it is against version ${backtest.baseVersion}`;
  if (asked.now.getTime() - backtest.to.getTime() > freshBacktestMs)
    return 'its stretch ended more than a day ago';
  if (backtest.to.getTime() - backtest.from.getTime() < shortestProofMs)
    return 'its stretch is shorter than a week';
  const isEmpty = (backtest.report?.decisions ?? 0) === 0;
  return isEmpty && asked.anythingJudged
    ? 'there was no decision in its stretch: choose a longer one'
    : undefined;
}
