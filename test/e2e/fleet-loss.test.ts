import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { Server } from '../../src/server.js';
import { aTask } from '../factories.js';
import {
  createStore,
  createTenant,
  modes,
  mustBe,
  type TestStore,
  type TestTenant,
} from '../support/chimera.js';
import { Client, itemsOf, textOf } from '../support/client.js';
import {
  type Assignment,
  claimOne,
  handIn,
  isNull,
  msBetween,
  register,
  taskOf,
  until,
  untilStatus,
} from '../support/fleet.js';
import { HeartbeatingFleet } from '../support/heartbeating-fleet.js';

const heartbeatIntervalMs = 500;
const offlineAfterMs = 6 * heartbeatIntervalMs;
const graceMs = 8_000;
/** Short, so that leases that are not kept run out within the grace. */
const leaseMs = 4_000;
const quick = { heartbeatIntervalMs, leaseMs, massLossGraceMs: graceMs, sweepIntervalMs: 50 };

describe.each(modes)('a fleet on %s', (mode) => {
  let store: TestStore;
  let server: Server;
  let tenant: TestTenant;
  let fleet: HeartbeatingFleet;

  beforeAll(async () => {
    store = await createStore(mode, quick);
    server = await store.start();
  });
  afterAll(() => store.drop());
  beforeEach(async () => {
    tenant = await createTenant(server.url);
  });

  afterEach(() => {
    fleet.stop();
  });

  /** Agents that heartbeat, each with a task in hand. */
  const fleetOf = async (size: number): Promise<readonly Assignment[]> => {
    const ids = Array.from({ length: size }, (_, index) => `agent-${String(index).padStart(2, '0')}`);
    fleet = new HeartbeatingFleet(tenant, heartbeatIntervalMs / 4);
    await Promise.all(ids.map((agentId) => register(tenant, agentId)));
    fleet.add(ids);
    const tasks = ids.map(() => aTask());
    mustBe(202, await tenant.submitter.post(`${tenant.path}/tasks/batch`, { tasks }));
    return Promise.all(ids.map((agentId) => claimOne(tenant, agentId)));
  };
  const brakeOf = async ({ operator, path }: TestTenant) =>
    mustBe(200, await operator.get(`${path}/stats`)).body.brake;
  const typesOf = async ({ auditor, path }: TestTenant, type: string) =>
    itemsOf(mustBe(200, await auditor.get(`${path}/audit?type=${type}&limit=200`)));
  const attemptsOf = async (work: readonly Assignment[]) =>
    Promise.all(work.map(async ({ taskId }) => Number((await taskOf(tenant, taskId)).attempt)));

  it('keeps its tasks when many agents are cut off for less than the grace', async () => {
    const work = await fleetOf(20);
    const cut = work.slice(0, 6).map(({ agentId }) => agentId);
    fleet.silence(cut);
    const brake = await until(() => brakeOf(tenant));
    expect(brake).toMatchObject({ silent: expect.any(Number), expected: 20 });
    expect(msBetween(brake.engagedAt, brake.releasesAt)).toBe(graceMs);
    await until(async () => {
      const gone = itemsOf(await tenant.operator.get(`${tenant.path}/agents?status=OFFLINE`));
      return gone.length === cut.length;
    });
    const metrics = await fetch(`${server.url}/metrics`);
    expect(await metrics.text()).toMatch(/^chimera_fleet_brakes_engaged [1-9]/m);
    // Past the leases that they had when they were cut off, and the silence that makes a single agent lose its work.
    await until(async () => {
      const renewed = await Promise.all(work.slice(0, 6).map(({ taskId }) => taskOf(tenant, taskId)));
      const started = Math.min(...renewed.map(({ startedAt }) => Date.parse(textOf(startedAt))));
      return Date.now() - started > Math.max(leaseMs, offlineAfterMs) + 1_000;
    });
    fleet.restore(cut);
    await until(async () => isNull(await brakeOf(tenant)));
    expect(await attemptsOf(work)).toEqual(work.map(() => 1));
    for (const assignment of work) mustBe(200, await handIn(tenant, assignment));
    fleet.stop();
    expect(await typesOf(tenant, 'agent.offline')).toEqual([]);
    expect(await typesOf(tenant, 'fleet.brake_engaged')).toHaveLength(1);
    expect(await typesOf(tenant, 'fleet.brake_released')).toMatchObject([{ payload: { cause: 'ALL_BACK' } }]);
    const [suspect, back] = [await typesOf(tenant, 'agent.suspect'), await typesOf(tenant, 'agent.back')];
    expect(suspect.map(({ agentId }) => agentId)).toEqual(expect.arrayContaining(cut));
    expect(back.map(({ agentId }) => agentId)).toEqual(expect.arrayContaining(cut));
  }, 60_000);

  it('loses the tasks of those who are silent when the grace is over, each once', async () => {
    const work = await fleetOf(10);
    const dead = work.slice(0, 4).map(({ agentId }) => agentId);
    fleet.silence(dead);
    await until(() => brakeOf(tenant));
    // Another process goes on with the brake as it is on the record.
    const other = await store.start();
    for (const { taskId } of work.slice(0, 4)) await untilStatus(tenant, taskId, 'QUEUED');
    await until(async () => isNull(await brakeOf(tenant)));
    await other.stop();
    fleet.stop();
    const released = await typesOf(tenant, 'fleet.brake_released');
    expect(released).toMatchObject([{ payload: { cause: 'GRACE_OVER' } }]);
    const [engaged] = await typesOf(tenant, 'fleet.brake_engaged');
    const offline = await typesOf(tenant, 'agent.offline');
    expect(offline.map(({ agentId }) => agentId).toSorted()).toEqual(dead);
    for (const { at } of offline) expect(msBetween(engaged?.at, at)).toBeGreaterThanOrEqual(graceMs);
    for (const [index, { taskId }] of work.entries()) {
      const queued = await typesOfTask(tenant, taskId, 'task.queued');
      expect(queued).toHaveLength(index < 4 ? 2 : 1);
    }
  }, 60_000);

  it('loses a few within the time-out, and their tasks go back', async () => {
    const work = await fleetOf(20);
    const dead = work.slice(0, 1).map(({ agentId }) => agentId);
    const started = Date.now();
    fleet.silence(dead);
    for (const { taskId } of work.slice(0, 1)) await untilStatus(tenant, taskId, 'QUEUED');
    expect(Date.now() - started).toBeLessThan(2 * offlineAfterMs);
    fleet.stop();
    expect(await typesOf(tenant, 'fleet.brake_engaged')).toEqual([]);
    expect(await attemptsOf(work.slice(1))).toEqual(work.slice(1).map(() => 1));
  }, 60_000);

  it('may shrink on purpose', async () => {
    const work = await fleetOf(10);
    const leaving = work.slice(0, 8).map(({ agentId }) => agentId);
    await Promise.all(
      leaving.map(async (agentId) =>
        mustBe(204, await tenant.agent.delete(`${tenant.path}/agents/${agentId}`)),
      ),
    );
    fleet.stop(leaving);
    const single = work[8];
    if (!single) throw new Error('There are fewer agents.');
    fleet.silence([single.agentId]);
    await until(async () => (await typesOf(tenant, 'agent.offline')).length === 1);
    fleet.stop();
    expect(await typesOf(tenant, 'fleet.brake_engaged')).toEqual([]);
  }, 60_000);

  it('is spared by a server that was away itself, for longer than leases last', async () => {
    const own = await createStore(mode, quick);
    try {
      const before = await own.start();
      tenant = await createTenant(before.url);
      const work = await fleetOf(8);
      await before.stop();
      fleet.stop();
      // Longer than the leases last.
      const away = Date.now();
      await until(() => Promise.resolve(Date.now() - away > leaseMs + 500));
      const { url } = await own.start();
      const moved = (client: Client) => new Client(url, client.key);
      const { agent, operator, submitter, auditor } = tenant;
      tenant = {
        ...tenant,
        ...{ agent: moved(agent), operator: moved(operator) },
        ...{ submitter: moved(submitter), auditor: moved(auditor) },
      };
      await until(() => brakeOf(tenant));
      for (const assignment of work) mustBe(200, await handIn(tenant, assignment));
      expect(await typesOf(tenant, 'agent.offline')).toEqual([]);
    } finally {
      await own.drop();
    }
  }, 60_000);
});

