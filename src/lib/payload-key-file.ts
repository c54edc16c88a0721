import { join } from 'node:path';
import { BootError } from '../models/boot-error.js';
import { newPayloadKey, type PayloadKey, payloadKeyFrom } from '../models/payload-keys.js';
import { keptSecret } from './files.js';

/**
 * The key for payloads in the embedded database: made at the first start and kept in the data directory, readable by its owner
 * alone.
 *
 * @throws BootError when it can neither be read nor kept
 */
export async function ensurePayloadKeyFile(dataDir: string): Promise<PayloadKey> {
  const path = join(dataDir, 'payload-key');
  try {
    return payloadKeyFrom(await keptSecret(path, newPayloadKey));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BootError(
      `The key that payloads are encrypted with, ${path}, cannot be read or kept (${reason}): restore the file, or set CHIMERA_DATA_DIR to a folder of your own.`,
      { cause: error },
    );
  }
}
