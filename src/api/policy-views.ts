import type { Backtest } from '../models/backtest.js';
import type { PolicyDraft } from '../models/policy.js';
import type { StagedPolicy, StagedState } from '../models/staged-policy.js';
import type { AskedStretch } from '../services/backtests.js';
import type { PolicyName } from '../services/policies.js';

/* How policies on their way into force look over the wire. */

export interface StagedPolicyWire extends Omit<
  StagedPolicy,
  'tenantId' | 'rules' | 'rulesDigest' | 'version'
> {
  readonly state: StagedState;
  readonly policy: PolicyDraft;
}

export function stagedPolicyWire(draft: StagedPolicy): StagedPolicyWire {
  return {
    draftId: draft.draftId,
    state: draft.state,
    note: draft.note,
    policy: draft.rules,
    createdAt: draft.createdAt,
    createdBy: draft.createdBy,
    shadowedAt: draft.shadowedAt,
    looser: draft.looser,
    proposedAt: draft.proposedAt,
    proposedBy: draft.proposedBy,
    proposedOver: draft.proposedOver,
    backtestId: draft.backtestId,
    replayed: draft.replayed,
    approvedAt: draft.approvedAt,
    approvedBy: draft.approvedBy,
    policyVersion: draft.policyVersion,
    closedAt: draft.closedAt,
  };
}

export type BacktestWire = Omit<Backtest, 'tenantId' | 'rules' | 'rulesDigest' | 'version' | 'updatedAt'>;

export function backtestWire(backtest: Backtest): BacktestWire {
  return {
    backtestId: backtest.backtestId,
    draftId: backtest.draftId,
    baseVersion: backtest.baseVersion,
    from: backtest.from,
    to: backtest.to,
    state: backtest.state,
    total: backtest.total,
    done: backtest.done,
    report: backtest.report,
    error: backtest.error,
    createdAt: backtest.createdAt,
    createdBy: backtest.createdBy,
    finishedAt: backtest.finishedAt,
  };
}

/** A stretch of time as a body names it. */
export function stretchOf({ from, to }: { from?: string; to?: string }): AskedStretch {
  return {
    from: from === undefined ? undefined : new Date(from),
    to: to === undefined ? undefined : new Date(to),
  };
}

/** A policy as a query names it: digits are a version's number, anything else is a draft's id. */
export function policyNamed(name: string | undefined): PolicyName {
  return name !== undefined && /^\d+$/.test(name) ? Number(name) : name?.toLowerCase();
}
