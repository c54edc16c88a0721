import { Controller, Get, Query, StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Readable } from 'node:stream';
import type { AuditFilter } from '../../models/filters.js';
import type { ChainReport } from '../../models/audit.js';
import { type Checkpoint, type SignedCheckpoint, signedCheckpoint } from '../../models/checkpoint.js';
import type { PublicJwk } from '../../models/signing-key.js';
import { AuditTrail } from '../../services/audit-trail.js';
import { Checkpoints } from '../../services/checkpoints.js';
import { Cursors, type ListKind, type WirePage } from '../cursor.js';
import { defaultLimit, PageQuery } from '../dto/page.dto.js';
import { AuditQuery } from '../dto/review.dto.js';
import { TenantId } from '../params.js';
import { Route } from '../route.js';
import { type AuditEventWire, auditEventWire } from '../views.js';

const auditList: ListKind = { name: 'audit', position: ['sequence'] };
const checkpointList: ListKind = { name: 'checkpoints', position: ['sequence'] };

@ApiTags('Audit')
@Controller('v1/tenants/:tenantId/audit')
export class AuditController {
  constructor(
    private readonly trail: AuditTrail,
    private readonly checkpoints: Checkpoints,
  ) {}

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
    return streamOf(this.trail.export(tenantId), auditEventWire);
  }

  @Get('checkpoints')
  @Route({
    summary: 'List the checkpoints of the record, oldest first',
    description:
      'Each says how many events the record had and which hash the last of them, names the one before, and is signed: Ed25519 over the RFC 8785 form of the other members.',
    needs: 'audit:read',
    answers: 'CheckpointPage',
    refuses: ['INVALID_CURSOR'],
  })
  async listCheckpoints(
    @TenantId() tenantId: string,
    @Query() { limit = defaultLimit, cursor }: PageQuery,
  ): Promise<WirePage<SignedCheckpoint>> {
    const cursors = new Cursors(checkpointList, tenantId, {});
    return cursors.page(
      await this.checkpoints.list(tenantId, cursors.request(limit, cursor)),
      signedCheckpoint,
    );
  }

  @Get('checkpoints/export')
  @Route({
    summary: 'Export the checkpoints: one JSON object a line',
    needs: 'audit:read',
    description: 'Each line is a checkpoint, oldest first, as the sinks outside get them.',
    mediaType: 'application/x-ndjson',
    answers: 'Checkpoint',
  })
  exportCheckpoints(@TenantId() tenantId: string): StreamableFile {
    return streamOf<Checkpoint>(this.checkpoints.export(tenantId), signedCheckpoint);
  }

  @Get('keys')
  @Route({
    summary: 'Show the public keys that signatures can be checked with',
    description:
      'A JWK Set (RFC 7517) of Ed25519 keys (RFC 8037), the one in use first. Whoever does not trust this server keeps the keys from elsewhere.',
    needs: 'audit:read',
    answers: 'AuditKeys',
  })
  keys(): { readonly keys: readonly PublicJwk[] } {
    return { keys: this.checkpoints.publicKeys() };
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

/** One JSON object a line. */
function streamOf<T>(items: AsyncIterable<T>, wire: (item: T) => object): StreamableFile {
  return new StreamableFile(Readable.from(linesOf(items, wire), { objectMode: false }), {
    type: 'application/x-ndjson',
  });
}

async function* linesOf<T>(items: AsyncIterable<T>, wire: (item: T) => object): AsyncGenerator<string> {
  for await (const item of items) yield `${JSON.stringify(wire(item))}\n`;
}
