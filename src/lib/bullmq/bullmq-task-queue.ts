import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DomainError } from '../../models/errors.js';
import type { SignalPort } from '../../ports/signals.js';
import { type TakenTicket, TaskQueuePort, type Ticket } from '../../ports/task-queue.js';
import type { JobQueue, JobSource, QueueOpener } from './queues.js';

interface OpenQueue {
  readonly queue: JobQueue;
  readonly source: JobSource;
}

/** Tickets that wait for their time lie here, and go to their own queue when it has come. */
const delayedQueue = 'tasks-delayed';

/** How many tickets one call lets go of. */
const maxRecovered = 1_000;

/** Queues kept open at once; the one unused for longest is closed first. */
const maxOpen = 1_000;

/** Tickets as BullMQ jobs, one queue a tenant and kind. The job's id says it all: a job that is there is not added again. */
@Injectable()
export class BullmqTaskQueue extends TaskQueuePort implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly open = new Map<string, OpenQueue>();
  private readonly delayed: JobQueue;
  private stopDelayed: (() => Promise<void>) | undefined;

  constructor(
    private readonly opener: QueueOpener,
    private readonly signals: SignalPort,
  ) {
    super();
    this.delayed = opener.queue(delayedQueue);
  }

  onApplicationBootstrap(): void {
    this.stopDelayed = this.opener.work(delayedQueue, async (job) => {
      await this.addReady([{ ...ticketOf(job.data), delayMs: 0 }]);
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.stopDelayed?.();
    await Promise.all([...this.open.values()].map(closeBoth));
    await this.delayed.close();
  }

  async add(tickets: readonly Ticket[]): Promise<void> {
    const later = tickets.filter(({ delayMs }) => delayMs > 0);
    const now = tickets.filter(({ delayMs }) => delayMs <= 0);
    await Promise.all([this.addReady(now), this.addDelayed(later)]);
  }

  async take(tenantId: string, kinds: readonly string[], max: number): Promise<readonly TakenTicket[]> {
    const taken: TakenTicket[] = [];
    for (const kind of kinds) {
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
    const { queue } = this.at(tenantId, kind);
    const taken = await queue.getActive(0, maxRecovered - 1);
    const ids = taken.flatMap(({ id }) => (id === undefined ? [] : [id]));
    await Promise.all(ids.map((id) => queue.remove(id)));
  }

  size(tenantId: string, kind: string): Promise<number> {
    return this.at(tenantId, kind).queue.count();
  }

  private async pop(tenantId: string, kind: string, max: number): Promise<readonly string[]> {
    try {
      return await this.at(tenantId, kind).source.pop(max);
    } catch (error) {
      throw new DomainError('UNAVAILABLE', 'The queue cannot be reached. Try again shortly.', {
        cause: error,
      });
    }
  }

  private async addReady(tickets: readonly Ticket[]): Promise<void> {
    const queues = Map.groupBy(tickets, ({ tenantId, kind }) => queueName(tenantId, kind));
    await Promise.all(
      [...queues.values()].map(async (group) => {
        const [first] = group;
        if (!first) return;
        const { tenantId, kind } = first;
        await this.at(tenantId, kind).queue.addBulk(
          group.map((ticket) => ({
            name: 'ready',
            data: {},
            // BullMQ hands out 1 first and takes 0 for "no priority".
            opts: {
              jobId: jobId(ticket),
              priority: 101 - ticket.priority,
              removeOnComplete: true,
              removeOnFail: true,
            },
          })),
        );
        this.signals.publish([{ topic: 'ready', tenantId, kind, count: group.length }]);
      }),
    );
  }

  private async addDelayed(tickets: readonly Ticket[]): Promise<void> {
    if (tickets.length === 0) return;
    await this.delayed.addBulk(
      tickets.map((ticket) => ({
        name: 'delayed',
        data: {
          tenantId: ticket.tenantId,
          kind: ticket.kind,
          taskId: ticket.taskId,
          attempt: ticket.attempt,
          priority: ticket.priority,
        },
        opts: {
          jobId: jobId(ticket),
          delay: ticket.delayMs,
          attempts: 5,
          backoff: { type: 'exponential', delay: 500 },
          removeOnComplete: true,
          removeOnFail: true,
        },
      })),
    );
  }

  private at(tenantId: string, kind: string): OpenQueue {
    const name = queueName(tenantId, kind);
    const known = this.open.get(name);
    this.open.delete(name);
    const opened = known ?? { queue: this.opener.queue(name), source: this.opener.source(name) };
    this.open.set(name, opened);
    if (this.open.size > maxOpen) this.forgetOldest();
    return opened;
  }

  private forgetOldest(): void {
    for (const [name, oldest] of this.open) {
      this.open.delete(name);
      void closeBoth(oldest);
      return;
    }
  }
}

async function closeBoth({ queue, source }: OpenQueue): Promise<void> {
  await Promise.all([queue.close(), source.close()]);
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
