import { type Job, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { PgBoss } from 'pg-boss';
import type { Figures } from '../statistics.js';
import { input, kind, output } from './chimera-target.js';

export interface LibraryClaims {
  /** Of Redis for BullMQ, of a PostgreSQL database for pg-boss. */
  readonly url: string;
  readonly tasks: number;
  /** How many loops claim and complete at once. */
  readonly loops: number;
  /** How many jobs one call takes and completes, where the library can. */
  readonly batch: number;
}

const addedAtOnce = 1_000;
const token = 'bench';

/** BullMQ in this process, with its manual API: one call takes a job, one completes it. Figures: `perSecond`. */
export async function bullmqClaims({ url, tasks, loops }: LibraryClaims): Promise<Figures> {
  const connection = new Redis(url, { maxRetriesPerRequest: null, enableAutoPipelining: true });
  const name = 'bench';
  const queue = new Queue(name, { connection });
  const worker = new Worker(name, null, { connection });
  try {
    for (const size of portions(tasks)) {
      await queue.addBulk(Array.from({ length: size }, () => ({ name: kind, data: input })));
    }
    let completed = 0;
    const perSecond = await timed(tasks, loops, async () => {
      if (completed >= tasks) return false;
      const job = await nextJob(worker);
      if (!job) return false;
      await job.moveToCompleted(output, token, false);
      completed += 1;
      return true;
    });
    await queue.obliterate({ force: true });
    return { perSecond, errors: tasks - completed };
  } finally {
    await worker.close();
    await queue.close();
    connection.disconnect();
  }
}

/** Declared as always answering a job, BullMQ answers none when the queue is empty. */
function nextJob(worker: Worker): Promise<Job | undefined> {
  return worker.getNextJob(token, { block: false });
}

/** pg-boss in this process: one call takes a batch of jobs, one completes it. Figures: `perSecond`. */
export async function pgBossClaims({ url, tasks, loops, batch }: LibraryClaims): Promise<Figures> {
  const boss = new PgBoss({ connectionString: url, max: 10, supervise: false, schedule: false });
  await boss.start();
  try {
    await boss.createQueue(kind);
    for (const size of portions(tasks)) {
      await boss.insert(
        kind,
        Array.from({ length: size }, () => ({ data: input })),
      );
    }
    let completed = 0;
    const perSecond = await timed(tasks, loops, async () => {
      const jobs = await boss.fetch(kind, { batchSize: batch });
      if (jobs.length === 0) return false;
      await boss.complete(
        kind,
        jobs.map(({ id }) => id),
        output,
      );
      completed += jobs.length;
      return true;
    });
    await boss.deleteAllJobs(kind);
    return { perSecond, errors: tasks - completed };
  } finally {
    await boss.stop({ graceful: false });
  }
}

/** Runs the step in that many loops until it says that nothing is left; answers tasks per second. */
async function timed(tasks: number, loops: number, step: () => Promise<boolean>): Promise<number> {
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: loops }, async () => {
      while (await step());
    }),
  );
  return (tasks * 1_000) / (performance.now() - begun);
}

function portions(tasks: number): number[] {
  return Array.from({ length: Math.ceil(tasks / addedAtOnce) }, (_, index) =>
    Math.min(addedAtOnce, tasks - index * addedAtOnce),
  );
}
