import { Injectable } from '@nestjs/common';
import type { DataSource, QueryRunner } from 'typeorm';
import { type Actor, genesisHash } from '../../models/audit.js';
import { DomainError } from '../../models/errors.js';
import type { PolicyDraft } from '../../models/policy.js';
import { isFinal } from '../../models/task.js';
import type { Tenant } from '../../models/tenant.js';
import { LedgerPort, type LedgerView, type Work } from '../../ports/ledger.js';
import type { Signal, SignalPort } from '../../ports/signals.js';
import { Batcher, type Outcome } from '../batcher.js';
import { isUnavailable, toCallerError } from './faults.js';
import { LedgerReader } from './ledger-reader.js';
import { type Head, LedgerState } from './ledger-state.js';
import { type Tables, tablesOf } from './tables.js';

type AnyWork = Work<unknown>;

/**
 * The ledger on PostgreSQL. A batch locks the heads of its tenants' audit chains first, in order of tenant, so that
 * units of one tenant are put one after the other across processes and two batches never wait for each other in a ring.
 */
@Injectable()
export class PostgresLedger extends LedgerPort {
  private readonly tables: Tables;
  private readonly reader: LedgerReader;
  private readonly batcher = new Batcher<AnyWork, unknown>((batch) => this.commit(batch), {
    maxBatch: 256,
    maxWaiting: 10_000,
  });

  constructor(
    private readonly dataSource: DataSource,
    private readonly signals: SignalPort,
  ) {
    super();
    this.tables = tablesOf(dataSource);
    this.reader = new LedgerReader(this.tables);
  }

  async transact<R>(work: Work<R>): Promise<R> {
    const answers: R[] = [];
    const decide = (view: LedgerView) => {
      answers.splice(0, 1, work.decide(view));
    };
    await this.batcher.submit({ tenantId: work.tenantId, needs: work.needs, decide });
    for (const answer of answers) return answer;
    throw new Error('The unit of work was not run.');
  }

  async createTenant(
    { tenantId, name }: Pick<Tenant, 'tenantId' | 'name'>,
    policy: PolicyDraft,
    actor: Actor,
  ): Promise<Tenant | undefined> {
    try {
      return await this.dataSource.transaction(async ({ queryRunner }) => {
        if (!queryRunner) throw new Error('A transaction has a query runner.');
        const [tenant] = await rowsOf<Tenant>(
          queryRunner,
          `INSERT INTO tenants (tenant_id, name, created_at) VALUES ($1, $2, date_trunc('milliseconds', clock_timestamp()))
           ON CONFLICT DO NOTHING RETURNING ${this.tables.tenant.select('tenants')}`,
          [tenantId, name],
        );
        if (!tenant) return undefined;
        const head = { sequence: 0, hash: genesisHash };
        await queryRunner.query('INSERT INTO audit_heads (tenant_id, sequence, hash) VALUES ($1, 0, $2)', [
          tenantId,
          head.hash,
        ]);
        const state = new LedgerState(tenant.createdAt, new Map([[tenantId, head]]));
        state.run(tenantId, (view) => {
          view.put('policy', {
            ...policy,
            tenantId,
            version: 1,
            createdAt: tenant.createdAt,
            createdBy: actor.id,
          });
          view.record({ type: 'tenant.created', actor, payload: { name, policyVersion: 1 } });
        });
        await this.write(queryRunner, state);
        return tenant;
      });
    } catch (error) {
      throw toCallerError(error);
    }
  }

  /** One transaction for all; when the database refuses it, one for each, so that only the culprit is refused. */
  private async commit(batch: readonly AnyWork[]): Promise<readonly Outcome<unknown>[]> {
    try {
      return await this.inTransaction(batch);
    } catch (error) {
      if (isUnavailable(error)) throw toCallerError(error);
      const [only] = batch;
      if (batch.length === 1 && only) return [{ error }];
      const outcomes: Outcome<unknown>[] = [];
      for (const work of batch) outcomes.push(...(await this.commit([work])));
      return outcomes;
    }
  }

