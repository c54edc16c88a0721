import { Injectable, Logger } from '@nestjs/common';
import pRetry from 'p-retry';
import { type Actor, genesisHash } from '../../models/audit.js';
import { DomainError } from '../../models/errors.js';
import type { PolicyDraft } from '../../models/policy.js';
import type { SlicedWork } from '../../models/sliced-work.js';
import { isFinal } from '../../models/task.js';
import type { Tenant } from '../../models/tenant.js';
import { type FollowUp, LedgerPort, type LedgerView, type LongWork, type Work } from '../../ports/ledger.js';
import type { Signal, SignalPort } from '../../ports/signals.js';
import { Batcher, type Outcome } from '../batcher.js';
import { inSlices } from '../in-slices.js';
import { isUnavailable, toCallerError } from './faults.js';
import { LedgerReader } from './ledger-reader.js';
import { type Head, LedgerState } from './ledger-state.js';
import { LedgerWriter } from './ledger-writer.js';
import { ofTenants } from './scope.js';
import { sliceMs, type Statement, type StatementPool } from './statement-pool.js';
import type { Tables } from './tables.js';

type AnyWork = LongWork<unknown>;

/** A unit of work whose turn has come. */
interface Turn {
  readonly work: AnyWork;
  readonly followUp: FollowUp | undefined;
}

/** Waits of half a second to sixteen: half a minute or so in all. */
const patience = {
  retries: 6,
  minTimeout: 500,
  factor: 2,
  randomize: true,
  unref: true,
  shouldRetry: ({ error }: { readonly error: Error }) =>
    error instanceof DomainError && error.code === 'UNAVAILABLE',
} as const;

/**
 * The ledger on PostgreSQL. A batch locks the heads of its tenants' audit chains first, in order of tenant, so that
 * units of one tenant are put one after the other across processes and two batches never wait for each other in a ring.
 */
@Injectable()
export class PostgresLedger extends LedgerPort {
  private readonly logger = new Logger(PostgresLedger.name);
  private readonly reader: LedgerReader;
  private readonly writer: LedgerWriter;
  private readonly insertTenant: Statement;
  private readonly batcher = new Batcher<AnyWork, unknown>(
    (batch) => this.commit(batch),
    {
      store: 'database',
      maxBatch: 256,
      maxWaiting: 10_000,
      gapMs: 6,
      maxYielding: 6,
      maxRunning: 4,
      maxContended: 16,
    },
    {
      laneOf: ({ tenantId }) => tenantId,
      sizeOf: ({ size = 1 }) => size,
      yields: ({ addsWork = false }) => addsWork,
      demandFor: ({ demand }) => demand,
    },
  );

  constructor(
    private readonly statements: StatementPool,
    tables: Tables,
    private readonly signals: SignalPort,
  ) {
    super();
    this.reader = new LedgerReader(tables);
    this.writer = new LedgerWriter(tables);
    this.insertTenant = insertTenant(tables);
  }

  transact<R>(work: Work<R>): Promise<R> {
    return this.transactLong({ ...work, decide: (view) => inOneStep(() => work.decide(view)) });
  }

  async transactLong<R>(work: LongWork<R>): Promise<R> {
    const answers: R[] = [];
    function* decide(view: LedgerView): SlicedWork<void> {
      answers.splice(0, 1, yield* work.decide(view));
    }
    const submit = () => this.batcher.submit({ ...work, decide });
    await (work.patient ? pRetry(submit, patience) : submit());
    for (const answer of answers) return answer;
    throw new Error('The unit of work was not run.');
  }

  async createTenant(
    { tenantId, name }: Pick<Tenant, 'tenantId' | 'name'>,
    policy: PolicyDraft,
    actor: Actor,
  ): Promise<Tenant | undefined> {
    try {
      return await this.statements.transaction(ofTenants([tenantId]), async (sender) => {
        const { rows } = await sender.send(this.insertTenant, [tenantId, name, genesisHash]);
        const [tenant] = rows as readonly Tenant[];
        if (!tenant) return { value: undefined, write: () => [] };
        const head = { sequence: 0, hash: genesisHash, openTasks: 0, counted: true };
        const state = new LedgerState(tenant.createdAt, new Map([[tenantId, head]]));
        state.run(tenantId, (view) => {
          const { createdAt } = tenant;
          view.put('policy', { ...policy, tenantId, version: 1, createdAt, createdBy: actor.id });
          view.record({ type: 'tenant.created', actor, payload: { name, policyVersion: 1 } });
        });
        return { value: tenant, write: () => this.writer.write(sender, state) };
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

  private *runAll(
    state: LedgerState,
    turns: readonly Turn[],
    heads: ReadonlyMap<string, Head>,
  ): SlicedWork<readonly Outcome<unknown>[]> {
    const outcomes: Outcome<unknown>[] = [];
    for (const turn of turns) outcomes.push(yield* this.runUnit(state, turn, heads));
    return outcomes;
  }

  private *runUnit(
    state: LedgerState,
    { work, followUp }: Turn,
    heads: ReadonlyMap<string, Head>,
  ): SlicedWork<Outcome<unknown>> {
    const { tenantId } = work;
    if (!heads.has(tenantId))
      return { error: new DomainError('TENANT_NOT_FOUND', `There is no tenant ${tenantId}.`) };
    let value: unknown;
    try {
      value = yield* state.runLong(tenantId, (view) => work.decide(view));
    } catch (error) {
      return { error };
    }
    try {
      if (followUp) state.runFollowUp(tenantId, (view) => followUp.decide(view));
    } catch (error) {
      this.logger.error({ err: error, tenantId }, 'What follows a unit of work failed; the unit stands.');
    }
    return { value };
  }

  /** One round trip locks and reads, one writes and commits. */
  private async inTransaction(batch: readonly AnyWork[]): Promise<readonly Outcome<unknown>[]> {
    const scope = ofTenants([...new Set(batch.map(({ tenantId }) => tenantId))]);
    const turns = batch.map((work): Turn => ({ work, followUp: work.followUp?.() }));
    const { state, outcomes } = await this.statements.transaction(scope, async (sender) => {
      const loaded = await this.reader.load(sender, turns.flatMap(withFollowUp));
      const after = new LedgerState(loaded.now, loaded.heads);
      loaded.fill(after);
      const decided = await inSlices(this.runAll(after, turns, loaded.heads), sliceMs);
      const value = { state: after, outcomes: decided };
      return { value, write: () => this.writer.write(sender, after) };
    });
    this.signals.publish(signalsOf(state));
    return outcomes;
  }
}

function* inOneStep<T>(step: () => T): SlicedWork<T> {
  const value = step();
  yield;
  return value;
}

function insertTenant(tables: Tables): Statement {
  return {
    name: 'insert-tenant',
    text: `WITH made AS (
        INSERT INTO tenants (tenant_id, name, created_at) VALUES ($1, $2, date_trunc('milliseconds', clock_timestamp()))
        ON CONFLICT DO NOTHING RETURNING *
      ), head AS (
        INSERT INTO audit_heads (tenant_id, sequence, hash) SELECT tenant_id, 0, $3 FROM made
      )
      SELECT ${tables.tenant.select('made')} FROM made`,
  };
}

/** What the batch has to read for a unit of work, and for what follows it. */
function withFollowUp({ work: { tenantId, needs }, followUp }: Turn): Pick<AnyWork, 'tenantId' | 'needs'>[] {
  return followUp
    ? [
        { tenantId, needs },
        { tenantId, needs: followUp.needs },
      ]
    : [{ tenantId, needs }];
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
