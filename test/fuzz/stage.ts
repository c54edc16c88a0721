import type { Config } from '../../src/config.js';
import { createStore } from '../support/chimera.js';
import { Fuzz, type FuzzReport } from './fuzz.js';
import type { FuzzOptions } from './options.js';
import { Rows } from './rows.js';

const hourMs = 3_600_000;

/** Starts a server on which nothing but requests changes a row, and runs the suite against it. */
export async function runFuzz(
  { mode, seed, requests }: Pick<FuzzOptions, 'mode' | 'seed' | 'requests'>,
  logLevel: Config['logLevel'],
  say: (words: string) => void,
): Promise<FuzzReport> {
  const quiet = { heartbeatIntervalMs: hourMs, leaseMs: hourMs, sweepIntervalMs: hourMs };
  const store = await createStore(mode, { ...quiet, logLevel });
  const rows = await Rows.open(asSuperuser(store.config.databaseUrl ?? ''));
  try {
    const { url } = await store.start();
    return await (await Fuzz.against(url, rows)).run(seed, requests, say);
  } finally {
    await rows.close();
    await store.drop();
  }
}

/** The same database, as who sees the rows of all tenants. */
function asSuperuser(databaseUrl: string): string {
  const url = new URL(process.env['TEST_SUPERUSER_URL'] ?? databaseUrl);
  url.pathname = new URL(databaseUrl).pathname;
  return url.href;
}