describe('a fleet whose Redis is emptied', () => {
  let store: TestStore;
  let tenant: TestTenant;
  let fleet: HeartbeatingFleet;

  beforeAll(async () => {
    store = await createStore('redis', quick);
    tenant = await createTenant((await store.start()).url);
  });
  afterAll(() => store.drop());
  afterEach(() => {
    fleet.stop();
  });

  const agentsBy = async (query: string) =>
    itemsOf(mustBe(200, await tenant.operator.get(`${tenant.path}/agents?${query}&limit=200`))).map(
      ({ agentId }) => textOf(agentId),
    );

  it('is known again within a heartbeat, and who does not come back loses its tasks', async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `agent-${String(index).padStart(2, '0')}`);
    await Promise.all(ids.map((agentId) => register(tenant, agentId)));
    fleet = new HeartbeatingFleet(tenant, heartbeatIntervalMs / 4);
    fleet.add(ids);
    await until(async () => (await agentsBy('status=ACTIVE')).length === ids.length);
    mustBe(202, await tenant.submitter.post(`${tenant.path}/tasks`, aTask()));
    const [dead = '', ...living] = ids;
    const lost = await claimOne(tenant, dead);

    fleet.silence([dead]);
    const redis = new Redis(store.config.redisUrl ?? '');
    await redis.flushdb();
    await redis.quit();
    const emptied = Date.now();
    await until(async () => (await agentsBy('')).length === ids.length);
    await until(async () => (await agentsBy('status=ACTIVE')).length === living.length);
    expect(Date.now() - emptied).toBeLessThan(4 * heartbeatIntervalMs);
    expect(await agentsBy('status=OFFLINE')).toEqual([dead]);
    expect(await untilStatus(tenant, lost.taskId, 'QUEUED')).toMatchObject({
      error: { code: 'AGENT_OFFLINE' },
    });
    fleet.stop();
  }, 60_000);
});

async function typesOfTask({ auditor, path }: TestTenant, taskId: string, type: string) {
  const history = itemsOf(mustBe(200, await auditor.get(`${path}/tasks/${taskId}/history?limit=200`)));
  return history.filter((event) => textOf(event.type) === type);
}
