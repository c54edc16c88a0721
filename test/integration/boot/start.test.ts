import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client as PostgresClient } from 'pg';
import { startServer } from '../../../src/server.js';
import { adminKey, createStore, createTenant, modes, mustBe, type TestStore } from '../../support/chimera.js';
import { Client, itemsOf } from '../../support/client.js';
import { follow } from '../../support/event-stream.js';
import { register, until } from '../../support/fleet.js';
import { freePort } from '../../support/redis-server.js';
import {
  type Ending,
  killProcesses,
  type ServerProcess,
  startProcess,
} from '../../support/server-process.js';
import {
  createDatabase,
  createEmptyDatabase,
  createRedis,
  type TestDatabase,
} from '../../support/servers.js';

const run = promisify(execFile);
const stopped: Ending = { code: 0, signal: null };
const patienceMs = 10_000;
/** A start includes the compilation of the sources, which takes its time on a busy machine. */
const startPatienceMs = 25_000;
const severalStartsMs = 120_000;

afterEach(killProcesses);

/** The command that the announcement ends with, as a person would copy it. */
function shownCommand(server: ServerProcess): string {
  const [command] = /^ {2}curl [^]*?[^\\]$/m.exec(server.stdout()) ?? [];
  if (command === undefined) throw new Error(`No command was shown: ${server.stdout()}`);
  return command;
}

/** Runs the command in a shell; answers the HTTP status. */
async function statusOf(command: string, env: Record<string, string> = {}): Promise<number> {
  const script = `${command.trim()} -o /dev/null -w '%{http_code}'`;
  const { stdout } = await run('bash', ['-c', script], { env: { PATH: process.env['PATH'], ...env } });
  return Number(stdout);
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ESRCH' });
    return false;
  }
}

async function stopTimed(server: ServerProcess, signal: NodeJS.Signals): Promise<void> {
  const start = performance.now();
  expect(await server.stop(signal)).toEqual(stopped);
  expect(performance.now() - start).toBeLessThan(patienceMs);
  expect(server.stderr()).toBe('');
}

describe('a start on a new database', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createEmptyDatabase();
  });
  afterAll(() => database.drop());

  it(
    'shows the admin key once, with a first command that works',
    async () => {
      const settings = { DATABASE_URL: database.url, LOG_LEVEL: 'warn' };
      const first = await startProcess(settings);
      await first.serving;
      const command = shownCommand(first);
      const [, key = ''] = /^ {2}Admin key {6}(chimera_\S+)$/m.exec(first.stdout()) ?? [];
      expect(command).toContain(`Bearer ${key}"`);
      expect(await statusOf(command)).toBe(201);
      await stopTimed(first, 'SIGTERM');
      expect(first.stdout()).toMatch(/^ {2}Swagger UI {5}http:\S+\/docs$/m);

      const second = await startProcess({ ...settings, SWAGGER_UI: 'off' });
      await second.serving;
      expect(second.stdout()).not.toContain('Swagger UI');
      expect(second.stdout()).not.toContain('chimera_');
      expect(second.stdout()).toContain('was shown at the first start');
      expect(await statusOf(shownCommand(second))).toBe(200);
      const admin = new Client(second.url, key);
      expect(mustBe(200, await admin.get('/v1/tenants/t_acme')).body).toMatchObject({ name: 'Acme' });
      await stopTimed(second, 'SIGINT');
    },
    severalStartsMs,
  );
});

