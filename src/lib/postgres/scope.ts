import type { Statement } from './statement-pool.js';

/** Which rows statements may touch, whatever they ask for: row-level security reads it. */
export interface Scope {
  readonly tenants: string;
  readonly keys: string;
}

/** Puts a scope in force: all of it, so that nothing is left of the one before. `$3` is whether it ends with the transaction. */
const setScope: Statement = {
  name: 'scope',
  text: `SELECT set_config('chimera.tenants', $1, $3), set_config('chimera.keys', $2, $3)`,
};

/** What puts the scope in force for the transaction, or for all that comes after it on the connection. */
export function inForce(
  { tenants, keys }: Scope,
  until: 'transaction ends' | 'next',
): readonly [Statement, readonly unknown[]] {
  return [setScope, [tenants, keys, until === 'transaction ends']];
}

/** The rows of these tenants. */
export function ofTenants(tenantIds: readonly string[]): Scope {
  return { tenants: listed(tenantIds), keys: '' };
}

/** The API keys with these hashes, to be looked at: nobody knows yet whose they are. */
export function ofKeys(keyHashes: readonly string[]): Scope {
  return { tenants: '', keys: listed(keyHashes) };
}

/** Between commas, which neither an id of a tenant nor a hash has. */
function listed(names: readonly string[]): string {
  for (const name of names) {
    if (name.includes(',')) throw new Error('A tenant or key with a comma in its name would stand for two.');
  }
  return names.join(',');
}
