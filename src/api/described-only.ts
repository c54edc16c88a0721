import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { type FieldError, validationFailed } from '../models/errors.js';
import { parameterNames, routesOf } from './described-operations.js';

/** What a route takes beside its path. */
interface Takes {
  readonly query: readonly string[];
  readonly body: boolean;
}

/**
 * Refuses query parameters and bodies that the route's description does not have: whoever sends one expects it to matter.
 * An empty object is no body, since many clients send it with every POST.
 */
export function takeOnlyWhatIsDescribed(app: NestFastifyApplication, document: OpenAPIObject): void {
  const routes = new Map<string, Takes>();
  for (const [route, operation] of routesOf(document)) {
    const { 'x-needs': needs, requestBody } = operation;
    const takes = { query: parameterNames(operation, 'query'), body: requestBody !== undefined };
    if (needs !== 'PUBLIC') routes.set(route, takes);
  }
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('preValidation', (request, _reply, done) => {
    const { method, url = '' } = request.routeOptions;
    const takes = routes.get(`${String(method)} ${url}`);
    const faults = takes ? unasked(takes, request.query, request.body) : [];
    if (faults.length > 0) done(validationFailed(faults));
    else done();
  });
}

function unasked(takes: Takes, query: unknown, body: unknown): readonly FieldError[] {
  const unknown = Object.keys(Object(query) as object).filter((name) => !takes.query.includes(name));
  const known = takes.query.length > 0 ? `known are ${takes.query.join(', ')}` : 'there are none here';
  return [
    ...unknown.map((name) => ({ pointer: name, message: `is no query parameter of this route; ${known}` })),
    ...(takes.body || isNothing(body) ? [] : [{ pointer: '', message: 'this route takes no body' }]),
  ];
}

function isNothing(body: unknown): boolean {
  if (body === undefined || body === null) return true;
  return typeof body === 'object' && !Array.isArray(body) && Object.keys(body).length === 0;
}
