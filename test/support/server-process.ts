import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from './redis-server.js';

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A server in a process of its own, run from the sources as they are. */
export interface ServerProcess {
  readonly url: string;
  readonly port: number;
  /** What it has written until now. */
  stdout(): string;
  stderr(): string;
  /** Resolves once it announces that it serves; rejects if it ends before. */
  readonly serving: Promise<void>;
  /** Resolves once it has ended and all that it wrote is here. */
  readonly ended: Promise<Ending>;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Ending>;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const running = new Set<ChildProcess>();

/** Starts a server with these settings and no others, on a free port unless they name one. */
export async function startProcess(settings: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const port = Number(settings['PORT'] ?? (await freePort()));
  const child = spawn(process.execPath, ['--import', './test/support/typescript.mjs', 'src/main.ts'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...settings, PORT: String(port) },
  });
  running.add(child);
  const written = { stdout: '', stderr: '' };
  const { promise: serving, resolve, reject } = Promise.withResolvers<undefined>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written.stdout += text;
    if (written.stdout.includes('Chimera serves ')) resolve(undefined);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    written.stderr += text;
  });
  const ended = once(child, 'close').then(([code, signal]: unknown[]): Ending => {
    running.delete(child);
    reject(new Error(`The server ended before it served: ${written.stderr}`));
    return { code, signal } as Ending;
  });
  // Who waits for the end of a server that does not start has no use for it.
  serving.catch(() => undefined);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    serving,
    ended,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}

/** Ends what a failed test has left. */
export async function killProcesses(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    }),
  );
}
