import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import pg from 'pg';
import { postgresQueues } from '../../../src/lib/bullmq/queues.js';
import { queueSchema } from '../../../src/lib/postgres/migrate.js';
import { eventually } from '../../contract/eventually.js';
import { type Link, openLink } from '../../contract/link.js';
import { createDatabase, type TestDatabase } from '../../support/servers.js';

const queueName = 'worker-test';

/** A worker in a process of its own, as its parent hears it. */
interface HeardWorker {
  readonly child: ChildProcess;
  signsOfLife: number;
  readonly jobs: string[];
}

describe('a worker on PostgreSQL', () => {
  let database: TestDatabase;
  let link: Link;
  let pool: pg.Pool;
  let heard: HeardWorker | undefined;

  beforeAll(async () => {
    database = await createDatabase();
    pool = new pg.Pool({ connectionString: database.url, options: `-c search_path=${queueSchema}` });
    pool.setMaxListeners(0);
    link = await openLink(database.url);
  });
  afterEach(() => {
    heard?.child.kill('SIGKILL');
    heard = undefined;
  });
  afterAll(async () => {
    await link.close();
    await pool.end();
    await database.drop();
  });

  const start = (): HeardWorker => {
    const child = fork('test/support/queue-worker.ts', [link.url, queueName], {
      execArgv: ['--import', './test/support/typescript.mjs'],
    });
    const worker: HeardWorker = { child, signsOfLife: 0, jobs: [] };
    child.on('message', (message: { readonly job?: string }) => {
      if (message.job === undefined) worker.signsOfLife += 1;
      else worker.jobs.push(message.job);
    });
    heard = worker;
    return worker;
  };
  const add = async (jobId: string) => {
    const queue = postgresQueues(pool).queue(queueName);
    await queue.addBulk([{ name: 'probe', data: {}, opts: { jobId, removeOnComplete: true } }]);
    await queue.close();
  };

  it('lets its process live while its first connections are hung up on, and works once they are not', async () => {
    link.hangUp();
    const worker = start();
    await eventually(
      () => worker.signsOfLife,
      (count) => count > 0,
    );
    const before = worker.signsOfLife;
    await eventually(
      () => worker.signsOfLife,
      (count) => count > before + 20,
    );
    await add('first');
    await link.mend();
    await eventually(
      () => worker.jobs,
      (jobs) => jobs.includes('first'),
    );
    worker.child.send('stop');
    expect(await once(worker.child, 'exit')).toEqual([0, null]);
  }, 60_000);
});
