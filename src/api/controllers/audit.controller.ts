import { Controller, Get, Query, StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Readable } from 'node:stream';
import type { AuditFilter } from '../../models/filters.js';
import type { AuditEvent, ChainReport } from '../../models/audit.js';
import { AuditTrail } from '../../services/audit-trail.js';
import { Cursors, type ListKind, type WirePage } from '../cursor.js';
import { defaultLimit } from '../dto/page.dto.js';
import { AuditQuery } from '../dto/review.dto.js';
import { TenantId } from '../params.js';
import { Route } from '../route.js';
import { type AuditEventWire, auditEventWire } from '../views.js';

const auditList: ListKind = { name: 'audit', position: ['sequence'] };

@ApiTags('Audit')
@Controller('v1/tenants/:tenantId/audit')
export class AuditController {
  constructor(private readonly trail: AuditTrail) {}

  @Get()
  @Route({
    summary: 'List audit events, oldest first',
    description: 'Filter by what happened, who did it, what it was about, and when.',
    needs: 'audit:read',
    answers: 'AuditPage',
    refuses: ['INVALID_CURSOR'],
  })
  async list(@TenantId() tenantId: string, @Query() query: AuditQuery): Promise<WirePage<AuditEventWire>> {
    const { limit = defaultLimit, cursor, ...filter } = query;
    const cursors = new Cursors(auditList, tenantId, filter);
    return cursors.page(
      await this.trail.list(tenantId, filterOf(filter), cursors.request(limit, cursor)),
      auditEventWire,
    );
  }

  @Get('verify')
  @Route({ summary: 'Check every link of the chain', needs: 'audit:read', answers: 'ChainReport' })
  verify(@TenantId() tenantId: string): Promise<ChainReport> {
    return this.trail.verify(tenantId);
  }

  @Get('export')
  @Route({
    summary: 'Export the record: one JSON event a line',
    needs: 'audit:read',
    description: 'Each line is an event of the record, oldest first.',
    mediaType: 'application/x-ndjson',
    answers: 'AuditEvent',
  })
  export(@TenantId() tenantId: string): StreamableFile {
    return new StreamableFile(Readable.from(linesOf(this.trail.export(tenantId)), { objectMode: false }), {
      type: 'application/x-ndjson',
    });
  }
}

function filterOf({ type, from, to, ...rest }: Omit<AuditQuery, 'limit' | 'cursor'>): AuditFilter {
  return {
    ...rest,
    types: type === undefined ? undefined : [type],
    from: from === undefined ? undefined : new Date(from),
    to: to === undefined ? undefined : new Date(to),
  };
}

async function* linesOf(events: AsyncIterable<AuditEvent>): AsyncGenerator<string> {
  for await (const event of events) yield `${JSON.stringify(auditEventWire(event))}\n`;
}
