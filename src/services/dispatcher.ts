import { Injectable, Logger } from '@nestjs/common';
import type { Demand } from '../models/demand.js';
import { isReady, type Task } from '../models/task.js';
import { type FollowUp, LedgerPort, type LedgerView, type Work } from '../ports/ledger.js';
import { type TakenTicket, TaskQueuePort, type Ticket } from '../ports/task-queue.js';
import type { Reserved, Taker } from './open-waiter.js';
import { topics, Waiters } from './waiters.js';

/** Brings tasks that have become ready to who claims them. */
@Injectable()
export class Dispatcher {
  private readonly logger = new Logger(Dispatcher.name);

  constructor(
    private readonly ledger: LedgerPort,
    private readonly queue: TaskQueuePort,
    private readonly waiters: Waiters,
  ) {}

  /**
   * Carries out a unit of work that may make a task of a kind ready, and brings that to who claims it. An agent that waits for one in
   * this process leases it in the same transaction.
   *
   * @param readyIn the task that the unit has made ready, if it has.
   */
  async transact<R>(work: Work<R>, kind: string, readyIn: (answer: R) => Task | undefined): Promise<R> {
    const topic = topics.ready(work.tenantId, kind);
    const handOver = new HandOver(work, readyIn, () => this.waiters.reserve(topic));
    let answer: R;
    try {
      answer = await this.ledger.transact(handOver.work);
    } catch (error) {
      handOver.settle(false);
      throw error;
    }
    handOver.settle(true);
    await this.giveBack(this.handOver(handOver.tickets));
    return answer;
  }

  /**
   * Hands them to agents that wait in this process, and puts the others into the queue. Never rejects: the rows are committed, and
   * a sweep puts into the queue what could not be put there now.
   */
  async dispatch(tasks: readonly Task[], now: Date): Promise<void> {
    const tickets = tasks.filter(isReady).map((task) => ticketFor(task, now));
    await this.giveBack(this.handOver(tickets));
  }

  /** How many tasks of a kind the agents that wait in this process could take. */
  demandFor(tenantId: string, kind: string): Demand {
    const sort = topics.ready(tenantId, kind);
    return { sort, awaited: () => this.waiters.roomFor(sort) };
  }

  /** Takes tickets of the kinds, for good. */
  take(tenantId: string, kinds: readonly string[], max: number): Promise<readonly TakenTicket[]> {
    return this.queue.take(tenantId, kinds, max);
  }

  /** Puts tickets back that were taken and not used. Never rejects. */
  async giveBack(tickets: readonly Ticket[]): Promise<void> {
    if (tickets.length === 0) return;
    try {
      await this.queue.add(tickets);
    } catch (error) {
      this.logger.warn(
        { err: error, tasks: tickets.length },
        'Tasks are ready but not in the queue; the sweep will add them.',
      );
    }
  }

  /** Returns what there was nobody for, or is not ready yet. */
  private handOver(tickets: readonly Ticket[]): readonly Ticket[] {
    const groups = Map.groupBy(tickets, ({ tenantId, kind, delayMs }) =>
      delayMs > 0 ? undefined : topics.ready(tenantId, kind),
    );
    return [...groups].flatMap(([topic, group]) =>
      topic === undefined
        ? group
        : this.waiters.offer(
            topic,
            group.toSorted((one, other) => other.priority - one.priority),
          ),
    );
  }
}

/** A unit of work that may make a task ready, and what becomes of its ticket. It may be run more than once; the last time counts. */
class HandOver<R> {
  readonly work: Work<R>;
  /** Tickets that nobody has taken. */
  tickets: readonly Ticket[] = [];
  private reserved: Reserved | undefined;
  /** Whether the taker was there to be asked. */
  private asked = false;

  /** @param reserve keeps an agent that waits for the task: not before the unit's turn has come, for until then it is others' */
  constructor(
    work: Work<R>,
    readyIn: (answer: R) => Task | undefined,
    private readonly reserve: () => Reserved | undefined,
  ) {
    const decide = (view: LedgerView): R => {
      const answer = work.decide(view);
      const task = readyIn(answer);
      this.tickets = task && isReady(task) ? [ticketFor(task, view.now)] : [];
      this.asked = false;
      return answer;
    };
    this.work = { ...work, decide, followUp: () => this.follow() };
  }

  /** Wakes the agent that was kept, or leaves it to others. */
  settle(committed: boolean): void {
    if (!committed && this.asked) this.reserved?.taker.lost();
    this.reserved?.settle(committed && this.asked);
  }

  private follow(): FollowUp | undefined {
    this.reserved ??= this.reserve();
    return this.reserved && this.takenBy(this.reserved.taker);
  }

  private takenBy(taker: Taker): FollowUp {
    return {
      needs: taker.needs,
      decide: (view) => {
        if (this.tickets.length === 0 || this.tickets.some(({ delayMs }) => delayMs > 0)) return;
        const unused = taker.take(view, this.tickets);
        if (!unused) return;
        this.tickets = unused;
        this.asked = true;
      },
    };
  }
}

/** The ticket for a ready task's next attempt. */
export function ticketFor(task: Task, now: Date): Ticket {
  return {
    tenantId: task.tenantId,
    kind: task.kind,
    taskId: task.taskId,
    attempt: task.attempt + 1,
    priority: task.priority,
    delayMs: Math.max(0, task.availableAt.getTime() - now.getTime()),
  };
}
