import type { Statement } from './statement-pool.js';

/** Which rows a transaction may touch, whatever its statements ask for: row-level security reads it. */
export interface Scope {
  readonly set: Statement;
  readonly value: string;
}

const setTenants: Statement = { name: 'for-tenants', text: `SELECT set_config('chimera.tenants', $1, true)` };
const setKeys: Statement = { name: 'for-keys', text: `SELECT set_config('chimera.keys', $1, true)` };

/** The rows of these tenants. */
export function ofTenants(tenantIds: readonly string[]): Scope {
  return { set: setTenants, value: listed(tenantIds) };
}

/** The API keys with these hashes, to be looked at: nobody knows yet whose they are. */
export function ofKeys(keyHashes: readonly string[]): Scope {
  return { set: setKeys, value: listed(keyHashes) };
}

/** Between commas, which neither an id of a tenant nor a hash has. */
function listed(names: readonly string[]): string {
  for (const name of names) {
    if (name.includes(',')) throw new Error('A tenant or key with a comma in its name would stand for two.');
  }
  return names.join(',');
}
