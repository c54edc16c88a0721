import type { JobQueue, JobSource, QueueOpener } from './queues.js';

/** Both ends of one queue, of which the one to take from is opened when it is wanted. */
class OpenQueue {
  readonly queue: JobQueue;
  private opened: JobSource | undefined;

  constructor(
    private readonly name: string,
    private readonly opener: QueueOpener,
  ) {
    this.queue = opener.queue(name);
  }

  get source(): JobSource {
    return (this.opened ??= this.opener.source(this.name));
  }

  /** Never rejects: what cannot be closed has nothing to close. */
  async close(): Promise<void> {
    await Promise.allSettled([this.queue.close(), this.opened?.close()]);
  }
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
    await Promise.all([...this.open.values()].map((queue) => queue.close()));
  }

  private at(name: string): OpenQueue {
    const known = this.open.get(name);
    this.open.delete(name);
    const queue = known ?? new OpenQueue(name, this.opener);
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
    void queue.close();
  }
}
