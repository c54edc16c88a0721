import type { ApiKey } from '../models/access.js';
import type { AgentStatus } from '../models/agent.js';
import type { AuditEvent, ChainReport } from '../models/audit.js';
import type { Page, PageRequest } from '../models/page.js';
import type { AuditFilter, ReviewFilter, TaskFilter } from '../models/filters.js';
import type { ReviewCard } from '../models/review.js';
import type { StagedPolicy } from '../models/staged-policy.js';
import type { Task, TaskStatus } from '../models/task.js';
import type { Tenant } from '../models/tenant.js';
import type { RowKind, Rows } from './ledger.js';

/** Numbers of a tenant that an operator watches. */
export interface Backlog {
  readonly tasks: Readonly<Record<TaskStatus, number>>;
  readonly queue: { readonly ready: number; readonly oldestReadyMs: number | null };
  readonly reviews: { readonly pending: number; readonly oldestPendingMs: number | null };
}

/** What an agent has in hand, as a heartbeat's answer tells it. */
export interface AgentWork {
  readonly leases: readonly { readonly taskId: string; readonly leaseExpiresAt: Date }[];
  /** Tasks that were cancelled while the agent worked on them, for as long after that as a lease lasts. */
  readonly cancelledTaskIds: readonly string[];
}

/**
 * Reading the system of record. Every answer is of one tenant; another tenant's rows are as if they were not there.
 * Nothing here changes a row, but `workOf` and `keepLeases`, which make leases run longer.
 */
export abstract class RecordsPort {
  /** Resolves when the database answers. */
  abstract ping(): Promise<void>;

  abstract tenant(tenantId: string): Promise<Tenant | undefined>;

  /** The key with this hash, if it is neither revoked nor expired. Calls that arrive together share a query. */
  abstract liveKey(keyHash: string): Promise<ApiKey | undefined>;

  /** Calls that arrive together share a query. */
  abstract task(tenantId: string, taskId: string): Promise<Task | undefined>;

  /** Calls that arrive together share a query. */
  abstract review(tenantId: string, reviewId: string): Promise<ReviewCard | undefined>;

  abstract find<K extends Exclude<RowKind, 'task' | 'review' | 'result' | 'policy'>>(
    kind: K,
    tenantId: string,
    id: string,
  ): Promise<Rows[K] | undefined>;

  /** The result that ended the task. */
  abstract result(tenantId: string, resultId: string): Promise<Rows['result'] | undefined>;

  /** Those of the cards that are approved, by id. */
  abstract approvedCards(
    tenantId: string,
    reviewIds: readonly string[],
  ): Promise<ReadonlyMap<string, ReviewCard>>;

  /** The version in force, or the one asked for. Calls for the one in force that arrive together share a query. */
  abstract policy(tenantId: string, version?: number): Promise<Rows['policy'] | undefined>;

  /** Newest first. */
  abstract policies(tenantId: string, page: PageRequest): Promise<Page<Rows['policy']>>;
  /** Newest first. */
  abstract stagedPolicies(tenantId: string, page: PageRequest): Promise<Page<StagedPolicy>>;
  /** Oldest first. */
  abstract apiKeys(tenantId: string, page: PageRequest): Promise<Page<ApiKey>>;
  /** Newest first. */
  abstract tasks(tenantId: string, filter: TaskFilter, page: PageRequest): Promise<Page<Task>>;
  /** Oldest first, or by falling priority and then oldest first. */
  abstract reviews(
    tenantId: string,
    filter: ReviewFilter,
    sort: 'age' | 'priority',
    page: PageRequest,
  ): Promise<Page<ReviewCard>>;
  /** In the order of the record. */
  abstract audit(tenantId: string, filter: AuditFilter, page: PageRequest): Promise<Page<AuditEvent>>;
  /** The sequence of the tenant's last audit event; 0 before the first. */
  abstract lastSequence(tenantId: string): Promise<number>;

  /** Checks every link of the tenant's chain against its neighbours and its head. */
  abstract verifyChain(tenantId: string): Promise<ChainReport>;

  /** Counts over indexes. */
  abstract backlog(tenantId: string): Promise<Backlog>;

  /**
   * What the agent has in hand, after renewing those of its leases of which half or more is gone. A lease that has run out
   * is not renewed. Calls that arrive together share a query.
   *
   * @param inHand the tasks that the agent knows of: leases of others are not renewed. All are unless given.
   */
  abstract workOf(tenantId: string, agentId: string, inHand?: readonly string[]): Promise<AgentWork>;

  /**
   * Renews every lease of the tenant of which half or more is gone, also one that has run out and was not taken away yet,
   * whoever holds it. None outlasts its attempt's time-out.
   */
  abstract keepLeases(tenantId: string): Promise<void>;

  /** The ids of the tasks that each of the agents is running. */
  abstract heldTasks(
    tenantId: string,
    agentIds: readonly string[],
  ): Promise<ReadonlyMap<string, readonly string[]>>;
}

/** How many agents are in each status. */
export type AgentCounts = Readonly<Record<AgentStatus | 'paused', number>>;
