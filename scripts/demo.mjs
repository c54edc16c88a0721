import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { openSync, closeSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { OptionError, parseDemoOptions, usage } from '../demo/options.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { exitCode, pinnedNode, progress, root, runScript, ScriptError } from './lib/project.mjs';

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);
/** The first start compiles and makes a database. */
const startPatienceMs = 180_000;
const stopPatienceMs = 25_000;

/** What is shorter than a service's own: the work of an agent that died comes back while somebody still watches. */
const livelySettings = { HEARTBEAT_INTERVAL_MS: '2000', LEASE_MS: '15000' };

await runScript(async () => {
  const options = readOptions();
  if (options === undefined) return 2;
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupted.abort());
  await ensureInstalled();
  const server = await findServer(options, interrupted.signal);
  try {
    return interrupted.signal.aborted ? 130 : await runFleet(server.key, interrupted.signal);
  } finally {
    await server.stop();
  }
});

function readOptions() {
  try {
    return parseDemoOptions(process.argv.slice(2), process.env);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    progress(error.message);
    return undefined;
  }
}

/** The server to work with: the one that runs, or else one of the demo's own, which `stop` ends. */
async function findServer({ url, key }, interrupted) {
  const state = await stateOf(url);
  if (state === 'ABSENT') return startServer(new URL(url), key, interrupted);
  if (state === 'UNREACHABLE')
    throw new ScriptError(`${url} cannot be reached: check --url and the network.`);
  if (key === null) {
    throw new ScriptError(
      `A server runs at ${url} already: give its admin key as --key or in CHIMERA_ADMIN_KEY.`,
    );
  }
  if (state !== 'READY' && !(await becomesReady(url, 30_000, interrupted))) {
    throw new ScriptError(
      `What answers at ${url} does not become ready: is it Chimera? Give another --url or end it.`,
    );
  }
  return { key, stop: () => Promise.resolve() };
}

async function startServer(url, givenKey, interrupted) {
  if (url.protocol !== 'http:' || !loopback.has(url.hostname)) {
    throw new ScriptError(
      `No server answers at ${url.origin}, and the demo can start one on this machine only: give another --url.`,
    );
  }
  const key = givenKey ?? randomBytes(32).toString('base64url');
  const logFile = join(await mkdtemp(join(tmpdir(), 'chimera-demo-')), 'server.log');
  progress(`Starting Chimera at ${url.origin} (its log: ${logFile}) …`);
  const child = launch(url, key, logFile);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = () => stopServer(child, ended);
  const gone = new AbortController();
  void ended.then(() => gone.abort());
  if (await becomesReady(url.origin, startPatienceMs, AbortSignal.any([interrupted, gone.signal])))
    return { key, stop };
  await stop();
  if (interrupted.aborted) return { key, stop };
  const lastWords = (await readFile(logFile, 'utf8')).trim().split('\n').slice(-10).join('\n');
  throw new ScriptError(`Chimera did not start. The end of its log:\n${lastWords}`);
}

/**
 * Starts the server as `npm start` does, in a process group of its own, which a Ctrl-C in the terminal does not reach: the
 * agents sign off first. The tether ends it even if this process is killed.
 */
function launch(url, key, logFile) {
  const tether = fileURLToPath(new URL('lib/tether.mjs', import.meta.url));
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, ['--import', tether, join(root, 'scripts/start.mjs')], {
    cwd: root,
    detached: true,
    stdio: ['ignore', log, log, 'pipe'],
    env: { ...livelySettings, ...process.env, CHIMERA_ADMIN_KEY: key, PORT: url.port || '80' },
  });
  closeSync(log);
  return child;
}

async function stopServer(child, ended) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  progress('Stopping Chimera …');
  child.kill('SIGTERM');
  const late = new AbortController();
  const tooLate = pause(stopPatienceMs, 'LATE', { signal: late.signal }).catch(() => undefined);
  if ((await Promise.race([ended, tooLate])) === 'LATE') {
    progress(`Chimera did not end within ${stopPatienceMs / 1_000} s and is killed.`);
    process.kill(-child.pid, 'SIGKILL');
  }
  late.abort();
  await ended;
  progress('Chimera is stopped. What happened is kept: npm start brings it back.');
}

/** The agents have a process of their own and know the server by HTTP alone. */
function runFleet(key, interrupted) {
  const child = spawn(pinnedNode, [join(root, 'demo/fleet.ts'), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, CHIMERA_ADMIN_KEY: key },
  });
  interrupted.addEventListener('abort', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(exitCode(code, signal)));
  });
}

/** Whether the server becomes ready within the time; false as soon as the signal says that waiting is over. */
async function becomesReady(url, withinMs, over) {
  const deadline = performance.now() + withinMs;
  while (!over.aborted && performance.now() < deadline) {
    if ((await stateOf(url)) === 'READY') return true;
    await pause(200, undefined, { signal: over }).catch(() => undefined);
  }
  return false;
}

/** READY, NOT_READY (something answers), ABSENT (nothing listens there) or UNREACHABLE (the network is in the way). */
async function stateOf(url) {
  try {
    const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5_000) });
    await answer.arrayBuffer();
    return answer.ok ? 'READY' : 'NOT_READY';
  } catch (error) {
    return error.cause?.code === 'ECONNREFUSED' ? 'ABSENT' : 'UNREACHABLE';
  }
}
