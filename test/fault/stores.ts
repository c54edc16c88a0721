import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { superuser } from '../../src/lib/embedded-postgres/cluster.js';
import { startEmbeddedPostgres } from '../../src/lib/embedded-postgres.js';
import type { Link } from '../contract/link.js';
import { type MeasuredServer, startServer } from '../support/measured-servers.js';

/** PostgreSQL has room for the processes and little more. */
const maxConnections = 80;

/** The drill's PostgreSQL: each start comes with a new port, which the links are told of. */
export class Postgres {
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
    const postgres = await startEmbeddedPostgres({
      dataDir,
      settings: { fsync: 'off', max_connections: String(maxConnections) },
    });
    const pid = parseInt(await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8'), 10);
    this.running = { url: postgres.url, pid, stop: () => postgres.stop() };
    for (const link of this.links) link.aim(postgres.url);
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
