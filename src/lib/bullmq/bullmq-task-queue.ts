import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DomainError } from '../../models/errors.js';
import type { SignalPort } from '../../ports/signals.js';
import { type TakenTicket, TaskQueuePort, type Ticket } from '../../ports/task-queue.js';
import { Batcher, type Outcome } from '../batcher.js';
import { OpenQueues } from './open-queues.js';
import type { QueueOpener } from './queues.js';

/** Tickets that wait for their time lie here, and go to their own queue when it has come. */
const delayedQueue = 'tasks-delayed';

/** How many tickets one call lets go of. */
const maxRecovered = 1_000;

/** Tickets as BullMQ jobs, one queue a tenant and kind. The job's id says it all: a job that is there is not added again. */
@Injectable()
export class BullmqTaskQueue extends TaskQueuePort implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly queues: OpenQueues;
  private readonly ready = new Batcher<Ticket, void>((tickets) => this.addTogether(tickets), {
    store: 'queue',
    maxBatch: 1_000,
    maxWaiting: 100_000,
  });

  private turn = 0;
  private stopDelayed: (() => Promise<void>) | undefined;

  constructor(
    private readonly opener: QueueOpener,
    private readonly signals: SignalPort,
  ) {
    super();
    this.queues = new OpenQueues(opener);
  }

  onApplicationBootstrap(): void {
    this.stopDelayed = this.opener.work(delayedQueue, async (job) => {
      await this.addReady([{ ...ticketOf(job.data), delayMs: 0 }]);
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.stopDelayed?.();
    await this.queues.close();
  }

  async add(tickets: readonly Ticket[]): Promise<void> {
    const later = tickets.filter(({ delayMs }) => delayMs > 0);
    const now = tickets.filter(({ delayMs }) => delayMs <= 0);
    await Promise.all([this.addReady(now), this.addDelayed(later)]);
  }

  async take(tenantId: string, kinds: readonly string[], max: number): Promise<readonly TakenTicket[]> {
    const taken: TakenTicket[] = [];
    // Another kind comes first each time, so that none starves behind a long queue of another.
    const first = this.turn++ % Math.max(1, kinds.length);
    for (const kind of [...kinds.slice(first), ...kinds.slice(0, first)]) {
      if (taken.length >= max) break;
      const ids = await this.pop(tenantId, kind, max - taken.length).catch((error: unknown) => {
        if (taken.length === 0) throw error;
        return [];
      });
      for (const id of ids) {
        const [taskId = '', attempt = ''] = id.split('_');
        taken.push({ tenantId, kind, taskId, attempt: Number(attempt) });
      }
    }
    return taken;
  }

  async recover(tenantId: string, kind: string): Promise<void> {
    await this.queues.use(queueName(tenantId, kind), async ({ queue }) => {
      const taken = await queue.getActive(0, maxRecovered - 1);
      const ids = taken.flatMap(({ id }) => (id === undefined ? [] : [id]));
      await Promise.all(ids.map((id) => queue.remove(id)));
    });
  }

  size(tenantId: string, kind: string): Promise<number> {
    return this.queues.use(queueName(tenantId, kind), ({ queue }) => queue.count());
  }

  private async pop(tenantId: string, kind: string, max: number): Promise<readonly string[]> {
    try {
      return await this.queues.use(queueName(tenantId, kind), ({ source }) => source.pop(max));
    } catch (error) {
      throw new DomainError('UNAVAILABLE', 'The queue cannot be reached. Try again shortly.', {
        cause: error,
      });
    }
  }

  private async addReady(tickets: readonly Ticket[]): Promise<void> {
    await Promise.all(tickets.map((ticket) => this.ready.submit(ticket)));
  }

  /** One call a queue for the tickets that came together: of many tasks that one batch of the ledger has made ready. */
  private async addTogether(tickets: readonly Ticket[]): Promise<readonly Outcome<void>[]> {
    const outcomes = new Map<Ticket, Outcome<void>>();
    const groups = Map.groupBy(tickets, ({ tenantId, kind }) => queueName(tenantId, kind));
    await Promise.all(
      [...groups].map(async ([name, group]) => {
        const outcome = await this.addTo(name, group).then(
          (): Outcome<void> => ({ value: undefined }),
          (error: unknown): Outcome<void> => ({ error }),
        );
        for (const ticket of group) outcomes.set(ticket, outcome);
      }),
    );
    return tickets.map((ticket) => outcomes.get(ticket) ?? { value: undefined });
  }

  private async addTo(name: string, tickets: readonly Ticket[]): Promise<void> {
    const jobs = tickets.map((ticket) => ({
      name: 'ready',
      data: {},
      // BullMQ hands out 1 first and takes 0 for "no priority".
      opts: {
        jobId: jobId(ticket),
        priority: 101 - ticket.priority,
        removeOnComplete: true,
        removeOnFail: true,
      },
    }));
    await this.queues.use(name, ({ queue }) => queue.addBulk(jobs));
    this.signals.publish(tickets.map(({ tenantId, kind }) => ({ topic: 'ready', tenantId, kind, count: 1 })));
  }

  private async addDelayed(tickets: readonly Ticket[]): Promise<void> {
    if (tickets.length === 0) return;
    const jobs = tickets.map((ticket) => ({
      name: 'delayed',
      data: {
        tenantId: ticket.tenantId,
        kind: ticket.kind,
        taskId: ticket.taskId,
        attempt: ticket.attempt,
        priority: ticket.priority,
      },
      opts: {
        // This queue is for all tenants.
        jobId: `${ticket.tenantId}_${jobId(ticket)}`,
        delay: ticket.delayMs,
        attempts: 5,
        backoff: { type: 'exponential', delay: 500 },
        removeOnComplete: true,
        removeOnFail: true,
      },
    }));
    await this.queues.use(delayedQueue, ({ queue }) => queue.addBulk(jobs));
  }
}

/** BullMQ's names hold no `:`, which kinds may. */
function queueName(tenantId: string, kind: string): string {
  return `tasks.${tenantId}.${kind.replaceAll(':', '%3A')}`;
}

function jobId({ taskId, attempt }: Ticket): string {
  return `${taskId}_${attempt}`;
}

function ticketOf(data: object): Omit<Ticket, 'delayMs'> {
  const ticket: Partial<Ticket> = data;
  const { tenantId, kind, taskId, attempt, priority } = ticket;
  if (!tenantId || !kind || !taskId || attempt === undefined || priority === undefined) {
    throw new TypeError('Not a ticket.');
  }
  return { tenantId, kind, taskId, attempt, priority };
}
