import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, itemsOf, textOf } from '../support/client.js';
import { makeTenant } from './drill.js';
import { Stack } from './stack.js';

/** How many clients call at once. */
const clients = 12;

describe('three API processes', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await Stack.start({ withRedis: true });
  }, 90_000);
  afterAll(() => stack.stop(), 60_000);

  it('are restarted one after the other under load, and no client with one retry notices', async () => {
    const { tenantId, submitter, agent } = await makeTenant(stack);
    const path = `/v1/tenants/${tenantId}`;
    const unanswered: string[] = [];
    let served = 0;
    const over = new AbortController();
    /** Asks one process, and once more another one when no answer came or one that says to come again. */
    const ask = async (key: string, method: string, to: string, body: object, first: number) => {
      const said: string[] = [];
      for (const turn of [0, 1]) {
        const origin = stack.origins[(first + turn) % stack.origins.length] ?? '';
        const sent = new Client(origin, key).raw(method, path + to, JSON.stringify(body));
        const answer = await sent.catch((error: unknown) => {
          said.push(String(error));
        });
        if (answer && answer.status < 500) {
          served += 1;
          return answer;
        }
        if (answer) said.push(`${answer.status} ${textOf(answer.body.code)}`);
      }
      unanswered.push(`${method} ${to}: ${said.join(', then ')}`);
      return undefined;
    };
    const submitting = async (index: number) => {
      for (let turn = index; !over.signal.aborted; turn += 1) {
        await ask(submitter, 'POST', '/tasks', { kind: 'support.reply', input: {} }, turn);
        await pause(20);
      }
    };
    const working = async () => {
      const agentId = 'writer';
      await ask(agent, 'PUT', `/agents/${agentId}`, { capabilities: ['support.reply'] }, 0);
      for (let turn = 0; !over.signal.aborted; turn += 1) {
        const request = { maxTasks: 20, waitMs: 200 };
        const claimed = await ask(agent, 'POST', `/agents/${agentId}/claims`, request, turn);
        const work = claimed ? itemsOf(claimed) : [];
        await Promise.all(
          work.map(({ task, leaseToken }) => {
            const result = { status: 'SUCCEEDED', output: { reply: 'Monday.' }, confidence: 0.9 };
            const body = { agentId, leaseToken, ...result };
            return ask(agent, 'POST', `/tasks/${textOf(task?.taskId)}/results`, body, turn);
          }),
        );
      }
    };
    const load = [...Array.from({ length: clients }, (_, index) => submitting(index)), working()];
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
    expect(endings).toEqual([0, 0, 0]);
    expect(served).toBeGreaterThan(200);
  }, 90_000);
});
