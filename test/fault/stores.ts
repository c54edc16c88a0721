import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { superuser } from '../../src/lib/embedded-postgres/cluster.js';
import { startEmbeddedPostgres } from '../../src/lib/embedded-postgres.js';
import type { Link } from '../contract/link.js';
import { type MeasuredServer, startServer } from '../support/measured-servers.js';
import { Disk } from './disk.js';

/** PostgreSQL has room for the processes and little more. */
const maxConnections = 80;
/** A small log, of which new files are made often: also when there is no room for them. */
const log = { min_wal_size: '32MB', max_wal_size: '96MB' };
const revivalMs = 60_000;

/** The drill's PostgreSQL: each start comes with a new port, which the links are told of. */
export class Postgres {
  readonly links: Link[] = [];
  private running: { readonly url: string; readonly pid: number; stop(): Promise<void> } | undefined;
  private readonly dataDir: string;

  private constructor(
    directory: string,
    /** What its data are on, if it could have a file system of its own. */
    readonly disk: Disk | undefined,
  ) {
    this.dataDir = dataDirIn(directory);
  }

  /** One that keeps its data in a new folder of this directory, and does not run yet. */
  static async in(directory: string): Promise<Postgres> {
    return new Postgres(directory, await Disk.mount(dataDirIn(directory)));
  }

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
    const postgres = await startEmbeddedPostgres({
      dataDir: this.dataDir,
      settings: { fsync: 'off', max_connections: String(maxConnections), ...log },
    });
    const pid = parseInt(await readFile(join(this.dataDir, 'postgres/postmaster.pid'), 'utf8'), 10);
    this.running = { url: postgres.url, pid, stop: () => postgres.stop() };
    for (const link of this.links) link.aim(postgres.url);
  }

  /** Ends it at once: `SIGKILL` as a power cut does, `SIGQUIT` as an immediate shutdown. */
  end(signal: 'SIGKILL' | 'SIGQUIT'): void {
    if (this.running) process.kill(this.running.pid, signal);
    this.running = undefined;
  }

  /** Waits until it takes connections again; one that has given up meanwhile is started. Answers whether it had. */
  async revive(): Promise<boolean> {
    const end = performance.now() + revivalMs;
    for (;;) {
      if (!this.running || !isAlive(this.running.pid)) {
        this.running = undefined;
        await this.start();
        return true;
      }
      const client = new pg.Client({ connectionString: this.superuserUrl, connectionTimeoutMillis: 5_000 });
      client.on('error', () => undefined);
      try {
        await client.connect();
        return false;
      } catch (error) {
        if (performance.now() > end) throw error;
        await pause(100);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
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
    await this.disk?.unmount();
  }
}

function dataDirIn(directory: string): string {
  return join(directory, 'postgres');
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The drill's Redis, which keeps nothing on disk. */
export class RedisStore {
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
