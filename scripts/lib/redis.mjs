import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { progress, run, ScriptError } from './project.mjs';

/** Makes sure that the tests find a `redis-server`; as root on Debian or Ubuntu by installing it. */
export async function ensureRedisServer() {
  if (await isOnPath('redis-server')) return;
  if (process.getuid?.() !== 0 || !(await isOnPath('apt-get'))) {
    throw new ScriptError(
      'The tests need redis-server on the PATH: install Redis (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis) and start again.',
    );
  }
  progress('Installing redis-server …');
  // At run level 1 Debian installs a service without starting it: the tests start servers of their own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  for (const args of [
    ['update', '-q'],
    ['install', '-q', '-y', '--no-install-recommends', 'redis-server'],
  ]) {
    const { code, output } = await run('apt-get', args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    if (code !== 0)
      throw new ScriptError(`apt-get ${args.join(' ')} ended with exit code ${code}:\n${output}`);
  }
}

async function isOnPath(program) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = await Promise.allSettled(
    folders.map((folder) => access(join(folder, program), constants.X_OK)),
  );
  return found.some(({ status }) => status === 'fulfilled');
}
