import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type MeasuredServer,
  newAdminKey,
  startCompiledChimera,
  startMeasuredPostgres,
  startMeasuredRedis,
} from '../support/measured-servers.js';
import type { RunOptions } from './options.js';
import type { TenantAccess } from './plan.js';

/** All servers of one run, which nobody else uses. */
export interface Stack {
  readonly adminKey: string;
  readonly databaseUrl: string;
  readonly redisUrl: string | undefined;
  /** The API processes as they are now: a restart replaces one. */
  readonly servers: readonly MeasuredServer[];
  /** What differs from the settings of a new installation, by variable. */
  readonly settings: Readonly<Record<string, string>>;
  /**
   * Kills the first API process as a power cut does and starts it again at the same address.
   * @returns When it was killed and when it served again, in milliseconds since 1970.
   */
  restart(): Promise<{ readonly killedAt: number; readonly servingAt: number }>;
  stop(): Promise<void>;
}

/** Starts PostgreSQL, Redis if asked for, and the API processes. */
export async function startStack(options: RunOptions): Promise<Stack> {
  const undo: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const postgres = await startMeasuredPostgres();
    undo.push(() => postgres.stop());
    const redis = options.redis ? await startMeasuredRedis() : undefined;
    if (redis) undo.push(() => redis.stop());
    const adminKey = newAdminKey();
    const settings = { HEARTBEAT_INTERVAL_MS: String(options.intervalMs) };
    const nodeArguments = [...(await profilingOf(options)), ...collectionOf(options)];
    const start = (port?: number) =>
      startCompiledChimera({
        ...{ databaseUrl: postgres.url, redisUrl: redis?.url, adminKey, settings, nodeArguments },
        ...(port !== undefined && { port }),
      });
    const servers: MeasuredServer[] = [];
    undo.push(() => Promise.all(servers.map((server) => server.stop())));
    // One after the other: the first migrates the database.
    for (let count = 0; count < options.instances; count += 1) servers.push(await start());
    const restart = async () => {
      const [first] = servers;
      if (!first) throw new Error('There is no API process to restart.');
      const killedAt = performance.timeOrigin + performance.now();
      await first.stop('SIGKILL');
      servers[0] = await start(first.port);
      return { killedAt, servingAt: performance.timeOrigin + performance.now() };
    };
    return {
      ...{ adminKey, settings, servers, restart, stop },
      databaseUrl: postgres.url,
      redisUrl: redis?.url,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function profilingOf({ profileDir }: RunOptions): Promise<readonly string[]> {
  if (profileDir === undefined) return [];
  const folder = resolve(profileDir);
  await mkdir(folder, { recursive: true });
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

/** A soak has the processes collect their garbage now and then, to tell what is used from what is not yet given back. */
function collectionOf({ scenario }: RunOptions): readonly string[] {
  if (scenario !== 'soak') return [];
  return ['--expose-gc', '--import', new URL('collector.mjs', import.meta.url).href];
}

/** Makes a tenant with a key for each of its clients. */
export async function createTenant({ servers, adminKey }: Stack): Promise<TenantAccess> {
  const [server] = servers;
  if (!server) throw new Error('There is no API process to make a tenant with.');
  const tenantId = `t_${randomBytes(6).toString('hex')}`;
  await post(server.url, adminKey, '/v1/tenants', { tenantId, name: 'A tenant of the load suite' });
  const key = async (role: string): Promise<string> => {
    const path = `/v1/tenants/${tenantId}/api-keys`;
    const answer = await post(server.url, adminKey, path, { name: role.toLowerCase(), role });
    if (typeof answer['key'] === 'string') return answer['key'];
    throw new Error(`${path} was answered without a key.`);
  };
  return {
    tenantId,
    agentKey: await key('AGENT'),
    submitterKey: await key('SUBMITTER'),
    operatorKey: await key('OPERATOR'),
  };
}

async function post(url: string, key: string, path: string, body: object): Promise<Record<string, unknown>> {
  const answer = await fetch(url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(`${path} was answered ${answer.status}: ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}
