/** The tenants whose rows statements may touch, whatever they ask for: row-level security reads it. */
export interface Scope {
  readonly tenants: string;
}

const setScope = { name: 'scope', text: `SELECT set_config('chimera.tenants', $1, false)` };

/** What puts the scope in force for all that comes after it on the connection. */
export function inForce(scope: Scope): readonly [typeof setScope, readonly unknown[]] {
  return [setScope, [scope.tenants]];
}

/** The rows of these tenants. Their ids stand between commas, which no id has. */
export function ofTenants(tenantIds: readonly string[]): Scope {
  for (const tenantId of tenantIds) {
    if (tenantId.includes(',')) throw new Error('A tenant with a comma in its id would stand for two.');
  }
  return { tenants: tenantIds.join(',') };
}
