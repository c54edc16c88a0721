import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { Account, type AccountReport } from './account.js';
import { LedgerFacts } from './ledger-facts.js';
import { fileLimit, machineFacts } from './machine.js';
import type { Second } from './meter.js';
import { OptionError } from '../support/command-line.js';
import { parseLoadOptions, type RunOptions, usage } from './options.js';
import type { FromGenerator, Outcome, Plan, Seen, TenantAccess, ToGenerator } from './plan.js';
import { secondLine } from './progress.js';
import { judge } from './promises.js';
import { type RunReport, writeReport } from './report.js';
import { overloadConnections } from './scenarios/overload.js';
import { Sampler } from './sampler.js';
import { createTenant, type Stack, startStack } from './stack.js';
import { summary, titleOf } from './summary.js';

/** Files that a process needs beside its connections to agents. */
const spareFiles = 300;

/** What a run is told to stop by: a Ctrl-C. */
class Interrupted extends Error {}

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    interrupted.abort(new Interrupted('Interrupted.'));
  });

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const { help, runs, out } = parseLoadOptions(process.argv.slice(2));
    if (help) {
      console.log(usage);
      return 0;
    }
    for (const options of runs) checkFileLimit(options);
    return await runAll(runs, out);
  } catch (error) {
    if (error instanceof OptionError) {
      console.error(error.message);
      return 2;
    }
    if (error instanceof Interrupted) return 130;
    console.error(error);
    return 1;
  }
}

/** The report is written after each run, so that an interruption loses one at most. */
async function runAll(runs: readonly RunOptions[], out: string): Promise<number> {
  const reports: RunReport[] = [];
  let broken = 0;
  for (const options of runs) {
    console.log(`\n${titleOf({ options })}: starting PostgreSQL, ${options.redis ? 'Redis, ' : ''}Chimera …`);
    const { report, postgres } = await runOne(options);
    reports.push(report);
    broken += report.verdicts.filter(({ kept }) => !kept).length;
    console.log(summary(report));
    const paths = await writeReport(out, { machine: machineFacts(postgres), runs: reports });
    console.log(`  ${paths.html}\n  ${paths.json}`);
  }
  console.log(broken === 0 ? '\nAll promises are kept.' : `\n${broken} promise(s) broken.`);
  return broken === 0 ? 0 : 1;
}

function checkFileLimit({ scenario, agents, pullers }: RunOptions): void {
  const needed = agents + pullers + spareFiles + (scenario === 'overload' ? overloadConnections : 0);
  const limit = fileLimit();
  if (needed <= limit) return;
  throw new OptionError(
    `${scenario} with ${agents} agents opens ${needed} files in one process, and the system allows ${limit}: raise it (ulimit -n ${needed}) or take fewer agents.`,
  );
}

async function runOne(options: RunOptions): Promise<{ report: RunReport; postgres: string }> {
  const stack = await startStack(options);
  try {
    const tenants: TenantAccess[] = [];
    for (let count = 0; count < (options.scenario === 'fairness' ? 2 : 1); count += 1)
      tenants.push(await createTenant(stack));
    const plan: Plan = { options, origins: stack.servers.map(({ url }) => url), tenants };
    const sampler = new Sampler(stack, options.scenario === 'soak');
    sampler.start();
    const { outcome, seconds, begun } = await generate(plan, stack, sampler).finally(() => sampler.stop());
    const account = await balance(stack, tenants, outcome.seen);
    const verdicts = judge({ options, outcome, samples: sampler.samples, account });
    const { totals, figures, generatorBusy } = outcome;
    const report: RunReport = {
      ...{ options, begun, settings: stack.settings, account, verdicts, seconds },
      outcome: { totals, figures, generatorBusy },
      samples: sampler.samples,
    };
    return { report, postgres: await versionOf(stack.databaseUrl) };
  } finally {
    await stack.stop();
  }
}

interface Generated {
  readonly outcome: Outcome;
  readonly seconds: readonly Second[];
  /** When the measuring began. */
  readonly begun: string;
}

/** Has the load generator carry out the plan in its own process. */
async function generate(plan: Plan, stack: Stack, sampler: Sampler): Promise<Generated> {
  const child = startGenerator();
  const tell = (message: ToGenerator) => child.send(message);
  const seconds: Second[] = [];
  let phase = '';
  let begun = new Date().toISOString();
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  child.on('message', (message: FromGenerator) => {
    switch (message.type) {
      case 'ready':
        tell({ type: 'run', plan });
        break;
      case 'phase':
        phase = message.name;
        if (phase === 'measuring' && !seconds.some(({ at }) => at > 0)) begun = new Date().toISOString();
        break;
      case 'second':
        seconds.push(message.second);
        console.log(secondLine(phase, message.second, sampler.samples.at(-1)));
        break;
      case 'ask':
        stack
          .restart()
          .then(({ killedAt, servingAt }) => tell({ type: 'granted', killedAt, servingAt }), reject);
        break;
      case 'done':
        resolve(message.outcome);
        break;
      case 'failed':
        reject(new Error(`The load generator failed: ${message.reason}`));
        break;
    }
  });
  child.once('exit', (code, signal) => {
    reject(new Error(`The load generator ended with ${String(code ?? signal)}.`));
  });
  const abort = () => {
    reject(interrupted.signal.reason);
  };
  interrupted.signal.addEventListener('abort', abort, { once: true });
  try {
    return { outcome: await promise, seconds, begun };
  } finally {
    interrupted.signal.removeEventListener('abort', abort);
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
}

function startGenerator(): ChildProcess {
  const typescript = fileURLToPath(new URL('../support/typescript.mjs', import.meta.url));
  return fork(fileURLToPath(new URL('generator.ts', import.meta.url)), {
    execArgv: ['--import', typescript],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

/** Reads the whole database and has the API check its chains. */
async function balance(stack: Stack, tenants: readonly TenantAccess[], seen: Seen): Promise<AccountReport> {
  console.log('The account …');
  const account = new Account(seen);
  await LedgerFacts.read(stack.databaseUrl, async (facts) => {
    for (const { tenantId } of tenants) {
      for await (const task of facts.tasks(tenantId)) account.add(task);
      const counted = await facts.tenant(tenantId);
      account.addTenant({ ...counted, verified: await verify(stack, tenantId) });
    }
  });
  return account.close();
}

async function verify(
  { servers, adminKey }: Stack,
  tenantId: string,
): Promise<{ valid: boolean; checkedEvents: number }> {
  const answer = await fetch(`${servers[0]?.url ?? ''}/v1/tenants/${tenantId}/audit/verify`, {
    headers: { authorization: `Bearer ${adminKey}` },
  });
  if (answer.status !== 200) throw new Error(`audit/verify was answered ${answer.status}.`);
  return (await answer.json()) as { valid: boolean; checkedEvents: number };
}

async function versionOf(databaseUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ version: string }>('SELECT version()');
    return rows[0]?.version.split(' ').slice(0, 2).join(' ') ?? 'PostgreSQL';
  } finally {
    await client.end();
  }
}
