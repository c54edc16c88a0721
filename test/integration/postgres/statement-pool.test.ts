import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { type Sender, type Statement, StatementPool } from '../../../src/lib/postgres/statement-pool.js';
import { eventually } from '../../contract/eventually.js';
import { ofTenants, type Scope } from '../../../src/lib/postgres/scope.js';
import { type Link, openLink } from '../../contract/link.js';
import { createEmptyDatabase, type TestDatabase } from '../../support/servers.js';

const insert: Statement = { name: 'insert-note', text: 'INSERT INTO notes (text) VALUES ($1)' };
const list: Statement = { name: 'list-notes', text: 'SELECT text FROM notes ORDER BY id' };
const sleep: Statement = { name: 'sleep', text: 'SELECT pg_sleep($1), clock_timestamp() AS at' };
const backend: Statement = { name: 'backend', text: 'SELECT pg_backend_pid() AS pid' };
const nobody = ofTenants([]);
const fail: Statement = { name: 'fail', text: 'SELECT 1 / $1::integer' };

/** A transaction that only writes. */
const writing = (send: (sender: Sender) => readonly Promise<unknown>[]) => (sender: Sender) =>
  Promise.resolve({ value: 'written', write: () => send(sender) });

describe('the pool of statements', () => {
  let database: TestDatabase;
  let sql: pg.Client;
  let pool: StatementPool;
  let link: Link;

  beforeAll(async () => {
    database = await createEmptyDatabase();
    sql = new pg.Client(database.url);
    await sql.connect();
    await sql.query(`CREATE TABLE notes (id serial PRIMARY KEY, text text CHECK (text <> ''))`);
    await sql.query('GRANT ALL ON notes, notes_id_seq TO chimera_app');
  });
  beforeEach(async () => {
    await sql.query('TRUNCATE notes');
    link = await openLink(database.url);
    pool = new StatementPool(link.url);
  });
  afterEach(async () => {
    await link.close();
    await pool.close();
  });
  afterAll(async () => {
    await sql.end();
    await database.drop();
  });

  const notes = async () => {
    const { rows } = await sql.query<{ text: string }>('SELECT text FROM notes ORDER BY id');
    return rows.map(({ text }) => text);
  };

  it('runs the statements of a transaction in the order in which they were sent, and none waits for an answer', async () => {
    const sent: string[] = [];
    const value = await pool.transaction(nobody, async (sender) => {
      const slow = sender.send(sleep, [0.2]).then(() => sent.push('slow'));
      const first = sender.send(insert, ['one']);
      const seen = sender.send(list);
      sent.push('all sent');
      await Promise.all([slow, first]);
      return { value: (await seen).rows, write: () => [sender.send(insert, ['two'])] };
    });
    expect(sent).toEqual(['all sent', 'slow']);
    expect(value).toEqual([{ text: 'one' }]);
    expect(await notes()).toEqual(['one', 'two']);
  });

  it('says how many rows a statement has changed', async () => {
    const { count } = await pool.transaction(nobody, async (sender) => ({
      value: await sender.send(insert, ['one']),
      write: () => [],
    }));
    expect(count).toBe(1);
  });

  it('parses a statement once for each connection', async () => {
    await Promise.all([pool.query(nobody, backend, []), pool.query(nobody, backend, [])]);
    for (let times = 0; times < 5; times += 1) await pool.query(nobody, list, []);
    const prepared: Statement = {
      name: 'prepared',
      text: `SELECT name FROM pg_prepared_statements WHERE name = 'list-notes'`,
    };
    expect(await pool.query(nobody, prepared, [])).toEqual([{ name: 'list-notes' }]);
  });

  it.each<[string, (sender: Sender) => readonly Promise<unknown>[], RegExp]>([
    ['fails', (sender) => [sender.send(insert, ['one']), sender.send(fail, [0])], /division by zero/],
    ['is followed by others', (sender) => [sender.send(fail, [0]), sender.send(insert, ['one'])], /division/],
    [
      'breaks a rule',
      (sender) => [sender.send(insert, ['one']), sender.send(insert, [''])],
      /check constraint/,
    ],
  ])('keeps nothing of a transaction in which a write %s, and rejects with why', async (_how, send, why) => {
    await expect(pool.transaction(nobody, writing(send))).rejects.toThrow(why);
    expect(await notes()).toEqual([]);
    await pool.transaction(
      nobody,
      writing((sender) => [sender.send(insert, ['after'])]),
    );
    expect(await notes()).toEqual(['after']);
  });

  it('keeps nothing of a transaction that read what it could not, or decided to throw', async () => {
    const unreadable = pool.transaction(nobody, async (sender) => {
      await Promise.all([sender.send(insert, ['one']), sender.send(fail, [0])]);
      return { value: undefined, write: () => [] };
    });
    await expect(unreadable).rejects.toThrow('division by zero');
    const thrown = pool.transaction(nobody, async (sender) => {
      await sender.send(insert, ['one']);
      throw new Error('Decided against it.');
    });
    await expect(thrown).rejects.toThrow('Decided against it.');
    expect(await notes()).toEqual([]);
  });

  it('does not take a commit for one that the server rolled back', async () => {
    const swallowed = pool.transaction(
      nobody,
      writing((sender) => [sender.send(fail, [0]).catch(() => undefined)]),
    );
    await expect(swallowed).rejects.toThrow('The transaction was rolled back.');
  });

  it('has the scope of each statement in force, whatever came before on its connection', async () => {
    const inForce: Statement = {
      name: 'in-force',
      text: `SELECT current_setting('chimera.tenants', true) AS ids`,
    };
    const one = ofTenants(['t_one']);
    const other = ofTenants(['t_other', 't_third']);
    const seen: unknown[] = [];
    const ask = async (scope: Scope) => seen.push(...(await pool.query(scope, inForce, [])));
    await ask(one);
    await ask(one);
    await expect(
      pool.transaction(other, async (sender) => {
        seen.push(...(await sender.send(inForce)).rows);
        throw new Error('Decided against it.');
      }),
    ).rejects.toThrow('Decided against it.');
    await ask(other);
    await ask(one);
    await pool.transaction(
      other,
      writing((sender) => [sender.send(insert, ['one'])]),
    );
    await ask(nobody);
    await ask(other);
    expect(seen).toEqual([
      ...[{ ids: 't_one' }, { ids: 't_one' }, { ids: 't_other,t_third' }, { ids: 't_other,t_third' }],
      ...[{ ids: 't_one' }, { ids: '' }, { ids: 't_other,t_third' }],
    ]);
  });

  it('rejects what was under way when its connection was lost, and goes on over another', async () => {
    const [{ pid } = { pid: 0 }] = await pool.query<{ pid: number }>(nobody, backend, []);
    const lost = pool.transaction(nobody, async (sender) => {
      await sender.send(insert, ['one']);
      await Promise.all([
        sender.send(sleep, [5]),
        sql.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1', [pid]),
      ]);
      return { value: undefined, write: () => [] };
    });
    await expect(lost).rejects.toThrow(/terminat|connection/i);
    const [{ pid: next } = { pid: 0 }] = await pool.query<{ pid: number }>(nobody, backend, []);
    expect(next).not.toBe(pid);
    expect(await notes()).toEqual([]);
  });

  it('rejects while the database is away, and works when it is back', async () => {
    await pool.query(nobody, backend, []);
    await link.cut();
    await expect(pool.query(nobody, backend, [])).rejects.toThrow();
    await expect(
      pool.transaction(
        nobody,
        writing((sender) => [sender.send(insert, ['one'])]),
      ),
    ).rejects.toThrow();
    await link.mend();
    const answered = await eventually(
      () => pool.query<{ pid: number }>(nobody, backend, []).catch(() => []),
      (rows) => rows.length === 1,
    );
    expect(answered).toHaveLength(1);
  });

  it('gives up a connection that is not made within five seconds', async () => {
    link.silence();
    const begun = performance.now();
    await expect(pool.query(nobody, backend, [])).rejects.toThrow(/timeout/);
    expect(performance.now() - begun).toBeGreaterThan(4_900);
    await link.mend();
  });

  it('has at most eight connections, and the rest wait for their turn', async () => {
    const pids = await Promise.all(
      Array.from({ length: 40 }, () =>
        pool.transaction(nobody, async (sender) => {
          await sender.send(sleep, [0.02]);
          return { value: (await sender.send(backend)).rows, write: () => [] };
        }),
      ),
    );
    expect(new Set(pids.map((rows) => JSON.stringify(rows))).size).toBeLessThanOrEqual(8);
  });
});
