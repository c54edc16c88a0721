import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Readiness, type ReadinessReport } from '../../services/readiness.js';
import { Stats, type TenantStats } from '../../services/stats.js';
import { Metrics } from '../metrics.js';
import { TenantId } from '../params.js';
import { Route } from '../route.js';

@ApiTags('Operations')
@Controller()
export class OperationsController {
  constructor(
    private readonly readiness: Readiness,
    private readonly stats: Stats,
    private readonly metrics: Metrics,
  ) {}

  @Get('health/live')
  @Route({ summary: 'The process runs', needs: 'PUBLIC', answers: 'Liveness' })
  live(): { live: boolean } {
    return { live: true };
  }

  @Get('health/ready')
  @Route({
    summary: 'The service can do its whole job',
    description: 'Answers 503 with the same shape when it cannot.',
    alsoWith: 503,
    needs: 'PUBLIC',
    answers: 'Readiness',
  })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<ReadinessReport> {
    const report = await this.readiness.report();
    if (!report.ready) void reply.status(503).header('retry-after', '1');
    return report;
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @Route({ summary: 'Metrics in the Prometheus text format', needs: 'PUBLIC', mediaType: 'text/plain' })
  exposition(): Promise<string> {
    return this.metrics.exposition();
  }

  @Get('v1/tenants/:tenantId/stats')
  @Route({ summary: 'The numbers of a tenant', needs: 'stats:read', answers: 'Stats' })
  of(@TenantId() tenantId: string): Promise<TenantStats> {
    return this.stats.of(tenantId);
  }
}
