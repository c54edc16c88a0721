import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { seededRandom } from '../../demo/random.js';
import type { TenantRole } from '../../src/models/access.js';
import { Account, rules } from '../load/account.js';
import { LedgerFacts } from '../load/ledger-facts.js';
import { Client, textOf } from '../support/client.js';
import { Agent, type Fleet, manners } from './agent.js';
import { Caller, type Tally } from './caller.js';
import { type Broken, checkDatabase, checkWitness } from './checks.js';
import type { FaultName } from './fault-names.js';
import { Operators } from './operator.js';
import type { DrillOptions } from './options.js';
import { carryOut } from './schedule.js';
import { Stack } from './stack.js';
import { checkTickets } from './tickets.js';
import { Submitter } from './submitter.js';
import { Witness } from './witness.js';

/** How many agents there are of each manner. */
const fleetSize = { honest: 6, crashes: 2, late: 2, twice: 1, thief: 1, liar: 2 } as const;
const submitters = 3;
/** How long what is left may take once everything is whole again, in milliseconds. */
const drainMs = 60_000;

/** What a drill has come to. */
export interface Outcome {
  readonly broken: readonly Broken[];
  /** Tasks by the state that they ended in. */
  readonly tasks: Readonly<Record<string, number>>;
  readonly figures: Readonly<Record<string, number>>;
  readonly faults: readonly FaultName[];
}

/** Runs one drill; the servers are its own and end with it. */
export async function runDrill(options: DrillOptions, say: (words: string) => void): Promise<Outcome> {
  const stack = await Stack.start(options);
  const interrupt = () => {
    void stack.stop().finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await new Drill(stack, options, say).run();
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await stack.stop();
  }
}

interface Keys {
  readonly tenantId: string;
  readonly agent: string;
  readonly submitter: string;
  readonly auditor: string;
  readonly operators: readonly [OperatorKey, OperatorKey];
}

interface OperatorKey {
  readonly keyId: string;
  readonly key: string;
}

class Drill {
  private readonly witness = new Witness();
  private readonly tally: Tally = new Map();
  private readonly happened: FaultName[] = [];
  private readonly begunAt = performance.now();

  constructor(
    private readonly stack: Stack,
    private readonly options: DrillOptions,
    private readonly tell: (words: string) => void,
  ) {}

  async run(): Promise<Outcome> {
    const keys = await makeTenant(this.stack);
    this.say('all servers serve');
    const fleet: Fleet = { witness: this.witness, inHand: new Map(), calm: false };
    const agents = this.agents(keys, fleet);
    const submitting = this.submitters(keys);
    const operators = this.operators(keys);
    const working = [...agents, operators].map((one) => one.work());
    const submitted = submitting.map((one) => one.work());
    await this.spoil(keys.tenantId);
    this.say('everything heals');
    await this.stack.heal();
    fleet.calm = true;
    for (const one of submitting) one.stop();
    await Promise.all(submitted);
    const left = await this.drain(keys.tenantId);
    const { withRedis } = this.options;
    const tickets = left > 0 ? [] : await checkTickets(this.stack, keys.tenantId, withRedis);
    for (const one of [...agents, operators]) one.stop();
    await Promise.all(working);
    this.say(`${left} tasks are left; the account …`);
    const outcome = await this.check(keys, left);
    return { ...outcome, broken: [...outcome.broken, ...tickets, ...(await this.fallen())] };
  }

  /** No process ends but by what the drill does to it. */
  private async fallen(): Promise<Broken[]> {
    const ended = await Promise.all(this.stack.apis.map((api) => api.hasEnded()));
    return this.stack.apis
      .filter((_, index) => ended[index])
      .map(({ name, words }) => ({ promise: 'alive', words: `${name} ended by itself: ${words}` }));
  }

  private agents(keys: Keys, fleet: Fleet): Agent[] {
    return manners.flatMap((manner) =>
      Array.from({ length: fleetSize[manner] }, (_, index) => {
        const name = `${manner}-${index + 1}`;
        const caller = this.caller(keys.tenantId, keys.agent, name);
        return new Agent(name, manner, caller, fleet, seededRandom(this.options.seed, name));
      }),
    );
  }

