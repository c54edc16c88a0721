import { setTimeout as pause } from 'node:timers/promises';
import { codeOf, ConnectionClosed, type Origins } from './connection.js';
import type { Meter } from './meter.js';
import type { TenantAccess } from './plan.js';
import { Pool } from './pool.js';
import type { Witness } from './witness.js';

const retryMs = 100;

/** The simulated person: decides each card once it hears of it. */
export class Operator {
  private readonly pool: Pool;

  constructor(
    private readonly tenant: TenantAccess,
    private readonly around: { readonly origins: Origins; readonly meter: Meter; readonly witness: Witness },
  ) {
    this.pool = new Pool(around.origins, tenant.operatorKey);
  }

  /**
   * Decides the card, until there is an answer: the same decision again has the same answer. Resolves with whether it
   * was accepted.
   */
  async decide(reviewId: string, status: 'APPROVED' | 'REJECTED'): Promise<boolean> {
    const { meter, witness } = this.around;
    const series = meter.series('decide');
    const path = `/v1/tenants/${this.tenant.tenantId}/reviews/${reviewId}/decision`;
    if (status === 'APPROVED') witness.approves(reviewId);
    const body = JSON.stringify({ status, comment: 'Seen.' });
    for (;;) {
      const begun = performance.now();
      try {
        const reply = await this.pool.send('POST', path, body, false);
        if (reply.status === 200) {
          series.record(performance.now() - begun);
          return true;
        }
        series.fail(String(reply.status));
        if (reply.status < 500 && reply.status !== 429) return false;
        await pause(reply.retryAfterMs ?? retryMs);
      } catch (error) {
        if (error instanceof ConnectionClosed) return false;
        series.fail(codeOf(error));
        await pause(retryMs);
      }
    }
  }

  /**
   * Reads something of the tenant's, measured under that name.
   * @throws Error when the answer is not 200.
   */
  async read<T>(path: string, name: string): Promise<T> {
    const begun = performance.now();
    const { status, body } = await this.pool.send('GET', `/v1/tenants/${this.tenant.tenantId}${path}`);
    if (status !== 200) throw new Error(`GET ${path} was answered ${status}: ${body.slice(0, 300)}`);
    this.around.meter.series(name).record(performance.now() - begun);
    return JSON.parse(body) as T;
  }

  /** Loses its connections at this instant. */
  cut(): void {
    this.pool.cut();
  }

  async stop(): Promise<void> {
    await this.pool.close();
  }
}
