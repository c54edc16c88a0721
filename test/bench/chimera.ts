import { mkdir } from 'node:fs/promises';
import pg from 'pg';
import { newAdminKey, startCompiledChimera } from '../support/measured-servers.js';
import type { Launch } from './contender.js';
import type { Pids } from './processor-time.js';
import type { ChimeraTarget, TenantRole } from './workloads/chimera-target.js';

const { Client } = pg;

/** A Chimera that serves one tenant. */
export interface ChimeraUnderLoad {
  readonly pids: Pids;
  readonly target: ChimeraTarget;
}

/** Agents keep silent while others have their turn: nobody is to find them absent. */
const settings = { HEARTBEAT_INTERVAL_MS: '3600000' };
const tenantId = 't_bench';

const started = new WeakMap<Launch, Promise<ChimeraUnderLoad>>();

/** The launch's one process, on the launch's PostgreSQL and Redis. Contenders that differ in their agents alone share it. */
export function startChimera(launch: Launch): Promise<ChimeraUnderLoad> {
  const running = started.get(launch) ?? start(launch);
  started.set(launch, running);
  return running;
}

async function start(launch: Launch): Promise<ChimeraUnderLoad> {
  const [postgres, redis] = await Promise.all([launch.postgres(), launch.redis()]);
  const adminKey = newAdminKey();
  const server = await startCompiledChimera({
    databaseUrl: await newDatabase(postgres.url, 'chimera_bench'),
    redisUrl: redis.url,
    adminKey,
    settings,
    nodeArguments: await profileArguments(launch),
  });
  launch.atEnd(() => server.stop());
  const keys = await makeTenant(server.url, adminKey);
  const pids = { server: server.pid, postgres: postgres.pid, redis: redis.pid };
  return { pids, target: { origin: server.url, tenantPath: `/v1/tenants/${tenantId}`, keys } };
}

/** Makes a database that nobody else uses. */
export async function newDatabase(serverUrl: string, name: string): Promise<string> {
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${name}`);
  } finally {
    await client.end();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function profileArguments({ options, benchName, number, reportFolder }: Launch): Promise<string[]> {
  if (!options.cpuProfile) return [];
  await mkdir(reportFolder, { recursive: true });
  const name = `${benchName}-launch-${number}-${Date.now()}.cpuprofile`;
  return ['--cpu-prof', `--cpu-prof-dir=${reportFolder}`, `--cpu-prof-name=${name}`];
}

async function makeTenant(url: string, adminKey: string): Promise<Record<TenantRole, string>> {
  await post(`${url}/v1/tenants`, adminKey, { tenantId, name: 'Bench' });
  const keyFor = async (role: TenantRole): Promise<string> => {
    const answer = await post(`${url}/v1/tenants/${tenantId}/api-keys`, adminKey, { name: role, role });
    return ((await answer.json()) as { key: string }).key;
  };
  const [AGENT, SUBMITTER, OPERATOR] = await Promise.all([
    keyFor('AGENT'),
    keyFor('SUBMITTER'),
    keyFor('OPERATOR'),
  ]);
  return { AGENT, SUBMITTER, OPERATOR };
}

async function post(url: string, key: string, body: unknown): Promise<Response> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`POST ${url} was answered ${answer.status}: ${await answer.text()}`);
  return answer;
}
