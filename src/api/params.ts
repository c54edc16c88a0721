import {
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  Param,
  type PipeTransform,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DomainError, type ErrorCode, validationFailed } from '../models/errors.js';
import { agentIdPattern } from '../models/tenant.js';

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** What is no UUID is no id of ours: there is no such thing. */
function uuidOf(code: ErrorCode, noun: string): PipeTransform<string, string> {
  return {
    transform(value) {
      if (uuidPattern.test(value)) return value.toLowerCase();
      throw new DomainError(code, `There is no ${noun} with this id.`);
    },
  };
}

@Injectable()
class AgentIdPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (agentIdPattern.test(value)) return value;
    throw validationFailed([{ pointer: 'agentId', message: `must match ${agentIdPattern.source}` }]);
  }
}

function header(name: string, read: (value: string | undefined) => string | number | undefined) {
  return createParamDecorator((_: unknown, context: ExecutionContext) => {
    const value = context.switchToHttp().getRequest<FastifyRequest>().headers[name];
    return read(typeof value === 'string' ? value : undefined);
  });
}

/** `undefined` without the header. */
export const IdempotencyKey = header('idempotency-key', (value) => {
  if (value === undefined || /^[\x20-\x7e]{1,255}$/.test(value)) return value;
  throw validationFailed([
    { pointer: 'Idempotency-Key', message: 'must have 1–255 printable ASCII characters' },
  ]);
});

/** The version in an entity tag such as `"3"` (RFC 9110, section 8.8.3); `undefined` without the header or for `*`. */
export const IfMatch = header('if-match', (value) => {
  if (value === undefined || value.trim() === '*') return undefined;
  const version = /^"(\d{1,9})"$/.exec(value.trim())?.[1];
  if (version !== undefined) return Number(version);
  throw validationFailed([
    { pointer: 'If-Match', message: 'must be the ETag of the card as you saw it, for example "1"' },
  ]);
});

/** The sequence of the last event that was seen; `undefined` without the header. */
export const LastEventId = header('last-event-id', (value) => {
  if (value === undefined || value === '') return undefined;
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw validationFailed([{ pointer: 'Last-Event-ID', message: 'must be the id of an event of this feed' }]);
});

export const TenantId = (): ParameterDecorator => Param('tenantId');
export const AgentIdParam = (): ParameterDecorator => Param('agentId', AgentIdPipe);
export const TaskId = (): ParameterDecorator => Param('taskId', uuidOf('TASK_NOT_FOUND', 'task'));
export const SessionId = (): ParameterDecorator => Param('sessionId', uuidOf('SESSION_NOT_FOUND', 'session'));
export const ReviewId = (): ParameterDecorator => Param('reviewId', uuidOf('REVIEW_NOT_FOUND', 'review'));
export const KeyId = (): ParameterDecorator => Param('keyId', uuidOf('API_KEY_NOT_FOUND', 'key'));
export const DraftId = (): ParameterDecorator => Param('draftId', uuidOf('DRAFT_NOT_FOUND', 'draft'));
export const BacktestId = (): ParameterDecorator =>
  Param('backtestId', uuidOf('BACKTEST_NOT_FOUND', 'backtest'));
