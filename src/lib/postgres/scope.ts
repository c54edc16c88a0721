/** The tenants whose rows statements may touch, whatever they ask for: row-level security reads it. */
export interface Scope {
  readonly tenants: string;
}

const setScope = { name: 'scope', text: `SELECT set_config('chimera.tenants', $1, false)` };

/** Sends the statement that puts a scope in force. */
type SendScope = (statement: typeof setScope, values: readonly unknown[]) => Promise<unknown>;

/** The scope that is in force on each connection of a pool: nothing is asked there that does not bring its own. */
export class StandingScopes {
  private readonly standing = new WeakMap<object, string>();

  /** Sent ahead of a statement in the same round trip, it stays in force until a statement on the connection has another. */
  async bring(connection: object, scope: Scope, send: SendScope): Promise<void> {
    if (this.standing.get(connection) === scope.tenants) return;
    this.standing.set(connection, scope.tenants);
    try {
      await send(setScope, [scope.tenants]);
    } catch (error) {
      this.forget(connection);
      throw error;
    }
  }

  /** With a transaction that is rolled back goes the scope that it brought. */
  forget(connection: object): void {
    this.standing.delete(connection);
  }
}

/** The rows of these tenants. Their ids stand between commas, which no id has. */
export function ofTenants(tenantIds: readonly string[]): Scope {
  for (const tenantId of tenantIds) {
    if (tenantId.includes(',')) throw new Error('A tenant with a comma in its id would stand for two.');
  }
  return { tenants: tenantIds.join(',') };
}
