import pg from 'pg';
import { postgresQueues } from '../../src/lib/bullmq/queues.js';
import { queueSchema } from '../../src/lib/postgres/migrate.js';

/*
 * Works on a queue in PostgreSQL, in a process of its own: one that never lets go of its process would take a test's with it.
 * Tells its parent that it lives, every 50 ms, and which jobs it was handed.
 */
const [url, queue = ''] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: url, max: 4, options: `-c search_path=${queueSchema}` });
pool.on('connect', (client) => client.on('error', () => undefined));
const stop = postgresQueues(pool).work(queue, ({ id }) => {
  process.send?.({ job: id });
  return Promise.resolve();
});
const life = setInterval(() => process.send?.({ alive: true }), 50);
process.once('message', () => {
  clearInterval(life);
  void stop()
    .then(() => pool.end())
    .then(() => process.exit(0));
});
