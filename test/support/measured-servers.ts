import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbeddedPostgres } from '../../src/lib/embedded-postgres.js';
import { freePort } from './redis-server.js';
import type { Ending } from './server-process.js';

/** A store that runs for one measurement. */
export interface MeasuredStore {
  readonly url: string;
  /** Its process; of PostgreSQL the parent of all others. */
  readonly pid: number;
  /** Ends it and removes what it has written; a second call waits for the first. */
  stop(): Promise<void>;
}

/** A program that serves on a port of 127.0.0.1, in a process of its own. */
export interface MeasuredServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** The end of what it has written to stdout and to stderr until now. */
  stdout(): string;
  stderr(): string;
  /** Resolves once it has ended, however. */
  readonly ended: Promise<Ending>;
  /** Sends the signal and waits for the end. A server that has not obeyed after 20 s is killed. */
  stop(signal?: NodeJS.Signals): Promise<Ending>;
}

export interface ServerOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly port: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** What it writes to stdout or stderr once it serves. */
  readonly announces: string;
  /** Where it runs; the checkout unless given. */
  readonly cwd?: string;
}

export interface ChimeraOptions {
  readonly databaseUrl: string;
  /** None: registry and queues on PostgreSQL. */
  readonly redisUrl?: string | undefined;
  readonly adminKey: string;
  /** A port to come back on; a free one unless given. */
  readonly port?: number;
  /** Settings beside those, by the name of their variables. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Arguments for Node, for example `--cpu-prof`. */
  readonly nodeArguments?: readonly string[];
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const entry = join(root, 'dist/src/main.js');
const tether = join(root, 'scripts/lib/tether.mjs');
/** As `npm start` has it. */
const compileCache = join(root, 'node_modules/.cache/compiled');
const startPatienceMs = 60_000;
const stopPatienceMs = 20_000;
/** How much of a server's own words is kept. */
const wordsKept = 20_000;

/** A key that an admin may have. */
export function newAdminKey(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * Starts a PostgreSQL on an empty directory of its own, with the settings that `npm start` gives it: every commit waits
 * for the disk.
 * @param settings PostgreSQL settings that replace those, by name.
 */
export async function startMeasuredPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<MeasuredStore> {
  const directory = await makeDirectory();
  try {
    const postgres = await startEmbeddedPostgres({ dataDir: directory.path, settings });
    const pid = await postmasterOf(directory.path);
    const stop = atMostOnce(() => postgres.stop().finally(() => directory.remove()));
    return { url: postgres.url, pid, stop };
  } catch (error) {
    await directory.remove();
    throw error;
  }
}

/** PostgreSQL writes its process's number into the first line of a file in its data directory. */
async function postmasterOf(dataDir: string): Promise<number> {
  return parseInt(await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8'), 10);
}

/** Starts a Redis on an empty directory of its own, with what `deploy/redis.conf` says about durability. */
export async function startMeasuredRedis(): Promise<MeasuredStore> {
  const directory = await makeDirectory();
  const port = await freePort();
  const where = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory.path];
  const durability = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'];
  try {
    const server = await startServer({
      name: 'redis-server',
      command: 'redis-server',
      args: [...where, ...durability, '--maxclients', '15000'],
      port,
      announces: 'Ready to accept connections',
    });
    return {
      url: `redis://127.0.0.1:${port}`,
      pid: server.pid,
      stop: atMostOnce(async () => {
        await server.stop();
        await directory.remove();
      }),
    };
  } catch (error) {
    await directory.remove();
    throw error;
  }
}

/**
 * Starts Chimera as a deployment does: compiled, on the Node that runs this, and quiet below warnings. It ends with this
 * process, also when this process is killed.
 * @throws Error when `dist` is missing; `ensureBuilt` of `scripts/lib/build.mjs` makes it.
 */
export async function startCompiledChimera(options: ChimeraOptions): Promise<MeasuredServer> {
  if (!existsSync(entry)) throw new Error(`${entry} is missing: run npm run build.`);
  const port = options.port ?? (await freePort());
  return startServer({
    name: 'Chimera',
    command: process.execPath,
    args: [...(options.nodeArguments ?? []), '--import', tether, entry],
    port,
    announces: 'Chimera serves ',
    environment: {
      NODE_ENV: 'production',
      NODE_COMPILE_CACHE: compileCache,
      LOG_LEVEL: 'warn',
      ...options.settings,
      PORT: String(port),
      HOST: '127.0.0.1',
      DATABASE_URL: options.databaseUrl,
      ...(options.redisUrl === undefined ? {} : { REDIS_URL: options.redisUrl }),
      CHIMERA_ADMIN_KEY: options.adminKey,
    },
  });
}

/**
 * Starts a program and resolves once it announces that it serves. It sees no variables but PATH, HOME and those given;
 * its file descriptor 3 closes when this process ends.
 * @throws Error with its last words when it ends first, or is silent for a minute.
 */
export async function startServer(options: ServerOptions): Promise<MeasuredServer> {
  const { name, command, args, port, announces, environment = {}, cwd = root } = options;
  const child = spawn(command, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
  });
  const words = { stdout: '', stderr: '' };
  const { promise: serving, resolve, reject } = Promise.withResolvers<undefined>();
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      words[stream] = (words[stream] + text).slice(-wordsKept);
      if (words[stream].includes(announces)) resolve(undefined);
    });
  }
  child.once('error', reject);
  const ended = once(child, 'close').then(
    ([code, signal]: unknown[]): Ending => {
      reject(new Error(`${name} ended before it served: ${lastWords(words)}`));
      return { code, signal } as Ending;
    },
    (): Ending => ({ code: null, signal: null }),
  );
  const late = setTimeout(() => {
    reject(new Error(`${name} has not come up within ${startPatienceMs / 1_000} s: ${lastWords(words)}`));
  }, startPatienceMs);
  const stop = (signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> => end(child, ended, signal);
  try {
    await serving;
  } catch (error) {
    await stop('SIGKILL');
    throw error;
  } finally {
    clearTimeout(late);
  }
  if (child.pid === undefined) throw new Error(`${name} has no process.`);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid,
    stdout: () => words.stdout,
    stderr: () => words.stderr,
    ended,
    stop,
  };
}

async function end(child: ChildProcess, ended: Promise<Ending>, signal: NodeJS.Signals): Promise<Ending> {
  child.kill(signal);
  const impatience = setTimeout(() => child.kill('SIGKILL'), stopPatienceMs);
  try {
    return await ended;
  } finally {
    clearTimeout(impatience);
  }
}

function lastWords({ stdout, stderr }: { stdout: string; stderr: string }): string {
  return (stderr.trim() || stdout.trim()).split('\n').slice(-10).join('\n');
}

/** A new folder that others may pass through: PostgreSQL does not run as root. */
async function makeDirectory(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'chimera-measured-'));
  await chmod(path, 0o711);
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }) };
}

function atMostOnce(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}
