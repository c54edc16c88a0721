import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { publicJwkOf, privateKeyFrom } from '../../src/models/signing-key.js';
import { superuser } from '../../src/lib/embedded-postgres/cluster.js';
import { startEmbeddedPostgres } from '../../src/lib/embedded-postgres.js';
import { type Link, openLink } from '../contract/link.js';
import { type MeasuredServer, newAdminKey, startServer } from '../support/measured-servers.js';
import { freePort } from '../support/redis-server.js';
import { type Failpoint, failpointVariable } from './failpoint-names.js';

/** How many API processes there are. */
export const apiCount = 3;
/** How long a lease lasts, in milliseconds: short, so that many run out while one looks. */
export const leaseMs = 3_000;
export const heartbeatMs = 500;
/** PostgreSQL has room for the processes and little more. */
const maxConnections = 80;

const typescript = fileURLToPath(new URL('../support/typescript.mjs', import.meta.url));
const tether = fileURLToPath(new URL('../../scripts/lib/tether.mjs', import.meta.url));
const entry = fileURLToPath(new URL('server.ts', import.meta.url));

const settings = {
  NODE_ENV: 'test',
  LOG_LEVEL: 'fatal',
  LEASE_MS: String(leaseMs),
  HEARTBEAT_INTERVAL_MS: String(heartbeatMs),
  SWEEP_INTERVAL_MS: '250',
  MASS_LOSS_GRACE_MS: '4000',
  AUDIT_CHECKPOINT_EVENTS: '200',
  AUDIT_CHECKPOINT_MS: '1000',
  RATE_LIMIT_CREDENTIAL: '0',
  RATE_LIMIT_TENANT: '0',
  LOGIN_FAILURES_PER_MINUTE: '0',
  REPLAY_THREADS: '0',
};

/** All servers of a drill, in processes of their own, with links between them that can be broken. */
export class Stack {
  readonly adminKey = newAdminKey();
  readonly apis: Api[] = [];
  private readonly signingKey = randomBytes(32).toString('base64');

  private constructor(
    private readonly directory: string,
    readonly postgres: Postgres,
    readonly redis: RedisStore,
  ) {}

  /** Starts all of them, one API process after the other: the first migrates the database. */
  static async start(): Promise<Stack> {
    const directory = await mkdtemp(join(tmpdir(), 'chimera-drill-'));
    await chmod(directory, 0o711);
    const stack = new Stack(directory, new Postgres(directory), new RedisStore(await freePort(), directory));
    try {
      await Promise.all([stack.postgres.start(), stack.redis.start()]);
      for (let index = 0; index < apiCount; index += 1) stack.apis.push(await stack.openApi(index));
      return stack;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  /** Where the clients send their requests. */
  get origins(): readonly string[] {
    return this.apis.map(({ link }) => link.url.replace(/\/$/, ''));
  }

  get checkpointFile(): string {
    return join(this.directory, 'checkpoints.ndjson');
  }

  /** A file of the drill's own. */
  file(name: string): string {
    return join(this.directory, name);
  }

  /** The key that checkpoints and receipts can be checked with, in base64. */
  get publicKey(): string {
    return publicJwkOf(privateKeyFrom(this.signingKey)).x;
  }

  /** Mends every link and every store, and has every process serve. */
  async heal(): Promise<void> {
    await this.redis.start();
    await this.postgres.start();
    for (const api of this.apis) {
      await api.mend();
      await api.comeBack();
    }
  }

  /** Ends everything that the drill has started and removes what it has written. A second call does nothing more. */
  async stop(): Promise<void> {
    await Promise.all(this.apis.map((api) => api.close()));
    await this.redis.kill();
    await this.postgres.stop();
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }

  private async openApi(index: number): Promise<Api> {
    const [toPostgres, toRedis] = await Promise.all([openLink(this.postgres.url), openLink(this.redis.url)]);
    this.postgres.links.push(toPostgres);
    this.redis.links.push(toRedis);
    const port = await freePort();
    const link = await openLink(`http://127.0.0.1:${port}`);
    const api = new Api(
      `api ${index + 1}`,
      port,
      { link, toPostgres, toRedis },
      {
        ...settings,
        CHIMERA_ADMIN_KEY: this.adminKey,
        AUDIT_SIGNING_KEY: this.signingKey,
        AUDIT_CHECKPOINT_FILE: this.checkpointFile,
      },
    );
    await api.start();
    return api;
  }
}

interface Links {
  /** From the clients to the process. */
  readonly link: Link;
  readonly toPostgres: Link;
  readonly toRedis: Link;
}

/** One API process and the ways to it and from it. */
export class Api {
  private server: MeasuredServer | undefined;

  constructor(
    readonly name: string,
    private readonly port: number,
    private readonly links: Links,
    private readonly environment: Readonly<Record<string, string>>,
  ) {}

  get link(): Link {
    return this.links.link;
  }

  get toPostgres(): Link {
    return this.links.toPostgres;
  }

  get toRedis(): Link {
    return this.links.toRedis;
  }

  /** Starts the process. @throws Error with its last words when it does not come up. */
  async start(failpoint?: { readonly name: Failpoint; readonly count: number }): Promise<void> {
    this.server = await startServer({
      name: this.name,
      command: process.execPath,
      args: ['--import', typescript, '--import', tether, entry],
      port: this.port,
      announces: 'Chimera serves ',
      environment: {
        ...this.environment,
        PORT: String(this.port),
        DATABASE_URL: this.links.toPostgres.url,
        REDIS_URL: this.links.toRedis.url,
        ...(failpoint && { [failpointVariable]: `${failpoint.name}:${failpoint.count}` }),
      },
    });
  }

  /** Starts it again until it comes up, as whatever runs a deployment does. */
  async comeBack(patienceMs = 60_000): Promise<void> {
    const end = performance.now() + patienceMs;
    for (;;) {
      if (this.server && !(await settled(this.server.ended))) return;
      try {
        await this.start();
        return;
      } catch (error) {
        if (performance.now() > end) throw error;
        await pause(300);
      }
    }
  }

  /** Ends it as a power cut does. */
  async kill(): Promise<void> {
    await this.server?.stop('SIGKILL');
    this.server = undefined;
  }

  /** Asks it to end; answers how it did. */
  async stop(): Promise<number | null> {
    const ending = await this.server?.stop('SIGTERM');
    this.server = undefined;
    return ending?.code ?? null;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (this.server) process.kill(this.server.pid, signal);
  }

  /** Whether it ended by itself within this time. */
  async endedWithin(ms: number): Promise<boolean> {
    if (!this.server) return true;
    const none = new AbortController();
    const late = pause(ms, false, { signal: none.signal }).catch(() => false);
    const ended = await Promise.race([this.server.ended.then(() => true), late]);
    none.abort();
    return ended;
  }

  /** What it has written to stderr since it was started. */
  get words(): string {
    return this.server?.stderr() ?? '';
  }

  async mend(): Promise<void> {
    const { link, toPostgres, toRedis } = this.links;
    await Promise.all([link.mend(), toPostgres.mend(), toRedis.mend()]);
  }

  async close(): Promise<void> {
    await this.kill();
    const { link, toPostgres, toRedis } = this.links;
    await Promise.all([link.close(), toPostgres.close(), toRedis.close()]);
  }
}

async function settled(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), Promise.resolve(false)]);
}

