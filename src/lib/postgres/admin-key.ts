import { hashOf } from '../../models/digest.js';
import type { TenantRows } from './tenant-rows.js';

/** The admin's key: its hash, and the key itself when it has just been made. */
export interface AdminKey {
  readonly keyHash: string;
  readonly made: string | undefined;
}

/**
 * The key that the installation was given, or the one that was made at the first start; `newKey` makes it then. Of
 * processes that start together, one makes it.
 */
export async function ensureAdminKey(
  rows: TenantRows,
  given: string | undefined,
  newKey: () => string,
): Promise<AdminKey> {
  if (given !== undefined) return { keyHash: hashOf(given), made: undefined };
  const key = newKey();
  const inserted = await rows.of(
    [],
    'INSERT INTO admin_key (key_hash, created_at) VALUES ($1, clock_timestamp()) ON CONFLICT DO NOTHING RETURNING key_hash',
    [hashOf(key)],
  );
  if (inserted.length > 0) return { keyHash: hashOf(key), made: key };
  const stored = await rows.of<{ keyHash: string }>([], 'SELECT key_hash AS "keyHash" FROM admin_key', []);
  const [row] = stored;
  if (!row) throw new Error('The admin key could not be kept.');
  return { keyHash: row.keyHash, made: undefined };
}
