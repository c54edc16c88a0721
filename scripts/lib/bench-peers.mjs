import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { outerEnvironment, progress, root, run } from './project.mjs';

/**
 * Makes sure that there is an `etcd`; as root on Debian or Ubuntu by installing it.
 * @returns {Promise<string | undefined>} why there is none
 */
export async function findEtcd() {
  if (await isOnPath('etcd')) return undefined;
  if (process.getuid?.() !== 0 || !(await isOnPath('apt-get'))) {
    return 'There is no etcd on the PATH (Debian: apt-get install etcd-server).';
  }
  progress('Installing etcd-server …');
  // At run level 1 Debian installs a service without starting it: the bench starts servers of its own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  for (const args of [
    ['update', '-q'],
    ['install', '-q', '-y', '--no-install-recommends', 'etcd-server'],
  ]) {
    const { code, output } = await run('apt-get', args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    if (code !== 0) return `apt-get ${args[0]} failed: ${output.trim().split('\n').at(-1)}`;
  }
  return undefined;
}

/**
 * Makes sure of the Restate server, which npm installs beside the bench: at more than 200 MB it is no dependency of the
 * project.
 * @returns {Promise<string | undefined>} why there is none
 */
export async function findRestate() {
  const folder = join(root, 'test/bench/restate');
  const program = join(
    folder,
    `node_modules/@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`,
  );
  if (await isExecutable(program)) return undefined;
  progress('Installing the Restate server into test/bench/restate (about 220 MB, once) …');
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, output } = await run('npm', args, {
    cwd: folder,
    env: outerEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  }).catch((error) => ({ code: 1, output: error.message }));
  if (code !== 0) return `npm could not install it: ${output.trim().split('\n').at(-1)}`;
  return (await isExecutable(program))
    ? undefined
    : `There is no Restate server for ${process.platform} on ${process.arch}.`;
}

async function isOnPath(program) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = await Promise.all(folders.map((folder) => isExecutable(join(folder, program))));
  return found.includes(true);
}

async function isExecutable(path) {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
