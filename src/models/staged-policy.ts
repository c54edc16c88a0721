import { DomainError } from './errors.js';
import type { PolicyDraft } from './policy.js';

/** Where a drafted policy stands: written down; judging beside the one in force; in force; dropped. */
export const stagedStates = ['DRAFT', 'SHADOW', 'LIVE', 'DISCARDED'] as const;
export type StagedState = (typeof stagedStates)[number];

/** How many drafts of a tenant may judge in the shadow at a time: each costs as much as the gate itself. */
export const mostShadowsAtOnce = 5;

/** A policy on its way into force. Its rules never change: other rules are another draft. */
export interface StagedPolicy {
  readonly tenantId: string;
  readonly draftId: string;
  readonly rules: PolicyDraft;
  /** Digest of the rules: what was tried out is what is put in force. */
  readonly rulesDigest: string;
  readonly note: string | null;
  readonly state: StagedState;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly shadowedAt: Date | null;
  /** Whether it was found looser than the policy in force when it was proposed; `null` before. */
  readonly looser: boolean | null;
  readonly proposedAt: Date | null;
  readonly proposedBy: string | null;
  /** The version in force that it was proposed to follow. */
  readonly proposedOver: number | null;
  readonly backtestId: string | null;
  /** How many decisions that backtest has replayed; `null` without one. None at all is told as that: nothing is known. */
  readonly replayed: number | null;
  readonly approvedAt: Date | null;
  /** Never who proposed it; `null` where nobody had to approve. */
  readonly approvedBy: string | null;
  /** The version that it became. */
  readonly policyVersion: number | null;
  readonly closedAt: Date | null;
  readonly version: number;
}

type Proposal = Pick<StagedPolicy, 'looser' | 'proposedBy' | 'proposedOver' | 'backtestId' | 'replayed'>;

/** The draft, from now on judging what comes. Once more changes nothing. */
export function shadowed(draft: StagedPolicy, now: Date): StagedPolicy {
  if (draft.state === 'SHADOW') return draft;
  return { ...open(draft), state: 'SHADOW', shadowedAt: now, version: draft.version + 1 };
}

/** The draft, proposed to follow a version. A proposal that is already there is replaced. */
export function proposed(draft: StagedPolicy, proposal: Proposal, now: Date): StagedPolicy {
  return { ...open(draft), ...proposal, proposedAt: now, version: draft.version + 1 };
}

/**
 * The draft, in force as this version.
 *
 * @throws DomainError `POLICY_NEEDS_SECOND_OPERATOR` when it is looser and whoever proposed it approves it, or nobody does
 */
export function inForce(
  draft: StagedPolicy,
  policyVersion: number,
  approvedBy: string | null,
  now: Date,
): StagedPolicy {
  if (draft.looser !== false && (approvedBy === null || approvedBy === draft.proposedBy)) {
    throw new DomainError(
      'POLICY_NEEDS_SECOND_OPERATOR',
      `Draft ${draft.draftId} is looser than the policy in force: another operator than ${draft.proposedBy ?? 'its proposer'} has to approve it.`,
    );
  }
  return {
    ...open(draft),
    state: 'LIVE',
    approvedBy,
    approvedAt: approvedBy === null ? null : now,
    policyVersion,
    closedAt: now,
    version: draft.version + 1,
  };
}

/** The draft, dropped. Once more changes nothing. */
export function discarded(draft: StagedPolicy, now: Date): StagedPolicy {
  if (draft.state === 'DISCARDED') return draft;
  return { ...open(draft), state: 'DISCARDED', closedAt: now, version: draft.version + 1 };
}

function open(draft: StagedPolicy): StagedPolicy {
  if (draft.state === 'DRAFT' || draft.state === 'SHADOW') return draft;
  throw new DomainError('DRAFT_STATE_CONFLICT', `Draft ${draft.draftId} is ${draft.state} and stays so.`);
}
