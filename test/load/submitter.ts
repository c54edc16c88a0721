import { setTimeout as pause } from 'node:timers/promises';
import { kind } from './agent.js';
import { codeOf, ConnectionClosed, type Origins, type Reply } from './connection.js';
import type { Meter } from './meter.js';
import type { TenantAccess } from './plan.js';
import { Pool } from './pool.js';
import type { Witness } from './witness.js';

/** A submission is sent again for this long before it counts as never answered. */
const patienceMs = 60_000;
const retryMs = 100;

/** What becomes of a held result that is approved. */
export type OnApproval = 'EXECUTE' | 'COMPLETE';

/** Sends tasks in, each under an idempotency key so that it can be sent again. */
export class Submitter {
  /** Whether refusals are what the server is to give now: they are measured as `refusal`, and are no failures. */
  mayBeRefused = false;
  private readonly pool: Pool;
  private readonly path: string;

  constructor(
    private readonly tenant: TenantAccess,
    private readonly around: {
      readonly origins: Origins;
      readonly meter: Meter;
      readonly witness: Witness;
      /** Sets the keys of this submitter apart from those of others. */
      readonly name: string;
      /** Connections at most; more requests at a time wait for each other. */
      readonly connections?: number;
    },
  ) {
    this.path = `/v1/tenants/${tenant.tenantId}/tasks`;
    this.pool = new Pool(around.origins, tenant.submitterKey, around.connections);
  }

  /** Submits one task, until there is an answer. Resolves with its id; `undefined` if there never was one. */
  async submit(
    n: number,
    due: number,
    held = false,
    onApproval: OnApproval = 'EXECUTE',
  ): Promise<string | undefined> {
    const { meter, witness, name } = this.around;
    const series = meter.series('submit');
    const body = bodyOf(n, held, onApproval);
    const key = ['idempotency-key', `${name}-${n}`];
    while (performance.now() - due < patienceMs) {
      const sent = performance.now();
      try {
        const reply = await this.pool.send('POST', this.path, body, true, key);
        if (reply.status === 202) {
          series.record(performance.now() - due);
          const taskId = taskIdIn(reply);
          witness.submitted(this.tenant.tenantId, taskId, n);
          return taskId;
        }
        if (this.mayBeRefused && isRefusal(reply)) meter.series('refusal').record(performance.now() - sent);
        else series.fail(String(reply.status));
        await pause(reply.retryAfterMs ?? retryMs);
      } catch (error) {
        if (error instanceof ConnectionClosed) break;
        series.fail(codeOf(error));
        await pause(retryMs);
      }
    }
    witness.gaveUp();
    return undefined;
  }

  /**
   * Submits one task and takes the first answer for the last, as a client in a hurry does. Resolves with whether it was
   * accepted. Refusals are measured as `refusal`, for they too are answers that somebody waits for.
   */
  async submitOnce(n: number, due: number, held: boolean, onApproval: OnApproval): Promise<boolean> {
    const { meter, witness } = this.around;
    const series = meter.series('submit once');
    try {
      const reply = await this.pool.send('POST', this.path, bodyOf(n, held, onApproval));
      const ms = performance.now() - due;
      if (reply.status === 202) {
        series.record(ms);
        witness.submitted(this.tenant.tenantId, taskIdIn(reply), n);
        return true;
      }
      if (isRefusal(reply)) meter.series('refusal').record(ms);
      else series.fail(String(reply.status));
    } catch (error) {
      if (error instanceof ConnectionClosed) return false;
      series.fail(codeOf(error));
      witness.gaveUp();
    }
    return false;
  }

  /** Looks at the newest task, and resolves with whether that was answered. */
  async look(): Promise<boolean> {
    try {
      const { status } = await this.pool.send('GET', `${this.path}?limit=1`, undefined, false);
      return status === 200;
    } catch {
      return false;
    }
  }

  /** Submits tasks number `from` to below `to` in one request, all or none. */
  async submitBatch(from: number, to: number): Promise<void> {
    const { meter, witness } = this.around;
    const tasks = Array.from({ length: to - from }, (_, index) => ({ kind, input: { n: from + index } }));
    const begun = performance.now();
    for (;;) {
      const reply = await this.pool.send('POST', `${this.path}/batch`, JSON.stringify({ tasks }));
      if (reply.status === 202) {
        meter.series('submit batch').record(performance.now() - begun);
        const { items } = JSON.parse(reply.body) as {
          readonly items: readonly { readonly taskId: string }[];
        };
        for (const [index, { taskId }] of items.entries())
          witness.submitted(this.tenant.tenantId, taskId, from + index);
        return;
      }
      meter.series('submit batch').fail(String(reply.status));
      if (!isRefusal(reply))
        throw new Error(`A batch of tasks was answered ${reply.status}: ${reply.body.slice(0, 300)}`);
      await pause(reply.retryAfterMs ?? retryMs);
    }
  }

  /** Asks for the result of a task that is held; it must not be shown. */
  async peek(taskId: string): Promise<void> {
    try {
      const reply = await this.pool.send('GET', `${this.path}/${taskId}/result`);
      if (reply.status !== 404)
        this.around.witness.saw(`the result of held task ${taskId} was answered ${reply.status}`);
    } catch (error) {
      this.around.meter.series('peek').fail(codeOf(error));
    }
  }

  /** Loses its connections at this instant. */
  cut(): void {
    this.pool.cut();
  }

  async stop(): Promise<void> {
    await this.pool.close();
  }
}

/** Whether the server has turned a request away, and says to come back. */
function isRefusal({ status, retryAfterMs }: Reply): boolean {
  return (status === 503 || status === 429) && retryAfterMs !== undefined;
}

function bodyOf(n: number, held: boolean, onApproval: OnApproval): string {
  return JSON.stringify({ kind, input: { n, ...(held && { held }) }, onApproval });
}

function taskIdIn({ body }: Reply): string {
  return (JSON.parse(body) as { readonly taskId: string }).taskId;
}