describe('a start with an admin key of its own', () => {
  it(
    'takes it and does not repeat it, and stops with an open claim, stream and connection',
    async () => {
      const database = await createDatabase();
      try {
        const server = await startProcess({
          DATABASE_URL: database.url,
          CHIMERA_ADMIN_KEY: adminKey,
          LOG_LEVEL: 'warn',
        });
        await server.serving;
        expect(server.stdout()).not.toContain(adminKey);
        const command = shownCommand(server);
        expect(await statusOf(command, { CHIMERA_ADMIN_KEY: adminKey })).toBe(201);
        await stopsWithWorkInHand(server, 'SIGINT');
      } finally {
        await database.drop();
      }
    },
    severalStartsMs,
  );

  it(
    'on Redis as well',
    async () => {
      const [database, redis] = await Promise.all([createDatabase(), createRedis()]);
      try {
        const server = await startProcess({
          DATABASE_URL: database.url,
          REDIS_URL: redis.url,
          CHIMERA_ADMIN_KEY: adminKey,
          LOG_LEVEL: 'warn',
        });
        await server.serving;
        await stopsWithWorkInHand(server, 'SIGTERM');
      } finally {
        await Promise.all([database.drop(), redis.drop()]);
      }
    },
    severalStartsMs,
  );

  async function stopsWithWorkInHand(server: ServerProcess, signal: NodeJS.Signals): Promise<void> {
    const tenant = await createTenant(server.url);
    await register(tenant, 'writer');
    const idle = new Agent({ keepAlive: true });
    const [health] = (await once(
      request(`${server.url}/health/live`, { agent: idle }).end(),
      'response',
    )) as [NodeJS.ReadableStream];
    health.resume();
    await once(health, 'end');
    const silent = connect(server.port, '127.0.0.1');
    await once(silent, 'connect');
    const stream = await follow(tenant.auditor, `${tenant.path}/events`);
    const claim = tenant.agent.post(`${tenant.path}/agents/writer/claims`, { waitMs: 30_000 });
    // What is sent later and asks both stores is answered after the claim has begun to wait.
    for (let round = 0; round < 3; round += 1) await tenant.auditor.get(`${tenant.path}/agents/writer`);
    await stopTimed(server, signal);
    expect(itemsOf(mustBe(200, await claim))).toEqual([]);
    await stream.ended;
    silent.destroy();
    idle.destroy();
  }
});

describe('a start without any setting', () => {
  it(
    'brings its own PostgreSQL, keeps its data, and takes it along when it stops',
    async () => {
      const dataDir = await mkdtemp(join(tmpdir(), 'chimera-test-'));
      try {
        const settings = { CHIMERA_DATA_DIR: dataDir, LOG_LEVEL: 'warn' };
        const first = await startProcess(settings);
        await first.serving;
        expect(await statusOf(shownCommand(first))).toBe(201);
        const [, key = ''] = /(chimera_\S+)/.exec(first.stdout()) ?? [];
        await endsWithItsDatabase(first, dataDir);

        const second = await startProcess(settings);
        await second.serving;
        mustBe(200, await new Client(second.url, key).get('/v1/tenants/t_acme'));
        await endsWithItsDatabase(second, dataDir);
      } finally {
        await killProcesses();
        await rm(dataDir, { recursive: true, force: true });
      }
    },
    severalStartsMs,
  );

  async function endsWithItsDatabase(server: ServerProcess, dataDir: string): Promise<void> {
    const pidFile = join(dataDir, 'postgres', 'postmaster.pid');
    const pid = Number((await readFile(pidFile, 'utf8')).split('\n')[0]);
    await stopTimed(server, 'SIGINT');
    await expect(access(pidFile)).rejects.toMatchObject({ code: 'ENOENT' });
    // PostgreSQL removes the file as the last but one thing that it does.
    await until(() => Promise.resolve(!isThere(pid)));
  }
});

