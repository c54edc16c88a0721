import { applyDecorators, HttpCode } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { access, type Action } from '../models/access.js';
import type { ErrorCode } from '../models/errors.js';
import { Needs } from './access-guard.js';
import { problems } from './problems.js';
import { ref } from './schemas/schema.js';

/** What a route is, for the router, the guard and the documentation at once. */
export interface RouteDescription {
  readonly summary: string;
  readonly description?: string;
  /** What the caller must be allowed to do. */
  readonly needs: Action | 'PUBLIC';
  readonly status?: number;
  /** The name of the shape that is answered; none for an empty answer. */
  readonly answers?: string;
  /** For an answer that is not JSON. */
  readonly mediaType?: string;
  /** Refusals of this route's own, beside those that every route has. */
  readonly refuses?: readonly ErrorCode[];
}

const everyRoute: readonly ErrorCode[] = ['VALIDATION_FAILED', 'INTERNAL_ERROR', 'UNAVAILABLE'];
const everyKeyedRoute: readonly ErrorCode[] = ['UNAUTHENTICATED', 'FORBIDDEN', 'TENANT_NOT_FOUND'];

export function Route(description: RouteDescription): MethodDecorator {
  const { summary, needs, status = 200, answers, mediaType, refuses = [] } = description;
  const keyed = needs !== 'PUBLIC';
  return applyDecorators(
    HttpCode(status),
    Needs(needs),
    ApiOperation({ summary, description: textOf(description) }),
    ApiExtension('x-needs', needs),
    answerOf(status, answers, mediaType),
    ...refusalsOf([...everyRoute, ...(keyed ? everyKeyedRoute : []), ...refuses]),
    ...(keyed ? [ApiBearerAuth('key')] : []),
  );
}

function textOf({ description, needs }: RouteDescription): string {
  const roles =
    needs === 'PUBLIC' ? 'No key is needed.' : `Roles: ${['ADMIN', ...access[needs]].join(', ')}.`;
  return description === undefined ? roles : `${description}\n\n${roles}`;
}

function answerOf(status: number, answers: string | undefined, mediaType: string | undefined) {
  if (mediaType !== undefined) {
    return ApiResponse({
      status,
      description: 'A stream.',
      content: { [mediaType]: { schema: { type: 'string' } } },
    });
  }
  if (answers === undefined) return ApiResponse({ status, description: 'Done.' });
  return ApiResponse({
    status,
    description: answers,
    content: { 'application/json': { schema: ref(answers) } },
  });
}

/** One answer a status, naming the codes that it may carry. */
function refusalsOf(codes: readonly ErrorCode[]) {
  const byStatus = Map.groupBy(codes, (code) => problems[code].status);
  return [...byStatus].map(([status, same]) =>
    ApiResponse({
      status,
      description: same.map((code) => `\`${code}\` ${problems[code].title}.`).join(' '),
      content: { 'application/problem+json': { schema: ref('Problem') } },
    }),
  );
}