/** The drill's PostgreSQL: each start comes with a new port, which the links are told of. */
class Postgres {
  readonly links: Link[] = [];
  private running: { readonly url: string; readonly pid: number; stop(): Promise<void> } | undefined;

  constructor(private readonly directory: string) {}

  /** Around the links: for those who break things, and for those who check. */
  get url(): string {
    if (!this.running) throw new Error('PostgreSQL does not run.');
    return this.running.url;
  }

  get superuserUrl(): string {
    const url = new URL(this.url);
    url.username = superuser;
    return url.href;
  }

  /** Starts it, unless it runs. What is written survives the death of its processes, though not that of the machine. */
  async start(): Promise<void> {
    if (this.running) return;
    const dataDir = join(this.directory, 'postgres');
    const { url, stop } = await startEmbeddedPostgres({
      dataDir,
      settings: { fsync: 'off', max_connections: String(maxConnections) },
    });
    const pid = parseInt(await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8'), 10);
    this.running = { url, pid, stop };
    for (const link of this.links) link.aim(url);
  }

  /** Ends it at once: `SIGKILL` as a power cut does, `SIGQUIT` as an immediate shutdown. */
  end(signal: 'SIGKILL' | 'SIGQUIT'): void {
    if (this.running) process.kill(this.running.pid, signal);
    this.running = undefined;
  }

  /** Freezes or thaws all its processes. */
  async signal(signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    if (!this.running) return;
    const { pid } = this.running;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    for (const one of [pid, ...children.split(' ').filter(Boolean).map(Number)]) {
      try {
        process.kill(one, signal);
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  async stop(): Promise<void> {
    await this.running?.stop();
    this.running = undefined;
  }
}

/** The drill's Redis, which keeps nothing on disk. */
class RedisStore {
  readonly links: Link[] = [];
  readonly url: string;
  private server: MeasuredServer | undefined;

  constructor(
    private readonly port: number,
    private readonly directory: string,
  ) {
    this.url = `redis://127.0.0.1:${port}`;
  }

  /** Starts it, empty, unless it runs. */
  async start(): Promise<void> {
    if (this.server) return;
    const where = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.directory];
    this.server = await startServer({
      name: 'redis-server',
      command: 'redis-server',
      args: [...where, '--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'],
      port: this.port,
      announces: 'Ready to accept connections',
    });
  }

  async kill(): Promise<void> {
    await this.server?.stop('SIGKILL');
    this.server = undefined;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (this.server) process.kill(this.server.pid, signal);
  }
}
