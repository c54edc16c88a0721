import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { Logger } from '@nestjs/common';
import { Metrics } from './metrics.js';
import { factsOf } from './request-facts.js';

/** Gives every answer its request id, and writes one line when it has been given: who, what, how it went, how long it took. */
export function logRequests(app: NestFastifyApplication): void {
  const logger = new Logger('Request');
  const metrics = app.get(Metrics);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const durationMs = Math.round(reply.elapsedTime * 10) / 10;
    metrics.observe(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
    const line = {
      requestId: request.id,
      ...whoOf(request),
      method: request.method,
      route,
      status: reply.statusCode,
      durationMs,
    };
    if (reply.statusCode >= 500) logger.error(line, 'request');
    else logger.log(line, 'request');
    done();
  });
}

function whoOf(request: FastifyRequest): { tenantId?: string; agentId?: string; caller?: string } {
  const { caller } = factsOf(request);
  if (!caller) return {};
  const params: { tenantId?: string; agentId?: string } = Object(request.params);
  return {
    caller: caller.id,
    ...(params.tenantId !== undefined && { tenantId: params.tenantId }),
    ...(params.agentId !== undefined && { agentId: params.agentId }),
  };
}
