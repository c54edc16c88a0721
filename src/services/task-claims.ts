import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { Agent } from '../models/agent.js';
import { systemActor } from '../models/audit.js';
import type { JsonValue } from '../models/json.js';
import { type Approval, approvalOf } from '../models/review.js';
import { claimTask, holdsLease, isReady, requeueTask, type Stage, type Task } from '../models/task.js';
import { LedgerPort, type LedgerView } from '../ports/ledger.js';
import type { TakenTicket, Ticket } from '../ports/task-queue.js';
import { agentActor } from './actor.js';
import { Agents } from './agents.js';
import { Dispatcher, ticketFor } from './dispatcher.js';
import { Settings } from './settings.js';
import { requeuedEntry, taskEntry } from './task-entries.js';
import type { Taker } from './open-waiter.js';
import { topics, Waiters } from './waiters.js';

/** Work in an agent's hands. */
export interface Assignment {
  readonly task: Task;
  readonly attempt: number;
  readonly stage: Stage;
  readonly leaseToken: string;
  readonly leaseExpiresAt: Date;
  readonly feedback?: JsonValue;
  readonly approval?: Approval;
}

export interface ClaimRequest {
  readonly maxTasks: number;
  /** How long to wait for work, in milliseconds. */
  readonly waitMs: number;
  /** Only these of the agent's kinds; all of them when left out. */
  readonly kinds?: readonly string[] | undefined;
}

/** What a look for work came to. */
interface Look {
  readonly assignments: readonly Assignment[];
  /** The agent could have taken more. */
  readonly able: boolean;
}

/** Hands out tasks under leases. */
@Injectable()
export class TaskClaims {
  private readonly logger = new Logger(TaskClaims.name);

  constructor(
    private readonly ledger: LedgerPort,
    private readonly agents: Agents,
    private readonly dispatcher: Dispatcher,
    private readonly waiters: Waiters,
    private readonly settings: Settings,
  ) {}

  /**
   * Assigns up to `maxTasks` ready tasks of the agent's kinds, as soon as there is one; nothing when none came in time. When
   * `undelivered` says that the agent has not got them, they wait again: its heartbeats would keep leases alive of which it
   * does not know.
   *
   * @throws DomainError `AGENT_NOT_REGISTERED`
   */
  async claim(
    tenantId: string,
    agentId: string,
    request: ClaimRequest,
    undelivered?: AbortSignal,
  ): Promise<readonly Assignment[]> {
    let { agent } = await this.agents.present(tenantId, agentId);
    const wanted = request.kinds;
    const kinds = agent.capabilities.filter((kind) => wanted === undefined || wanted.includes(kind));
    const until = Date.now() + request.waitMs;
    let taken: Leased | undefined;
    const taker: Taker = {
      needs: { holders: [agentId] },
      take: (view, tickets) => {
        if (undelivered?.aborted) return undefined;
        taken = this.leaseIn(view, agentId, tickets);
        return taken.unused;
      },
      lost: () => {
        if (taken) void this.takeBack(tenantId, agentId, taken.assignments);
      },
    };
    const waiter = this.waiters.wait(
      kinds.map((kind) => topics.ready(tenantId, kind)),
      { signal: undelivered, room: Math.min(request.maxTasks, agent.maxConcurrentTasks), taker },
    );
    try {
      for (let looks = 0; await waiter.next(until); looks += 1) {
        const handed = waiter.served() ? lookOf(taken) : await this.use(agent, waiter.take());
        // The agent may have been paused, or registered for other kinds, while it waited.
        if (!handed && looks > 0) ({ agent } = await this.agents.present(tenantId, agentId));
        const { assignments, able } = handed ?? (await this.look(agent, kinds, request.maxTasks));
        if (assignments.length > 0) {
          whenAborted(undelivered, () => this.takeBack(tenantId, agentId, assignments));
          return assignments;
        }
        if (!able) waiter.pass();
      }
      return [];
    } finally {
      await this.dispatcher.giveBack(waiter.close());
    }
  }

  /** Takes what waits for the agent; `able` when it could have taken more. */
  private async look(agent: Agent, kinds: readonly string[], maxTasks: number): Promise<Look> {
    const open = agent.paused ? [] : kinds.filter((kind) => agent.capabilities.includes(kind));
    if (open.length === 0) return { assignments: [], able: false };
    for (;;) {
      // The ledger alone decides about room; this keeps an agent from taking many tickets only to give them back.
      const room = maxTasks === 1 ? 1 : agent.maxConcurrentTasks - (await this.agents.heldBy(agent));
      if (room <= 0) return { assignments: [], able: false };
      const tickets = await this.dispatcher.take(agent.tenantId, open, Math.min(maxTasks, room));
      if (tickets.length === 0) return { assignments: [], able: true };
      const look = await this.use(agent, tickets);
      if (look) return look;
    }
  }

  /** `undefined` when nothing comes of the tickets: their tasks were cancelled or paused meanwhile, and behind them others may wait. */
  private async use(
    { tenantId, agentId }: Agent,
    tickets: readonly TakenTicket[],
  ): Promise<Look | undefined> {
    if (tickets.length === 0) return undefined;
    const leased = await this.lease(tenantId, agentId, tickets);
    await this.dispatcher.giveBack(leased.unused);
    return lookOf(leased);
  }

