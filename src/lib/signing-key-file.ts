import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { BootError } from '../models/boot-error.js';
import { newPrivateKey, privateKeyFrom } from '../models/signing-key.js';
import { keptSecret } from './files.js';

const fileName = 'audit-signing-key.pem';

/**
 * The key of an installation that was given none: made at the first start and kept in the data directory, readable by its
 * owner alone. Of processes that start together on one directory, one makes it.
 *
 * @throws BootError when it can neither be read nor kept
 */
export async function ensureSigningKeyFile(dataDir: string): Promise<KeyObject> {
  const path = join(dataDir, fileName);
  try {
    return privateKeyFrom(await keptSecret(path, newPrivateKey));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BootError(
      `The key that signs the audit record, ${path}, cannot be read or kept (${reason}): set AUDIT_SIGNING_KEY, or CHIMERA_DATA_DIR to a folder of your own.`,
      { cause: error },
    );
  }
}
