import { Redis } from 'ioredis';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Stack } from './stack.js';

/** The servers at one moment. What could not be had is missing. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Whether the API processes have just collected their garbage. */
  readonly collected: boolean;
  /** Of all API processes: the largest resident memory, and so on; `cpu` is the sum, in processor seconds. */
  readonly api: {
    readonly rssBytes: number;
    readonly heapBytes: number;
    readonly lagP99Ms: number;
    readonly handles: number;
    readonly files: number;
    readonly cpuSeconds: number;
  } | null;
  readonly redisBytes: number | null;
  /** Bytes of each table with its indexes, taken every so many samples. */
  readonly tables: Readonly<Record<string, number>> | null;
}

/** A server that is overloaded answers late; what it says then is worth waiting for. */
const patienceMs = 10_000;
/** Sizes of tables are asked for once in so many samples. */
const tablesEvery = 5;
/** Garbage is collected before one in so many samples: often enough for a line, too seldom to be seen in a p95. */
const collectedEvery = 10;
/** A collection is asked for by a signal, which is heard before a request that comes so much later, in milliseconds. */
const hearingMs = 100;

/** Looks at the servers of a run from outside, once a second, or as often as they answer. */
export class Sampler {
  readonly samples: Sample[] = [];
  private readonly redis: Redis | undefined;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private rounds = 0;

  /** @param collects whether the API processes can be told to collect their garbage, as `stack` starts them for a soak */
  constructor(
    private readonly stack: Stack,
    private readonly collects = false,
  ) {
    this.redis =
      stack.redisUrl === undefined
        ? undefined
        : new Redis(stack.redisUrl, { maxRetriesPerRequest: 1, connectionName: 'load-sampler' });
    this.redis?.on('error', () => undefined);
  }

  start(): void {
    this.timer = setInterval(() => {
      this.looking ??= this.look().finally(() => {
        this.looking = undefined;
      });
    }, 1_000);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
    this.redis?.disconnect();
  }

  private async look(): Promise<void> {
    const collected = this.collects && this.rounds % collectedEvery === 0;
    if (collected) await this.collect();
    const withTables = this.rounds++ % tablesEvery === 0;
    const [api, redisBytes, tables] = await Promise.all([
      this.api(),
      this.redis?.info('memory').then(usedMemory, () => null) ?? null,
      withTables ? tableSizes(this.stack.databaseUrl).catch(() => null) : null,
    ]);
    this.samples.push({ at: Date.now(), collected, api, redisBytes, tables });
  }

  private async collect(): Promise<void> {
    for (const { pid } of this.stack.servers) process.kill(pid, 'SIGUSR2');
    await pause(hearingMs);
  }

  private async api(): Promise<Sample['api']> {
    const all = await Promise.all(this.stack.servers.map(({ url }) => metricsOf(url).catch(() => null)));
    const known = all.filter((one) => one !== null);
    if (known.length === 0) return null;
    const most = (name: string) => Math.max(...known.map((metrics) => metrics.get(name) ?? 0));
    return {
      rssBytes: most('process_resident_memory_bytes'),
      heapBytes: most('nodejs_heap_size_used_bytes'),
      lagP99Ms: most('nodejs_eventloop_lag_p99_seconds') * 1_000,
      handles: most('nodejs_active_resources_total'),
      files: most('process_open_fds'),
      cpuSeconds: known.reduce((sum, metrics) => sum + (metrics.get('process_cpu_seconds_total') ?? 0), 0),
    };
  }
}

/** The metrics of the exposition that have no labels, by name. */
export function metricsIn(exposition: string): Map<string, number> {
  const found = exposition.matchAll(/^([a-z_]+[a-z0-9_]*) ([0-9.eE+-]+)$/gmu);
  return new Map([...found].map(([, name = '', value]) => [name, Number(value)]));
}

async function metricsOf(url: string): Promise<Map<string, number>> {
  const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(patienceMs) });
  return metricsIn(await answer.text());
}

function usedMemory(info: string): number | null {
  const value = /^used_memory:(\d+)/mu.exec(info)?.[1];
  return value === undefined ? null : Number(value);
}

async function tableSizes(databaseUrl: string): Promise<Record<string, number>> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string; bytes: string }>(
      `SELECT n.nspname || '.' || c.relname AS name, pg_total_relation_size(c.oid) AS bytes
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')`,
    );
    return Object.fromEntries(rows.map(({ name, bytes }) => [name.replace(/^public\./u, ''), Number(bytes)]));
  } finally {
    await client.end();
  }
}
