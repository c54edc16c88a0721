import pg from 'pg';
import { sessionAs } from './data-source.js';
import { inForce, type Scope } from './scope.js';
import { sessionRoles } from './session-roles.js';

/** A statement that each connection parses once, under its name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** What a statement came to. */
export interface StatementResult {
  readonly rows: readonly unknown[];
  /** Rows that were read or changed. */
  readonly count: number;
}

/** Sends statements over one connection. They run in the order in which they were sent, and none waits for an answer before it. */
export interface Sender {
  send(statement: Statement, values?: readonly unknown[]): Promise<StatementResult>;
}

/** What a transaction has decided: its answer, and what sends its writes. */
export interface Verdict<T> {
  readonly value: T;
  readonly write: () => readonly Promise<unknown>[];
}

/** One batch of the ledger at a time, its neighbour that is closing, and the reads that travel in batches. */
const poolSize = 8;

/**
 * Statements of the pool find their rows by keys alone. A plan that was made while a table was small must not read all of it
 * once it has grown, so there is one plan, and it goes by the index.
 */
const byIndex =
  '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off';

/**
 * Connections for the statements of the hot path: prepared, and pipelined, so that a transaction of many statements costs as
 * many round trips as it has answers to wait for.
 */
export class StatementPool {
  private readonly pool: pg.Pool;

  constructor(url: string) {
    this.pool = new pg.Pool({
      max: poolSize,
      application_name: 'chimera statements',
      connectionTimeoutMillis: 5_000,
      ...sessionAs(url, sessionRoles.app, byIndex),
      pipeline: true,
    });
    // A connection that breaks rejects what was sent over it, and the pool lets go of one that is idle.
    this.pool.on('error', () => undefined);
    this.pool.on('connect', (client) => client.on('error', () => undefined));
  }

  /**
   * Runs one statement on the rows of `scope`, in one round trip. The scope stays on the connection, and nothing is asked there
   * that does not bring its own; a connection on which something failed is not used again.
   */
  async query<T extends object>(
    scope: Scope,
    statement: Statement,
    values: readonly unknown[],
  ): Promise<readonly T[]> {
    const client = await this.pool.connect();
    let failed = true;
    try {
      const scoped = send(client, ...inForce(scope, 'next'));
      const [{ rows }] = await Promise.all([send(client, statement, values), scoped]);
      failed = false;
      return rows as readonly T[];
    } finally {
      client.release(failed);
    }
  }

  /**
   * Runs statements in one transaction, on the rows of `scope`. `work` sends what reads, and returns what is to be written; the writes and the
   * commit travel together. A transaction in which one of them failed is rolled back, and rejects with that failure.
   */
  async transaction<T>(scope: Scope, work: (sender: Sender) => Promise<Verdict<T>>): Promise<T> {
    const client = await this.pool.connect();
    const sender: Sender = { send: (statement, values) => send(client, statement, values) };
    let fault: unknown;
    try {
      const begun = Promise.all([sender.send(begin), sender.send(...inForce(scope, 'transaction ends'))]);
      // Of a connection that breaks here, `work` hears as well.
      begun.catch(() => undefined);
      const { value, write } = await work(sender);
      const written = write();
      const committed = client.query({ ...commit });
      await Promise.all([begun, ...written, committed]);
      // A server answers the commit of a transaction that has failed with this, and with no error.
      if ((await committed).command !== 'COMMIT') throw new Error('The transaction was rolled back.');
      return value;
    } catch (error) {
      fault = await rollBack(client);
      throw error;
    } finally {
      client.release(fault instanceof Error ? fault : undefined);
    }
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}

const begin: Statement = { name: 'begin', text: 'BEGIN' };
const commit: Statement = { name: 'commit', text: 'COMMIT' };

async function send(
  client: pg.PoolClient,
  statement: Statement,
  values: readonly unknown[] = [],
): Promise<StatementResult> {
  const { rows, rowCount } = await client.query<object>({ ...statement, values: [...values] });
  return { rows, count: rowCount ?? 0 };
}

/** Comes after everything that was sent before it. Returns why it could not be done: such a connection is not used again. */
async function rollBack(client: pg.PoolClient): Promise<unknown> {
  try {
    await client.query('ROLLBACK');
    return undefined;
  } catch (error) {
    return error;
  }
}
