import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from './lib/build.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { compileCache, exitCode, pinnedNode, progress, root, runScript } from './lib/project.mjs';

/** The server drains within 10 s. One that does not is broken, and a Ctrl-C must not be in vain. */
const patienceMs = 20_000;

await runScript(async () => {
  await ensureInstalled();
  await ensureBuilt();
  return serve();
});

/**
 * Runs the server in a process group of its own: a Ctrl-C reaches this process from the terminal and again from npm, and
 * the server once from here.
 */
function serve() {
  const tether = fileURLToPath(new URL('lib/tether.mjs', import.meta.url));
  const args = ['--import', tether, 'dist/src/main.js', ...process.argv.slice(2)];
  const child = spawn(pinnedNode, args, {
    cwd: root,
    env: { NODE_COMPILE_CACHE: compileCache, ...process.env },
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    detached: true,
  });
  let asked = false;
  const ask = (signal) => {
    if (asked) return;
    asked = true;
    child.kill(signal);
    setTimeout(() => {
      progress(`The server has not ended within ${patienceMs / 1000} s and is killed.`);
      child.kill('SIGKILL');
    }, patienceMs).unref();
  };
  process.on('SIGINT', () => ask('SIGINT'));
  process.on('SIGTERM', () => ask('SIGTERM'));
  process.on('SIGHUP', () => ask('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(exitCode(code, signal)));
  });
}