describe('a start that cannot succeed', () => {
  /** It says why on one line, without a stack, and in time. */
  async function faultOf(settings: Readonly<Record<string, string>>): Promise<string> {
    const start = performance.now();
    const server = await startProcess(settings);
    expect(await server.ended).toEqual({ code: 1, signal: null });
    expect(performance.now() - start).toBeLessThan(startPatienceMs);
    expect(server.stdout()).toBe('');
    expect(server.stderr()).toMatch(/^[^\n]+\n$/);
    expect(server.stderr()).not.toMatch(/ {4}at |node:internal|secret/);
    return server.stderr().trim();
  }

  it('names every faulty setting at once', async () => {
    const fault = await faultOf({
      PORT: '99999',
      DATABASE_URL: 'mysql://ann:secret@localhost/a',
      CHIMERA_ADMIN_KEY: 'secret-but-short',
      LEASE_MS: 'a\nminute',
    });
    expect(fault).toMatch(/^Settings: PORT .*; DATABASE_URL .*; CHIMERA_ADMIN_KEY .*32.*; LEASE_MS .*\.$/);
  });

  it('names the port that is in use', async () => {
    const taker = createServer().listen(0, '127.0.0.1');
    await once(taker, 'listening');
    const { port } = taker.address() as { port: number };
    const fault = await faultOf({ PORT: String(port), DATABASE_URL: 'postgres://localhost/nowhere' });
    expect(fault).toMatch(new RegExp(`^PORT ${port} is in use `));
    taker.close();
  });

  it('names the database that is not there', async () => {
    const place = `127.0.0.1:${await freePort()}/chimera`;
    const fault = await faultOf({ DATABASE_URL: `postgres://ann:secret@${place}` });
    expect(fault).toMatch(new RegExp(`^DATABASE_URL: the database at ${place} .*ECONNREFUSED`));
  });

  it('names the Redis that is not there', async () => {
    const place = `127.0.0.1:${await freePort()}`;
    const fault = await faultOf({
      DATABASE_URL: 'postgres://localhost/nowhere',
      REDIS_URL: `redis://:secret@${place}/3`,
    });
    expect(fault).toMatch(new RegExp(`^REDIS_URL: Redis at ${place}/3 .*ECONNREFUSED`));
  });
});

describe.each(modes)('a server on %s that cannot be started', (mode) => {
  let store: TestStore;
  beforeAll(async () => {
    store = await createStore(mode);
  });
  afterAll(() => store.drop());

  it('refuses a port that is in use', async () => {
    const port = await freePort();
    const first = await store.start({ port });
    await expect(store.start({ port })).rejects.toMatchObject({
      name: 'BootError',
      message: `PORT ${port} is in use on 127.0.0.1: stop what uses it, or set PORT to another.`,
    });
    await first.stop();
  });

  it('closes what it has opened when its port is taken while it starts', async () => {
    const port = await freePort();
    const gate = new PostgresClient({ connectionString: store.config.databaseUrl, application_name: 'gate' });
    await gate.connect();
    try {
      const lock = `hashtextextended('chimera.migrations', 0)`;
      await gate.query(`SELECT pg_advisory_lock(${lock})`);
      const start = startServer({ ...store.config, port });
      const refused = expect(start).rejects.toMatchObject({
        name: 'BootError',
        message: expect.stringMatching(/^PORT \d+ is in use/),
      });
      const waits = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
      await until(async () => (await gate.query(waits)).rowCount === 1);
      const taker = createServer().listen(port, '127.0.0.1');
      await once(taker, 'listening');
      await gate.query(`SELECT pg_advisory_unlock(${lock})`);
      await refused;
      taker.close();
      await until(async () => (await connectionsOf(gate)) === 0);
    } finally {
      await gate.end();
    }
  });

  it('names a host that is not of this machine', async () => {
    await expect(store.start({ host: '192.0.2.1' })).rejects.toMatchObject({
      name: 'BootError',
      message: 'HOST 192.0.2.1 is no address of this machine: set HOST to one that is.',
    });
  });

  it('names a database that refuses it, without the password', async () => {
    const url = new URL(store.config.databaseUrl ?? '');
    url.pathname = '/not_there';
    const fault = {
      name: 'BootError',
      message: /^DATABASE_URL: the database at .*\/not_there cannot be used/,
    };
    await expect(store.start({ databaseUrl: url.href })).rejects.toMatchObject({
      name: fault.name,
      message: expect.stringMatching(fault.message),
    });
    await expect(store.start({ databaseUrl: url.href })).rejects.not.toMatchObject({
      message: expect.stringContaining(url.password),
    });
  });

  async function connectionsOf(client: PostgresClient): Promise<number> {
    const { rows } = await client.query<{ count: number }>(
      `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND application_name <> 'gate'`,
    );
    return rows[0]?.count ?? 0;
  }
});