  /** Puts back what the agent has not got. Never rejects. */
  private async takeBack(
    tenantId: string,
    agentId: string,
    assignments: readonly Assignment[],
  ): Promise<void> {
    if (assignments.length === 0) return;
    const work = {
      tenantId,
      // Who is told of nothing keeps the lease alive by its heartbeats.
      patient: true,
      needs: { tasks: assignments.map(({ task }) => task.taskId) },
      decide: (view: LedgerView) => ({
        tasks: assignments.flatMap((assignment) => requeueUndelivered(view, agentId, assignment)),
        now: view.now,
      }),
    };
    try {
      const { tasks, now } = await this.ledger.transact(work);
      await this.dispatcher.dispatch(tasks, now);
    } catch (error) {
      this.logger.warn(
        { err: error, tenantId, agentId },
        'An assignment was lost on its way; its lease must run out.',
      );
    }
  }

  private async lease(tenantId: string, agentId: string, tickets: readonly TakenTicket[]): Promise<Leased> {
    let assignments: readonly Assignment[] = [];
    try {
      return await this.ledger.transact({
        tenantId,
        needs: { tasks: tickets.map(({ taskId }) => taskId), holders: [agentId] },
        decide: (view) => {
          const leased = this.leaseIn(view, agentId, tickets);
          assignments = leased.assignments;
          return leased;
        },
      });
    } catch (error) {
      // Where the answer to the commit was lost, it may have been kept.
      void this.takeBack(tenantId, agentId, assignments);
      throw error;
    }
  }

  private leaseIn(view: LedgerView, agentId: string, tickets: readonly TakenTicket[]): Leased {
    const agent = view.get('agent', agentId);
    let room = agent && !agent.paused && !agent.removed ? agent.maxConcurrentTasks - view.heldBy(agentId) : 0;
    const assignments: Assignment[] = [];
    const unused: Ticket[] = [];
    for (const ticket of tickets) {
      const task = claimable(view, ticket);
      if (!task) continue;
      if (task.availableAt > view.now || room <= 0 || !agent?.capabilities.includes(task.kind)) {
        unused.push(ticketFor(task, view.now));
        continue;
      }
      room -= 1;
      assignments.push(assign(view, task, agentId, this.settings.leaseMs));
    }
    return { assignments, unused };
  }
}

/** What came of tickets: tasks under leases, and what the agent could not take. */
interface Leased {
  readonly assignments: readonly Assignment[];
  readonly unused: readonly Ticket[];
}

/** `undefined` where nothing came of any ticket. */
function lookOf(leased: Leased | undefined): Look | undefined {
  if (!leased || (leased.assignments.length === 0 && leased.unused.length === 0)) return undefined;
  return { assignments: leased.assignments, able: leased.unused.length === 0 };
}

function requeueUndelivered(
  view: LedgerView,
  agentId: string,
  { task, leaseToken }: Assignment,
): readonly Task[] {
  const held = view.get('task', task.taskId);
  if (!held || !holdsLease(held, agentId, leaseToken, view.now)) return [];
  const waiting = requeueTask(held, view.now);
  view.put('task', waiting);
  view.record(requeuedEntry(waiting, systemActor, 'UNDELIVERED', agentId));
  return [waiting];
}

function whenAborted(signal: AbortSignal | undefined, act: () => Promise<void>): void {
  if (signal?.aborted) void act();
  else signal?.addEventListener('abort', () => void act(), { once: true });
}

/** The task behind a ticket, if it still waits for just that attempt and its session hands out tasks. */
function claimable(view: LedgerView, ticket: TakenTicket): Task | undefined {
  const task = view.get('task', ticket.taskId);
  if (!task || !isReady(task) || task.attempt + 1 !== ticket.attempt) return undefined;
  const session = task.sessionId === null ? undefined : view.get('session', task.sessionId);
  return session?.state === 'PAUSED' || session?.state === 'STOPPED' ? undefined : task;
}

function assign(view: LedgerView, ready: Task, agentId: string, leaseMs: number): Assignment {
  const leaseToken = randomUUID();
  const task = claimTask(ready, { agentId, token: leaseToken, leaseMs }, view.now);
  const approval =
    task.stage === 'EXECUTE' && task.reviewId !== null
      ? approvalOf(view.get('review', task.reviewId))
      : undefined;
  if (task.stage === 'EXECUTE' && !approval) {
    throw new Error(`Task ${task.taskId} is at stage EXECUTE without an approval.`);
  }
  view.put('task', task);
  view.record(taskEntry(task, agentActor(agentId), approval ? { outputDigest: approval.outputDigest } : {}));
  return {
    task,
    attempt: task.attempt,
    stage: task.stage,
    leaseToken,
    leaseExpiresAt: task.leaseExpiresAt ?? view.now,
    ...(task.feedback !== null && { feedback: task.feedback }),
    ...(approval && { approval }),
  };
}
