import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AuditEvent,
  type ChainPosition,
  genesisHash,
  linkHash,
  systemActor,
} from '../../../src/models/audit.js';
import { aTenant, type Bench, decide, type Desk, headOf, openBench, withoutGuards } from './bench.js';

const length = 1_200;

/** The event with a hash that fits its content. */
function rehashed({ hash, ...link }: AuditEvent): AuditEvent {
  return { ...link, hash: hash === linkHash(link) ? hash : linkHash(link) };
}

describe("a tenant's audit chain", () => {
  let bench: Bench;
  let desk: Desk;
  let tenantId: string;

  beforeAll(async () => {
    bench = await openBench();
    desk = await bench.open();
    tenantId = await aTenant(desk.ledger);
    await decide(desk.ledger, tenantId, {}, (view) => {
      for (let index = 1; index < length; index += 1) {
        view.record({
          type: 'session.created',
          actor: systemActor,
          agentId: `agent-${index}`,
          payload: { index, text: 'naïve 😀', nested: { b: 0.1, a: [null, 1e21] } },
        });
      }
    });
    // Whoever owns the tables can take the guards off: the chain has to tell on them.
    await withoutGuards(bench.sql, 'audit_events');
    await withoutGuards(bench.sql, 'audit_heads');
  });
  afterAll(() => bench.drop());

  const verify = () => desk.records.verifyChain(tenantId);
  const eventAt = async (sequence: number): Promise<AuditEvent> => {
    const { items } = await desk.records.audit(tenantId, {}, { limit: 1, after: [sequence - 1] });
    const [event] = items;
    if (event?.sequence !== sequence) throw new Error(`There is no event ${sequence}.`);
    return event;
  };

  it('is valid as it was written, however many strides it is long', async () => {
    const head = await headOf(bench.sql, tenantId);
    expect(await verify()).toEqual({
      valid: true,
      checkedEvents: length,
      lastSequence: length,
      lastHash: head.hash,
    });
    expect(await desk.records.lastSequence(tenantId)).toBe(length);
  });

  it('is one that anybody can check from the events alone', async () => {
    const events: AuditEvent[] = [];
    while (events.length < length) {
      const { items } = await desk.records.audit(tenantId, {}, { limit: 1_000, after: [events.length] });
      events.push(...items);
    }
    let previousHash = genesisHash;
    for (const { hash, ...link } of events) {
      expect(link.previousHash).toBe(previousHash);
      expect(linkHash(link)).toBe(hash);
      previousHash = hash;
    }
  });

  describe('gives away', () => {
    /** Tampers, verifies on the same state of things, and puts everything back. */
    const tampered = async (...statements: readonly string[]) => {
      await bench.sql.query('CREATE TABLE kept_events AS SELECT * FROM audit_events');
      await bench.sql.query('CREATE TABLE kept_heads AS SELECT * FROM audit_heads');
      try {
        for (const statement of statements) await bench.sql.query(statement);
        return await verify();
      } finally {
        await bench.sql.query('DELETE FROM audit_events');
        await bench.sql.query('INSERT INTO audit_events SELECT * FROM kept_events');
        await bench.sql.query('DELETE FROM audit_heads');
        await bench.sql.query('INSERT INTO audit_heads SELECT * FROM kept_heads');
        await bench.sql.query('DROP TABLE kept_events, kept_heads');
      }
    };
    const invalidAt = (sequence: number) => ({
      valid: false,
      checkedEvents: sequence - 1,
      lastSequence: sequence - 1,
      firstInvalidSequence: sequence,
    });

    it.each([
      [`payload = '{"index": 0}'`],
      [`payload = (payload::jsonb || '{"more": 1}')::json`],
      [`type = 'session.stopped'`],
      [`at = at + interval '1 millisecond'`],
      [`actor_id = 'somebody'`],
      [`actor_type = 'ADMIN'`],
      [`agent_id = NULL`],
      [`task_id = gen_random_uuid()`],
      [`review_id = gen_random_uuid()`],
      [`session_id = gen_random_uuid()`],
      [`trace_id = 'trace'`],
      [`event_id = gen_random_uuid()`],
      [`previous_hash = repeat('0', 64)`],
      [`hash = repeat('0', 64)`],
    ])('an event with another %s', async (change) => {
      expect(await tampered(`UPDATE audit_events SET ${change} WHERE sequence = 1100`)).toMatchObject(
        invalidAt(1_100),
      );
    });

    it('an edited event whose own hash was made to fit', async () => {
      const forged = { ...(await eventAt(1_100)), actor: { type: 'ADMIN', id: 'somebody' } as const };
      expect(
        await tampered(
          `UPDATE audit_events SET actor_type = 'ADMIN', actor_id = 'somebody', hash = '${rehashed(forged).hash}' WHERE sequence = 1100`,
        ),
      ).toMatchObject(invalidAt(1_101));
    });

    it('a removed event, wherever it was', async () => {
      for (const sequence of [1, 1_000, 1_001, 1_100]) {
        expect(await tampered(`DELETE FROM audit_events WHERE sequence = ${sequence}`)).toMatchObject(
          invalidAt(sequence),
        );
      }
    });

    it('a removed event whose place was closed', async () => {
      expect(
        await tampered(
          'DELETE FROM audit_events WHERE sequence = 1050',
          'UPDATE audit_events SET sequence = sequence + 10000 WHERE sequence > 1050',
          'UPDATE audit_events SET sequence = sequence - 10001 WHERE sequence > 10000',
          'UPDATE audit_heads SET sequence = sequence - 1',
        ),
      ).toMatchObject(invalidAt(1_050));
    });

    it('two events that changed places', async () => {
      expect(
        await tampered(
          'UPDATE audit_events SET sequence = 10000 WHERE sequence = 100',
          'UPDATE audit_events SET sequence = 100 WHERE sequence = 101',
          'UPDATE audit_events SET sequence = 101 WHERE sequence = 10000',
        ),
      ).toMatchObject(invalidAt(100));
    });

    it('a cut tail', async () => {
      expect(await tampered(`DELETE FROM audit_events WHERE sequence > ${length - 3}`)).toMatchObject(
        invalidAt(length - 2),
      );
      expect(
        await tampered(
          `DELETE FROM audit_events WHERE sequence > ${length - 3}`,
          `UPDATE audit_heads SET sequence = ${length - 3}`,
        ),
      ).toMatchObject({ valid: false });
    });

    it('that all of it is gone', async () => {
      expect(await tampered('DELETE FROM audit_events')).toMatchObject(invalidAt(1));
      expect(await tampered('DELETE FROM audit_heads')).toMatchObject({ valid: false });
    });

    it('an event that was put in between', async () => {
      expect(
        await tampered(
          'UPDATE audit_events SET sequence = sequence + 10000 WHERE sequence > 50',
          'UPDATE audit_events SET sequence = sequence - 9999 WHERE sequence > 10000',
          `INSERT INTO audit_events SELECT tenant_id, 51, gen_random_uuid(), type, at, actor_type, actor_id, task_id, review_id,
           agent_id, session_id, trace_id, payload, hash, hash FROM audit_events WHERE sequence = 50`,
          'UPDATE audit_heads SET sequence = sequence + 1',
        ),
      ).toMatchObject(invalidAt(51));
    });

    it('an event that was put at the end, even one that fits', async () => {
      const { hash, ...last } = await eventAt(length);
      const forged = { ...last, sequence: length + 1, previousHash: hash };
      expect(
        await tampered(
          `INSERT INTO audit_events SELECT tenant_id, ${length + 1}, event_id, type, at, actor_type, actor_id, task_id, review_id,
           agent_id, session_id, trace_id, payload, hash, '${linkHash(forged)}' FROM audit_events WHERE sequence = ${length}`,
        ),
      ).toMatchObject(invalidAt(length + 1));
    });
  });

  it('is not shaken by events that come while it is checked', async () => {
    const done = new AbortController();
    const writing = (async () => {
      while (!done.signal.aborted) {
        await decide(desk.ledger, tenantId, {}, (view) =>
          view.record({ type: 'session.created', actor: systemActor }),
        );
      }
    })();
    const reports = await Promise.all([verify(), verify(), verify()]);
    done.abort();
    await writing;
    for (const report of reports) expect(report.valid).toBe(true);
  });

  it('is one unforked chain when 32 write to it at once from four processes', async () => {
    const own = await aTenant(desk.ledger);
    const desks = [desk, await bench.open(), await bench.open(), await bench.open()];
    const [writers, units] = [32, 25];
    const placesOf = async (writer: number) => {
      const { ledger } = desks[writer % desks.length] ?? desk;
      const places: ChainPosition[] = [];
      for (let unit = 0; unit < units; unit += 1) {
        const payload = { writer, unit };
        places.push(
          await decide(ledger, own, {}, (view) =>
            view.record({ type: 'session.created', actor: systemActor, payload }),
          ),
        );
      }
      return places;
    };
    const places = await Promise.all(Array.from({ length: writers }, (_, writer) => placesOf(writer)));
    const total = writers * units + 1;
    expect(await desk.records.verifyChain(own)).toMatchObject({ valid: true, checkedEvents: total });
    const { rows } = await bench.sql.query<{ previous: string; writer: number; unit: number }>(
      `SELECT previous_hash AS previous, (payload ->> 'writer')::integer AS writer, (payload ->> 'unit')::integer AS unit
       FROM audit_events WHERE tenant_id = $1 ORDER BY sequence`,
      [own],
    );
    expect(new Set(rows.map(({ previous }) => previous)).size).toBe(total);
    for (let writer = 0; writer < writers; writer += 1) {
      const written = rows.filter((row) => row.writer === writer).map(({ unit }) => unit);
      expect(written).toEqual(Array.from({ length: units }, (_, unit) => unit));
    }
    // What each writer was told of its place is what is there.
    const { items } = await desk.records.audit(own, {}, { limit: total, after: [0] });
    for (const { sequence, hash } of places.flat()) expect(items[sequence - 1]?.hash).toBe(hash);
  });

  it('does not exist for a tenant that does not', async () => {
    expect(await desk.records.verifyChain('t_nobody')).toMatchObject({ valid: false, checkedEvents: 0 });
    expect(await desk.records.lastSequence('t_nobody')).toBe(0);
  });
});
