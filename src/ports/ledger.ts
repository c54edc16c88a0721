import type { ApiKey } from '../models/access.js';
import type { Agent } from '../models/agent.js';
import type { Actor, AuditEntry, ChainPosition } from '../models/audit.js';
import type { Backtest } from '../models/backtest.js';
import type { Demand } from '../models/demand.js';
import type { FleetBrake } from '../models/fleet-brake.js';
import type { Policy, PolicyDraft } from '../models/policy.js';
import type { ApprovalReceipt } from '../models/receipt.js';
import type { Result } from '../models/result.js';
import type { ReviewCard } from '../models/review.js';
import type { Session } from '../models/session.js';
import type { SlicedWork } from '../models/sliced-work.js';
import type { StagedPolicy } from '../models/staged-policy.js';
import type { Task } from '../models/task.js';
import type { Tenant } from '../models/tenant.js';

/** What the ledger keeps, by name. */
export interface Rows {
  readonly task: Task;
  readonly review: ReviewCard;
  readonly result: Result;
  readonly receipt: ApprovalReceipt;
  readonly session: Session;
  readonly agent: Agent;
  readonly apiKey: ApiKey;
  readonly fleetBrake: FleetBrake;
  readonly policy: Policy & { readonly tenantId: string };
  readonly stagedPolicy: StagedPolicy;
  readonly backtest: Backtest;
}
export type RowKind = keyof Rows;

/** What a unit of work wants to see. Cards that the tasks name come with them. */
export interface Needs {
  readonly tasks?: readonly string[];
  readonly reviews?: readonly string[];
  readonly sessions?: readonly string[];
  readonly agents?: readonly string[];
  readonly apiKeys?: readonly string[];
  readonly stagedPolicies?: readonly string[];
  readonly backtests?: readonly string[];
  /** Tasks that were submitted under these keys. */
  readonly idempotencyKeys?: readonly string[];
  /** Results that were handed in under these lease tokens. */
  readonly leaseTokens?: readonly string[];
  /** Agents that are wanted with the number of tasks that each is running. */
  readonly holders?: readonly string[];
  /** The policy in force. */
  readonly policy?: boolean;
  /** The tenant's brake, by the tenant's id. */
  readonly fleetBrakes?: readonly string[];
  /** How many tasks of the tenant are open. */
  readonly openTasks?: boolean;
  /** How many backtests and shadows the tenant has under way. */
  readonly trials?: boolean;
}

/** What of a tenant's policies is being tried. */
export interface TrialsUnderWay {
  /** Backtests that are not finished. */
  readonly backtests: number;
  /** Drafts that judge in the shadow. */
  readonly shadows: number;
}

/** The part of a tenant's state that a unit of work asked for, as it is at its turn. */
export interface LedgerView {
  /** The database's clock: the only one that leases and deadlines are measured by. */
  readonly now: Date;
  /** By id; a result by its lease token, the brake by the tenant's id. `undefined` when the tenant has no such row. */
  get<K extends RowKind>(kind: K, id: string): Rows[K] | undefined;
  taskByIdempotencyKey(key: string): Task | undefined;
  /** How many tasks the agent is running. */
  heldBy(agentId: string): number;
  /** How many of the tenant's tasks have not ended, without what this unit of work has put. */
  readonly openTasks: number;
  policyInForce(): Rows['policy'] | undefined;
  trialsUnderWay(): TrialsUnderWay;
  /** Adds the row, or replaces it by its next version. */
  put<K extends RowKind>(kind: K, row: Rows[K]): void;
  /** Puts an entry on the audit record, in the order of the calls. Returns the place that it has there if the unit is kept. */
  record(entry: AuditEntry): ChainPosition;
}

/** What is decided right behind a unit of work, on what that leaves. */
export interface FollowUp {
  readonly needs: Needs;
  decide(view: LedgerView): void;
}

/**
 * A decision about one tenant's rows. `decide` is synchronous and has no effect but through the view; whatever it throws
 * is what `transact` rejects with, and then nothing of it is kept.
 */
export interface Work<R> {
  readonly tenantId: string;
  readonly needs: Needs;
  /** It brings work rather than carrying it on: it yields to units that do not. */
  readonly addsWork?: boolean;
  /** How many units it is as large as; 1 unless given. */
  readonly size?: number;
  /** Who waits for what it brings: as many units as are awaited do not yield. */
  readonly demand?: Demand;
  /** It is tried again for half a minute or so while the database cannot be reached. For what does no harm when it is done twice. */
  readonly patient?: boolean;
  /**
   * Asked for as the unit's turn comes, each time that it is run. Commits with the unit; left out when that is refused. One that
   * throws is a fault: nothing of it is kept, and the unit stands.
   */
  readonly followUp?: () => FollowUp | undefined;
  decide(view: LedgerView): R;
}

/** A unit of work that takes long to decide: between its steps the process sees to other things, but to no other unit of the tenant. */
export interface LongWork<R> extends Omit<Work<R>, 'decide'> {
  decide(view: LedgerView): SlicedWork<R>;
}

/**
 * The system of record.
 *
 * - Of one unit of work, everything commits or nothing: rows and audit entries together, durably, before it resolves.
 * - Units of work of one tenant take effect one after the other, in every process; the audit record has their order.
 * - Units that arrive together may share one transaction; each still has its own answer and its own error.
 * - After the commit, subscribers of the signals are told (feed of the tenant, tasks that became final).
 *
 * Rejects with `UNAVAILABLE` when the database cannot be reached or too much is waiting for it; a rejected unit may be
 * tried again, though after a connection that broke during the commit it may have been kept.
 */
export abstract class LedgerPort {
  abstract transact<R>(work: Work<R>): Promise<R>;

  /** The same for one that takes long to decide. */
  abstract transactLong<R>(work: LongWork<R>): Promise<R>;

  /** Adds a tenant with its first policy and the beginning of its audit record. `undefined` when it exists already. */
  abstract createTenant(
    tenant: { readonly tenantId: string; readonly name: string | null },
    policy: PolicyDraft,
    actor: Actor,
  ): Promise<Tenant | undefined>;
}
