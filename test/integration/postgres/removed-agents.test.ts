import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BullmqTaskQueue } from '../../../src/lib/bullmq/bullmq-task-queue.js';
import { PostgresRegistry } from '../../../src/lib/postgres/postgres-registry.js';
import { PostgresSignals } from '../../../src/lib/postgres/postgres-signals.js';
import type { Caller } from '../../../src/models/access.js';
import { type Agent, livenessOf } from '../../../src/models/agent.js';
import { Agents } from '../../../src/services/agents.js';
import { Dispatcher } from '../../../src/services/dispatcher.js';
import { LeaseRecovery } from '../../../src/services/lease-recovery.js';
import { RegistryRepair } from '../../../src/services/registry-repair.js';
import { Waiters } from '../../../src/services/waiters.js';
import { postgresStore, type QueueStore } from '../../contract/queue-stores.js';
import { aTenant, type Bench, type Desk, openBench } from './bench.js';

const liveness = livenessOf({ heartbeatIntervalMs: 5_000, suspectAfterMissed: 3, offlineAfterMissed: 6 });
const caller: Caller = { id: 'alice', role: 'ADMIN', tenantId: null };

/** A registry in which an agent is entered just when its removal, which began later, is through. */
class OvertakenRegistry extends PostgresRegistry {
  removal: () => Promise<void> = () => Promise.resolve();

  override async put(agent: Agent, seen: boolean) {
    await this.removal();
    return super.put(agent, seen);
  }

  override async restore(tenantId: string, agents: readonly Agent[]) {
    await this.removal();
    return super.restore(tenantId, agents);
  }
}

describe('an agent that is removed while it is being entered', () => {
  let bench: Bench;
  let desk: Desk;
  let store: QueueStore;
  let signals: PostgresSignals;
  let queue: BullmqTaskQueue;
  let registry: PostgresRegistry;
  let overtaken: OvertakenRegistry;
  let agents: Agents;
  let late: Agents;
  let tenantId: string;

  beforeAll(async () => {
    [bench, store] = await Promise.all([openBench(), postgresStore()]);
    desk = await bench.open();
    signals = new PostgresSignals(bench.url);
    await signals.connect();
    queue = new BullmqTaskQueue(await store.open(), signals);
    const { ledger, records, watch, rows } = desk;
    const recovery = new LeaseRecovery(ledger, watch, new Dispatcher(ledger, queue, new Waiters(signals)));
    registry = new PostgresRegistry(rows, liveness);
    overtaken = new OvertakenRegistry(rows, liveness);
    agents = new Agents(ledger, registry, records, watch, recovery);
    late = new Agents(ledger, overtaken, records, watch, recovery);
  });
  beforeEach(async () => {
    tenantId = await aTenant(desk.ledger);
    overtaken.removal = () => Promise.resolve();
    await late.register(caller, tenantId, 'writer', { capabilities: [] });
    overtaken.removal = () => agents.remove(caller, tenantId, 'writer');
  });
  afterAll(async () => {
    await queue.onApplicationShutdown();
    await signals.onApplicationShutdown();
    await Promise.all([bench.drop(), store.drop()]);
  });

  const mustBeGone = async () => {
    expect(await registry.find(tenantId, 'writer')).toBeUndefined();
    await expect(agents.heartbeat(tenantId, 'writer', 'IDLE', undefined)).rejects.toMatchObject({
      code: 'AGENT_NOT_REGISTERED',
    });
  };

  it('stays removed when its heartbeat enters it', async () => {
    await registry.remove(tenantId, 'writer');
    await expect(late.heartbeat(tenantId, 'writer', 'ACTIVE', undefined)).rejects.toMatchObject({
      code: 'AGENT_NOT_REGISTERED',
    });
    await mustBeGone();
  });

  it('stays removed when its registration enters it', async () => {
    await late.register(caller, tenantId, 'writer', { capabilities: ['letters'] });
    await mustBeGone();
  });

  it('stays removed when its pause enters it', async () => {
    await late.setPaused(caller, tenantId, 'writer', true);
    await mustBeGone();
  });

  it('is not listed for a moment either when facts that were read before its removal are entered again', async () => {
    const { agent } = await agents.present(tenantId, 'writer');
    await agents.remove(caller, tenantId, 'writer');
    expect(await registry.restore(tenantId, [agent])).toEqual([]);
    expect(await registry.find(tenantId, 'writer')).toBeUndefined();
  });

  it('stays removed when the repair of the registry enters it', async () => {
    await registry.remove(tenantId, 'writer');
    await new RegistryRepair(overtaken, desk.watch).sweep();
    await mustBeGone();
  });
});
