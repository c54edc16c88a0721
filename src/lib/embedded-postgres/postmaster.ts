import { execFile } from 'node:child_process';
import { open, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { BootError } from '../../models/boot-error.js';
import { readIfPresent } from '../files.js';
import type { DataPaths } from './cluster.js';
import type { PostgresPrograms, ServerAccount } from './server-account.js';

/** A PostgreSQL server process that accepts connections on 127.0.0.1. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

interface PostmasterState extends Postmaster {
  readonly ready: boolean;
}

const pollMs = 20;
/** Replaying a long log after a crash is the only thing that takes anywhere near this. */
const readyTimeoutMs = 300_000;
const fastShutdownMs = 8_000;
const immediateShutdownMs = 1_500;
const startAttempts = 5;

/** What another process may briefly hold, so that the next attempt can succeed. */
const passingFault =
  /could not bind|could not create any TCP|Address already in use|shared memory block .* still in use/;

/**
 * What the embedded server runs with. Rows that a constraint refuses and the statements that failed would carry
 * agents' outputs into the log, hence the terse one.
 */
const settings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '256MB',
  wal_compression: 'on',
  jit: 'off',
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
};

/**
 * The server that is already at work on this cluster, left by a run that was killed. Waits while that server is still
 * starting or stopping.
 */
export async function findPostmaster(cluster: string): Promise<Postmaster | undefined> {
  const deadline = Date.now() + readyTimeoutMs;
  for (;;) {
    const state = await readState(cluster);
    if (!state || !(await isPostmasterOf(state.pid, cluster))) return undefined;
    if (state.ready) return state;
    if (Date.now() > deadline)
      throw new BootError(`PostgreSQL (process ${state.pid}) neither starts nor ends.`);
    await delay(pollMs);
  }
}

/**
 * Starts a server on the cluster, on a free port and in a process group of its own, and waits until it takes
 * connections.
 * @throws BootError with PostgreSQL's own reason when it does not start.
 */
export async function startPostmaster(
  paths: DataPaths,
  programs: PostgresPrograms,
  account: ServerAccount,
  overrides: Readonly<Record<string, string>>,
): Promise<Postmaster> {
  for (let attempt = 1; ; attempt++) {
    await rm(join(paths.cluster, 'postmaster.pid'), { force: true });
    const started = await tryStart(paths, programs, account, overrides);
    if (started) return started;
    const log = await readFile(paths.log, 'utf8');
    if (attempt === startAttempts || !passingFault.test(log)) {
      const reason = /(?:FATAL|PANIC): +(.*)/.exec(log)?.[1] ?? log.trim().split('\n').at(-1) ?? '';
      throw new BootError(
        `The embedded PostgreSQL did not start (${reason || 'no reason given'}): see ${paths.log}.`,
      );
    }
    await delay(attempt * 200);
  }
}

async function tryStart(
  paths: DataPaths,
  programs: PostgresPrograms,
  account: ServerAccount,
  overrides: Readonly<Record<string, string>>,
): Promise<Postmaster | undefined> {
  const port = await freePort();
  const parameters = Object.entries({ ...settings, ...overrides, port: String(port) });
  const args = ['-D', paths.cluster, ...parameters.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const log = await open(paths.log, 'w', 0o600);
  try {
    await account.own(paths.log);
    const child = account.spawn(programs.postgres, args, {
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
    });
    const ended = new Promise<true>((resolve) => {
      child.once('error', () => {
        resolve(true);
      });
      child.once('exit', () => {
        resolve(true);
      });
    });
    child.unref();
    return await waitUntilReady(paths.cluster, ended);
  } finally {
    await log.close();
  }
}

async function waitUntilReady(cluster: string, ended: Promise<true>): Promise<Postmaster | undefined> {
  const deadline = Date.now() + readyTimeoutMs;
  while (Date.now() < deadline) {
    if (await Promise.race([ended, delay(pollMs, false)])) return undefined;
    const state = await readState(cluster);
    if (state?.ready) return state;
  }
  throw new BootError(
    `The embedded PostgreSQL in ${cluster} was not ready after ${readyTimeoutMs / 1000} s.`,
  );
}

/**
 * Ends the server within 10 s: open transactions are rolled back, and a server that does not obey in time is
 * stopped at once and recovers from its log at the next start.
 */
export async function stopPostmaster({ pid }: Postmaster, cluster: string): Promise<void> {
  const steps = [
    ['SIGINT', fastShutdownMs],
    ['SIGQUIT', immediateShutdownMs],
  ] as const;
  for (const [signal, patienceMs] of steps) {
    if (!sendSignal(pid, signal)) return;
    const deadline = Date.now() + patienceMs;
    while (Date.now() < deadline) {
      if (!(await isPostmasterOf(pid, cluster))) return;
      await delay(pollMs);
    }
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Reads `postmaster.pid`, whose lines PostgreSQL documents in `src/include/utils/pidfile.h`. */
async function readState(cluster: string): Promise<PostmasterState | undefined> {
  const lines = (await readIfPresent(join(cluster, 'postmaster.pid')))?.split('\n');
  const pid = Number(lines?.[0]);
  if (!lines || !Number.isSafeInteger(pid) || pid <= 1) return undefined;
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
}

/** Whether a process is the server of this cluster, and not one that was given the same number later. */
async function isPostmasterOf(pid: number, cluster: string): Promise<boolean> {
  const command = process.platform === 'linux' ? await linuxCommand(pid) : await psCommand(pid);
  return command.includes(`-D ${cluster} `);
}

async function linuxCommand(pid: number): Promise<string> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

async function psCommand(pid: number): Promise<string> {
  try {
    return (await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)])).stdout;
  } catch {
    return '';
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address && typeof address === 'object') resolve(address.port);
        else reject(new Error('The system gave no TCP port.'));
      });
    });
  });
}
