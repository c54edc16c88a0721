import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { uuidv7 } from 'uuidv7';
import { type Admission, classOf } from './admission.js';
import { pathOf } from './early-errors.js';
import { ManyListeners } from './many-listeners.js';
import { problemOf, retryAfterSeconds } from './problems.js';
import { answerHeaders } from './security-headers.js';

/** For how long, and for how many, connections are held. Times are in milliseconds. */
const patience = {
  /** Connections that one process holds open; the next is closed at once. */
  maxConnections: 20_000,
  /** How long a request may take to arrive: its headers, and all of it; and how often that is looked at. */
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 2_000,
  /** Longer than load balancers keep theirs, so that it is they who close an idle connection. */
  keepAliveTimeout: 72_000,
  /**
   * How long nothing may move on a connection with a request. Long polls end after 30 s and event streams have a sign of life every 15 s,
   * so this is somebody who does not read the answer, and keeps it in memory.
   */
  stalledTimeout: 90_000,
};

/** An HTTP server that asks for admission before anything else is done for a request. */
export function admittingServer(
  handle: RequestListener,
  admission: () => Admission | undefined,
  { maxConnections, stalledTimeout, ...times }: typeof patience = patience,
): ManyListeners {
  const server = new ManyListeners(times, maxConnections, (request, response) => {
    const leave = admission()?.enter(classOf(request.method ?? '', request.url ?? ''));
    if (leave) {
      response.once('close', leave);
      handle(request, response);
    } else if (admission()) turnAway(request, response);
    else handle(request, response);
  });
  server.timeout = stalledTimeout;
  // What is expected beside 100-continue may be passed over (RFC 9110, section 10.1.1); Node would refuse it in a form of its own.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  return server;
}

/** A refusal must cost next to nothing, so it is written here and not logged: `/metrics` counts it. */
function turnAway(request: IncomingMessage, response: ServerResponse): void {
  const detail =
    'More requests have come than can be answered in good time. Nothing was changed; try again shortly.';
  const problem = problemOf('OVERLOADED', detail, pathOf(request.url ?? '/'));
  const body = JSON.stringify(problem);
  response.writeHead(problem.status, {
    ...answerHeaders,
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'retry-after': String(retryAfterSeconds),
    'x-request-id': uuidv7(),
  });
  response.end(body);
}
