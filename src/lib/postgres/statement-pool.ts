import pg from 'pg';
import type { SlicedWork } from '../../models/sliced-work.js';
import { inSlices } from '../in-slices.js';
import { sessionAs } from './data-source.js';
import { type Scope, StandingScopes } from './scope.js';
import { type SessionRole, sessionRoles } from './session-roles.js';

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
  /** Each is sent as it is asked for. */
  readonly write: () => Iterable<Promise<unknown>>;
}

/** Keys that requests came with are looked up in batches, one at a time as a rule. */
const doorkeepers = 2;

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
  private readonly doorkeepers: pg.Pool;
  private readonly scopes = new StandingScopes();

  constructor(url: string) {
    this.pool = poolOf(url, sessionRoles.app, poolSize);
    this.doorkeepers = poolOf(url, sessionRoles.doorkeeper, doorkeepers);
  }

  /** Looks for keys by their hashes, of which nobody knows yet whose they are. */
  async lookUpKeys<T extends object>(
    statement: Statement,
    values: readonly unknown[],
  ): Promise<readonly T[]> {
    const { rows } = await this.doorkeepers.query<T>({ ...statement, values: [...values] });
    return rows;
  }

  /** Runs one statement on the rows of `scope`, in one round trip. A connection on which it failed is not used again. */
  async query<T extends object>(
    scope: Scope,
    statement: Statement,
    values: readonly unknown[],
  ): Promise<readonly T[]> {
    const client = await this.pool.connect();
    let failed = true;
    try {
      const scoped = this.putInForce(client, scope);
      const [{ rows }] = await Promise.all([send(client, statement, values), scoped]);
      failed = false;
      return rows as readonly T[];
    } finally {
      client.release(failed);
    }
  }

  /**
   * Runs statements in one transaction, on the rows of `scope`. `work` sends what reads, and returns what is to be written; the
   * writes and the commit travel together. A transaction in which one of them failed is rolled back, and rejects with that failure.
   */
  async transaction<T>(scope: Scope, work: (sender: Sender) => Promise<Verdict<T>>): Promise<T> {
    const client = await this.pool.connect();
    const sender: Sender = { send: (statement, values) => send(client, statement, values) };
    let fault: unknown;
    try {
      const begun = Promise.all([sender.send(begin), this.putInForce(client, scope)]);
      // Of a connection that breaks here, `work` hears as well.
      begun.catch(() => undefined);
      const { value, write } = await work(sender);
      const written = await sentInSlices(write());
      const committed = client.query({ ...commit });
      await Promise.all([begun, ...written, committed]);
      // A server answers the commit of a transaction that has failed with this, and with no error.
      if ((await committed).command !== 'COMMIT') throw new Error('The transaction was rolled back.');
      return value;
    } catch (error) {
      fault = await rollBack(client);
      this.scopes.forget(client);
      throw error;
    } finally {
      client.release(fault instanceof Error ? fault : undefined);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.pool.end(), this.doorkeepers.end()]);
  }

  private putInForce(client: pg.PoolClient, scope: Scope): Promise<void> {
    return this.scopes.bring(client, scope, (statement, values) => send(client, statement, values));
  }
}

function poolOf(url: string, role: SessionRole, max: number): pg.Pool {
  const pool = new pg.Pool({
    max,
    application_name: 'chimera statements',
    connectionTimeoutMillis: 5_000,
    ...sessionAs(url, role, byIndex),
    pipeline: true,
  });
  // A connection that breaks rejects what was sent over it, and the pool lets go of one that is idle.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/**
 * For how long a transaction keeps other work of the process waiting at a time, in milliseconds: a thousand tasks take longer to
 * decide and to write out, what comes alone a fraction of it.
 */
export const sliceMs = 5;

function sentInSlices(sends: Iterable<Promise<unknown>>): Promise<readonly Promise<unknown>[]> {
  function* sending(): SlicedWork<readonly Promise<unknown>[]> {
    const sent: Promise<unknown>[] = [];
    for (const one of sends) {
      // It may fail before all are sent and waited for.
      one.catch(() => undefined);
      sent.push(one);
      yield;
    }
    return sent;
  }
  return inSlices(sending(), sliceMs);
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
