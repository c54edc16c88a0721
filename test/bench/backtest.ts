import { readFileSync } from 'node:fs';
import pg from 'pg';
import type { JsonObject } from '../../src/models/json.js';
import { aResult } from '../factories.js';
import { adminKey, createTenant, mustBe, type TestTenant } from '../support/chimera.js';
import { textOf } from '../support/client.js';
import { claimOne, handIn, register, submit, until } from '../support/fleet.js';
import {
  startCompiledChimera,
  startMeasuredPostgres,
  startMeasuredRedis,
} from '../support/measured-servers.js';
import { newDatabase } from './chimera.js';

/*
 * How long a backtest of very many decisions takes, as a job in the queue of a compiled server. Some decisions are made through
 * the API; the rest are copies of them, so payloads are not encrypted here. Usage: npm run bench:backtest -- [DECISIONS]
 */

const wanted = Number(process.argv[2] ?? 100_000);
/** How many decisions are made through the API, each of another output. */
const made = 500;
const outputLength = 1024;
const patienceMs = 600_000;

const texts = readFileSync(new URL('../corpus/harmless.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .map((line) => (line === '' ? undefined : (JSON.parse(line) as { text?: string }).text))
  .filter((text) => text !== undefined);

/** A reply of some 1 KiB: texts of the corpus, beginning with another one each time. */
function outputOf(nth: number): JsonObject {
  let reply = `Case ${nth}.`;
  for (let at = nth * 7; reply.length < outputLength; at += 1) reply += ` ${texts[at % texts.length] ?? ''}`;
  return { reply };
}

async function makeDecisions(tenant: TestTenant): Promise<void> {
  await register(tenant, 'writer');
  for (let nth = 0; nth < made; nth += 1) {
    await submit(tenant);
    const result = aResult({ confidence: (nth % 10) / 10, output: outputOf(nth) });
    mustBe(200, await handIn(tenant, await claimOne(tenant, 'writer'), result));
  }
}

/** Copies tasks and results until there are as many as wanted; cards and the audit record are not looked at by a backtest. */
async function copyDecisions(databaseUrl: string): Promise<void> {
  const sql = new pg.Client({ connectionString: databaseUrl });
  await sql.connect();
  try {
    // The guards want to see each task's way here.
    for (const table of ['tasks', 'results']) await sql.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
    await sql.query(
      `CREATE TEMPORARY TABLE copies AS
       SELECT result_id AS from_result, task_id AS from_task, uuidv7() AS to_result, uuidv7() AS to_task
       FROM results, generate_series(2, $1) LIMIT $2`,
      [Math.ceil(wanted / made), wanted - made],
    );
    await sql.query(
      `INSERT INTO tasks SELECT (jsonb_populate_record(t, jsonb_build_object('task_id', c.to_task))).*
       FROM copies c JOIN tasks t ON t.task_id = c.from_task`,
    );
    await sql.query(
      `INSERT INTO results SELECT
         (jsonb_populate_record(r, jsonb_build_object('result_id', c.to_result, 'task_id', c.to_task, 'lease_token', c.to_task))).*
       FROM copies c JOIN results r ON r.result_id = c.from_result`,
    );
    await sql.query('ANALYZE');
  } finally {
    await sql.end();
  }
}

/** Asks for a backtest and waits for its report; how long that took by the clock of the database, in seconds. */
async function backtest(tenant: TestTenant): Promise<number> {
  const { auditor, operator, path } = tenant;
  const policy = {
    confidence: { holdBelow: 0.5 },
    keywords: [{ term: 'refund', match: 'WORD', action: 'HITL' }],
  };
  const { body } = mustBe(202, await operator.post(`${path}/policy/backtest`, { policy }));
  const done = await until(async () => {
    const found = mustBe(200, await auditor.get(`${path}/policy/backtests/${textOf(body.backtestId)}`)).body;
    return ['DONE', 'FAILED'].includes(textOf(found.state)) && found;
  }, patienceMs);
  if (textOf(done.report?.decisions) !== String(wanted))
    throw new Error(`It replayed ${textOf(done.report)}.`);
  return (Date.parse(textOf(done.finishedAt)) - Date.parse(textOf(done.createdAt))) / 1000;
}

const [postgres, redis] = await Promise.all([startMeasuredPostgres(), startMeasuredRedis()]);
try {
  const databaseUrl = await newDatabase(postgres.url, 'chimera_bench');
  const server = await startCompiledChimera({ databaseUrl, redisUrl: redis.url, adminKey });
  try {
    const tenant = await createTenant(server.url);
    await makeDecisions(tenant);
    await copyDecisions(databaseUrl);
    const once = await backtest(tenant);
    console.log(`${wanted} decisions of the version in force: ${once.toFixed(1)} s`);
    mustBe(200, await tenant.operator.put(`${tenant.path}/policy`, { confidence: { holdBelow: 0.8 } }));
    const twice = await backtest(tenant);
    console.log(`${wanted} decisions of another version, judged under both: ${twice.toFixed(1)} s`);
  } finally {
    await server.stop();
  }
} finally {
  await Promise.all([postgres.stop(), redis.stop()]);
}