  private async inTransaction(batch: readonly AnyWork[]): Promise<readonly Outcome<unknown>[]> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.startTransaction();
      const { heads, now } = await lockHeads(runner, [...new Set(batch.map(({ tenantId }) => tenantId))]);
      const state = new LedgerState(now, heads);
      const known = batch.filter(({ tenantId }) => heads.has(tenantId));
      await this.reader.load(runner, known, state);
      const outcomes = batch.map((work) => runUnit(state, work, heads));
      await this.write(runner, state);
      await runner.commitTransaction();
      this.signals.publish(signalsOf(state));
      return outcomes;
    } catch (error) {
      await runner.rollbackTransaction().catch(() => undefined);
      throw error;
    } finally {
      await runner.release();
    }
  }

  /** Cards before tasks: the database lets a task reach EXECUTE only behind an approved card. */
  private async write(runner: QueryRunner, state: LedgerState): Promise<void> {
    for (const kind of ['session', 'agent', 'apiKey', 'fleetBrake', 'review'] as const) {
      await this.updateRows(runner, kind, state.updated(kind));
    }
    for (const kind of ['session', 'agent', 'apiKey', 'fleetBrake', 'policy'] as const) {
      await this.insertRows(runner, kind, state.inserted(kind));
    }
    await this.insertRows(runner, 'task', state.inserted('task'));
    await this.insertRows(runner, 'result', state.inserted('result'));
    await this.insertRows(runner, 'review', state.inserted('review'));
    await this.updateRows(runner, 'task', state.updated('task'));
    if (state.events.length === 0) return;
    await this.insertRows(
      runner,
      'audit',
      state.events.map(({ actor, ...event }) => ({ ...event, actorType: actor.type, actorId: actor.id })),
    );
    const ends = new Map(
      state.events.map(({ tenantId, sequence, hash }) => [tenantId, { tenantId, sequence, hash }]),
    );
    await runner.query(
      `UPDATE audit_heads h SET sequence = r.sequence, hash = r.hash
       FROM json_to_recordset($1::json) AS r("tenantId" text, sequence bigint, hash text) WHERE h.tenant_id = r."tenantId"`,
      [JSON.stringify([...ends.values()])],
    );
  }

  private async insertRows(runner: QueryRunner, table: keyof Tables, rows: readonly object[]): Promise<void> {
    if (rows.length > 0) await runner.query(this.tables[table].insert, [JSON.stringify(rows)]);
  }

  private async updateRows(runner: QueryRunner, table: keyof Tables, rows: readonly object[]): Promise<void> {
    if (rows.length === 0) return;
    const { affected } = await runner.query(this.tables[table].update, [JSON.stringify(rows)], true);
    if (affected !== rows.length) {
      throw new Error(
        `${rows.length - (affected ?? 0)} rows of ${table} were changed from outside the ledger.`,
      );
    }
  }
}

function runUnit(state: LedgerState, work: AnyWork, heads: ReadonlyMap<string, Head>): Outcome<unknown> {
  if (!heads.has(work.tenantId)) {
    return { error: new DomainError('TENANT_NOT_FOUND', `There is no tenant ${work.tenantId}.`) };
  }
  try {
    return { value: state.run(work.tenantId, (view) => work.decide(view)) };
  } catch (error) {
    return { error };
  }
}

async function lockHeads(runner: QueryRunner, tenantIds: readonly string[]) {
  const rows = await rowsOf<Head & { tenantId: string; now: Date }>(
    runner,
    `WITH heads AS MATERIALIZED (
       SELECT tenant_id, sequence, hash FROM audit_heads WHERE tenant_id = ANY($1) ORDER BY tenant_id FOR UPDATE
     )
     SELECT tenant_id AS "tenantId", sequence::double precision AS sequence, hash,
            date_trunc('milliseconds', clock_timestamp()) AS now FROM heads`,
    [tenantIds],
  );
  return {
    heads: new Map(rows.map(({ tenantId, sequence, hash }) => [tenantId, { sequence, hash }])),
    now: new Date(Math.max(0, ...rows.map(({ now }) => now.getTime()))),
  };
}

function signalsOf(state: LedgerState): Signal[] {
  const tenants = new Set(state.events.map(({ tenantId }) => tenantId));
  const feed = [...tenants].map((tenantId): Signal => ({ topic: 'feed', tenantId }));
  const final = state
    .loadedTasks()
    .filter(({ status }) => isFinal(status))
    .map(({ taskId }): Signal => ({ topic: 'final', taskId }));
  return [...feed, ...final];
}

async function rowsOf<T>(
  runner: QueryRunner,
  sql: string,
  parameters: readonly unknown[],
): Promise<readonly T[]> {
  return (await runner.query(sql, [...parameters])) as readonly T[];
}