  private submitters(keys: Keys): Submitter[] {
    return Array.from({ length: submitters }, (_, index) => {
      const name = `submitter-${index + 1}`;
      const caller = this.caller(keys.tenantId, keys.submitter, name);
      return new Submitter(name, caller, this.witness, seededRandom(this.options.seed, name));
    });
  }

  private operators({ tenantId, operators: [one, other] }: Keys): Operators {
    const person = ({ keyId, key }: OperatorKey) => ({
      name: keyId,
      caller: this.caller(tenantId, key, keyId),
    });
    return new Operators(
      [person(one), person(other)],
      this.witness,
      seededRandom(this.options.seed, 'operators'),
    );
  }

  private caller(tenantId: string, key: string, name: string): Caller {
    const random = seededRandom(this.options.seed, 'whom to ask', name);
    return new Caller(this.stack.origins, key, `/v1/tenants/${tenantId}`, random, this.tally, (words) => {
      const logged = this.stack.apis.map(({ faults }) => faults).filter((text) => text !== '');
      this.say(`${words}\n${logged.join('\n')}`);
      this.witness.faults.push(words);
    });
  }

  private async spoil(tenantId: string): Promise<void> {
    const { seed, faults, seconds } = this.options;
    const until = performance.now() + seconds * 1_000;
    await carryOut(seed, faults, {
      ...{ stack: this.stack, tenantId, until },
      say: (fault, words) => {
        this.happened.push(fault);
        this.say(`${fault}: ${words}`);
      },
    });
    await pause(Math.max(0, until - performance.now()));
  }

  /** Waits until every task has ended, for as long as that may take. Returns how many have not. */
  private async drain(tenantId: string): Promise<number> {
    const end = performance.now() + drainMs;
    return withClient(this.stack.postgres.url, async (client) => {
      for (;;) {
        const { rows } = await client.query<{ left: number }>(
          `SELECT count(*)::int AS left FROM tasks WHERE tenant_id = $1 AND completed_at IS NULL`,
          [tenantId],
        );
        const left = rows[0]?.left ?? 0;
        if (left === 0 || performance.now() > end) return left;
        await pause(200);
      }
    });
  }

  private async check(keys: Keys, left: number): Promise<Outcome> {
    const { tenantId } = keys;
    const broken: Broken[] = this.witness.violations.map((words) => ({ promise: 'told', words }));
    for (const words of this.witness.faults) broken.push({ promise: 'refused', words });
    const url = this.stack.postgres.url;
    broken.push(...(await this.fallen()));
    await withClient(url, async (client) => {
      if (left > 0) broken.push({ promise: 'waiting', words: await leftOvers(client, tenantId) });
      broken.push(...(await checkDatabase(client, tenantId)));
      broken.push(...(await checkWitness(client, tenantId, this.witness)));
    });
    const account = new Account(this.witness.seen(tenantId));
    await LedgerFacts.read(url, async (facts) => {
      for await (const task of facts.tasks(tenantId)) account.add(task);
      const counted = await facts.tenant(tenantId);
      const { body } = await answered(() => this.auditor(keys).get(`/v1/tenants/${tenantId}/audit/verify`));
      const { valid, checkedEvents } = body;
      const verified = { valid: JSON.stringify(valid) === 'true', checkedEvents: Number(checkedEvents) };
      account.addTenant({ ...counted, verified });
    });
    const report = account.close();
    for (const { rule, count, examples } of report.breaches)
      broken.push({ promise: 'account', words: `not so: ${rules[rule]} (${count}): ${examples.join('; ')}` });
    broken.push(...(await this.checkProofs(keys)));
    return {
      ...{ broken, tasks: report.byStatus, faults: this.happened },
      figures: {
        submitted: report.submitted,
        results: this.witness.results.length,
        decisions: this.witness.decisions.length,
        'audit events': report.auditEvents,
        ...Object.fromEntries([...this.tally].map(([status, count]) => [`answers ${status}`, count])),
      },
    };
  }

