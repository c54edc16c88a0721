import { applyDecorators, HttpCode } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { access, type Action } from '../models/access.js';
import type { ErrorCode } from '../models/errors.js';
import { ref } from './schemas/schema.js';

/** What a route is, for the router, the guard and the documentation at once. */
export interface RouteDescription {
  readonly summary: string;
  readonly description?: string;
  /** What the caller must be allowed to do. */
  readonly needs: Action | 'PUBLIC';
  readonly status?: number;
  /** The name of the shape that is answered; none for an empty answer. With a `mediaType`, of each item of the stream. */
  readonly answers?: string;
  /** For an answer that is not JSON. */
  readonly mediaType?: string;
  /** The answer carries the card's version as its entity tag. */
  readonly tagged?: boolean;
  /** The same shape with another status. */
  readonly alsoWith?: number;
  /** Refusals of this route's own, beside those that every such route has. */
  readonly refuses?: readonly ErrorCode[];
}

export function Route(description: RouteDescription): MethodDecorator {
  const { summary, needs, status = 200, alsoWith, refuses = [] } = description;
  return applyDecorators(
    HttpCode(status),
    ApiOperation({ summary, description: textOf(description) }),
    ApiExtension('x-needs', needs),
    ApiExtension('x-error-codes', refuses),
    answerOf(status, description),
    ...(alsoWith === undefined ? [] : [answerOf(alsoWith, description)]),
    ...(needs === 'PUBLIC' ? [] : [ApiBearerAuth('key')]),
  );
}

function textOf({ description, needs }: RouteDescription): string {
  const roles =
    needs === 'PUBLIC' ? 'No key is needed.' : `Roles: ${['ADMIN', ...access[needs]].join(', ')}.`;
  return description === undefined ? roles : `${description}\n\n${roles}`;
}

function answerOf(status: number, { answers, mediaType, tagged = false }: RouteDescription): MethodDecorator {
  if (mediaType !== undefined) {
    const items = answers === undefined ? {} : { 'x-items': ref(answers) };
    return ApiResponse({
      status,
      description: 'A stream.',
      content: { [mediaType]: { schema: { type: 'string' }, ...items } },
    });
  }
  if (answers === undefined) return ApiResponse({ status, description: 'Done.' });
  return ApiResponse({
    status,
    description: answers,
    content: { 'application/json': { schema: ref(answers) } },
    ...(tagged && { headers: { etag: { $ref: '#/components/headers/ETag' } } }),
  });
}
