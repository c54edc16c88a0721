import type { FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { uuidv7 } from 'uuidv7';
import { type Problem, problemOf } from './problems.js';
import { answerHeaders } from './security-headers.js';

/* What is wrong with a request before it reaches a route is answered as a problem like everything else. */

/** Answers a request whose address cannot be read. */
export function answerUnreadableAddress(_error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const detail = 'The address cannot be read: mend its percent-encoding (RFC 3986, section 2.1).';
  const problem = problemOf('VALIDATION_FAILED', detail, pathOf(request.url));
  void reply
    .status(problem.status)
    .headers(answerHeaders)
    .header('x-request-id', request.id)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send(problem);
}

const clientErrors: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'The address and headers of a request may have at most 16 KiB together.',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'The chunks of the body have too many extensions.',
  ERR_HTTP_REQUEST_TIMEOUT: 'The request took too long to arrive.',
};

/** So long the caller may take to read the answer before the connection is gone, in milliseconds. */
const lingerMs = 1_000;

/** Answers what is no HTTP request, on the bare connection, and closes it. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy(error);
    return;
  }
  const detail = clientErrors[error.code ?? ''] ?? 'The request cannot be read as HTTP/1.1 (RFC 9112).';
  socket.end(responseOf(problemOf('VALIDATION_FAILED', detail, '/')));
  // Its other half may never be closed, and nobody would look at it again.
  setTimeout(() => socket.destroy(), lingerMs).unref();
}

function responseOf(problem: Problem): string {
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${uuidv7()}`,
    ...Object.entries(answerHeaders).map(([name, value]) => `${name}: ${value}`),
    'connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

/** The path of a request's address, as problems name it. */
export function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? url;
}
