import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aTask } from '../factories.js';
import {
  createStore,
  createTenant,
  modes,
  mustBe,
  type TestStore,
  type TestTenant,
} from '../support/chimera.js';
import { itemsOf, textOf } from '../support/client.js';
import { claim, handIn, register } from '../support/fleet.js';
import { SteadyClient } from '../support/steady-client.js';

const agents = 100;
const tasksIn = { redis: 10_000, postgres: 2_000 } as const;
const batch = 1_000;

describe.each(modes)('a hundred agents on %s', (mode) => {
  let store: TestStore;
  let tenant: TestTenant;

  beforeAll(async () => {
    store = await createStore(mode);
    const { url } = await store.start({ heartbeatIntervalMs: 60_000, leaseMs: 120_000 });
    tenant = await createTenant(url);
  });
  afterAll(() => store.drop());

  it('do each of thousands of tasks once, and leave none', async () => {
    const { submitter, operator, auditor, path } = tenant;
    const total = tasksIn[mode];
    const ids = Array.from({ length: agents }, (_, index) => `agent-${index}`);
    await Promise.all(ids.map((agentId) => register(tenant, agentId)));

    const client = new SteadyClient(tenant.agent.url, tenant.agent.key, agents);
    const fleet = { ...tenant, agent: client };
    const done = new Map<string, number>();
    const work = async (agentId: string) => {
      while (done.size < total) {
        const assignments = await claim(fleet, agentId, { maxTasks: 10, waitMs: 1_000 });
        for (const assignment of assignments) {
          mustBe(200, await handIn(fleet, assignment));
          done.set(assignment.taskId, (done.get(assignment.taskId) ?? 0) + 1);
        }
      }
    };
    const submitted: string[] = [];
    const submitAll = async () => {
      while (submitted.length < total) {
        const tasks = Array.from({ length: batch }, (_, index) => aTask({ priority: index % 101 }));
        const answer = mustBe(202, await submitter.post(`${path}/tasks/batch`, { tasks }));
        submitted.push(...itemsOf(answer).map(({ taskId }) => textOf(taskId)));
      }
    };
    await Promise.all([submitAll(), ...ids.map(work)]);
    client.close();

    expect(new Set(done.keys())).toEqual(new Set(submitted));
    expect([...done.values()].every((times) => times === 1)).toBe(true);
    const stats = mustBe(200, await operator.get(`${path}/stats`));
    expect(stats.body).toMatchObject({
      tasks: { SUCCEEDED: total, QUEUED: 0, RUNNING: 0, FAILED: 0 },
      queue: { ready: 0 },
    });
    const chain = mustBe(200, await auditor.get(`${path}/audit/verify`));
    expect(chain.body.valid).toBe(true);
    // Of each task: queued, running, succeeded.
    expect(Number(chain.body.checkedEvents)).toBeGreaterThanOrEqual(3 * total);
  }, 150_000);
});
