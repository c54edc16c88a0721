import type { JobQueue, JobSource, QueueOpener } from './queues.js';

/** Both ends of one queue. */
interface OpenQueue {
  readonly queue: JobQueue;
  readonly source: JobSource;
}

/** Queues kept open at once; the one unused for longest is closed first. */
const maxOpen = 1_000;

/**
 * The queues that a process has open. They are opened as they are wanted; one that failed is closed and opened anew the next
 * time, for a queue that was opened while its store was away never comes to itself.
 */
export class OpenQueues {
  private readonly open = new Map<string, OpenQueue>();

  constructor(private readonly opener: QueueOpener) {}

  async use<T>(name: string, work: (queue: OpenQueue) => Promise<T>): Promise<T> {
    const queue = this.at(name);
    try {
      return await work(queue);
    } catch (error) {
      if (this.open.get(name) === queue) this.forget(name, queue);
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.open.values()].map(closeBoth));
  }

  private at(name: string): OpenQueue {
    const known = this.open.get(name);
    this.open.delete(name);
    const queue = known ?? { queue: this.opener.queue(name), source: this.opener.source(name) };
    this.open.set(name, queue);
    if (this.open.size > maxOpen) this.forgetOldest();
    return queue;
  }

  private forgetOldest(): void {
    for (const [name, oldest] of this.open) {
      this.forget(name, oldest);
      return;
    }
  }

  private forget(name: string, queue: OpenQueue): void {
    this.open.delete(name);
    void closeBoth(queue);
  }
}

/** Never rejects: what cannot be closed has nothing to close. */
async function closeBoth({ queue, source }: OpenQueue): Promise<void> {
  await Promise.allSettled([queue.close(), source.close()]);
}
