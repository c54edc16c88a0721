import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pinnedNode, progress, root, run, ScriptError } from './project.mjs';

const inputs = ['src', 'migrations', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
const stamp = join(root, 'dist', '.built-from');

/** Compiles the sources into `dist`, unless `dist` was made from exactly these sources. */
export async function ensureBuilt() {
  const digest = await digestOf(inputs);
  if ((await readFile(stamp, 'utf8').catch(() => '')) === digest) return;
  progress('Compiling …');
  await rm(join(root, 'dist'), { recursive: true, force: true });
  const { code } = await run(pinnedNode, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    stdio: ['ignore', 2, 2],
  });
  if (code !== 0) throw new ScriptError('The sources do not compile: mend what the compiler says above.');
  await writeFile(stamp, digest);
}

async function digestOf(paths) {
  const hash = createHash('sha256');
  for (const file of (await Promise.all(paths.map(filesBelow))).flat().sort()) {
    hash
      .update(`${file}\0`)
      .update(await readFile(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

async function filesBelow(path) {
  try {
    const entries = await readdir(join(root, path), { withFileTypes: true });
    return (await Promise.all(entries.map((entry) => filesBelow(join(path, entry.name))))).flat();
  } catch (error) {
    if (error.code === 'ENOTDIR') return [path];
    throw error;
  }
}
