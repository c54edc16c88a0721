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
import { workLastingly } from './lasting-work.js';

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
  /** Jobs that were taken and are not done with. */
  getActive(start: number, end: number): Promise<readonly { readonly id?: string | undefined }[]>;
  /** Removes the job unless it is locked by whoever takes it. */
  remove(id: string): Promise<number>;
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
  /**
   * Jobs are handed to the processor as they come due, at most `atOnce` at a time, from when the store can be reached. Returns
   * the way to stop, which waits for the jobs in hand, for three seconds at the most.
   */
  work(name: string, processor: Processor<object, void>, atOnce?: number): () => Promise<void>;
}

/** Keys of jobs stand under this word. */
const prefix = 'chimera';
const token = 'chimera';
const usuallyAtOnce = 20;
/** A job that is popped is locked for an instant; one whose process died then is free again after this, in milliseconds. */
const lockDuration = 5_000;
/** From a look at a store that is away to the next, in milliseconds. */
const runRetryDelay = 1_000;
const logger = new Logger('Queues');

function logFault(error: Error): void {
  // Every open queue says so when their common store goes away, which the store's own connection tells once.
  logger.debug({ err: error }, 'A queue has a fault.');
}

type Popper = Pick<Worker, 'getNextJob' | 'close'> & ConstructorParameters<typeof Job>[0];

/**
 * Each completion brings the next job along, so that n jobs take n + 1 round trips. When the store fails on the way, what was
 * popped until then is what there is.
 */
async function pop(source: Popper, max: number): Promise<readonly string[]> {
  const ids: string[] = [];
  try {
    await popInto(ids, source, max);
  } catch (error) {
    if (ids.length === 0) throw error;
  }
  return ids;
}

async function popInto(ids: string[], source: Popper, max: number): Promise<void> {
  let job: Job | undefined = await source.getNextJob(token, { block: false });
  while (job?.id !== undefined) {
    ids.push(job.id);
    job = nextJob(source, await job.moveToCompleted(undefined, token, ids.length < max));
  }
}

/** The job that a completion brought along: BullMQ gives its data and its id. */
function nextJob(source: Popper, completion: unknown): Job | undefined {
  if (!Array.isArray(completion)) return undefined;
  const [data, id] = completion as readonly unknown[];
  return isJobJson(data) && typeof id === 'string' ? Job.fromJSON(source, data, id) : undefined;
}

function isJobJson(data: unknown): data is Parameters<typeof Job.fromJSON>[1] {
  return typeof data === 'object' && data !== null && 'opts' in data;
}

const withoutBlocking: typeof createRedisBackend = (name, options) => createRedisBackend(name, options);

/** Queues on Redis. `redis` is shared by all; `blocking` is duplicated for each worker and waits as long as it takes. */
export function redisQueues(redis: Redis, blocking: Redis): QueueOpener {
  const shared = { connection: redis, prefix, skipWaitingForReady: true };
  return {
    queue(name) {
      const queue = new Queue<object, void>(name, { ...shared, skipMetasUpdate: true });
      queue.on('error', logFault);
      return queue;
    },
    source(name) {
      const worker = new Worker(name, null, { ...shared, autorun: false, lockDuration }, withoutBlocking);
      worker.on('error', logFault);
      return { pop: (max) => pop(worker, max), close: () => worker.close() };
    },
    work(name, processor, concurrency = usuallyAtOnce) {
      const options = { connection: blocking, prefix, concurrency, autorun: false, runRetryDelay };
      return workLastingly(() => new Worker<object, void>(name, processor, options), logFault);
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
      const worker = new Worker(name, null, { ...shared, autorun: false, lockDuration }, withoutListening);
      worker.on('error', logFault);
      return { pop: (max) => pop(worker, max), close: () => worker.close() };
    },
    work(name, processor, concurrency = usuallyAtOnce) {
      const options = { ...shared, concurrency, autorun: false, runRetryDelay };
      return workLastingly(() => new Worker(name, processor, options, createPostgresBackend), logFault);
    },
  };
}
