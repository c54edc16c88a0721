import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { SessionLocks } from '../../../src/lib/postgres/session-locks.js';
import { eventually } from '../../contract/eventually.js';
import { type Link, openLink } from '../../contract/link.js';
import { createEmptyDatabase, type TestDatabase } from '../../support/servers.js';

const nothing = () => Promise.resolve();

describe('the locks of a session', () => {
  let database: TestDatabase;
  let sql: pg.Client;
  let link: Link;
  let locks: SessionLocks;

  beforeAll(async () => {
    database = await createEmptyDatabase();
    sql = new pg.Client(database.url);
    await sql.connect();
  });
  beforeEach(async () => {
    link = await openLink(database.url);
    locks = new SessionLocks(link.url);
  });
  afterEach(async () => {
    await link.close();
    await locks.close();
  });
  afterAll(async () => {
    await sql.end();
    await database.drop();
  });

  it('outlive a connection that breaks while it is asked', async () => {
    expect(await locks.whileHeld('chores', nothing)).toBe(true);
    link.silence();
    const unanswered = locks.whileHeld('chores', nothing);
    await eventually(
      () =>
        sql.query(
          "SELECT FROM pg_stat_activity WHERE application_name = 'chimera locks' AND query LIKE '%try_advisory%' AND state = 'idle'",
        ),
      ({ rowCount }) => rowCount === 1,
    );
    await link.cut();
    await expect(unanswered).rejects.toThrow('Connection terminated');
    await link.mend();
    expect(await locks.whileHeld('chores', nothing)).toBe(true);
  });

  it('are free again once the connection that held them is gone', async () => {
    const other = new SessionLocks(database.url);
    await locks.whileHeld('chores', async () => {
      expect(await other.whileHeld('chores', nothing)).toBe(false);
      await link.cut();
      await eventually(
        () => other.whileHeld('chores', nothing),
        (had) => had,
      );
    });
    await other.close();
  });
});
