import type { Latencies, Second } from './meter.js';
import type { RunOptions } from './options.js';
import type { TaskStatus } from '../../src/models/task.js';

/** A tenant as its clients know it. */
export interface TenantAccess {
  readonly tenantId: string;
  readonly agentKey: string;
  readonly submitterKey: string;
  readonly operatorKey: string;
}

/** What the load generator is told to do. */
export interface Plan {
  readonly options: RunOptions;
  /** The API processes, each at its own address. */
  readonly origins: readonly string[];
  readonly tenants: readonly TenantAccess[];
}

/** A task as the clients last saw it. */
export interface Sighting {
  readonly tenantId: string;
  readonly taskId: string;
  /** What an answer said of it last; `null` when it was submitted and nothing else was heard. */
  readonly status: TaskStatus | null;
  /** How many different leases its clients were told had ended it in SUCCEEDED. */
  readonly successes: number;
}

/** What the clients of a run have seen, for the account. */
export interface Seen {
  readonly tasks: readonly Sighting[];
  /** Submissions that were never answered: each may or may not have become a task. */
  readonly unanswered: number;
  /** Registrations that were answered 200, and all that were sent. */
  readonly registered: number;
  readonly registrationsSent: number;
  /** What no client should ever see, in words. */
  readonly violations: readonly string[];
  readonly violationCount: number;
}

/** What a run has come to. */
export interface Outcome {
  readonly totals: Readonly<Record<string, Latencies>>;
  /** Numbers that are no latencies, by name. */
  readonly figures: Readonly<Record<string, number>>;
  readonly seen: Seen;
  /** How busy the load generator was, 0 to 1: near 1, the figures are its own and not the server's. */
  readonly generatorBusy: number;
}

/** From the generator to the process that started it. */
export type FromGenerator =
  | { readonly type: 'ready' }
  | { readonly type: 'phase'; readonly name: string }
  | { readonly type: 'second'; readonly second: Second }
  | { readonly type: 'ask'; readonly what: Request }
  | { readonly type: 'done'; readonly outcome: Outcome }
  | { readonly type: 'failed'; readonly reason: string };

/** What only the process that started the servers can do. */
export type Request = 'restart';

/** To the generator. */
export type ToGenerator =
  | { readonly type: 'run'; readonly plan: Plan }
  /** The server was killed and serves again; milliseconds since 1970. */
  | { readonly type: 'granted'; readonly killedAt: number; readonly servingAt: number };
