import { constants } from 'node:fs';
import { access, lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { outerEnvironment, pinnedNode, progress, root, run, ScriptError } from './project.mjs';

/** Installs what `package-lock.json` says, unless that is what is there. */
export async function ensureInstalled() {
  if (await isInstalled()) return;
  if (await isLink(join(root, 'node_modules'))) {
    throw new ScriptError(
      'node_modules is a link, and what it points to does not fit package-lock.json: install there, or remove the link.',
    );
  }
  progress('Installing the dependencies (a minute or two, once) …');
  const { code } = await run('npm', ['ci', '--include=dev', '--loglevel=error'], {
    env: outerEnvironment(),
    stdio: ['ignore', 'ignore', 'inherit'],
  }).catch((error) => {
    throw new ScriptError(
      `npm could not be started (${error.message}): install it together with Node 20 or later.`,
    );
  });
  if (code !== 0)
    throw new ScriptError(`npm ci ended with exit code ${code}: mend what it says above and start again.`);
  if (!(await isInstalled())) {
    throw new ScriptError(
      `npm ci left ${pinnedNode} out: allow install scripts (npm config get ignore-scripts must say false) and start again.`,
    );
  }
}

/** npm notes what it has put into node_modules in a lock file of its own, and only after it has put it there. */
async function isInstalled() {
  try {
    const [wanted, installed] = await Promise.all([
      readPackages(join(root, 'package-lock.json')),
      readPackages(join(root, 'node_modules/.package-lock.json')),
      access(pinnedNode, constants.X_OK),
    ]);
    return Object.entries(wanted).every(
      ([path, { version, optional }]) =>
        path === '' || installed[path]?.version === version || (optional === true && !(path in installed)),
    );
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return false;
    throw error;
  }
}

/** npm ci empties what a link points to, which belongs to somebody else. */
async function isLink(path) {
  const stats = await lstat(path).catch(() => undefined);
  return stats?.isSymbolicLink() === true;
}

async function readPackages(path) {
  return JSON.parse(await readFile(path, 'utf8')).packages;
}
