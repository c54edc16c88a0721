import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { aFailure, aResult } from '../factories.js';
import { createStore, createTenant, mustBe, type TestStore, type TestTenant } from '../support/chimera.js';
import { itemsOf, textOf } from '../support/client.js';
import {
  cardOf,
  claimOne,
  decide,
  handIn,
  hold,
  register,
  resultOf,
  submit,
  until,
} from '../support/fleet.js';

const canary = 'Wombat-7319';
const written = { text: `They say ${canary}.` };
const keyOf = (id: string, fill: number) => `${id}:${Buffer.alloc(32, fill).toString('base64')}`;
const doubtful = {
  task: { input: written, onApproval: 'COMPLETE' },
  result: aResult({ output: written, confidence: 0.5 }),
};

/** Every row of every table, as a dump has it. */
async function rowsOf(sql: pg.Client): Promise<readonly { readonly place: string; readonly text: string }[]> {
  const { rows: tables } = await sql.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  );
  const found: { place: string; text: string }[] = [];
  for (const { name } of tables) {
    const { rows } = await sql.query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
    found.push(...rows.map(({ text }) => ({ place: name, text })));
  }
  return found;
}

describe('payloads at rest', () => {
  let store: TestStore;
  let tenant: TestTenant;
  let sql: pg.Client;
  let reviewId: string;

  const startWith = async (payloadKeys: readonly string[]) => {
    const server = await store.start({ payloadKeys });
    const made = await createTenant(server.url);
    await register(made, 'writer');
    return { server, tenant: made };
  };
  const seenBy = (url: string, key: string) =>
    fetch(`${url}${tenant.path}/reviews/${reviewId}`, { headers: { authorization: `Bearer ${key}` } });

  beforeAll(async () => {
    store = await createStore('postgres');
    ({ tenant } = await startWith([keyOf('one', 1)]));
    sql = new pg.Client(store.config.databaseUrl);
    await sql.connect();
    ({ reviewId } = await hold(tenant, 'writer', doubtful));
  });
  afterAll(async () => {
    await sql.end();
    await store.drop();
  });

  it('are nowhere in the database, whatever became of them', async () => {
    const edited = await hold(tenant, 'writer', doubtful);
    mustBe(
      200,
      await decide(tenant, edited.reviewId, {
        status: 'APPROVED',
        editedOutput: { text: `${canary}, edited` },
        comment: `Better: ${canary}`,
      }),
    );
    expect((await resultOf(tenant, edited.taskId)).output).toEqual({ text: `${canary}, edited` });
    const rejected = await hold(tenant, 'writer', doubtful);
    mustBe(200, await decide(tenant, rejected.reviewId, { status: 'REJECTED', comment: canary }));
    mustBe(200, await tenant.operator.post(`${tenant.path}/reviews/${reviewId}/reveal`, { reason: canary }));
    await submit(tenant, { input: written, maxAttempts: 1 });
    const failing = await claimOne(tenant, 'writer');
    mustBe(200, await handIn(tenant, failing, aFailure({ message: canary, retryable: false })));
    const { body } = mustBe(
      202,
      await tenant.operator.post(`${tenant.path}/policy/backtest`, { policy: {} }),
    );
    const address = `${tenant.path}/policy/backtests/${textOf(body.backtestId)}`;
    const done = await until(async () => {
      const answer = mustBe(200, await tenant.operator.get(address)).body;
      return textOf(answer.state) === 'DONE' && answer;
    });
    expect(done.total).toBe(3);

    const rows = await rowsOf(sql);
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.filter(({ text }) => text.includes(canary))).toEqual([]);
    expect(rows.filter(({ text }) => text.includes('enc1.one.')).length).toBeGreaterThan(10);
    const record = itemsOf(mustBe(200, await tenant.auditor.get(`${tenant.path}/audit?limit=200`)));
    expect(JSON.stringify(record)).toContain(`Better: ${canary}`);
    expect(mustBe(200, await tenant.auditor.get(`${tenant.path}/audit/verify`)).body.valid).toBe(true);
  });

  it('are read under every listed key, and plain where they were written without one', async () => {
    const plain = await startWith([]);
    const { reviewId: plainId } = await hold(plain.tenant, 'writer', {
      task: { input: 'enc1.one.AAAA' },
      result: aResult({ output: written, confidence: 0.5 }),
    });
    expect((await cardOf(plain.tenant, plainId)).taskInput).toBe('enc1.one.AAAA');
    const rotated = await store.start({ payloadKeys: [keyOf('two', 2), keyOf('one', 1)] });
    const before = await seenBy(rotated.url, store.config.adminKey ?? '');
    expect(await before.json()).toMatchObject({ taskInput: written, proposedOutput: written });
    const stillPlain = await fetch(`${rotated.url}${plain.tenant.path}/reviews/${plainId}`, {
      headers: { authorization: `Bearer ${store.config.adminKey ?? ''}` },
    });
    expect(await stillPlain.json()).toMatchObject({ taskInput: 'enc1.one.AAAA', proposedOutput: written });
    await plain.server.stop();
    await rotated.stop();
  });

  it('are refused without their key, under another of its name, and in another place, and come to no harm', async () => {
    for (const payloadKeys of [[keyOf('two', 2)], [keyOf('one', 3)]]) {
      const server = await store.start({ payloadKeys });
      const answer = await seenBy(server.url, store.config.adminKey ?? '');
      expect(answer.status).toBe(500);
      expect(await answer.text()).not.toContain('enc1');
      await server.stop();
    }
    const other = await hold(tenant, 'writer', doubtful);
    await sql.query('ALTER TABLE review_cards DISABLE TRIGGER USER');
    await sql.query(
      `UPDATE review_cards SET proposed_output = o.proposed_output FROM review_cards o
       WHERE review_cards.review_id = $1 AND o.review_id = $2`,
      [other.reviewId, reviewId],
    );
    await sql.query('ALTER TABLE review_cards ENABLE TRIGGER USER');
    expect((await tenant.operator.get(`${tenant.path}/reviews/${other.reviewId}`)).status).toBe(500);
    expect((await cardOf(tenant, reviewId)).proposedOutput).toEqual(written);
  });

  it('that cannot be read do not keep others from those that were asked for along with them', async () => {
    const [broken, whole] = [
      await submit(tenant, { input: written }),
      await submit(tenant, { input: written }),
    ];
    await sql.query('ALTER TABLE tasks DISABLE TRIGGER USER');
    await sql.query(
      'UPDATE tasks SET input = o.input FROM tasks o WHERE tasks.task_id = $1 AND o.task_id = $2',
      [broken, whole],
    );
    await sql.query('ALTER TABLE tasks ENABLE TRIGGER USER');
    const answers = await Promise.all(
      [broken, whole, broken, whole].map((taskId) => tenant.operator.get(`${tenant.path}/tasks/${taskId}`)),
    );
    expect(answers.map(({ status }) => status)).toEqual([500, 200, 500, 200]);
  });
});
