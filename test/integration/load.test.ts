import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Account, type AccountReport, type LedgerTask, type LedgerTenant } from '../load/account.js';
import { Ground } from '../load/ground.js';
import { LedgerFacts } from '../load/ledger-facts.js';
import { parseLoadOptions } from '../load/options.js';
import type { Seen } from '../load/plan.js';
import { pull } from '../load/scenarios/pull.js';
import { createStore, createTenant, type TestStore } from '../support/chimera.js';
import { textOf } from '../support/client.js';

const args = ['pull', '--agents', '10', '--duration', '2', '--warmup', '0', '--rate', '20', '--held', '20'];

/** What a short run of the load suite has left behind. */
interface Trace {
  readonly seen: Seen;
  readonly tasks: readonly LedgerTask[];
  readonly tenant: LedgerTenant;
}

/** Puts a server of this process under a little load. */
async function run(store: TestStore): Promise<Trace> {
  // The account reads rows as they lie, also what cards say.
  const { url } = await store.start({ payloadKeys: [] });
  const tenant = await createTenant(url);
  const { tenantId, agent, submitter, operator } = tenant;
  const [options] = parseLoadOptions(args).runs;
  if (!options) throw new Error('No run.');
  const keys = { agentKey: agent.key, submitterKey: submitter.key, operatorKey: operator.key };
  const plan = { options, origins: [url], tenants: [{ tenantId, ...keys }] };
  const ground = new Ground(
    plan,
    () => undefined,
    () => Promise.reject(new Error('Nobody restarts this server.')),
  );
  await pull(ground);
  await ground.stop();
  return LedgerFacts.read(store.config.databaseUrl ?? '', async (facts) => {
    const tasks = await allOf(facts.tasks(tenantId));
    const counted = await facts.tenant(tenantId);
    const { body } = await tenant.auditor.get(`${tenant.path}/audit/verify`);
    const verified = {
      valid: textOf(body['valid']) === 'true',
      checkedEvents: Number(body['checkedEvents']),
    };
    return { seen: ground.witness.seen(), tasks, tenant: { ...counted, verified } };
  });
}

async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function balance({ seen, tasks, tenant }: Trace): AccountReport {
  const account = new Account(seen);
  for (const task of tasks) account.add(task);
  account.addTenant(tenant);
  return account.close();
}

const brokenRules = (trace: Trace) => balance(trace).breaches.map(({ rule }) => rule);

describe('the account of the load suite', () => {
  let store: TestStore;
  let trace: Trace;
  beforeAll(async () => {
    store = await createStore('redis');
    trace = await run(store);
  });
  afterAll(() => store.drop());

  it('balances after a run', () => {
    const report = balance(trace);
    expect(report.breaches).toEqual([]);
    expect(report.submitted).toBeGreaterThan(10);
    expect(report.final).toBe(report.submitted);
    expect(report.byStatus['SUCCEEDED']).toBeGreaterThan(0);
    expect(trace.tasks.some(({ cards }) => cards.length > 0)).toBe(true);
  });

  it('finds a task that is missing', () => {
    const [, ...rest] = trace.tasks;
    expect(brokenRules({ ...trace, tasks: rest })).toContain('lost');
  });

  it('finds a task that is there twice', () => {
    expect(brokenRules({ ...trace, tasks: [...trace.tasks, ...trace.tasks.slice(0, 1)] })).toContain(
      'doubled',
    );
  });

  it('finds a result that was accepted twice', () => {
    const tasks = trace.tasks.map((task) => ({
      ...task,
      results: [...task.results, ...task.results.slice(-1)],
    }));
    expect(brokenRules({ ...trace, tasks })).toEqual(expect.arrayContaining(['doubled', 'lease']));
  });

  it('finds an event that was left out of the record', () => {
    const tasks = trace.tasks.map((task, index) =>
      index === 0 ? { ...task, trail: task.trail.slice(1) } : task,
    );
    expect(brokenRules({ ...trace, tasks })).toContain('trail');
  });
});
