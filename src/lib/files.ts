import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A file's text; `undefined` when there is no such file. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Without this a power cut could take back a file that was made, renamed or linked in the folder. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * The secret in a file that its owner alone reads: the one that is there, or else one that `make` gives. Of processes that come
 * together, one makes it.
 */
export async function keptSecret(path: string, make: () => string): Promise<string> {
  const kept = await readIfPresent(path);
  if (kept !== undefined) return kept;
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await keepFirst(path, make());
  await syncFolder(folder);
  return (await readIfPresent(path)) ?? '';
}

/** Written aside and linked into place, which fails if another is there: no half of a secret is ever read. */
async function keepFirst(path: string, secret: string): Promise<void> {
  const staging = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(staging, 'wx', 0o600);
    try {
      await file.writeFile(secret);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(staging, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(staging, { force: true });
  }
}
