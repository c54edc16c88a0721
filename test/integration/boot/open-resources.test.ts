import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { readConfig } from '../../../src/config.js';
import { openResources } from '../../../src/modules/open-resources.js';
import { until } from '../../support/fleet.js';
import { freePort } from '../../support/redis-server.js';
import { createDatabase, createRedis, type TestDatabase, type TestRedis } from '../../support/servers.js';

describe('resources that cannot all be opened', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let client: pg.Client;

  beforeEach(async () => {
    [database, redis] = await Promise.all([createDatabase(), createRedis()]);
    client = new pg.Client(database.url);
    await client.connect();
  });
  afterEach(async () => {
    await client.end();
    await Promise.all([database.drop(), redis.drop()]);
  });

  it('leave nothing open', async () => {
    await client.query('ALTER TABLE admin_key RENAME TO kept');
    const settings = { PORT: String(await freePort()), DATABASE_URL: database.url, REDIS_URL: redis.url };
    await expect(openResources(readConfig(settings))).rejects.toThrow('admin_key');
    const alone = async () => {
      const { rows } = await client.query(
        `SELECT FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
      );
      return rows.length === 0;
    };
    // Sooner than connections that nobody uses are closed by themselves.
    await expect(until(alone, 3_000)).resolves.toBe(true);
  });
});
