import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { queueSchema } from '../../../src/lib/postgres/migrate.js';
import {
  createStore,
  createTenant,
  type Mode,
  modes,
  mustBe,
  type TestStore,
  type TestTenant,
} from '../../support/chimera.js';
import { itemsOf } from '../../support/client.js';
import { claimOne, decide, hold, register, submit } from '../../support/fleet.js';

/** Empties all that is not the system of record: registry and queues. */
async function wipe(mode: Mode, { config }: TestStore): Promise<void> {
  if (mode === 'redis') {
    const redis = new Redis(config.redisUrl ?? '');
    await redis.flushdb();
    await redis.quit();
    return;
  }
  const client = new pg.Client(config.databaseUrl);
  await client.connect();
  await client.query(`TRUNCATE registry_entries CASCADE; TRUNCATE ${queueSchema}.job CASCADE`);
  await client.end();
}

describe.each(modes)('what is not the system of record, on %s', (mode) => {
  let store: TestStore;
  let tenant: TestTenant;

  beforeAll(async () => {
    store = await createStore(mode);
    tenant = await createTenant((await store.start()).url);
  });
  afterAll(() => store.drop());

  it('can be lost, and comes back from the record by itself', async () => {
    const { agent, operator, path } = tenant;
    await register(tenant, 'writer-1');
    await register(tenant, 'writer-2');
    mustBe(200, await operator.post(`${path}/agents/writer-2/pause`));
    const { taskId: doubtful, reviewId } = await hold(tenant, 'writer-1');
    const waiting = await submit(tenant);

    await wipe(mode, store);

    const beat = (agentId: string) => agent.post(`${path}/agents/${agentId}/heartbeat`, { status: 'IDLE' });
    expect(mustBe(200, await beat('writer-1')).body).toMatchObject({ status: 'IDLE', paused: false });
    expect(mustBe(200, await beat('writer-2')).body).toMatchObject({ paused: true });
    expect(mustBe(404, await beat('nobody')).body.code).toBe('AGENT_NOT_REGISTERED');
    const agents = itemsOf(await operator.get(`${path}/agents`));
    expect(agents.map(({ agentId }) => agentId)).toEqual(['writer-1', 'writer-2']);

    mustBe(200, await decide(tenant, reviewId));
    const stages = new Map<string, unknown>();
    while (stages.size < 2) {
      const { taskId, body } = await claimOne(tenant, 'writer-1', { waitMs: 20_000 });
      stages.set(taskId, body.stage);
    }
    expect(stages).toEqual(
      new Map([
        [doubtful, 'EXECUTE'],
        [waiting, 'PROPOSE'],
      ]),
    );
  });
});
