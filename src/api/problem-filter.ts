import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError, type ErrorCode } from '../models/errors.js';
import { problemOf } from './problems.js';

/** What Fastify says of a request that it could not take, in our codes. */
const fastifyCodes: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'VALIDATION_FAILED',
  FST_ERR_CTP_EMPTY_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_BAD_URL: 'VALIDATION_FAILED',
};

interface Told {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Answers every error as a problem. What is not a refusal is our fault: it is logged with its cause and told in general words. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const told = this.tell(error, request);
    const instance = request.url.split('?', 1)[0] ?? request.url;
    const problem = problemOf(told.code, told.detail, instance, told.extra);
    if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
    if (problem.status === 503) void reply.header('retry-after', '1');
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
        detail: `There is no ${request.method} ${request.url.split('?', 1)[0] ?? ''}.`,
      };
    }
    const status = statusOf(error);
    if (status !== undefined && status >= 400 && status < 500) {
      const code = fastifyCodes[codeOf(error)] ?? 'VALIDATION_FAILED';
      return { code, detail: error instanceof Error ? error.message : 'The request could not be read.' };
    }
    this.logger.error({ err: error }, 'A request failed by a fault of ours.');
    return {
      code: 'INTERNAL_ERROR',
      detail: `Something went wrong on our side. Ask the operators of this service for request ${String(request.id)}.`,
    };
  }

  private tellRefusal({ code, message, extra }: DomainError): Told {
    const { cause, ...members } = extra;
    if (cause !== undefined)
      this.logger.warn({ err: cause, code }, 'A request was refused for want of a part.');
    return { code, detail: message, extra: members };
  }
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
