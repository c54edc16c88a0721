import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Liveness } from '../../src/models/agent.js';
import { PostgresRegistry } from '../../src/lib/postgres/postgres-registry.js';
import { TenantRows } from '../../src/lib/postgres/tenant-rows.js';
import { connectRedis } from '../../src/lib/redis/connection.js';
import { RedisRegistry } from '../../src/lib/redis/redis-registry.js';
import { anAgent } from '../unit/models/factories.js';
import { createDatabase, createRedis } from '../support/servers.js';
import { openLink } from './link.js';
import { registryContract, type RegistryStore } from './registry.contract.js';

// Stores are cut off here on purpose, which adapters complain of.
Logger.overrideLogger(false);

const liveness: Liveness = { heartbeatIntervalMs: 5_000, suspectAfterMs: 15_000, offlineAfterMs: 30_000 };

async function postgresStore(): Promise<RegistryStore> {
  const database = await createDatabase();
  const link = await openLink(database.url);
  const [direct, linked] = await Promise.all([TenantRows.open(database.url), TenantRows.open(link.url)]);
  return {
    open: (patience) => new PostgresRegistry(direct, patience),
    openOverLink: () => Promise.resolve({ registry: new PostgresRegistry(linked, liveness), link }),
    async drop() {
      await Promise.all([direct.close(), linked.close()]);
      await link.close();
      await database.drop();
    },
  };
}

async function redisStore(): Promise<RegistryStore> {
  const redis = await createRedis();
  const link = await openLink(redis.url);
  const [direct, linked] = await Promise.all([connectRedis(redis.url), connectRedis(link.url)]);
  return {
    open: (patience) => new RedisRegistry(direct, patience),
    openOverLink: () => Promise.resolve({ registry: new RedisRegistry(linked, liveness), link }),
    async drop() {
      direct.disconnect();
      linked.disconnect();
      await link.close();
      await redis.drop();
    },
  };
}

registryContract('PostgresRegistry', postgresStore);
registryContract('RedisRegistry', redisStore);

describe('RedisRegistry', () => {
  let store: RegistryStore;
  beforeAll(async () => {
    store = await redisStore();
  });
  afterAll(() => store.drop());

  it('is not brought an agent back by facts that were read before its removal, and takes it when it registers', async () => {
    const registry = store.open(liveness);
    const agent = anAgent({ tenantId: 't_removed' });
    await registry.put(agent, true);
    await registry.remove(agent.tenantId, agent.agentId);
    expect(await registry.restore(agent.tenantId, [agent])).toEqual([]);
    await expect(registry.find(agent.tenantId, agent.agentId)).resolves.toBeUndefined();
    await registry.put(agent, true);
    await expect(registry.find(agent.tenantId, agent.agentId)).resolves.toBeDefined();
  });
});
