import type { TaskStatus } from '../../src/models/task.js';
import type { Seen, Sighting } from '../load/plan.js';

/** Work as it was handed to an agent. */
export interface SeenAssignment {
  readonly taskId: string;
  readonly attempt: number;
  readonly stage: string;
  readonly agentId: string;
  readonly leaseToken: string;
  /** Of stage EXECUTE: the card, and the digest of the output that came with it. */
  readonly approval: { readonly reviewId: string; readonly outputDigest: string } | undefined;
}

/** A result that was answered 200. */
export interface SeenResult {
  readonly taskId: string;
  readonly resultId: string;
  readonly leaseToken: string;
  readonly taskStatus: string;
  /** Whether the gate had nothing to hold it for. */
  readonly harmless: boolean;
  /** Of what the agent handed in; `undefined` for a failure. */
  readonly outputDigest: string | undefined;
}

/** A call under a lease that was answered 200, and when. */
export interface SeenExtension {
  readonly taskId: string;
  readonly leaseToken: string;
  readonly sentAt: number;
  readonly answeredAt: number;
}

/** Until when a lease was said to be valid, and when that was heard: milliseconds since 1970. */
export interface SeenLeaseEnd {
  readonly leaseToken: string;
  readonly expiresAt: number;
  readonly heardAt: number;
}

/** A decision that was answered 200. */
export interface SeenDecision {
  readonly reviewId: string;
  readonly operator: string;
  readonly status: string;
}

/** A final result as a submitter read it. */
export interface SeenRelease {
  readonly taskId: string;
  readonly resultId: string;
  readonly status: string;
  readonly outputDigest: string | undefined;
}

/** What the clients of a drill wrote down, and what none of them should ever have seen. */
export class Witness {
  readonly assignments = new Map<string, SeenAssignment>();
  readonly results: SeenResult[] = [];
  readonly extensions: SeenExtension[] = [];
  readonly decisions: SeenDecision[] = [];
  readonly releases: SeenRelease[] = [];
  readonly violations: string[] = [];
  /** Answers that said that the server was at fault. */
  readonly faults: string[] = [];
  readonly leaseEnds: SeenLeaseEnd[] = [];
  registered = 0;
  registrationsSent = 0;
  private readonly tokenOfAttempt = new Map<string, string>();
  private readonly taskOfKey = new Map<string, string>();
  private readonly statuses = new Map<string, TaskStatus | null>();
  private readonly successes = new Map<string, Set<string>>();

  /** Tasks that were answered 202. */
  get accepted(): readonly string[] {
    return [...this.statuses.keys()];
  }

  submitted(idempotencyKey: string, taskId: string): void {
    const known = this.taskOfKey.get(idempotencyKey);
    if (known !== undefined && known !== taskId)
      this.violate(`one Idempotency-Key was answered with the tasks ${known} and ${taskId}`);
    this.taskOfKey.set(idempotencyKey, taskId);
    if (!this.statuses.has(taskId)) this.statuses.set(taskId, null);
  }

  assigned(assignment: SeenAssignment): void {
    const { taskId, attempt, leaseToken, agentId } = assignment;
    const name = `${taskId} ${attempt}`;
    const known = this.tokenOfAttempt.get(name);
    if (known !== undefined && known !== leaseToken)
      this.violate(`attempt ${attempt} of task ${taskId} was handed out under two leases`);
    this.tokenOfAttempt.set(name, leaseToken);
    const same = this.assignments.get(leaseToken);
    if (same && same.agentId !== agentId)
      this.violate(`one lease of task ${taskId} was handed to ${same.agentId} and ${agentId}`);
    this.assignments.set(leaseToken, assignment);
  }

  handedIn(result: SeenResult): void {
    this.results.push(result);
    const { taskId, taskStatus, leaseToken } = result;
    this.sighted(taskId, taskStatus);
    if (taskStatus !== 'SUCCEEDED') return;
    const tokens = this.successes.get(taskId) ?? new Set();
    this.successes.set(taskId, tokens.add(leaseToken));
  }

  /** What an answer said of a task. A final state is never followed by another one. */
  sighted(taskId: string, status: string): void {
    const known = this.statuses.get(taskId);
    if (known && isEnd(known)) {
      if (isEnd(status) && status !== known) this.violate(`task ${taskId} was ${known}, and then ${status}`);
      return;
    }
    if (isEnd(status)) this.statuses.set(taskId, status);
  }

  violate(words: string): void {
    this.violations.push(words);
  }

  /** What the load suite's account asks of a run's clients. */
  seen(tenantId: string): Seen {
    const tasks = [...this.statuses].map(([taskId, status]): Sighting => ({
      ...{ tenantId, taskId, status },
      successes: this.successes.get(taskId)?.size ?? 0,
    }));
    const { registered, registrationsSent, violations } = this;
    return {
      ...{ tasks, registered, registrationsSent, violations },
      unanswered: 0,
      violationCount: violations.length,
    };
  }
}

const ends = ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'BLOCKED', 'REJECTED', 'CANCELLED'] as const;

function isEnd(status: string): status is (typeof ends)[number] {
  return ends.some((one) => one === status);
}
