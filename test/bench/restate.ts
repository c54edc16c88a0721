import { mkdtemp, rm } from 'node:fs/promises';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startServer } from '../support/measured-servers.js';
import { freePort } from '../support/redis-server.js';
import { typescriptArguments } from './client-process.js';
import type { Launch } from './contender.js';
import type { Pids } from './processor-time.js';

/** A Restate server with its defaults, and the handlers of the bench in a process of their own. */
export interface Restate {
  readonly ingress: string;
  /** Where the handlers tell what they wait for and what has reached them. */
  readonly journal: string;
  readonly pids: Pids;
}

const program = fileURLToPath(
  new URL(
    `restate/node_modules/@restatedev/restate-server-${platform()}-${arch()}/bin/restate-server`,
    import.meta.url,
  ),
);
const registrationPatienceMs = 30_000;

export async function startRestate(launch: Launch): Promise<Restate> {
  const baseDir = await mkdtemp(join(tmpdir(), 'chimera-restate-'));
  launch.atEnd(() => rm(baseDir, { recursive: true, force: true }));
  const [ingressPort, adminPort, nodePort] = [await freePort(), await freePort(), await freePort()];
  const server = await startServer({
    name: 'restate-server',
    command: program,
    args: ['--base-dir', baseDir, '--node-name', 'bench', '--log-format', 'json'],
    cwd: baseDir,
    port: ingressPort,
    announces: 'Ingress HTTP listening',
    environment: {
      RESTATE_BIND_ADDRESS: `127.0.0.1:${nodePort}`,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingressPort}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${adminPort}`,
      DO_NOT_TRACK: '1',
    },
  });
  launch.atEnd(() => server.stop());
  const { handlersPort, journal, pid } = await startHandlers(launch);
  await register(`http://127.0.0.1:${adminPort}/deployments`, `http://127.0.0.1:${handlersPort}`);
  return { ingress: server.url, journal, pids: { server: server.pid, handlers: pid } };
}

async function startHandlers(
  launch: Launch,
): Promise<{ handlersPort: number; journal: string; pid: number }> {
  const [port, journalPort] = [await freePort(), await freePort()];
  const handlers = await startServer({
    name: 'The handlers',
    command: process.execPath,
    args: [...typescriptArguments, fileURLToPath(new URL('restate-handlers.ts', import.meta.url))],
    port,
    announces: 'The handlers serve',
    environment: {
      NODE_ENV: 'production',
      RESTATE_LOGGING: 'WARN',
      PORT: String(port),
      JOURNAL_PORT: String(journalPort),
    },
  });
  launch.atEnd(() => handlers.stop());
  return { handlersPort: port, journal: `http://127.0.0.1:${journalPort}`, pid: handlers.pid };
}

/** The server announces itself before its cluster can take a registration. */
async function register(deployments: string, uri: string): Promise<void> {
  const deadline = performance.now() + registrationPatienceMs;
  for (;;) {
    const fault = await fetch(deployments, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ uri }),
    }).then(
      async (answer) => (answer.ok ? undefined : `${answer.status} ${await answer.text()}`),
      (error: unknown) => String(error),
    );
    if (fault === undefined) return;
    if (performance.now() > deadline) throw new Error(`Restate does not take the handlers: ${fault}`);
    await pause(200);
  }
}
