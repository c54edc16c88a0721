import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { publicJwkOf, privateKeyFrom } from '../../src/models/signing-key.js';
import { type Link, openLink } from '../contract/link.js';
import { type MeasuredServer, newAdminKey, startServer } from '../support/measured-servers.js';
import { freePort } from '../support/redis-server.js';
import { clockVariable } from './clock-names.js';
import { type Failpoint, failpointVariable } from './failpoint-names.js';
import { Postgres, RedisStore } from './stores.js';

/** How many API processes there are. */
export const apiCount = 3;
/** How long a lease lasts, in milliseconds: short, so that many run out while one looks. */
export const leaseMs = 3_000;
export const heartbeatMs = 500;

const typescript = fileURLToPath(new URL('../support/typescript.mjs', import.meta.url));
const tether = fileURLToPath(new URL('../../scripts/lib/tether.mjs', import.meta.url));
const clock = fileURLToPath(new URL('clock.ts', import.meta.url));
const entry = fileURLToPath(new URL('server.ts', import.meta.url));

const settings = {
  NODE_ENV: 'test',
  LOG_LEVEL: 'error',
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

export interface StackOptions {
  readonly withRedis: boolean;
  /** Settings of the API processes that are not the drill's. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** All servers of a drill, in processes of their own, with links between them that can be broken. */
export class Stack {
  readonly adminKey = newAdminKey();
  readonly apis: Api[] = [];
  private readonly signingKey = randomBytes(32).toString('base64');

  private constructor(
    private readonly directory: string,
    readonly postgres: Postgres,
    private readonly redisStore: RedisStore | undefined,
    private readonly own: Readonly<Record<string, string>>,
  ) {}

  /** Starts all of them, one API process after the other: the first migrates the database. */
  static async start({ withRedis, settings: own = {} }: StackOptions): Promise<Stack> {
    const directory = await mkdtemp(join(tmpdir(), 'chimera-drill-'));
    await chmod(directory, 0o711);
    const redis = withRedis ? new RedisStore(await freePort(), directory) : undefined;
    const stack = new Stack(directory, await Postgres.in(directory), redis, own);
    try {
      await Promise.all([stack.postgres.start(), redis?.start()]);
      for (let index = 0; index < apiCount; index += 1) stack.apis.push(await stack.openApi(index));
      return stack;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  /** @throws Error when this stack is one without. */
  get redis(): RedisStore {
    if (!this.redisStore) throw new Error('There is no Redis.');
    return this.redisStore;
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
    await this.redisStore?.start();
    await this.postgres.start();
    for (const api of this.apis) {
      await api.mend();
      if (api.clockOffByMs !== 0) await api.kill();
      api.clockOffByMs = 0;
      await api.comeBack();
    }
  }

  /** Ends everything that the drill has started and removes what it has written. A second call does nothing more. */
  async stop(): Promise<void> {
    await Promise.all(this.apis.map((api) => api.close()));
    await this.redisStore?.kill();
    await this.postgres.stop();
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }

  private async openApi(index: number): Promise<Api> {
    const toPostgres = await openLink(this.postgres.url);
    this.postgres.links.push(toPostgres);
    let toRedis: Link | undefined;
    if (this.redisStore) {
      toRedis = await openLink(this.redisStore.url);
      this.redisStore.links.push(toRedis);
    }
    const port = await freePort();
    const link = await openLink(`http://127.0.0.1:${port}`);
    const api = new Api(
      `api ${index + 1}`,
      port,
      { link, toPostgres, toRedis },
      {
        ...settings,
        ...this.own,
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
  /** `undefined` without Redis. */
  readonly toRedis: Link | undefined;
}

/** One API process and the ways to it and from it. */
export class Api {
  /** How far its clock is off from its next start on, in milliseconds. */
  clockOffByMs = 0;
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

  get toRedis(): Link | undefined {
    return this.links.toRedis;
  }

  /** Starts the process. @throws Error with its last words when it does not come up. */
  async start(failpoint?: { readonly name: Failpoint; readonly count: number }): Promise<void> {
    this.server = await startServer({
      name: this.name,
      command: process.execPath,
      args: [typescript, tether, clock].flatMap((module) => ['--import', module]).concat(entry),
      port: this.port,
      announces: 'Chimera serves ',
      environment: {
        ...this.environment,
        PORT: String(this.port),
        DATABASE_URL: this.links.toPostgres.url,
        ...(this.links.toRedis && { REDIS_URL: this.links.toRedis.url }),
        ...(this.clockOffByMs !== 0 && { [clockVariable]: String(this.clockOffByMs) }),
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

  /** Whether it has ended, though nobody has ended it. */
  async hasEnded(): Promise<boolean> {
    return this.server !== undefined && settled(this.server.ended);
  }

  /** What it has written to stderr since it was started. */
  get words(): string {
    return this.server?.stderr() ?? '';
  }

  /** What it has logged of its own faults since it was started: the messages and stacks, last of all. */
  get faults(): string {
    const lines = this.server?.stdout().split('\n') ?? [];
    return lines
      .filter((line) => line.includes('"level":50'))
      .slice(-2)
      .join('\n');
  }

  async mend(): Promise<void> {
    const { link, toPostgres, toRedis } = this.links;
    await Promise.all([link.mend(), toPostgres.mend(), toRedis?.mend()]);
  }

  async close(): Promise<void> {
    await this.kill();
    const { link, toPostgres, toRedis } = this.links;
    await Promise.all([link.close(), toPostgres.close(), toRedis?.close()]);
  }
}

async function settled(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), Promise.resolve(false)]);
}
