import { Injectable, Logger } from '@nestjs/common';
import type { Demand } from '../models/demand.js';
import { isReady, type Task } from '../models/task.js';
import { type TakenTicket, TaskQueuePort, type Ticket } from '../ports/task-queue.js';
import { topics, Waiters } from './waiters.js';

/** Brings tasks that have become ready to who claims them. */
@Injectable()
export class Dispatcher {
  private readonly logger = new Logger(Dispatcher.name);

  constructor(
    private readonly queue: TaskQueuePort,
    private readonly waiters: Waiters,
  ) {}

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
