import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, itemsOf, textOf } from '../support/client.js';
import { makeTenant } from './drill.js';
import { Stack } from './stack.js';

/** How many clients call at once. */
const clients = 12;

describe('three API processes', () => {
  let stack: Stack;

  beforeAll(async () => {
    // No lease runs out, and no agent falls silent, while a client tries once more on a busy machine.
    const settings = { LEASE_MS: '60000', HEARTBEAT_INTERVAL_MS: '10000' };
    stack = await Stack.start({ withRedis: true, settings });
  }, 90_000);
  afterAll(() => stack.stop(), 60_000);

  it('are restarted one after the other under load, and no client with one retry notices', async () => {
    const { tenantId, submitter, agent } = await makeTenant(stack);
    const path = `/v1/tenants/${tenantId}`;
    const unanswered: string[] = [];
    const submitted = new Set<string>();
    let served = 0;
    const over = new AbortController();
    /** Asks one process, and once more another one when no answer came or one that says to come again; any other has to be this. */
    const ask = async (
      key: string,
      expected: number,
      to: readonly [string, string],
      body: object,
      first: number,
    ) => {
      const [method, where] = to;
      const said: string[] = [];
      const headers = where === '/tasks' ? { 'idempotency-key': randomUUID() } : {};
      for (const turn of [0, 1]) {
        const origin = stack.origins[(first + turn) % stack.origins.length] ?? '';
        const sent = new Client(origin, key).raw(method, path + where, JSON.stringify(body), headers);
        const answer = await sent.catch((error: unknown) => {
          said.push(String(error));
        });
        if (answer?.status === expected) {
          served += 1;
          return answer;
        }
        if (answer) said.push(`${answer.status} ${textOf(answer.body.code)}`);
        if (answer && answer.status !== 503 && answer.status !== 429) break;
      }
      unanswered.push(`${method} ${where}: ${said.join(', then ')}`);
      return undefined;
    };
    const submitting = async (index: number) => {
      for (let turn = index; !over.signal.aborted; turn += 1) {
        const task = { kind: 'support.reply', input: {} };
        const answer = await ask(submitter, 202, ['POST', '/tasks'], task, turn);
        if (answer) submitted.add(textOf(answer.body.taskId));
        await pause(20);
      }
    };
    const agentId = 'writer';
    /** As an agent does beside its work: one that is not heard from loses its leases. */
    const beating = async () => {
      for (let turn = 0; !over.signal.aborted; turn += 1) {
        await ask(agent, 200, ['POST', `/agents/${agentId}/heartbeat`], { status: 'BUSY' }, turn);
        await pause(100);
      }
    };
    const working = async () => {
      for (let turn = 0, idle = false; !over.signal.aborted || !idle; turn += 1) {
        const request = { maxTasks: 20, waitMs: 200 };
        const claimed = await ask(agent, 200, ['POST', `/agents/${agentId}/claims`], request, turn);
        idle = claimed !== undefined && itemsOf(claimed).length === 0;
        const work = claimed ? itemsOf(claimed) : [];
        await Promise.all(
          work.map(({ task, leaseToken }) => {
            const result = { status: 'SUCCEEDED', output: { reply: 'Monday.' }, confidence: 0.9 };
            const body = { agentId, leaseToken, ...result };
            return ask(agent, 200, ['POST', `/tasks/${textOf(task?.taskId)}/results`], body, turn);
          }),
        );
      }
    };
    const able = { capabilities: ['support.reply'], maxConcurrentTasks: 20 };
    await ask(agent, 200, ['PUT', `/agents/${agentId}`], able, 0);
    const load = [beating(), ...Array.from({ length: clients }, (_, index) => submitting(index)), working()];
    const endings: (number | null)[] = [];
    for (const api of stack.apis) {
      await pause(500);
      endings.push(await api.stop());
      await api.comeBack();
    }
    await pause(500);
    over.abort();
    await Promise.all(load);
    expect(unanswered).toEqual([]);
    const { tasks } = (await new Client(stack.origins[0] ?? '', submitter).get(`${path}/stats`)).body;
    expect(tasks).toMatchObject({ SUCCEEDED: submitted.size, QUEUED: 0, RUNNING: 0 });
    expect(endings).toEqual([0, 0, 0]);
    expect(served).toBeGreaterThan(200);
  }, 90_000);
});
