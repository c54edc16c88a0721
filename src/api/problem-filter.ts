import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError, type ErrorCode } from '../models/errors.js';
import type { ReviewCard } from '../models/review.js';
import { pathOf } from './early-errors.js';
import { bodyLimits } from './json-body.js';
import { passingStatuses, problemOf, retryAfterSeconds } from './problems.js';
import { reviewWire } from './views.js';

interface Told {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly retryAfterS?: number;
}

/** What Fastify refuses before a route is asked, in our codes and words. */
const byStatus: Readonly<Record<number, Told>> = {
  413: {
    code: 'PAYLOAD_TOO_LARGE',
    detail: `A body may have at most ${bodyLimits.bytes} bytes, a batch of tasks at most ${bodyLimits.batchBytes}.`,
  },
  415: {
    code: 'UNSUPPORTED_MEDIA_TYPE',
    detail: 'Send the body as JSON, with content-type: application/json.',
  },
};

/** Answers every error as a problem. What is not a refusal is our fault: it is logged with its cause and told in general words. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const told = this.tell(error, request);
    const problem = problemOf(told.code, told.detail, pathOf(request.url), told.extra);
    if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
    if (passingStatuses.includes(problem.status))
      void reply.header('retry-after', String(told.retryAfterS ?? retryAfterSeconds));
    void reply
      .status(problem.status)
      .header('content-type', 'application/problem+json; charset=utf-8')
      .send(problem);
  }

  private tell(error: unknown, request: FastifyRequest): Told {
    if (error instanceof DomainError) return this.tellRefusal(error);
    if (error instanceof HttpException && error.getStatus() === 404) {
      return {
        code: 'ROUTE_NOT_FOUND',
        detail: `There is no ${request.method} ${pathOf(request.url)}.`,
      };
    }
    const status = statusOf(error);
    if (status !== undefined && status >= 400 && status < 500) {
      return (
        byStatus[status] ?? {
          code: 'VALIDATION_FAILED',
          detail: error instanceof Error ? `${error.message}.` : 'The request could not be read.',
        }
      );
    }
    this.logger.error({ err: error }, 'A request failed by a fault of ours.');
    return {
      code: 'INTERNAL_ERROR',
      detail: `Something went wrong on our side. Ask the operators of this service for request ${request.id}.`,
    };
  }

  private tellRefusal({ code, message, extra }: DomainError): Told {
    const { cause, retryAfterS, ...members } = extra;
    if (cause !== undefined)
      this.logger.warn({ err: cause, code }, 'A request was refused for want of a part.');
    const told = { code, detail: message, extra: shown(members) };
    return typeof retryAfterS === 'number' ? { ...told, retryAfterS } : told;
  }
}

/** A card goes out of an error as it goes out of every answer. */
function shown({ review, ...members }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return review === undefined ? members : { ...members, review: reviewWire(review as ReviewCard) };
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}