  /** Has the program for outsiders look at the export, the checkpoints and the receipts. */
  private async checkProofs(keys: Keys): Promise<Broken[]> {
    const client = this.auditor(keys);
    const path = `/v1/tenants/${keys.tenantId}`;
    // What is exported must be sealed by then, so that all of it is checked.
    await pause(2_500);
    const exported = await answered(() => exportOf(client, path));
    await writeFile(this.stack.file('export.ndjson'), exported);
    const approved = new Set(
      this.witness.decisions.filter(({ status }) => status === 'APPROVED').map(({ reviewId }) => reviewId),
    );
    const receipts: string[] = [];
    for (const reviewId of [...approved].slice(0, 20)) {
      const { status, body } = await answered(() => client.get(`${path}/reviews/${reviewId}/receipt`));
      if (status !== 200) return [{ promise: 'proof', words: `card ${reviewId} has no receipt (${status})` }];
      const file = this.stack.file(`${reviewId}.json`);
      await writeFile(file, JSON.stringify(body));
      receipts.push('--receipt', file);
    }
    const args = [
      this.stack.file('export.ndjson'),
      this.stack.checkpointFile,
      // A key may begin with a dash.
      `--keys=${this.stack.publicKey}`,
    ];
    const { code, text } = await verify([...args, ...receipts]);
    this.say(text.trim().split('\n').at(-1) ?? '');
    return code === 0 ? [] : [{ promise: 'proof', words: text.trim() }];
  }

  private auditor({ auditor }: Keys): Client {
    return new Client(this.stack.origins[0] ?? '', auditor);
  }

  private say(words: string): void {
    const at = ((performance.now() - this.begunAt) / 1_000).toFixed(1).padStart(6);
    this.tell(`${at} s  ${words}`);
  }
}

/** Makes a tenant with a key for each of its clients. */
export async function makeTenant({ origins, adminKey }: Stack): Promise<Keys> {
  const admin = new Client(origins[0] ?? '', adminKey);
  const tenantId = `t_${randomBytes(6).toString('hex')}`;
  const made = await admin.post('/v1/tenants', { tenantId, name: 'A tenant of the drill' });
  if (made.status !== 201) throw new Error(`No tenant could be made: ${JSON.stringify(made.body)}`);
  const key = async (role: TenantRole): Promise<OperatorKey> => {
    const { body } = await admin.post(`/v1/tenants/${tenantId}/api-keys`, { name: role.toLowerCase(), role });
    return { keyId: textOf(body.keyId), key: textOf(body.key) };
  };
  return {
    tenantId,
    agent: (await key('AGENT')).key,
    submitter: (await key('SUBMITTER')).key,
    auditor: (await key('AUDITOR')).key,
    operators: [await key('OPERATOR'), await key('OPERATOR')],
  };
}

/** Asks again when a kept connection turns out to be closed, as clients do. */
async function answered<T>(ask: () => Promise<T>): Promise<T> {
  return ask().catch(ask);
}

async function exportOf(client: Client, path: string): Promise<string> {
  const response = await fetch(`${client.url}${path}/audit/export`, {
    headers: { authorization: `Bearer ${client.key}` },
  });
  return response.text();
}

/** What kept the tasks that have not ended. */
async function leftOvers(client: pg.Client, tenantId: string): Promise<string> {
  const { rows } = await client.query<{ status: string; count: number; example: string }>(
    `SELECT status, count(*)::int AS count, min(task_id::text) AS example FROM tasks
      WHERE tenant_id = $1 AND completed_at IS NULL GROUP BY status`,
    [tenantId],
  );
  const words = rows.map(({ status, count, example }) => `${count} ${status} (${example})`);
  return `after ${drainMs / 1_000} s without faults: ${words.join(', ')}`;
}

function verify(args: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
  const program = fileURLToPath(new URL('../../verify/audit-verify.ts', import.meta.url));
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program, ...args], (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, text: `${stdout}${stderr}` });
    });
  });
}

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
