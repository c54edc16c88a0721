import { link, mkdir, open, readFile, unlink } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { BootError } from '../models/boot-error.js';

const fileName = 'audit-signing-key.pem';

/**
 * The key of an installation that was given none: made at the first start and kept in the data directory, readable by its
 * owner alone. Of processes that start together on one directory, one makes it.
 *
 * @param makeKey Makes a key, as PEM.
 * @throws BootError when it can neither be read nor kept
 */
export async function ensureSigningKeyFile(dataDir: string, makeKey: () => string): Promise<string> {
  const path = join(dataDir, fileName);
  try {
    const kept = await readIfPresent(path);
    if (kept !== undefined) return kept;
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await keepFirst(path, makeKey());
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BootError(
      `The key that signs the audit record cannot be kept (${reason}): set AUDIT_SIGNING_KEY, or CHIMERA_DATA_DIR to a folder of your own.`,
      { cause: error },
    );
  }
}

/** Written aside and linked into place, which fails if somebody else's is there: no half of a key is ever read. */
async function keepFirst(path: string, key: string): Promise<void> {
  const staging = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(staging, 'wx', 0o600);
  try {
    await file.writeFile(key);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(staging, path);
  } catch (error) {
    if (!isFault(error, 'EEXIST')) throw error;
  } finally {
    await unlink(staging);
  }
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isFault(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function isFault(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
