/** The tenants whose rows statements may touch, whatever they ask for: row-level security reads it. */
export interface Scope {
  readonly tenants: string;
}

const setScope = { name: 'scope', text: `SELECT set_config('chimera.tenants', $1, $2)` };

/** What puts the scope in force for the transaction, or for all that comes after it on the connection. */
export function inForce(
  scope: Scope,
  until: 'transaction ends' | 'next',
): readonly [typeof setScope, readonly unknown[]] {
  return [setScope, [scope.tenants, until === 'transaction ends']];
}

/** The rows of these tenants. Their ids stand between commas, which no id has. */
export function ofTenants(tenantIds: readonly string[]): Scope {
  for (const tenantId of tenantIds) {
    if (tenantId.includes(',')) throw new Error('A tenant with a comma in its id would stand for two.');
  }
  return { tenants: tenantIds.join(',') };
}
