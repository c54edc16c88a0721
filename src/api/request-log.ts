import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { PinoLogger } from 'nestjs-pino';
import { agentIdPattern, tenantIdPattern } from '../models/tenant.js';
import { Metrics } from './metrics.js';
import { factsOf } from './request-facts.js';

/** Gives every answer its request id, and writes one line when it has been given: who, what, how it went, how long it took. */
export function logRequests(app: NestFastifyApplication): void {
  const metrics = app.get(Metrics);
  const fastify = app.getHttpAdapter().getInstance();
  const logger = new PinoLogger({});
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    // Whatever is logged on the way of this request says which one it was.
    logger.runInContext(done, { bindings: { requestId: request.id } });
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const durationMs = Math.round(reply.elapsedTime * 10) / 10;
    metrics.observe(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
    const line = {
      context: 'Request',
      requestId: request.id,
      ...whoOf(request),
      method: request.method,
      route,
      status: reply.statusCode,
      durationMs,
    };
    // The logger of the request itself has the request id already and would write it twice.
    if (reply.statusCode >= 500) PinoLogger.root.error(line, 'request');
    else PinoLogger.root.info(line, 'request');
    done();
  });
}

function whoOf(request: FastifyRequest): { tenantId?: string; agentId?: string; caller?: string } {
  const { caller } = factsOf(request);
  if (!caller) return {};
  const params = Object(request.params) as { tenantId?: unknown; agentId?: unknown };
  const body = Object(request.body) as { agentId?: unknown };
  const tenantId = caller.tenantId ?? matching(tenantIdPattern, params.tenantId);
  const agentId = matching(agentIdPattern, params.agentId) ?? matching(agentIdPattern, body.agentId);
  return {
    caller: caller.id,
    ...(tenantId !== undefined && { tenantId }),
    ...(agentId !== undefined && { agentId }),
  };
}

function matching(pattern: RegExp, value: unknown): string | undefined {
  return typeof value === 'string' && pattern.test(value) ? value : undefined;
}
