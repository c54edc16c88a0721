import { Injectable } from '@nestjs/common';
import { type AuditEvent, feedTypes } from '../models/audit.js';
import { RecordsPort } from '../ports/records.js';
import { sessionNotFound } from './refusals.js';
import { topics, Waiters } from './waiters.js';

/** How many events one look reads. */
const stride = 200;

/** How long a stream may say nothing, in milliseconds: below the usual time-outs of proxies. */
const quietMs = 15_000;

/** What happens, told as it happens: the audit record, read along. */
@Injectable()
export class EventFeed {
  constructor(
    private readonly records: RecordsPort,
    private readonly waiters: Waiters,
  ) {}

  /** @throws DomainError `SESSION_NOT_FOUND` */
  async mustExist(tenantId: string, sessionId: string): Promise<void> {
    if (!(await this.records.find('session', tenantId, sessionId))) throw sessionNotFound(sessionId);
  }

  /**
   * The tenant's events after the one with this sequence, or from now on, until the signal; `undefined` once it is
   * settled where they begin, and now and then while nothing happens. None is left out and none comes twice.
   */
  async *follow(
    tenantId: string,
    options: { readonly sessionId?: string | undefined; readonly after?: number | undefined },
    signal: AbortSignal,
  ): AsyncGenerator<AuditEvent | undefined> {
    const filter = { types: feedTypes, sessionId: options.sessionId };
    let after = options.after ?? (await this.records.lastSequence(tenantId));
    yield undefined;
    let saidAt = Date.now();
    const waiter = this.waiters.wait([topics.feed(tenantId)], { signal });
    try {
      while (await waiter.next(Infinity)) {
        for (let more = true; more && !signal.aborted;) {
          const page = await this.records.audit(tenantId, filter, { limit: stride, after: [after] });
          for (const event of page.items) {
            yield event;
            after = event.sequence;
            saidAt = Date.now();
          }
          more = page.next !== null;
        }
        if (Date.now() - saidAt >= quietMs) {
          yield undefined;
          saidAt = Date.now();
        }
      }
    } finally {
      waiter.close();
    }
  }
}
