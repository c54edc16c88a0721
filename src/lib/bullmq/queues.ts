import { Logger } from '@nestjs/common';
import {
  createPostgresBackend,
  createRedisBackend,
  Job,
  type JobsOptions,
  type Processor,
  Queue,
  Worker,
} from 'bullmq';
import type { Redis } from 'ioredis';
import pg from 'pg';

export interface NewJob {
  readonly name: string;
  readonly data: object;
  readonly opts: JobsOptions;
}

/** A queue to put jobs in. */
export interface JobQueue {
  addBulk(jobs: NewJob[]): Promise<unknown>;
  /** Jobs that wait, delayed ones included. */
  count(): Promise<number>;
  close(): Promise<void>;
}

/** A queue to take jobs out of by hand: nothing is polled, blocked or renewed. */
export interface JobSource {
  /** The ids of up to `max` jobs, which are thereby done with. */
  pop(max: number): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Opens BullMQ's queues on one store. */
export interface QueueOpener {
  queue(name: string): JobQueue;
  source(name: string): JobSource;
  /** Jobs are handed to the processor as they come due. Returns the way to stop. */
  work(name: string, processor: Processor<object, void, string>): () => Promise<void>;
}

/** Keys of jobs stand under this word. */
const prefix = 'chimera';
const token = 'chimera';
const concurrency = 20;
const logger = new Logger('Queues');

function logFault(error: Error): void {
  logger.warn({ err: error }, 'A queue has a fault.');
}

type Popper = Pick<Worker<object, void, string>, 'getNextJob' | 'close'> &
  ConstructorParameters<typeof Job>[0];

/** Each completion brings the next job along, so that n jobs take n + 1 round trips. */
async function pop(source: Popper, max: number): Promise<readonly string[]> {
  const ids: string[] = [];
  let job = await source.getNextJob(token, { block: false });
  while (job) {
    if (job.id !== undefined) ids.push(job.id);
    const wantsMore = ids.length < max;
    const next = await job.moveToCompleted(undefined, token, wantsMore);
    const [data, id] = (wantsMore && next) || [];
    if (!data) break;
    job = Job.fromJSON<object, void, string>(source, data, id);
  }
  return ids;
}

const withoutBlocking: typeof createRedisBackend = (name, options) => createRedisBackend(name, options);

/** Queues on Redis. `redis` is shared by all; `blocking` is duplicated for each worker and waits as long as it takes. */
export function redisQueues(redis: Redis, blocking: Redis): QueueOpener {
  const shared = { connection: redis, prefix };
  return {
    queue(name) {
      const queue = new Queue<object, void, string>(name, { ...shared, skipMetasUpdate: true });
      queue.on('error', logFault);
      return queue;
    },
    source(name) {
      const worker = new Worker(name, null, { ...shared, autorun: false }, withoutBlocking);
      worker.on('error', logFault);
      return { pop: (max) => pop(worker, max), close: () => worker.close() };
    },
    work(name, processor) {
      const worker = new Worker<object, void, string>(name, processor, {
        connection: blocking,
        prefix,
        concurrency,
      });
      worker.on('error', logFault);
      return () => worker.close();
    },
  };
}

type QueuePool = Extract<Parameters<typeof createPostgresBackend>[1]['connection'], { connect(): unknown }>;

/** BullMQ describes the pool that it takes by an interface of its own, which `pg.Pool` fits in fact but not by its types. */
function isQueuePool(pool: unknown): pool is QueuePool {
  return pool instanceof pg.Pool;
}

const withoutListening: typeof createPostgresBackend = (name, options) =>
  createPostgresBackend(name, options);

/** Queues on PostgreSQL, in BullMQ's own schema. Each worker keeps one connection of the pool to listen on. */
export function postgresQueues(pool: pg.Pool): QueueOpener {
  if (!isQueuePool(pool)) throw new TypeError('A pool of node-postgres is needed.');
  const shared = { connection: pool };
  return {
    queue(name) {
      const queue = new Queue(name, { ...shared, skipMetasUpdate: true }, createPostgresBackend);
      queue.on('error', logFault);
      return queue;
    },
    source(name) {
      const worker = new Worker(name, null, { ...shared, autorun: false }, withoutListening);
      worker.on('error', logFault);
      return { pop: (max) => pop(worker, max), close: () => worker.close() };
    },
    work(name, processor) {
      const worker = new Worker(name, processor, { ...shared, concurrency }, createPostgresBackend);
      worker.on('error', logFault);
      return () => worker.close();
    },
  };
}
