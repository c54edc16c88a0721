import type { Agent } from '../models/agent.js';
import type { FleetBrake } from '../models/fleet-brake.js';
import type { Ticket } from './task-queue.js';

/** A task of one tenant. */
export interface TaskRef {
  readonly tenantId: string;
  readonly taskId: string;
}

/**
 * Finds, over indexes, what time or a crash has left to be done. Each answer has at most `limit` rows. Rejects with
 * `UNAVAILABLE` when the database cannot be reached.
 */
export abstract class WatchPort {
  /** Runs `sweep` in one process at a time, whichever comes first. `false` when another one is at it. */
  abstract alone(name: string, sweep: () => Promise<void>): Promise<boolean>;

  /** Running tasks whose lease has run out, longest ago first. */
  abstract lostLeases(limit: number): Promise<readonly TaskRef[]>;

  /** The running tasks of an agent. */
  abstract heldTasks(tenantId: string, agentId: string, limit: number): Promise<readonly string[]>;

  /** Brakes that are engaged, and whether their grace is over. */
  abstract engagedBrakes(): Promise<readonly (FleetBrake & { readonly over: boolean })[]>;

  /** Agents that were not removed, across tenants, in the order of their ids, from the one after `after` on. */
  abstract agentsAfter(
    after: { readonly tenantId: string; readonly agentId: string } | undefined,
    limit: number,
  ): Promise<readonly Agent[]>;

  /** Those of the agents that were removed. */
  abstract removedAgents(tenantId: string, agentIds: readonly string[]): Promise<readonly string[]>;

  /** Pending cards whose deadline has passed, longest ago first. */
  abstract overdueReviews(limit: number): Promise<readonly { tenantId: string; reviewId: string }[]>;

  /** Tasks of the session that are not final. */
  abstract unfinishedTasks(tenantId: string, sessionId: string, limit: number): Promise<readonly string[]>;

  /** Tasks of stopped sessions that are not final. */
  abstract orphanedTasks(limit: number): Promise<readonly TaskRef[]>;

  /** Ready tasks of the session, with id above `after`. */
  abstract readyInSession(
    tenantId: string,
    sessionId: string,
    after: string | undefined,
    limit: number,
  ): Promise<readonly Ticket[]>;

  /** For each queue, how many tasks have been ready for `settledMs` or longer and can be handed out. */
  abstract readyCounts(
    settledMs: number,
  ): Promise<readonly { tenantId: string; kind: string; ready: number }[]>;

  /** Tasks that have been ready for `settledMs` or longer, with id above `after`. */
  abstract readyTasks(
    tenantId: string,
    kind: string,
    settledMs: number,
    after: string | undefined,
    limit: number,
  ): Promise<readonly Ticket[]>;
}
