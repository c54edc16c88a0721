import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { answerClientError } from '../../../src/api/early-errors.js';
import { admittingServer } from '../../../src/api/http-server.js';
import { type ManyListeners, sharesPorts } from '../../../src/api/many-listeners.js';

const host = '127.0.0.1';
const impatient = {
  maxConnections: 3,
  headersTimeout: 150,
  requestTimeout: 300,
  connectionsCheckingInterval: 50,
  keepAliveTimeout: 60_000,
  stalledTimeout: 60_000,
};
const request = 'GET /v1/tenants/t_one/tasks HTTP/1.1\r\nhost: here\r\n';

describe('an HTTP server', () => {
  let server: ManyListeners;
  let sockets: Socket[];

  const listen = async (limits: Partial<typeof impatient> = {}, handle?: RequestListener) => {
    const answer: RequestListener = (_, response) => response.end('done');
    server = admittingServer(handle ?? answer, () => undefined, { ...impatient, ...limits });
    server.on('clientError', answerClientError);
    await once(server.listen({ port: 0, host, reusePort: sharesPorts }), 'listening');
  };
  /** A connection that is never closed from this side. */
  const open = async (bytes: string) => {
    const { port } = server.address() as AddressInfo;
    const socket = connect({ port, host, allowHalfOpen: true }).on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    socket.write(bytes);
    return socket;
  };
  const taken = async () => {
    const [socket] = (await once(server, 'connection')) as [Socket];
    // Not `once`, which an error on the way would end as well.
    return new Promise((resolve) => socket.once('close', resolve));
  };

  beforeEach(() => {
    sockets = [];
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  it.each([
    ['what is no request', 'no request\r\n\r\n', 'cannot be read as HTTP/1.1'],
    ['nothing', '', 'took too long to arrive'],
    ['half a head', request, 'took too long to arrive'],
    ['half a body', `${request}content-length: 9\r\n\r\nhalf`, 'done'],
  ])('lets go of a caller that sends %s and never closes', async (_, bytes, answer) => {
    await listen();
    const closed = taken();
    const socket = await open(bytes);
    const [received] = (await once(socket.setEncoding('utf8'), 'data')) as [string];
    expect(received).toContain(answer);
    await closed;
  });

  it('lets go of a caller that does not read, and of what it holds', async () => {
    const { promise: left, resolve: whole } = Promise.withResolvers<boolean>();
    await listen({ stalledTimeout: 200 }, (_, response) => {
      response.once('close', () => whole(response.writableFinished));
      response.end(Buffer.alloc(64 * 1024 * 1024));
    });
    const closed = taken();
    const socket = await open(`${request}\r\n`);
    socket.pause();
    await closed;
    expect(await left).toBe(false);
  });

  it('closes connections beyond the most that it holds', async () => {
    await listen({ headersTimeout: 60_000, requestTimeout: 60_000 });
    for (let count = 0; count < 3; count += 1) await open('');
    const more = await open('');
    await once(more.resume(), 'end');
  });
});
