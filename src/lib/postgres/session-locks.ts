import pg from 'pg';
import { sessionAs } from './data-source.js';
import { sessionRoles } from './session-roles.js';

/**
 * Locks with a name, each held by one process at a time. All that this process holds lie on one connection of their own, which
 * no query for rows is sent over: whoever holds a lock may wait for rows, and however many do, none of them waits for a
 * connection that another one holds. The locks go with the connection, so a process that dies holds nobody up.
 */
export class SessionLocks {
  /** A session may take its own lock twice, so what this process holds is known here. */
  private readonly held = new Set<string>();
  /** Whether the connection may hold a lock that nobody knows of. */
  private tainted = false;
  private readonly pool: pg.Pool;

  constructor(url: string) {
    this.pool = new pg.Pool({
      max: 1,
      // An idle connection holds the locks.
      idleTimeoutMillis: 0,
      application_name: 'chimera locks',
      connectionTimeoutMillis: 5_000,
      ...sessionAs(url, sessionRoles.app),
    });
    // The pool lets go of a connection that breaks, and makes another when it is asked next.
    this.pool.on('error', () => undefined);
    // Nor does it listen to one that is lent out: unheard, the error would end the process.
    this.pool.on('connect', (client) => client.on('error', () => undefined));
  }

  /** Does the work under the lock. `false` when somebody else holds it, here or elsewhere. */
  async whileHeld(name: string, work: () => Promise<void>): Promise<boolean> {
    if (this.held.has(name)) return false;
    this.held.add(name);
    try {
      if (!(await this.ask(take, name))) return false;
      try {
        await work();
      } finally {
        await this.ask(giveBack, name).catch(() => {
          this.tainted = true;
        });
      }
      return true;
    } finally {
      this.held.delete(name);
    }
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  /** A connection whose answer did not come, or that could not be asked for a lock back, is ended, and its locks with it. */
  private async ask(sql: string, name: string): Promise<boolean> {
    const client = await this.connect();
    let fault: unknown;
    try {
      const { rows } = await client.query<{ done: boolean }>(sql, [name]);
      return rows[0]?.done === true;
    } catch (error) {
      fault = error;
      throw error;
    } finally {
      client.release(fault instanceof Error ? fault : undefined);
    }
  }

  private async connect(): Promise<pg.PoolClient> {
    const client = await this.pool.connect();
    if (!this.tainted) return client;
    this.tainted = false;
    client.release(true);
    return this.pool.connect();
  }
}

const key = `hashtextextended('chimera.' || $1, 0)`;
const take = `SELECT pg_try_advisory_lock(${key}) AS done`;
const giveBack = `SELECT pg_advisory_unlock(${key}) AS done`;
