import { Injectable } from '@nestjs/common';
import type { AuditEvent, ChainReport } from '../models/audit.js';
import type { AuditFilter } from '../models/filters.js';
import type { Page, PageRequest } from '../models/page.js';
import { RecordsPort } from '../ports/records.js';

/** How many events an export reads at a time. */
const stride = 500;

/** The audit record, as auditors read it. */
@Injectable()
export class AuditTrail {
  constructor(private readonly records: RecordsPort) {}

  list(tenantId: string, filter: AuditFilter, page: PageRequest): Promise<Page<AuditEvent>> {
    return this.records.audit(tenantId, filter, page);
  }

  verify(tenantId: string): Promise<ChainReport> {
    return this.records.verifyChain(tenantId);
  }

  /** Every event up to the last one at the time of the call, in order. */
  async *export(tenantId: string): AsyncGenerator<AuditEvent> {
    const last = await this.records.lastSequence(tenantId);
    for (let after = 0; after < last;) {
      const { items } = await this.records.audit(tenantId, {}, { limit: stride, after: [after] });
      for (const event of items) if (event.sequence <= last) yield event;
      after = items.at(-1)?.sequence ?? last;
    }
  }
}
